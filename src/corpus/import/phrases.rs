//! Lists the phrases of a newsletter's furniture: calls to share and subscribe, legal notices, polls.
//!
//! Each function says what kind of furniture the text of one block could be. A phrase is not enough unless it is the
//! whole text. `furniture.rs` looks for a second sign.

use super::clean::{head, key, words};

/// Phrases that open furniture: the kind, the phrases, and the most words in such a text.
const OPENING: &[(&str, &[&str], usize)] = &[
    (
        "view in browser",
        &[
            "view this email",
            "view in ",
            "view it in",
            "view online",
            "read online",
            "read in app",
            "open in browser",
            "having trouble viewing",
            "trouble viewing",
        ],
        20,
    ),
    (
        "subscription notice",
        &[
            "unsubscribe",
            "click here to unsubscribe",
            "to unsubscribe",
            "manage preferences",
            "manage your subscription",
            "manage subscription",
            "update your preferences",
            "update your email preferences",
            "update preferences",
            "email preferences",
            "you are receiving this",
            "youre receiving this",
            "you received this",
            "this email was sent",
            "why did i get this",
            "no longer want to receive",
            "dont want to receive",
            "add us to your address book",
        ],
        60,
    ),
    (
        "call to share",
        &[
            "share this",
            "share on",
            "forward this",
            "forward to a friend",
            "tweet this",
            "if you enjoyed this",
            "if you liked this",
            "did you enjoy this",
            "did you like this",
            "enjoyed this newsletter",
            "was this email forwarded",
            "was this forwarded",
            "know someone who",
        ],
        40,
    ),
    (
        "call to share",
        &[
            "share",
            "tweet",
            "like",
            "comment",
            "restack",
            "follow us",
            "connect with us",
            "like comment restack",
        ],
        5,
    ),
    (
        "call to subscribe",
        &[
            "thanks for reading",
            "youre currently a free",
            "you are currently a free",
        ],
        45,
    ),
    (
        "call to subscribe",
        &["subscribe", "sign up", "join our newsletter", "join the newsletter"],
        12,
    ),
    (
        "legal notice",
        &[
            "copyright",
            "all rights reserved",
            "privacy policy",
            "terms of service",
            "terms of use",
            "powered by",
        ],
        40,
    ),
];

/// Texts that are furniture if they are the whole block, such as the label of a button.
const WHOLE: &[(&str, &[&str])] = &[
    (
        "view in browser",
        &[
            "view in browser",
            "view in your browser",
            "view online",
            "read online",
            "read in app",
            "open in app",
            "open in browser",
            "get the app",
            "listen",
            "listen on",
            "view this email in your browser",
        ],
    ),
    (
        "call to share",
        &[
            "share",
            "tweet",
            "like",
            "comment",
            "comments",
            "restack",
            "restacks",
            "follow us",
            "connect with us",
            "like comment restack",
            "share this post",
            "share this",
            "leave a comment",
            "copy link",
            "facebook",
            "email",
            "reply",
            "expand full comment",
            "more like this",
            "less like this",
            "forward to a friend",
            "notes",
            "more",
            "share on facebook",
            "share on twitter",
            "share on linkedin",
            "twitter",
            "linkedin",
            "whatsapp",
            "pinterest",
        ],
    ),
    (
        "call to subscribe",
        &[
            "subscribe",
            "subscribe now",
            "subscribed",
            "sign up",
            "sign in",
            "log in",
            "login",
            "sign up now",
            "upgrade to paid",
            "give a gift subscription",
            "get started",
            "start writing",
            "start your substack",
            "ready for more",
            "login or subscribe to participate",
            "already a subscriber sign in",
            "join now",
            "type your email",
            "thanks for reading",
        ],
    ),
    (
        "subscription notice",
        &[
            "unsubscribe",
            "unsubscribe here",
            "manage preferences",
            "manage subscription",
            "update preferences",
            "unsubscribe manage preferences",
        ],
    ),
    (
        "legal notice",
        &[
            "privacy",
            "privacy policy",
            "terms",
            "terms of service",
            "terms of use",
            "collection notice",
            "imprint",
            "all rights reserved",
            "privacy terms",
            "privacy terms collection notice",
        ],
    ),
];

/// Phrases that make a short line furniture anywhere in it, if it also has a link or a separator.
const WITHIN: &[(&str, &str)] = &[
    ("view in browser", "view in browser"),
    ("view in your browser", "view in browser"),
    ("view online", "view in browser"),
    ("read online", "view in browser"),
    ("view this email", "view in browser"),
    ("unsubscribe", "subscription notice"),
    ("email preferences", "subscription notice"),
    ("all rights reserved", "legal notice"),
];

/// Words of a text that addresses its reader.
const SIGNS: &[&str] = &[
    "here",
    "click",
    "your",
    "you",
    "youre",
    "preferences",
    "browser",
    "friend",
    "friends",
    "below",
    "this email",
    "this newsletter",
    "this list",
    "any time",
    "anytime",
    "us",
    "our newsletter",
    "inbox",
    "rights reserved",
    "terms of service",
    "terms of use",
    "http",
    "https",
];

/// Entries of [`WHOLE`] that are also headings. They are furniture only if a second sign agrees.
const AMBIGUOUS: &[&str] = &[
    "comment",
    "comments",
    "email",
    "facebook",
    "imprint",
    "linkedin",
    "listen",
    "more",
    "notes",
    "pinterest",
    "privacy",
    "reply",
    "terms",
    "twitter",
    "whatsapp",
];

/// Social networks and the like. A line of only these is a row of buttons.
const NETWORKS: &[&str] = &[
    "bluesky",
    "email",
    "facebook",
    "instagram",
    "linkedin",
    "mastodon",
    "pinterest",
    "reddit",
    "rss",
    "threads",
    "tiktok",
    "twitter",
    "website",
    "whatsapp",
    "x",
    "youtube",
];

/// Phrases that begin a line about the sponsor.
const SPONSOR: &[&str] = &[
    "together with",
    "sponsored by",
    "presented by",
    "brought to you by",
    "in partnership with",
];

/// Reports whether a text is a single word that may be furniture or a heading: `Notes`, `Comments`.
pub(super) fn ambiguous(text: &str) -> bool {
    text.len() <= 20 && AMBIGUOUS.contains(&key(text).as_str())
}

/// Returns the kind of furniture of a text that is only such a phrase.
pub(super) fn whole(text: &str) -> Option<&'static str> {
    if text.len() > 80 {
        return None;
    }
    let k = key(text);
    let mut names = k.split(' ').peekable();
    if names.peek().is_some() && words(text) > 1 && names.all(|name| NETWORKS.contains(&name)) {
        return Some("call to share");
    }
    let found = WHOLE.iter().find(|(_, phrases)| phrases.contains(&k.as_str()));
    found.map(|(what, _)| *what)
}

/// Returns the kind of furniture that a text could be by its first words.
pub(super) fn opening(text: &str) -> Option<&'static str> {
    let count = words(&head(text, 1_000));
    if text.trim_start().starts_with('©') && count <= 40 {
        return Some("legal notice");
    }
    if count > 60 || text.len() > 1_500 {
        return None;
    }
    let k = key(text);
    let opens = |phrase: &&str| {
        let phrase = phrase.trim_end();
        k.strip_prefix(phrase)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    if k.starts_with("welcome to ") && (k.contains("newsletter") || k.contains("edition")) && count <= 40 {
        return Some("welcome");
    }
    OPENING
        .iter()
        .find(|(_, phrases, most)| count <= *most && phrases.iter().any(opens))
        .map(|(name, ..)| *name)
}

/// Returns the kind of furniture that a short line could be by a phrase anywhere in it.
pub(super) fn within(text: &str) -> Option<&'static str> {
    if words(text) > 24 || text.len() > 400 {
        return None;
    }
    let k = format!(" {} ", key(text));
    let found = WITHIN.iter().find(|(phrase, _)| k.contains(&format!(" {phrase} ")));
    let by_sign = text.contains('©') && text.chars().filter(char::is_ascii_digit).count() >= 4;
    found.map(|(_, what)| *what).or(by_sign.then_some("legal notice"))
}

/// Returns the kind of a line that a publishing program adds below a text.
///
/// Two phrases must agree, so that no other text matches.
pub(super) fn template(text: &str) -> Option<&'static str> {
    if words(text) > 45 || text.len() > 600 {
        return None;
    }
    let k = format!(" {} ", key(text));
    let has = |phrase: &str| k.contains(&format!(" {phrase} "));
    let begins = |phrase: &str| k.trim_start().starts_with(phrase);
    let supported =
        has("is a reader supported publication") && ["subscriber", "subscribe", "subscription"].into_iter().any(has);
    let thanks = begins("thanks for reading") && (has("subscribe for free") || has("become a paid subscriber"));
    if supported || thanks {
        return Some("call to subscribe");
    }
    // `The post TITLE appeared first on SITE.`, with nothing after the site.
    let site = k.split_once(" appeared first on ").map(|(_, site)| words(site));
    let syndicated = begins("the post ") && site.is_some_and(|site| (1..=8).contains(&site)) && !text.contains(", ");
    let medium = has("was originally published in") && has("on medium") && has("by responding to this story");
    (syndicated || medium).then_some("note of the publishing program")
}

/// Reports whether a text addresses its reader, as calls and notices do.
pub(super) fn speaks(text: &str) -> bool {
    let k = format!(" {} ", key(&head(text, 1_500)));
    SIGNS.iter().any(|sign| k.contains(&format!(" {sign} "))) || text.contains(" | ") || text.contains('©')
}

/// Reports whether a line names the sponsor.
pub(super) fn sponsor(text: &str) -> bool {
    let k = key(&head(text, 100));
    words(text) <= 6 && SPONSOR.iter().any(|phrase| k.starts_with(phrase))
}

/// Reports whether a line asks what the reader thinks of the issue.
pub(super) fn poll(text: &str) -> bool {
    let k = key(&head(text, 200));
    let asks = [
        "what did you think",
        "how did you like",
        "how did we do",
        "how would you rate",
        "rate this",
        "did you like",
    ];
    let ours = ["issue", "newsletter", "edition", "email", "post", "todays"];
    words(text) <= 16
        && asks.iter().any(|a| k.contains(a))
        && (ours.iter().any(|o| k.contains(o)) || k.starts_with("poll"))
}

/// Reports whether a line is a postal address, which the law requires in bulk mail.
pub(super) fn postal(text: &str) -> bool {
    let number = |w: &str| w.len() >= 4 && w.bytes().all(|b| b.is_ascii_digit());
    let bare: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .collect();
    let opens = bare.first().is_some_and(|w| w.bytes().all(|b| b.is_ascii_digit()));
    (4..=24).contains(&bare.len())
        && text.matches(',').count() >= 2
        && opens
        && bare.iter().skip(1).any(|w| number(w))
        && !text.trim_end().ends_with(['.', '?', '!'])
}

/// Reports whether a text is about the sender: `Who’s Acme? We are …`. The question must be about a name.
pub(super) fn about_sender(text: &str) -> bool {
    let text = head(text, 200);
    let Some((asked, rest)) = text.split_once('?') else {
        return false;
    };
    let k = key(asked);
    let of_us = matches!(k.as_str(), "who are we" | "who we are" | "about us");
    let asks = ["whos ", "who is ", "what is ", "whats "]
        .iter()
        .any(|w| k.starts_with(w));
    let name = asked
        .split_whitespace()
        .next_back()
        .is_some_and(|w| w.starts_with(char::is_uppercase));
    let rest = format!(" {} ", key(rest));
    (of_us || asks && name && words(asked) <= 5) && (rest.contains(" we are ") || rest.contains(" were "))
}
