//! Judges how surely a few words are a person's name, apart from their place.

use super::given::is_given;
use super::{
    NO_NAME, NO_SPEAKER, PARTICLES, among, bare, is_byline_cjk, is_name_cjk, is_person, is_sure_byline, says_role,
    sentence_free,
};
use crate::corpus::import::clean::{key, words};

/// Most words in a name without a role, with a second person or a company.
const MOST: usize = 8;

/// Words of products, companies and advice. With a first word that nobody is called by, they are no name.
const NO_PERSON: &str = "google microsoft amazon apple slack notion figma jira github gitlab linear zoom adobe meta facebook linkedin \
    twitter youtube netflix spotify stripe salesforce hubspot trello asana miro airtable confluence dropbox openai \
    chatgpt gpt amplitude mixpanel pager duty docs doc drive hunt sheets sheet cloud analytics labs lab inc teams team \
    office studio hub app apps suite tool tools list lists board boards map maps model models framework frameworks canvas \
    plan plans guide guides tip tips rule rules trick tricks win wins loss losses goal goals sales marketing support \
    engineering legal finance company business market cost costs value values risk risks time day week month year \
    quick big small long short high low real right wrong best better worst hard easy simple charge less fast slow pro \
    culture onboarding planning focus ownership trust speed quality scope churn retention activation revenue budget \
    feedback demo demos docs code review reviews meeting meetings email mail call calls survey surveys test tests score \
    launch beta trial trials contract deal deals segment segments story stories job jobs need needs pain gain idea ideas \
    bonus extra key main top core final editor editors sponsor ps open source net gross annual monthly weekly daily \
    north star minimum viable proof concept cash flow stand up story points sprint backlog scrum kanban agile lean";

/// How surely some words are a name. Later variants are surer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::corpus::import) enum Trust {
    /// They are something else.
    Not,
    /// One capitalized word that people are rarely called by.
    Word,
    /// They have the shape of a name: two or more capitalized words.
    Shape,
    /// The first word is a given name, or particles or initials are among them.
    Known,
    /// A name and a role or a company, or only a role.
    Sure,
}

/// Judges `text`, which is clean of emphasis and links.
pub(in crate::corpus::import) fn trust(text: &str) -> Trust {
    let text = bare(text);
    let fits = !text.is_empty() && text.chars().count() <= 130 && !text.contains(['?', '!', ':', ';', '\n']);
    if !fits || !sentence_free(text) {
        return Trust::Not;
    }
    if is_byline_cjk(text) {
        return Trust::Sure;
    }
    if is_name_cjk(text) {
        return Trust::Word;
    }
    let (name, beside) = match text.find([',', '(']) {
        Some(at) => (text[..at].trim(), words(&text[at..]) > 0),
        None => (text, false),
    };
    let first = [" & ", " and ", " + "]
        .iter()
        .find_map(|joint| Some(name.split_once(joint)?.0));
    let who = match words(name) {
        0..=MOST => person(first.unwrap_or(name), beside),
        _ => Trust::Not,
    };
    match is_sure_byline(text) {
        // Only a role, or a name with a role or a company.
        true if says_role(name) || who > Trust::Not && says_role(text) || who == Trust::Known => Trust::Sure,
        // `A designer at a bank` may be anybody, and `The product manager` is nobody.
        false if who == Trust::Not && (says_role(text) || says_people(text)) && words(text) <= MOST + 2 => Trust::Word,
        _ => who,
    }
}

/// Reports whether some of the words mean people: `Two readers from Ghent`.
fn says_people(text: &str) -> bool {
    let people = "people person readers teams engineers designers managers pms founders developers someone somebody \
                  everybody everyone others several many";
    key(text).split(' ').any(|word| among(people, word))
}

/// Judges a name alone. `beside` says whether a company or a place follows it.
fn person(name: &str, beside: bool) -> Trust {
    let handle = |name: &str| {
        name.len() > 2
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))
    };
    if name.strip_prefix('@').is_some_and(handle) {
        return Trust::Known;
    }
    let titles = "dr prof mr mrs ms sir dame";
    let parts: Vec<&str> = name.split_whitespace().collect();
    let titled = parts.len() > 1 && among(titles, &key(parts[0]));
    let parts = &parts[usize::from(titled)..];
    let capital = |word: &str| {
        let word = word.trim_start_matches(['"', '“', '\'', '‘']);
        word.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase())
    };
    let lettered = |word: &str| {
        word.chars()
            .all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '‑' | '\'' | '’' | '"' | '“' | '”'))
    };
    let part = |word: &&str| lettered(word) && (capital(word) || among(PARTICLES, word));
    let Some(&first) = parts.first().filter(|first| capital(first)) else {
        return Trust::Not;
    };
    if parts.len() > 5 || !parts.iter().all(part) {
        return Trust::Not;
    }
    // `SAM` may be a market and `URL` an address.
    let shouted = parts.len() == 1 && !first.chars().any(char::is_lowercase);
    let initial = |word: &&str| word.len() == 2 && word.ends_with('.');
    let particle = |word: &&str| among(PARTICLES, word) && !capital(word);
    let inner = parts.len() > 2 && parts[1..parts.len() - 1].iter().any(|w| particle(w) || initial(w));
    if !shouted && is_given(first) || titled || parts.len() > 1 && initial(&first) || inner {
        return Trust::Known;
    }
    let k = key(name);
    let other = |word: &str| among(NO_PERSON, word) || among(NO_NAME, word) || among(NO_SPEAKER, word);
    let other = k.split(' ').any(other) || says_role(name);
    match parts.len() {
        _ if other => Trust::Not,
        1 if beside => Trust::Shape,
        1 => Trust::Word,
        _ if is_person(name) => Trust::Shape,
        _ => Trust::Not,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_products_and_advice() {
        for (text, expected) in [
            ("Anna Smith, head of design", Trust::Sure),
            ("Head of product at a bank", Trust::Sure),
            ("Ben Osei (Acme)", Trust::Sure),
            ("Bob Jones", Trust::Known),
            ("Bob", Trust::Known),
            ("Anna Price", Trust::Known),
            ("Ana de la Cruz", Trust::Known),
            ("J. R. Ortiz", Trust::Known),
            ("Li Wei", Trust::Known),
            ("Bob \"Bo\" Jones", Trust::Known),
            ("Dr. Thula Nkosi", Trust::Known),
            ("Jon (sales)", Trust::Known),
            ("Ana Lima & Ben Osei", Trust::Known),
            ("Cleo Dahl and the Birch team", Trust::Sure),
            ("@ana_lima", Trust::Known),
            ("ANA LIMA", Trust::Known),
            ("Mark Ellis", Trust::Shape),
            ("Thula Nkosi", Trust::Shape),
            ("Zork (Birch)", Trust::Shape),
            ("Zork", Trust::Word),
            ("SAM", Trust::Word),
            ("Product Hunt", Trust::Not),
            ("Google Docs", Trust::Not),
            ("Start small", Trust::Not),
            ("Start Small", Trust::Not),
            ("Step one", Trust::Not),
            ("My advice", Trust::Not),
            ("Pro tip", Trust::Not),
            ("Charge More", Trust::Not),
            ("Minimum Viable Product", Trust::Not),
            ("Why it works", Trust::Not),
            ("the team at Acme", Trust::Word),
            ("A designer at a bank", Trust::Word),
            ("Two readers from Ghent", Trust::Word),
            ("Google Docs (free)", Trust::Not),
            ("Net Retention (in percent)", Trust::Not),
            ("Result", Trust::Not),
            ("", Trust::Not),
        ] {
            assert_eq!(trust(text), expected, "{text}");
        }
    }
}
