//! Reads the addresses that services for safe links wrap in their own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

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
    let (_, name) = WRAPPING.iter().find(|(service, _)| host.contains(service))?;
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
