//! Cleans web addresses: resolves wrapped links and removes tracking.
//!
//! A cleaned address leads to the same page and no longer identifies the reader. If only a click-counting service can
//! resolve an address, [`web_address`] drops it, and [`told`] keeps it without its query. This module never uses the
//! network.

mod hiding;
mod wrapping;

use self::hiding::service;
use self::wrapping::{parts, unwrapped};
use super::clean::clean;

pub(super) use self::hiding::is_hidden;
pub(super) use self::wrapping::{is_web, percent_decoded};

/// Query parameters that only track readers. One that ends in `_` is a prefix.
const TRACKING: [&str; 51] = [
    "utm_",
    "ref_src",
    "ref_url",
    "igsh",
    "ttclid",
    "li_fat_id",
    "gbraid",
    "wbraid",
    "_ga",
    "_gl",
    "mc_tc",
    "ml_subscriber",
    "ml_subscriber_hash",
    "__s",
    "__hstc",
    "__hssc",
    "__hsfp",
    "s_kwcid",
    "guce_",
    "guccounter",
    "trk_contact",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "fbclid",
    "gclid",
    "gclsrc",
    "dclid",
    "msclkid",
    "yclid",
    "twclid",
    "igshid",
    "_hsenc",
    "_hsmi",
    "vero_id",
    "vero_conv",
    "ck_subscriber_id",
    "_bhlid",
    "_bhiiv",
    "oly_enc_id",
    "oly_anon_id",
    "sc_cid",
    "wickedid",
    "ss_email_id",
    "_ke",
    "hsctatracking",
    "_kx",
    "bsft_",
    "subscriber_id",
    "subscriber",
    "recipient",
];

/// Query parameters that track readers at one site and carry meaning at others: a part of the host, and the parameters.
const TRACKING_AT: [(&str, &[&str]); 7] = [
    ("youtu", &["si", "feature", "pp"]),
    ("spotify.com", &["si"]),
    ("substack.com", SUBSTACK),
    (
        "linkedin.com",
        &["trk", "trackingid", "lipi", "midtoken", "midsig", "eid", "otptoken"],
    ),
    ("twitter.com", &["s", "t"]),
    ("//x.com", &["s", "t"]),
    ("facebook.com", &["mibextid"]),
];

/// Substack's parameters that identify the reader or the mail that contained the link.
const SUBSTACK: &[&str] = &[
    "r",
    "token",
    "isfreemail",
    "publication_id",
    "post_id",
    "triedredirect",
    "triggershare",
    "autologin",
];

/// Sites where `ref` names a branch of a repository.
const CODE_HOSTS: [&str; 5] = ["github", "gitlab", "bitbucket", "codeberg", "gitea"];

/// Query parameters that name a reader only where another parameter has the reader's mail address.
const READERS: [&str; 14] = [
    "uid",
    "user",
    "userid",
    "user_id",
    "sid",
    "subid",
    "sub_id",
    "contact",
    "contactid",
    "contact_id",
    "member_id",
    "memberid",
    "person_id",
    "lead_id",
];

/// Returns the address that `href` leads to, without tracking.
///
/// An address that only a service can resolve stays, without its query and what stands for the reader.
pub(super) fn told(href: &str) -> String {
    let mut href = href.to_string();
    for _ in 0..4 {
        match unwrapped(&href) {
            Some(inner) => href = inner,
            None => break,
        }
    }
    if let Some(end) = service(&href) {
        href.truncate(href.find('?').unwrap_or(href.len()));
        // What comes after the name of the service is a word such as `click`, or stands for the reader.
        let is_word = |rest: &str| rest.len() <= 12 && rest.bytes().all(|b| b.is_ascii_lowercase());
        if !href.get(end..).is_none_or(is_word) {
            href.truncate(end);
        }
    }
    untracked(&href)
}

/// Returns `href` as a clean web address, or `None` if it is not one that an edition may keep.
///
/// The address must be http or https, without white space, and at most 2,000 bytes long.
pub(super) fn web_address(href: &str) -> Option<String> {
    let href = clean(href);
    let mut href = href.trim().to_string();
    // A wrapped address may itself be wrapped.
    for _ in 0..4 {
        if !is_web(&href) {
            return None;
        }
        match unwrapped(&href) {
            Some(inner) => href = inner,
            None => break,
        }
    }
    if is_hidden(&href) {
        return None;
    }
    let href = untracked(&href);
    is_web(&href).then_some(href)
}

/// Reports whether a query parameter only tracks readers. `name` is in lower case.
///
/// `own` means that the query has parameters that only Substack uses.
fn counts_readers(host: &str, name: &str, value: &str, own: bool) -> bool {
    let everywhere = TRACKING.iter().any(|known| {
        if known.ends_with('_') {
            name.starts_with(known)
        } else {
            name == *known
        }
    });
    let whole = format!("//{host}");
    let here = TRACKING_AT
        .iter()
        .any(|(site, names)| whole.contains(site) && names.contains(&name));
    // Substack newsletters may have their own hosts. Another parameter gives them away.
    let here = here || own && SUBSTACK.contains(&name);
    // Ghost and link lists put the name of the newsletter that had the link into `ref`.
    let letter = name == "ref" && !value.contains('/') && !CODE_HOSTS.iter().any(|site| host.contains(site));
    let source = name == "source"
        && (["rss", "email", "newsletter"].iter().any(|by| value.starts_with(by)) || value.contains("----"));
    everywhere || here || letter || source || is_mailbox(value)
}

/// Reports whether a value is a mail address, as of the reader.
fn is_mailbox(value: &str) -> bool {
    let at = value.contains('@') || value.to_ascii_lowercase().contains("%40");
    at && !value.contains('/') && value.contains('.')
}

/// Returns `href` without its tracking parameters.
fn untracked(href: &str) -> String {
    // A `?` after the `#` belongs to the fragment (RFC 3986, 3.5).
    let (address, fragment) = href.split_once('#').map_or((href, None), |(a, f)| (a, Some(f)));
    let Some((base, query)) = address.split_once('?') else {
        return href.to_string();
    };
    let (host, _) = parts(href);
    let own = ["isFreemail=", "triedRedirect="]
        .iter()
        .any(|sign| query.contains(sign));
    let named = query
        .split('&')
        .any(|pair| pair.split_once('=').is_some_and(|(_, value)| is_mailbox(value)));
    let counts = |pair: &&str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = name.to_ascii_lowercase();
        named && READERS.contains(&name.as_str()) || counts_readers(&host, &name, value, own)
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !counts(pair))
        .collect();
    let mut out = base.to_string();
    if !kept.is_empty() {
        out.push('?');
        out.push_str(&kept.join("&"));
    }
    if let Some(fragment) = fragment {
        out.push('#');
        out.push_str(fragment);
    }
    out
}

/// Returns the first web address that is written out in `text`.
pub(super) fn address_in(text: &str) -> Option<String> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | '"'))
        .find_map(|word| web_address(word.trim_end_matches(['.', ',', ';', ':', '!', '?'])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_web_addresses_are_kept() {
        assert_eq!(
            web_address(" https://example.org/a ").as_deref(),
            Some("https://example.org/a")
        );
        for bad in [
            "javascript:alert(1)",
            "mailto:a@b.c",
            "http://a b",
            "/relative",
            "",
            "httpé",
        ] {
            assert_eq!(web_address(bad), None, "{bad}");
        }
        assert_eq!(
            address_in("see (https://example.org/x).").as_deref(),
            Some("https://example.org/x")
        );
    }

    #[test]
    fn what_counts_readers_is_taken_off() {
        for (href, kept) in [
            (
                "https://example.org/talk?utm_source=n&utm_medium=email&mc_eid=5f6e",
                "https://example.org/talk",
            ),
            (
                "https://example.org/a?id=3&utm_campaign=x#part",
                "https://example.org/a?id=3#part",
            ),
            ("https://example.org/?q=utm_source", "https://example.org/?q=utm_source"),
            ("https://youtu.be/abc?si=TRACK&t=120", "https://youtu.be/abc?t=120"),
            ("https://shop.example/p?si=3&s=1", "https://shop.example/p?si=3&s=1"),
            (
                "https://example.org/p/bets?ref=plumb&page=2#part",
                "https://example.org/p/bets?page=2#part",
            ),
            ("https://github.com/a/b?ref=main", "https://github.com/a/b?ref=main"),
            (
                "https://plumb.substack.com/p/bets?r=1f2e&token=abc",
                "https://plumb.substack.com/p/bets",
            ),
            (
                "https://medium.com/@a/b?source=rss-1f2e------2",
                "https://medium.com/@a/b",
            ),
            (
                "https://example.org/?source=github",
                "https://example.org/?source=github",
            ),
            (
                "https://www.google.com/url?q=https://example.org/price&sa=D&ust=1",
                "https://example.org/price",
            ),
            (
                "https://urldefense.com/v3/__https://example.org/b*c?x=1__;Iw!!AbC!dEf$",
                "https://example.org/b#c?x=1",
            ),
            (
                "https://urldefense.proofpoint.com/v2/url?u=https-3A__example.org_a-2Db-3Fx-3D1&d=Dw&c=Yz",
                "https://example.org/a-b?x=1",
            ),
            (
                "https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fexample.org%2fb&c=E,1,x&typo=1",
                "https://example.org/b",
            ),
            (
                "https://abc1.r.us-east-1.awstrack.me/L0/https:%2F%2Fexample.org%2Fprice%3Fa=1/1/0100-00/xyz=5",
                "https://example.org/price?a=1",
            ),
            (
                "https://tracking.letter.example/CL0/https:%2F%2Fexample.org%2Fprice/1/0100/abc=123",
                "https://example.org/price",
            ),
            (
                "https://click.convertkit-mail2.com/abc123/def456/aHR0cHM6Ly9leGFtcGxlLm9yZy9wcmljZQ==",
                "https://example.org/price",
            ),
            (
                "https://substack.com/redirect/2/eyJlIjoiaHR0cHM6Ly9leGFtcGxlLm9yZy9wcmljZSJ9.sig-1?linkCreationSource=x",
                "https://example.org/price",
            ),
            (
                "https://acme.lt.acemlnb.com/Prod/link-tracker?redirectUrl=aHR0cHMlM0ElMkYlMkZleGFtcGxlLm9yZyUyRnByaWNl&sig=a",
                "https://example.org/price",
            ),
            (
                "https://mailtrack.io/trace/link/abc?url=https%3A%2F%2Fexample.org%2Fprice&userId=1",
                "https://example.org/price",
            ),
            (
                "https://web.archive.org/web/2020/https://example.org/price",
                "https://web.archive.org/web/2020/https://example.org/price",
            ),
            (
                "https://check.example.org/page?url=https%3A%2F%2Fexample.org%2Fprice",
                "https://check.example.org/page?url=https%3A%2F%2Fexample.org%2Fprice",
            ),
            (
                "https://link.springer.example.com/article/10.1007/s00146-023-01650-8",
                "https://link.springer.example.com/article/10.1007/s00146-023-01650-8",
            ),
            (
                "https://t.example.org/pricing/How-We-Priced-Our-2026-Plans",
                "https://t.example.org/pricing/How-We-Priced-Our-2026-Plans",
            ),
            (
                "https://example.org/a?e=ann@example.com&uid=7&id=3",
                "https://example.org/a?id=3",
            ),
            ("https://example.org/a?uid=7", "https://example.org/a?uid=7"),
            (
                "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fexample.org%2Fb%3Fx%3D1&data=05",
                "https://example.org/b?x=1",
            ),
        ] {
            assert_eq!(web_address(href).as_deref(), Some(kept), "{href}");
        }
    }

    #[test]
    fn an_address_that_only_a_service_knows_is_none() {
        for href in [
            "https://example.us1.list-manage.com/track/click?u=0a1b2c&id=99&e=5f6e7d8c",
            "https://link.mail.beehiiv.com/ss/c/u001.abc",
            "https://click.example.org/track/abc123/one",
            "https://substack.com/redirect/1234?j=abc",
            "https://links.example.org/a/click?_t=abc&_m=def&_e=XyZ",
            "https://url1234.example.org/ls/click?upn=u001.abc",
            "https://protect-eu.mimecast.com/s/abcDEF",
            "https://urldefense.com/v3/__https://example.org/b**Ac__;Iw!!AbC!dEf$",
            "https://ctrk.klclick1.com/l/01ABC",
            "https://e.customeriomail.com/e/c/eyJlbWFpbF9pZCI6IjEifQ/abc",
            "https://clicks.letter.example/tl/cl/eyJ2Ijoie",
            "https://click.e.letter.example/?qs=0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "https://links.letter.example/els/v2/abc/def",
            "https://r.news.letter.example/tr/cl/AbCdEf",
            "https://email.letter.example/c/eJwVzLEOgyAQ",
            "https://go.pardot.com/e/12345/price/abc/123?h=x",
            "https://letter.cmail20.com/t/r-l-abc-def-r/",
            "https://nl.letter.example/r/?id=h1a2b3c4,5d6e7f,8091a2",
            "https://letter.example/r/5e1f0c8a?m=9a0b1c2d-3e4f-5061-7283-94a5b6c7d8e9",
            "https://trk.letter.example/AbCdEf0123456789xY",
        ] {
            assert_eq!(web_address(href), None, "{href}");
        }
        assert!(web_address("https://example.org/track/click").is_some());
    }

    proptest! {
        #[test]
        fn any_text_may_be_an_address(href in "(?s)https?://(www.google.com/url\\?q=|[a-z.?&=#%/é]){0,40}") {
            if let Some(kept) = web_address(&href) {
                prop_assert!(!kept.contains(char::is_whitespace) && kept.len() <= 2_000);
            }
        }
    }
}
