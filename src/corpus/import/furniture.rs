//! The furniture of a newsletter: invitations to share and subscribe, legal notices, what the sender says about itself.
//!
//! In: the text of one block. Out: whether it could be furniture, and of what kind. It is only where it stands outside of
//! what somebody says, which is for `structure.rs` to judge.

use super::clean::{head, key, words};

/// `Who’s Acme? We are …`: a sender's words about itself, where a footer may stand.
pub(super) fn is_about_sender(text: &str) -> bool {
    let k = key(&head(text, 200));
    let who = ["whos ", "who is ", "who are we", "about us ", "what is "];
    who.iter().any(|w| k.starts_with(w)) && text.contains('?') && (k.contains(" we are ") || k.contains(" we re "))
}

/// `That is all for this week`, `Until next month, …`: words with which a letter takes its leave.
pub(super) fn is_farewell(text: &str) -> bool {
    let k = key(&head(text, 80));
    let opens = [
        "that is all for",
        "thats all for",
        "thats it for",
        "that is it for",
        "until next",
        "till next",
        "see you next",
        "see you in",
        "thanks for reading",
        "thank you for reading",
        "have a great week",
        "have a good week",
    ];
    // `Best, Dana`: a greeting, a comma, and hardly anything else.
    let greeting = text.split_once(',').map(|(greeting, _)| key(greeting));
    let greets = [
        "best",
        "cheers",
        "yours",
        "warmly",
        "love",
        "regards",
        "best wishes",
        "kind regards",
        "take care",
    ];
    let short = words(text) <= 6 && greeting.is_some_and(|greeting| greets.contains(&greeting.as_str()));
    short || opens.iter().any(|opening| k.starts_with(opening))
}

/// Phrases that open a newsletter's furniture. The second is the most words that such a text has.
const FURNITURE: &[(&str, &[&str], usize)] = &[
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

/// The kind of furniture that `text` is, or `None` where it is content.
pub(super) fn furniture(text: &str) -> Option<&'static str> {
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
    FURNITURE
        .iter()
        .find(|(_, phrases, most)| count <= *most && phrases.iter().any(opens))
        .map(|(name, ..)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn furniture_is_known_whatever_its_punctuation_and_content_is_not_furniture() {
        for text in [
            "View this email in your browser",
            "Unsubscribe | Manage preferences",
            "If you enjoyed this newsletter, please tell a friend.",
            "© 2024 Acme",
            "Share",
            "Welcome to our Product Newsletter, a weekly email.",
        ] {
            assert!(furniture(text).is_some(), "{text}");
        }
        for text in [
            "Share of wallet is the measure that our board looks at most.",
            "Subscribers churn when onboarding is slow, and here is what we did about that in three short experiments.",
            "Likely outcomes",
            "Subscribers",
        ] {
            assert_eq!(furniture(text), None, "{text}");
        }
        for text in [
            "That is all for October.",
            "Until next month,\nMarguerite",
            "Best, Dana",
        ] {
            assert!(is_farewell(text), "{text}");
        }
        for text in [
            "Best to ask, and to ask early.",
            "Love it, as our buyers did when we told them",
            "Until then we wait.",
        ] {
            assert!(!is_farewell(text), "{text}");
        }
        assert!(is_about_sender("Who’s Acme? We are people who like products."));
        assert!(!is_about_sender("Who's hiring? Many firms."));
    }
}
