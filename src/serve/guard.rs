//! Rejects requests from web pages of other sites.
//!
//! An attacker can let the name of a page resolve to 127.0.0.1 (DNS rebinding), but the browser still sends that name
//! as `Host`. A page of another site sends its own `Origin`. Requests with either are rejected.

use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};
use hyper::http::uri::Authority;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    #[error("this server accepts only the host names localhost, 127.0.0.1 and [::1]")]
    Host,
    #[error("this server accepts requests only from its own page, not from other sites")]
    Origin,
}

/// Accepts a request that names this machine as its host. If it has an `Origin`, that must be the server's own page.
///
/// `target` is the authority of the request's URI, if it has one.
pub fn check(headers: &HeaderMap, target: Option<&Authority>) -> Result<(), Stranger> {
    let host = single(headers.get_all(HOST).iter()).ok_or(Stranger::Host)?;
    if !is_local(host) || target.is_some_and(|target| !is_local(target.as_str())) {
        return Err(Stranger::Host);
    }
    let mut origins = headers.get_all(ORIGIN).iter().peekable();
    if origins.peek().is_none() {
        return Ok(());
    }
    let own = single(origins)
        .and_then(|origin| origin.strip_prefix("http://"))
        .is_some_and(|origin| origin.eq_ignore_ascii_case(host));
    own.then_some(()).ok_or(Stranger::Origin)
}

fn single<'a>(mut values: impl Iterator<Item = &'a HeaderValue>) -> Option<&'a str> {
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Returns whether `host` is a name of this machine. Any port is allowed, because an SSH tunnel may use another one.
fn is_local(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let plain = !host.contains('@');
    let name = authority.host().to_ascii_lowercase();
    plain && matches!(name.as_str(), "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn this_machine_by_any_of_its_names_and_ports_passes() {
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1:7171", "[::1]:7171"] {
            assert_eq!(check(&headers(&[("host", host)]), None), Ok(()), "{host}");
        }
        let own = headers(&[("host", "localhost:7171"), ("origin", "http://localhost:7171")]);
        assert_eq!(check(&own, None), Ok(()));
    }

    #[test]
    fn a_name_that_was_rebound_to_this_machine_is_refused() {
        for host in [
            "evil.example",
            "evil.example:7171",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost@evil.example",
            "evil.example@localhost",
            "192.168.0.2",
            "0.0.0.0:7171",
            "",
            "a b",
        ] {
            assert_eq!(check(&headers(&[("host", host)]), None), Err(Stranger::Host), "{host}");
        }
        assert_eq!(check(&HeaderMap::new(), None), Err(Stranger::Host));
        let two = headers(&[("host", "localhost"), ("host", "evil.example")]);
        assert_eq!(check(&two, None), Err(Stranger::Host));
        let target: Authority = "evil.example".parse().unwrap();
        assert_eq!(
            check(&headers(&[("host", "localhost")]), Some(&target)),
            Err(Stranger::Host)
        );
    }

    #[test]
    fn a_page_of_another_site_is_refused() {
        for origin in [
            "http://evil.example",
            "https://localhost:7171",
            "http://localhost:3000",
            "http://127.0.0.1:7171",
            "null",
        ] {
            let sent = headers(&[("host", "localhost:7171"), ("origin", origin)]);
            assert_eq!(check(&sent, None), Err(Stranger::Origin), "{origin}");
        }
    }
}
