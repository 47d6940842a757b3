//! The types of the corpus: an [`Edition`] of a newsletter, its content, and the [`Id`]s that name its parts.
//!
//! These are plain values. `markdown.rs` reads them and `import` creates them.

use std::fmt;
use std::str::FromStr;

/// One newsletter edition: a few discussions or, for an article, sections; then learning resources.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edition {
    /// Stable name of the edition in every identifier: `[a-z0-9-]`, see [`is_slug`].
    pub slug: String,
    pub title: String,
    /// Publication date as `YYYY-MM-DD`; `None` if the newsletter does not give one.
    pub date: Option<String>,
    /// Where the text comes from and who wrote it, in a sentence.
    pub source: Option<String>,
    /// The user's labels, each an [`is_tag`], in the order in which they were given. None repeats.
    pub tags: Vec<String>,
    pub discussions: Vec<Discussion>,
    /// The content of an article, and anything in a newsletter outside its discussions.
    pub sections: Vec<Section>,
    pub resources: Vec<Resource>,
}

/// A question that a reader of the newsletter asked, and the community's answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discussion {
    /// 1-based, as printed (`Question 1`).
    pub number: u32,
    pub title: String,
    pub asked_by: Option<String>,
    /// The newsletter's own summary of the answers, in a sentence or two: a trimmed line of at most
    /// [`MAX_IN_SHORT_BYTES`].
    pub in_short: Option<String>,
    /// Other wordings of the same question, one per line. They are used for search and never quoted. There are at most
    /// [`MAX_ALSO_ASKED`], each one a trimmed line of at most [`MAX_ALSO_ASKED_BYTES`].
    pub also_asked: Vec<String>,
    /// The question's text; empty if the newsletter prints only a title.
    pub body: String,
    pub answers: Vec<Answer>,
}

/// One signed answer of the community.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `'a'..='z'`: the letter that the newsletter prints, in lower case.
    pub letter: char,
    pub contributor: String,
    /// Other questions that this answer, or one sentence of it, settles, although the discussion asks something else.
    /// Like [`Discussion::also_asked`], but only for this answer.
    pub also_asked: Vec<String>,
    pub body: String,
}

/// A part of an edition that is not a discussion: text under a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// 1-based, in the edition's order.
    pub number: u32,
    pub title: String,
    pub body: String,
}

/// A book, talk, paper, course or video that an edition recommends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// 1-based, as printed.
    pub number: u32,
    pub title: String,
    /// `video`, `book`, `paper`, `course`, …
    pub kind: Option<String>,
    pub link: Option<String>,
    pub summary: String,
}

/// The name of an edition, a discussion, an answer, a section or a resource.
///
/// Written `EDITION`, `EDITION/qN`, `EDITION/qN/X`, `EDITION/sN` and `EDITION/rN`. [`Id::from_str`] and
/// [`fmt::Display`] are inverse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id {
    Edition {
        edition: String,
    },
    Discussion {
        edition: String,
        question: u32,
    },
    Answer {
        edition: String,
        question: u32,
        letter: char,
    },
    Section {
        edition: String,
        section: u32,
    },
    Resource {
        edition: String,
        resource: u32,
    },
}

impl Id {
    /// Returns the slug of the edition that contains the named item.
    pub fn edition(&self) -> &str {
        match self {
            Id::Edition { edition }
            | Id::Discussion { edition, .. }
            | Id::Answer { edition, .. }
            | Id::Section { edition, .. }
            | Id::Resource { edition, .. } => edition,
        }
    }

    /// Returns the group for hits: the discussion of an answer. Any other item is its own group.
    pub fn group(&self) -> Id {
        match self {
            Id::Answer { edition, question, .. } => Id::Discussion {
                edition: edition.clone(),
                question: *question,
            },
            other => other.clone(),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Edition { edition } => f.write_str(edition),
            Id::Discussion { edition, question } => write!(f, "{edition}/q{question}"),
            Id::Answer {
                edition,
                question,
                letter,
            } => write!(f, "{edition}/q{question}/{letter}"),
            Id::Section { edition, section } => write!(f, "{edition}/s{section}"),
            Id::Resource { edition, resource } => write!(f, "{edition}/r{resource}"),
        }
    }
}

/// The error for a text that is not an [`Id`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an identifier; the forms are EDITION, EDITION/q1, EDITION/q1/a, EDITION/s1 and EDITION/r1")]
pub struct IdError(pub String);

impl FromStr for Id {
    type Err = IdError;

    /// Parses an identifier. Letters and prefixes may be in either case.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let bad = || IdError(text.chars().take(120).collect());
        let lower = text.trim().to_lowercase();
        let mut parts = lower.split('/');
        let edition = parts.next().filter(|s| is_slug(s)).ok_or_else(bad)?.to_string();
        let id = match parts.next() {
            None => Id::Edition { edition },
            Some(item) => {
                // The lower case of letters of other scripts can have several bytes: split after a character, not a
                // byte.
                let kind = item.chars().next().ok_or_else(bad)?;
                let number = ordinal(&item[kind.len_utf8()..]).ok_or_else(bad)?;
                match (kind, parts.next()) {
                    ('q', None) => Id::Discussion {
                        edition,
                        question: number,
                    },
                    ('q', Some(letter)) => Id::Answer {
                        edition,
                        question: number,
                        letter: answer_letter(letter).ok_or_else(bad)?,
                    },
                    ('s', None) => Id::Section {
                        edition,
                        section: number,
                    },
                    ('r', None) => Id::Resource {
                        edition,
                        resource: number,
                    },
                    _ => return Err(bad()),
                }
            }
        };
        match parts.next() {
            None => Ok(id),
            Some(_) => Err(bad()),
        }
    }
}

/// Maximum number of other wordings of one question, and of other questions of one answer. Each costs a vector, and a
/// question that needs more is really two questions.
pub const MAX_ALSO_ASKED: usize = 24;

/// Maximum length in bytes of another wording of a question: a sentence or two.
pub const MAX_ALSO_ASKED_BYTES: usize = 300;

/// The most bytes of [`Discussion::in_short`]. It stands above the quotes of an answer.
pub const MAX_IN_SHORT_BYTES: usize = 600;

/// Maximum length in bytes of a slug, which becomes a file name and is typed by people.
pub const MAX_SLUG: usize = 80;

/// Returns whether `text` is a valid slug: 1 to [`MAX_SLUG`] of `a-z`, `0-9` and inner hyphens.
pub fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_SLUG
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Maximum length in bytes of a tag.
pub const MAX_TAG: usize = 40;

/// Returns whether `text` is a valid tag: 1 to [`MAX_TAG`] bytes of lower-case letters of any script, digits, and inner
/// hyphens, underscores and slashes.
pub fn is_tag(text: &str) -> bool {
    let inner = |c: char| matches!(c, '-' | '_' | '/');
    let letter = |c: char| c.is_alphanumeric() && !c.is_uppercase();
    !text.is_empty()
        && text.len() <= MAX_TAG
        && text.chars().all(|c| letter(c) || inner(c))
        && !text.starts_with(inner)
        && !text.ends_with(inner)
}

/// Returns a tag as a person types it, `#Pricing`, in the form that [`is_tag`] accepts. Returns `None` if it has none.
pub fn tag(typed: &str) -> Option<String> {
    let bare = typed.trim();
    let lower = bare.strip_prefix('#').unwrap_or(bare).to_lowercase();
    is_tag(&lower).then_some(lower)
}

/// Parses a 1-based number without sign or leading zeros, as identifiers have it.
pub(crate) fn ordinal(text: &str) -> Option<u32> {
    let plain = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// Returns the lower-case letter of an answer, if the text is exactly one ASCII letter.
pub(crate) fn answer_letter(text: &str) -> Option<char> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if c.is_ascii_alphabetic() => Some(c.to_ascii_lowercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn identifiers_read_as_the_contract_writes_them() {
        for text in [
            "pathways",
            "pathways/q1",
            "pathways/q12/c",
            "pathways/s3",
            "pathways/r5",
        ] {
            assert_eq!(text.parse::<Id>().unwrap().to_string(), text);
        }
        assert_eq!(" Pathways/Q1/B ".parse::<Id>().unwrap().to_string(), "pathways/q1/b");
    }

    #[test]
    fn what_is_no_identifier_is_refused() {
        for text in [
            "",
            "/",
            "a/",
            "a/q",
            "a/q0",
            "a/q01",
            "a/q1/",
            "a/q1/ab",
            "a/q1/1",
            "a/r1/a",
            "a/s1/a",
            "a/s0",
            "a/é1",
            "a/x1",
            "../etc/passwd",
            "-a",
            "a b",
            "a/q1/a/b",
            "a/q99999999999",
        ] {
            assert!(text.parse::<Id>().is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn a_tag_is_a_word_in_lower_case_of_any_script() {
        for (typed, read) in [
            ("#Pricing", "pricing"),
            (" q3/okrs ", "q3/okrs"),
            ("定价", "定价"),
            ("to-read", "to-read"),
        ] {
            assert_eq!(tag(typed).as_deref(), Some(read));
        }
        for typed in [
            "",
            "#",
            "two words",
            "-x",
            "x-",
            "a,b",
            "a:b",
            "\u{1b}[2J",
            &"x".repeat(41),
        ] {
            assert_eq!(tag(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn answers_group_by_discussion_and_resources_alone() {
        let group = |text: &str| text.parse::<Id>().unwrap().group().to_string();
        assert_eq!(group("e/q1/b"), "e/q1");
        assert_eq!(group("e/r2"), "e/r2");
        assert_eq!(group("e/s2"), "e/s2");
    }

    proptest! {
        #[test]
        fn any_text_parses_or_fails_and_what_parses_prints_back(text in "\\PC{0,40}") {
            if let Ok(id) = text.parse::<Id>() {
                prop_assert_eq!(id.to_string().parse::<Id>().unwrap(), id);
            }
        }
    }
}
