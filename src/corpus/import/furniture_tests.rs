//! Tests of what is furniture, and what only sounds like it.

use super::super::text;
use super::*;

/// Returns each block of a text with what it could be.
fn kinds(source: &str) -> Vec<(String, Option<&'static str>)> {
    let blocks = text::blocks(source, 1_000).unwrap();
    let found = Furniture::of(&blocks, false);
    blocks
        .into_iter()
        .enumerate()
        .map(|(at, b)| (b.text, found.at(at)))
        .collect()
}

const BODY: &str = "We asked twelve teams how they set prices, and nine of them said that nobody had ever told them.";

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
        "Share prices fell.",
        "Unsubscribe rates fell by a third after we moved from daily to weekly mails.",
        "Powered by steam, the first pumps paid for themselves in a year.",
    ] {
        assert_eq!(furniture(text), None, "{text}");
    }
}

#[test]
fn the_same_words_are_furniture_at_the_end_and_content_in_the_middle() {
    let call = "Sign up and tell your friends";
    let middle = kinds(&format!("{BODY}\n\n{call}\n\n{BODY}"));
    assert_eq!(middle[1].1, None);
    let end = kinds(&format!("{BODY}\n\n{BODY}\n\n{call}"));
    assert!(end[2].1.is_some());
    // A button is one wherever it is.
    assert!(kinds(&format!("{BODY}\n\nSubscribe now\n\n{BODY}"))[1].1.is_some());
}

#[test]
fn a_heading_with_text_below_it_is_content() {
    for title in [
        "Privacy policy changes that matter",
        "Comment",
        "Sign up",
        "Powered by AI: how Acme rebuilt its search",
    ] {
        let found = kinds(&format!(
            "{BODY}\n\n## {title}\n\nThree people read them a day.\n\n{BODY}"
        ));
        assert_eq!(found[1].1, None, "{title}");
    }
}

#[test]
fn the_lines_around_a_mail_are_furniture() {
    let source = format!(
        "January 05, 2026 | Read Online\n\nTOGETHER WITH BREADBASE\n\n{BODY}\n\nPoll: what did you think of this issue?\n\n\
         Loved it\n\nIt was fine\n\nUpdate your email preferences or unsubscribe here\n\n\
         228 Park Ave, New York, NY 10003, United States\n\nRoadmap Notes © 2026 – Unsubscribe"
    );
    for (text, what) in kinds(&source) {
        assert_eq!(what.is_none(), text == BODY, "{text}: {what:?}");
    }
}

#[test]
fn a_sender_speaks_of_itself_by_name_and_at_the_end() {
    assert!(phrases::about_sender("Who’s Acme? We are people who like products."));
    assert!(phrases::about_sender("Who are we? We are nine people."));
    assert!(!phrases::about_sender("Who's hiring? Many firms."));
    assert!(!phrases::about_sender("What is next? We are going to ask our readers."));
}

#[test]
fn a_label_ends_a_newsletter_only_at_its_end() {
    let ends = |source: &str| {
        let blocks = text::blocks(source, 1_000).unwrap();
        let at = blocks.iter().position(|b| {
            b.text.starts_with("About us") || b.text.starts_with("How can") || b.text.starts_with("Latest")
        });
        Furniture::of(&blocks, false).ends_at(at.unwrap(), &blocks)
    };
    assert!(ends(&format!("{BODY}\n\nAbout us\n\nWe are nine people in Porto.")));
    assert!(!ends(&format!("Home\n\nAbout us\n\n{BODY}\n\n{BODY}")));
    assert!(ends(&format!("{BODY}\n\nLatest posts\n\nOn price pages\n\nOn dates")));
    assert!(ends(&format!(
        "{BODY}\n\nHow can you grow with Acme?\n\n1. Learn from others\n2. Work with us"
    )));
    assert!(!ends(&format!(
        "{BODY}\n\nHow can you grow with a small team?\n\nPick one channel and keep to it."
    )));
}
