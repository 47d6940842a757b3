//! The phrases of a newsletter's furniture: invitations to share and subscribe, legal notices, polls.
//!
//! In: the text of one block. Out: what of these it could be. A phrase alone decides nothing, but for a text that is
//! nothing else; `furniture.rs` asks for a second sign.

use super::clean::{head, key, words};

/// Phrases that open a newsletter's furniture. The second is the most words that such a text has.
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

/// Texts that are furniture where they are all of a block: what is written on a button.
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

/// Phrases that make a short line furniture wherever they stand in it, beside a link or a sign that parts it.
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

/// Words by which a text speaks to its reader about itself.
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

/// Of these, words that name a part of a text as well: they are furniture only where a second sign agrees.
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

/// Where texts are shared: a line of nothing else is a row of buttons.
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

/// Begins a line that names who pays for the issue.
const SPONSOR: &[&str] = &[
    "together with",
    "sponsored by",
    "presented by",
    "brought to you by",
    "in partnership with",
];

/// Whether a text is one word that furniture and headings share: `Notes`, `Comments`.
pub(super) fn ambiguous(text: &str) -> bool {
    text.len() <= 20 && AMBIGUOUS.contains(&key(text).as_str())
}

/// What a text is that says nothing but a phrase of furniture.
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

/// What a text could be that opens with a phrase of furniture.
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

/// What a short line could be that holds a phrase of furniture among others.
pub(super) fn within(text: &str) -> Option<&'static str> {
    if words(text) > 24 || text.len() > 400 {
        return None;
    }
    let k = format!(" {} ", key(text));
    let found = WITHIN.iter().find(|(phrase, _)| k.contains(&format!(" {phrase} ")));
    let by_sign = text.contains('©') && text.chars().filter(char::is_ascii_digit).count() >= 4;
    found.map(|(_, what)| *what).or(by_sign.then_some("legal notice"))
}

/// A line that a publishing program puts under a text, of what kind it is. Two phrases must agree, so that no other text
/// is one.
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
    // `The post TITLE appeared first on SITE.`, and nothing after the site.
    let site = k.split_once(" appeared first on ").map(|(_, site)| words(site));
    let syndicated = begins("the post ") && site.is_some_and(|site| (1..=8).contains(&site)) && !text.contains(", ");
    let medium = has("was originally published in") && has("on medium") && has("by responding to this story");
    (syndicated || medium).then_some("note of the publishing program")
}

/// Whether a text speaks to its reader, as calls and notices do, beside the words that it opens with.
pub(super) fn speaks(text: &str) -> bool {
    let k = format!(" {} ", key(&head(text, 1_500)));
    SIGNS.iter().any(|sign| k.contains(&format!(" {sign} "))) || text.contains(" | ") || text.contains('©')
}

/// Whether a line names who pays for the issue.
pub(super) fn sponsor(text: &str) -> bool {
    let k = key(&head(text, 100));
    words(text) <= 6 && SPONSOR.iter().any(|phrase| k.starts_with(phrase))
}

/// Whether a line asks what the reader thinks of the issue.
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

/// Whether a line is the address of a house, as the law wants it under mail.
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

/// `Who’s Acme? We are …`: a sender's words about itself. What is asked about is a name.
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
