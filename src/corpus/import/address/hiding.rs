//! Recognises addresses that only a click-counting service can resolve.
//!
//! Mail providers replace each link with an identifier. Senders can give the service a host of their own, so most
//! services are known by the path that they use at every host.

use super::wrapping::parts;

/// Services that replace an address with an identifier: a part of the host, and the beginning of the path.
///
/// A service that ends in `.` must be at the start of the host.
const HIDING: [(&str, &str); 57] = [
    ("", "/a/click?_t="),
    ("", "/ls/click?upn="),
    ("", "/ss/c/u001."),
    ("", "/lt.php?"),
    ("", "/e/c/eyJ"),
    ("", "/c/eJ"),
    ("", "/c/eyJ"),
    ("", "/tl/cl/eyJ"),
    ("", "/tr/cl/"),
    ("", "/mk/cl/"),
    ("", "/els/v2/"),
    ("", "/e3t/Ctc/"),
    ("", "/Ctc/"),
    ("", "/events/public/v1/encoded/track/"),
    ("", "/tn.jsp?"),
    ("", "/u/nrd.php?"),
    ("", "/r/?id=h"),
    ("", "/Prod/link-tracker?"),
    ("links.", "/u/click?"),
    ("link.", "/click/"),
    ("links.", "/e/evib?"),
    ("list-manage.com", "/track/"),
    ("list-manage.com", "/unsubscribe"),
    ("mailchi.mp", "/track/"),
    ("link.mail.beehiiv.com", "/"),
    ("email.mg", "/c/"),
    ("sendgrid.net", "/"),
    ("convertkit-mail", "/"),
    ("click.kit-mail", "/"),
    ("klclick", "/"),
    ("customeriomail.com", "/"),
    ("mlsend.com", "/"),
    ("sendibm", "/"),
    ("awstrack.me", "/"),
    ("awstrack.me", "/CL0/"),
    ("exct.net", "/"),
    ("rs6.net", "/"),
    ("dmtrk.", "/"),
    ("dripemail", "/"),
    ("clicks.aweber.com", "/"),
    ("getresponse.com", "/click.html?"),
    ("acemln", "/"),
    ("hubspotlinks.com", "/"),
    ("hs-sales-engage.com", "/"),
    ("mandrillapp.com", "/track/"),
    ("mailgun.", "/c/"),
    ("substack.com", "/redirect/"),
    ("click.", "/track/"),
    ("track.", "/click"),
    ("mailerlite.com", "/link/"),
    ("createsend", "/t/"),
    ("cmail", "/t/"),
    ("mimecast.com", "/s/"),
    ("urldefense.", "/v3/"),
    ("pardot.com", "/e/"),
    ("mjt.lu", "/lnk/"),
    ("exacttarget.com", "/"),
];

/// First labels of the hosts that senders give to a service for clicks.
const LABELS: [&str; 17] = [
    "click", "clicks", "clk", "track", "tracking", "tracker", "trk", "ctrk", "trking", "email", "emails", "lnk",
    "link", "links", "nl", "e", "t",
];

/// Fewest characters of an identifier in which capitals, small letters and digits are mixed.
const MIXED: usize = 16;

/// Fewest characters of an identifier of hexadecimal digits.
const HEX: usize = 24;

/// Reports whether only a service can resolve `href`.
pub(in crate::corpus::import) fn is_hidden(href: &str) -> bool {
    service(href).is_some()
}

/// Returns the length of the part of `href` that names the service, if only a service can resolve it.
pub(super) fn service(href: &str) -> Option<usize> {
    let (host, path) = parts(href);
    let before = href.len() - path.len();
    let found = HIDING.iter().find(|(service, prefix)| {
        let ours = if service.ends_with('.') {
            host.starts_with(service)
        } else {
            host.contains(service)
        };
        ours && path.starts_with(prefix)
    });
    if let Some((_, prefix)) = found {
        return Some(before + prefix.len());
    }
    if is_member_click(path) {
        return Some(before + "/r/".len());
    }
    let label = host.split('.').next().unwrap_or_default();
    (LABELS.contains(&label) && host.matches('.').count() >= 2 && is_opaque(path)).then_some(before + 1)
}

/// Reports whether a path is `/r/1a2b3c4d?m=…`, as Ghost writes for each member that gets the mail.
fn is_member_click(path: &str) -> bool {
    let Some((id, member)) = path.strip_prefix("/r/").and_then(|rest| rest.split_once("?m=")) else {
        return false;
    };
    let hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    id.len() == 8 && hex(id) && member.len() == 36 && hex(member)
}

/// Reports whether a path consists of identifiers, with no word that a person wrote in it.
fn is_opaque(path: &str) -> bool {
    let path = path.split('#').next().unwrap_or_default();
    let parts: Vec<&str> = path
        .split(['/', '?', '&', '='])
        .filter(|part| !part.is_empty())
        .collect();
    let is_id = |part: &&str| {
        let has = |is: fn(&u8) -> bool| part.bytes().any(|b| is(&b));
        let plain = part
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'~' | b'%' | b'-'));
        let mixed = part.len() >= MIXED
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_digit);
        let hex = part.len() >= HEX && part.bytes().all(|b| b.is_ascii_hexdigit());
        plain && (mixed || hex)
    };
    let is_key = |part: &&str| part.len() <= 5 || is_id(part);
    parts.iter().any(is_id) && parts.iter().all(is_key)
}
