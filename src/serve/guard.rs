//! Rejects requests from web pages of other sites.
//!
//! An attacker can let the name of a page resolve to 127.0.0.1 (DNS rebinding), but the browser still sends that name
//! as `Host`. A page of another site sends its own `Origin`. Requests with either are rejected.
//!
//! A server behind a proxy also accepts the names under which the proxy serves it. Only the person who starts the server
//! can add names.

use std::net::Ipv6Addr;

use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};
use hyper::http::uri::Authority;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    #[error("this server accepts only the host names localhost, 127.0.0.1 and [::1]")]
    Host,
    #[error("this server accepts only localhost, 127.0.0.1, [::1] and the host names that it was started with")]
    Named,
    #[error("this server accepts requests only from its own page, not from other sites")]
    Origin,
}

/// A name under which others reach the server: a host name or an IP address, without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

/// A text that is not a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a host name or an IP address, without `http://`, a port or a path")]
pub struct NoHostName;

impl std::str::FromStr for HostName {
    type Err = NoHostName;

    fn from_str(text: &str) -> Result<HostName, NoHostName> {
        let lower = text.to_ascii_lowercase();
        let of_address = lower.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = of_address.unwrap_or(&lower).parse::<Ipv6Addr>() {
            return Ok(HostName(format!("[{address}]")));
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let label = |label: &str| !label.is_empty() && label.bytes().all(plain);
        match lower.len() <= 253 && lower.split('.').all(label) {
            true => Ok(HostName(lower)),
            false => Err(NoHostName),
        }
    }
}

/// How a request names the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Called {
    /// As this machine.
    Local,
    /// By one of the names that the server was started with.
    Named,
}

/// Accepts a request that names this machine, or one of `names`, as its host. If it has an `Origin`, that must be the
/// server's own page.
///
/// `target` is the authority of the request's URI, if it has one.
pub fn check(headers: &HeaderMap, target: Option<&Authority>, names: &[HostName]) -> Result<Called, Stranger> {
    let unknown = match names.is_empty() {
        true => Stranger::Host,
        false => Stranger::Named,
    };
    let host = single(headers.get_all(HOST).iter()).ok_or(unknown)?;
    let called = called(host, names).ok_or(unknown)?;
    if target.is_some_and(|target| self::called(target.as_str(), names) != Some(called)) {
        return Err(unknown);
    }
    let mut origins = headers.get_all(ORIGIN).iter().peekable();
    if origins.peek().is_none() {
        return Ok(called);
    }
    let own = single(origins).is_some_and(|origin| match (called, origin.split_once("://")) {
        (_, Some(("http", origin))) => same(origin, host, ":80"),
        // Only a proxy speaks TLS.
        (Called::Named, Some(("https", origin))) => same(origin, host, ":443"),
        _ => false,
    });
    own.then_some(called).ok_or(Stranger::Origin)
}

/// Compares two names with their ports. `port` is the one that may be left out.
fn same(one: &str, other: &str, port: &str) -> bool {
    let plain = |name: &str| name.strip_suffix(port).unwrap_or(name).to_ascii_lowercase();
    plain(one) == plain(other)
}

fn single<'a>(mut values: impl Iterator<Item = &'a HeaderValue>) -> Option<&'a str> {
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Returns how `host` names the server. Any port is allowed, because an SSH tunnel or a proxy may use another one.
fn called(host: &str, names: &[HostName]) -> Option<Called> {
    let authority = host.parse::<Authority>().ok().filter(|_| !host.contains('@'))?;
    let name = authority.host().to_ascii_lowercase();
    if matches!(name.as_str(), "localhost" | "127.0.0.1" | "[::1]") {
        return Some(Called::Local);
    }
    names.iter().any(|known| known.0 == name).then_some(Called::Named)
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
            assert_eq!(
                check(&headers(&[("host", host)]), None, &[]),
                Ok(Called::Local),
                "{host}"
            );
        }
        let own = headers(&[("host", "localhost:7171"), ("origin", "http://localhost:7171")]);
        assert_eq!(check(&own, None, &[]), Ok(Called::Local));
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
            assert_eq!(
                check(&headers(&[("host", host)]), None, &[]),
                Err(Stranger::Host),
                "{host}"
            );
        }
        assert_eq!(check(&HeaderMap::new(), None, &[]), Err(Stranger::Host));
        let two = headers(&[("host", "localhost"), ("host", "evil.example")]);
        assert_eq!(check(&two, None, &[]), Err(Stranger::Host));
        let target: Authority = "evil.example".parse().unwrap();
        assert_eq!(
            check(&headers(&[("host", "localhost")]), Some(&target), &[]),
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
            assert_eq!(check(&sent, None, &[]), Err(Stranger::Origin), "{origin}");
        }
    }

    fn team() -> Vec<HostName> {
        ["Ask.Example.org", "10.0.0.5", "::2"]
            .map(|name| name.parse().unwrap())
            .into()
    }

    #[test]
    fn a_name_that_the_server_was_started_with_passes_with_the_origin_of_its_own_page() {
        for host in ["ask.example.org", "ASK.example.org:8443", "10.0.0.5:7171", "[::2]:7171"] {
            assert_eq!(
                check(&headers(&[("host", host)]), None, &team()),
                Ok(Called::Named),
                "{host}"
            );
        }
        for (host, origin) in [
            ("ask.example.org", "https://ask.example.org"),
            ("ask.example.org:443", "https://ask.example.org"),
            ("ask.example.org", "http://ask.example.org"),
            ("ask.example.org:8443", "https://ask.example.org:8443"),
        ] {
            let sent = headers(&[("host", host), ("origin", origin)]);
            assert_eq!(check(&sent, None, &team()), Ok(Called::Named), "{host} {origin}");
        }
        let local = headers(&[("host", "localhost:7171")]);
        assert_eq!(check(&local, None, &team()), Ok(Called::Local));
    }

    #[test]
    fn with_names_other_names_and_other_sites_are_still_refused() {
        for host in [
            "evil.example",
            "x.ask.example.org",
            "ask.example.org.evil.example",
            "10.0.0.6",
        ] {
            assert_eq!(
                check(&headers(&[("host", host)]), None, &team()),
                Err(Stranger::Named),
                "{host}"
            );
        }
        for (host, origin) in [
            ("ask.example.org", "https://evil.example"),
            ("ask.example.org", "https://ask.example.org:8443"),
            ("ask.example.org", "https://10.0.0.5"),
            ("ask.example.org", "null"),
            ("ask.example.org", "ftp://ask.example.org"),
            ("localhost:7171", "https://localhost:7171"),
            ("localhost:7171", "https://ask.example.org"),
        ] {
            let sent = headers(&[("host", host), ("origin", origin)]);
            assert_eq!(check(&sent, None, &team()), Err(Stranger::Origin), "{host} {origin}");
        }
        let target: Authority = "ask.example.org".parse().unwrap();
        let local = headers(&[("host", "localhost")]);
        assert_eq!(check(&local, Some(&target), &team()), Err(Stranger::Named));
    }

    #[test]
    fn a_name_has_no_scheme_port_path_or_wildcard() {
        for text in [
            "",
            "*",
            "*.example.org",
            "http://a",
            "a:80",
            "a/b",
            "a..b",
            "a b",
            "user@a",
            "é.org",
            "[::1",
        ] {
            assert_eq!(text.parse::<HostName>(), Err(NoHostName), "{text}");
        }
    }
}
