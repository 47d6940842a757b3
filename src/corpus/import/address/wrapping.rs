//! Reads the addresses that services for safe links wrap in their own.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Services that carry the target address in a parameter: a part of the host, and the parameter.
const WRAPPING: [(&str, &str); 8] = [
    ("www.google.", "q"),
    ("google.com", "url"),
    ("safelinks.protection.outlook.com", "url"),
    ("l.facebook.com", "u"),
    ("lnks.gd", "url"),
    ("urldefense.", "u"),
    ("linkprotect.cudasvc.com", "a"),
    ("clicktime.symantec.com", "u"),
];

/// Names of the parameter with the target, in the addresses of services that count clicks.
const TARGETS: [&str; 9] = [
    "url",
    "u",
    "redirecturl",
    "redirect",
    "redirect_url",
    "target",
    "dest",
    "destination",
    "to",
];

/// Words in the host or the path of a service that counts clicks.
const COUNTING: [&str; 16] = [
    "click",
    "clicks",
    "clk",
    "track",
    "tracking",
    "tracker",
    "trk",
    "ctrk",
    "trace",
    "awstrack",
    "redirect",
    "redir",
    "cl0",
    "l0",
    "mailtrack",
    "skimresources",
];

/// Reports whether `href` is http or https, without white space, and at most 2,000 bytes long.
pub(in crate::corpus::import) fn is_web(href: &str) -> bool {
    let scheme = href.get(..8).or(href.get(..7)).unwrap_or_default().to_ascii_lowercase();
    let known = scheme.starts_with("http://") || scheme.starts_with("https://");
    known && href.len() <= 2_000 && !href.contains(char::is_whitespace)
}

/// Returns the lower-case host of an address, and the rest.
pub(super) fn parts(href: &str) -> (String, &str) {
    let rest = href.split_once("://").map_or("", |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    (rest[..end].to_ascii_lowercase(), &rest[end..])
}

/// Returns the address that a wrapping service carries.
pub(super) fn unwrapped(href: &str) -> Option<String> {
    let (host, path) = parts(href);
    if host.starts_with("urldefense.")
        && let Some(rest) = path.strip_prefix("/v3/__")
    {
        return restored(rest).filter(|inner| is_web(inner));
    }
    let Some((_, name)) = WRAPPING.iter().find(|(service, _)| host.contains(service)) else {
        return counted(&host, path);
    };
    let query = path.split_once('?')?.1.split('#').next()?;
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let inner = match path.starts_with("/v2/") && host.starts_with("urldefense.") {
        // Proofpoint writes `-` for `%`, and `_` for `/`.
        true => percent_decoded(&value.replace('_', "/").replace('-', "%")),
        false => percent_decoded(value),
    };
    is_web(&inner).then_some(inner)
}

/// Returns the address that a service which counts clicks carries: in a parameter, or as a part of the path.
///
/// Its host or its path must say that it counts clicks. Archives and translators carry addresses too, and are the page
/// that was meant.
fn counted(host: &str, path: &str) -> Option<String> {
    let lower = path.to_ascii_lowercase();
    let says = |text: &str| {
        text.split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| COUNTING.contains(&word))
    };
    let counts = says(host) || says(&lower) || host.contains("mail") && path.starts_with("/c");
    if !counts {
        return None;
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let query = query.split('#').next().unwrap_or_default();
    let values = query.split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        TARGETS.contains(&name.to_ascii_lowercase().as_str()).then_some(value)
    });
    path.split('/').chain(values).find_map(carried)
}

/// Returns the address that an escaped or encoded part of an address is, or that it has as the only one.
fn carried(part: &str) -> Option<String> {
    let plain = percent_decoded(part);
    if is_web(&plain) {
        return Some(plain);
    }
    // A signature may follow the text: `TEXT.SIGNATURE`.
    let text = plain.split('.').next()?.trim_end_matches('=');
    if text.len() < 12 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD
        .decode(text)
        .or_else(|_| STANDARD_NO_PAD.decode(text))
        .ok()?;
    let decoded = percent_decoded(std::str::from_utf8(&bytes).ok()?);
    if is_web(&decoded) {
        return Some(decoded);
    }
    let value: serde_json::Value = serde_json::from_str(&decoded).ok()?;
    let mut found = value
        .as_object()?
        .values()
        .filter_map(|value| value.as_str())
        .filter(|text| is_web(text));
    let only = found.next()?.to_string();
    found.next().is_none().then_some(only)
}

/// Reads `ADDRESS__;SIGNS!!…`, the third form of Proofpoint's. The signs, in base64, stand for each `*` of the address.
///
/// Returns `None` if `**` abbreviates several signs.
fn restored(text: &str) -> Option<String> {
    let (address, rest) = text.rsplit_once("__;")?;
    let (signs, _) = rest.split_once("!!")?;
    if !address.contains('*') {
        return Some(address.to_string());
    }
    let signs = URL_SAFE_NO_PAD.decode(signs.trim_end_matches('=')).ok()?;
    let mut signs = std::str::from_utf8(&signs).ok()?.chars();
    let mut out = String::with_capacity(address.len());
    for c in address.chars() {
        out.push(if c == '*' { signs.next()? } else { c });
    }
    (!address.contains("**")).then_some(out)
}

/// Replaces `%41` and the like with what they stand for.
pub(in crate::corpus::import) fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut rest = bytes.clone();
        let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        match (byte, digit(rest.next()), digit(rest.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                bytes = rest;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
