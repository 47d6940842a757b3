//! Lists the phrases of a newsletter's furniture: calls to share and subscribe, legal notices, polls.
//!
//! Each function says what kind of furniture the text of one block could be. A phrase is not enough unless it is the
//! whole text. `furniture.rs` looks for a second sign.

mod lists;

use self::lists::{AMBIGUOUS, COUNTED, NETWORKS, OPENING, SIGNS, SPONSOR, WHOLE, WITHIN};
use super::clean::{head, key, words};
use super::dates;

/// Reports whether a text is a single word that may be furniture or a heading: `Notes`, `Comments`.
pub(super) fn ambiguous(text: &str) -> bool {
    text.len() <= 20 && AMBIGUOUS.contains(&key(text).as_str())
}

/// Returns the kind of furniture of a text that is only such a phrase.
pub(super) fn whole(text: &str) -> Option<&'static str> {
    if text.len() > 80 {
        return None;
    }
    if let Some(what) = buttons(text) {
        return Some(what);
    }
    let k = key(text);
    let mut names = k.split(' ').peekable();
    if names.peek().is_some() && words(text) > 1 && names.all(|name| NETWORKS.contains(&name)) {
        return Some("call to share");
    }
    phrase(&k)
}

fn phrase(k: &str) -> Option<&'static str> {
    let found = WHOLE.iter().find(|(_, phrases)| phrases.contains(&k));
    found.map(|(what, _)| *what)
}

/// Returns the kind of a row of buttons with pictures or lines between them: `👍 More like this 👎 Less like this`.
fn buttons(text: &str) -> Option<&'static str> {
    let apart = |c: char| !c.is_alphanumeric() && !c.is_whitespace() && !matches!(c, '\'' | '’' | '-' | ',');
    let labels: Vec<String> = text.split(apart).map(key).filter(|k| !k.is_empty()).collect();
    // Words that are also headings make no row of buttons by themselves.
    let sure = labels.len() > 1 && labels.iter().any(|k| !AMBIGUOUS.contains(&k.as_str()));
    let kinds: Option<Vec<&str>> = labels.iter().filter(|_| sure).map(|k| phrase(k)).collect();
    kinds?.first().copied()
}

/// Reports whether a line only counts what readers did: `182 likes`, `Comments (17)`.
pub(super) fn counter(text: &str) -> bool {
    if text.len() > 40 {
        return false;
    }
    let k = key(text);
    let parts: Vec<&str> = k.split(' ').take(3).collect();
    let count = |word: &str| {
        let number = word.trim_end_matches(['k', 'm']);
        (1..=7).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
    };
    let counts = |number: &str, what: &str| count(number) && COUNTED.contains(&what);
    match parts[..] {
        [first, second] => counts(first, second) || counts(second, first),
        _ => false,
    }
}

/// Reports whether a line is a row of short choices: `Great | Fine | Bad`.
pub(super) fn choices(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['|', '·', '•', '\n']).take(9).collect();
    (2..=8).contains(&parts.len()) && parts.iter().all(|part| !part.trim().is_empty() && words(part) <= 4)
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
    let (name, phrases, _) = OPENING
        .iter()
        .find(|(_, phrases, most)| count <= *most && phrases.iter().any(opens))?;
    let phrase = phrases.iter().copied().find(|phrase| opens(phrase))?;
    (!narrates(&k, phrase)).then_some(*name)
}

/// Verbs of a sentence that tells something. Furniture asks its reader to do something.
const TELLS: &str =
    "is are was were did does went came said says brought gave took had made replied asked failed worked cost";

/// Reports whether `k`, the key of a text, tells something about the furniture that it opens with: `Unsubscribe links are
/// clicked by one reader in 200`.
fn narrates(k: &str, phrase: &str) -> bool {
    let addresses = [
        "you",
        "youre",
        "this email was",
        "why did",
        "was this",
        "did you",
        "if you",
        "thanks",
        "copyright",
    ];
    let rest = k.strip_prefix(phrase.trim_end()).unwrap_or(k);
    let calls = [
        "here",
        "click",
        "http",
        "https",
        "because you",
        "rights reserved",
        "you are receiving",
        "address",
        "copyright",
    ];
    let padded = format!(" {rest} ");
    if calls.iter().any(|call| padded.contains(&format!(" {call} "))) {
        return false;
    }
    let tells = |word: &&str| TELLS.split(' ').any(|verb| verb == *word);
    let near = rest
        .split(' ')
        .filter(|word| !word.is_empty())
        .take(6)
        .any(|word| tells(&word));
    let told = words(k) >= 14 && rest.split(' ').any(|word| tells(&word));
    let plain = !addresses.iter().any(|opening| phrase.starts_with(opening));
    // `Was this email forwarded to you? We asked it by phone.`
    plain && (near || told) || padded.contains(" we asked ")
}

/// Returns the kind of furniture that a short line could be by a phrase anywhere in it.
pub(super) fn within(text: &str) -> Option<&'static str> {
    if words(text) > 24 || text.len() > 400 {
        return None;
    }
    let k = format!(" {} ", key(text));
    let found = WITHIN.iter().find(|(phrase, _)| {
        let at = k.find(&format!(" {phrase} "));
        at.is_some_and(|at| !narrates(k[at..].trim(), phrase))
    });
    let by_sign = text.contains('©') && text.chars().filter(char::is_ascii_digit).count() >= 4;
    found.map(|(_, what)| *what).or(by_sign.then_some("legal notice"))
}

/// Returns the kind of a line that a publishing program adds below a text.
///
/// Two phrases must agree, so that no other text matches.
pub(super) fn template(text: &str) -> Option<&'static str> {
    if words(text) > 150 || text.len() > 1_500 {
        return None;
    }
    let k = format!(" {} ", key(text));
    let opens = |phrases: &[&str]| phrases.iter().any(|phrase| k.trim_start().starts_with(phrase));
    let sent = [
        "sent from my ",
        "sent from outlook ",
        "sent from mail for ",
        "get outlook for ",
        "envoyé de mon ",
        "envoyé depuis mon ",
        "enviado desde mi ",
        "inviato da ",
        "von meinem ",
    ];
    if words(text) <= 8 && opens(&sent) {
        return Some("note of the mail program");
    }
    let notice = [
        "this e mail ",
        "this email ",
        "this message ",
        "the information ",
        "the contents of this ",
        "confidentiality notice",
        "disclaimer",
    ];
    let private = k.contains(" confidential ") || k.contains(" privileged ");
    let meant = [
        "intended solely",
        "intended only",
        "intended recipient",
        "addressee",
        "to whom they are addressed",
        "to whom it is addressed",
    ];
    if opens(&notice) && private && meant.iter().any(|phrase| k.contains(phrase)) {
        return Some("legal notice");
    }
    let walls = [
        "the rest is for ",
        "the rest of this ",
        "this post is for ",
        "this is for paid ",
        "keep reading with ",
        "to read the rest",
        "subscribe to read ",
        "subscribe to keep reading",
        "become a member to read",
    ];
    let paid = [
        "member",
        "members",
        "subscriber",
        "subscribers",
        "subscribe",
        "paid",
        "trial",
    ];
    if words(text) <= 25 && opens(&walls) && paid.iter().any(|word| k.contains(&format!(" {word} "))) {
        return Some("call to subscribe");
    }
    if words(text) > 45 || text.len() > 600 {
        return None;
    }
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
    let site = site.or_else(|| first_appeared(text));
    let syndicated = begins("the post ") && site.is_some_and(|site| (1..=8).contains(&site)) && !text.contains(", ");
    let medium = has("was originally published in") && has("on medium") && has("by responding to this story");
    (syndicated || medium).then_some("note of the publishing program")
}

/// Returns the number of words in the name of the site of `The post TITLE first appeared on SITE`.
///
/// The title and the site are names: `The post office first appeared on our map` is a sentence.
fn first_appeared(text: &str) -> Option<usize> {
    let (title, site) = text
        .trim_start()
        .strip_prefix("The post ")?
        .split_once(" first appeared on ")?;
    let site = site.trim_end().trim_end_matches('.');
    let is_name = |name: &str| !name.starts_with(char::is_lowercase);
    (is_name(title) && (is_name(site) || site.contains('.'))).then(|| words(site))
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
    // The name of the sender may come first, with dots or lines between the parts.
    let parts: Vec<&str> = text.split(['·', '|', '•']).map(str::trim).collect();
    let street = |part: &&str| {
        let mut words = part.split(' ');
        let house = words
            .next()
            .is_some_and(|w| !w.is_empty() && w.len() <= 5 && w.bytes().all(|b| b.is_ascii_digit()));
        house
            && words
                .next()
                .is_some_and(|w| w.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()))
    };
    let parted = parts.len() >= 3
        && dates::day_in(text).is_none()
        && parts.iter().skip(1).any(street)
        && parts.last().is_some_and(|p| p.contains(' '));
    (4..=24).contains(&bare.len())
        && (parted || text.matches(',').count() >= 2 && opens)
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
