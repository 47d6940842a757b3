//! The file of saved questions: TOML with one line `NAME = "QUESTION"` for each.
//!
//! People edit it by hand. Adding and removing keep their comments, order and spacing.

use std::collections::HashSet;

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml_edit::{DocumentMut, value};

use crate::answer::one_line;
use crate::ask::MAX_QUESTION_BYTES;
use crate::retrieve::content_words;

/// The beginning of a new file.
const HEADER: &str = "\
# Saved questions of askpm, each a line NAME = \"QUESTION\".
# `askpm refresh --saved` reports what is new for each since the last time.

";

/// The most characters of a name.
const MAX_NAME: usize = 64;

/// The most words of a name that is made from a question, and its most characters.
const NAME_WORDS: usize = 3;
const NAME_CHARS: usize = 32;

/// A saved question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    pub name: String,
    /// On one line.
    pub question: String,
}

/// What is wrong with the file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ListError {
    /// 1-based.
    pub line: usize,
    pub what: String,
}

/// Reads the questions of `text`, in order.
///
/// # Errors
/// The text is not TOML, a name is invalid, or a value is not a question.
pub fn parse(text: &str) -> Result<Vec<Question>, ListError> {
    let bad = |at: usize, what: String| ListError {
        line: line(text, at),
        what,
    };
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        bad(at, error.message().to_string())
    })?;
    let mut rows: Vec<(&Spanned<_>, &Spanned<DeValue>)> = table.get_ref().iter().collect();
    rows.sort_by_key(|(key, _)| key.span().start);
    let question = |(name, value): (&Spanned<std::borrow::Cow<str>>, &Spanned<DeValue>)| {
        let at = value.span().start;
        if !is_name(name.get_ref()) {
            let what = format!(
                "the name `{}` has other characters than letters, digits, - and _",
                name.get_ref()
            );
            return Err(bad(name.span().start, what));
        }
        let DeValue::String(question) = value.get_ref() else {
            let what = format!("{}: expected a question in quotation marks", name.get_ref());
            return Err(bad(at, what));
        };
        let question = one_line(question);
        match question.len() {
            0 => Err(bad(at, format!("{}: the question is empty", name.get_ref()))),
            1..=MAX_QUESTION_BYTES => Ok(Question {
                name: name.get_ref().to_string(),
                question,
            }),
            _ => Err(bad(at, format!("{}: the question is too long", name.get_ref()))),
        }
    };
    rows.into_iter().map(question).collect()
}

/// Returns `text` with a question added at its end. The name must not be in it yet.
///
/// # Errors
/// As for [`parse`].
pub fn add(text: &str, name: &str, question: &str) -> Result<String, ListError> {
    parse(text)?;
    let mut document = document(if text.trim().is_empty() { HEADER } else { text })?;
    // A comment at the end of the file stays above the new line.
    let end = document.trailing().as_str().unwrap_or_default().to_string();
    document.set_trailing("");
    document.insert(name, value(one_line(question)));
    if let Some(mut key) = document.key_mut(name) {
        key.leaf_decor_mut().set_prefix(end);
    }
    Ok(document.to_string())
}

/// Returns `text` without the question `name` and the comment directly above it.
///
/// # Errors
/// As for [`parse`].
pub fn remove(text: &str, name: &str) -> Result<String, ListError> {
    let mut document = document(text)?;
    let above = document
        .key(name)
        .and_then(|key| key.leaf_decor().prefix()?.as_str().map(String::from));
    let next = document.iter().skip_while(|(key, _)| *key != name).nth(1);
    let next = next.map(|(key, _)| key.to_string());
    document.remove(name);
    // What an empty line separates from the question is about the file.
    let above = above.unwrap_or_default();
    let kept = above.rfind("\n\n").map_or("", |at| &above[..at + 2]);
    match next {
        Some(next) => {
            if let Some(mut key) = document.key_mut(&next) {
                let own = key.leaf_decor().prefix().and_then(|prefix| prefix.as_str());
                let whole = format!("{kept}{}", own.unwrap_or_default());
                key.leaf_decor_mut().set_prefix(whole);
            }
        }
        None => {
            let end = format!("{kept}{}", document.trailing().as_str().unwrap_or_default());
            document.set_trailing(end);
        }
    }
    Ok(document.to_string())
}

/// Returns whether `name` can name a question: letters, digits, `-` and `_` of ASCII.
pub fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(allowed)
}

/// Returns a name for `question` from its content words that is not one of `taken`.
pub fn name_for(question: &str, taken: &HashSet<&str>) -> String {
    let plain = |word: String| -> String {
        let letters = word.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    let words = content_words(question)
        .into_iter()
        .map(plain)
        .filter(|word| !word.is_empty());
    let mut name = words.take(NAME_WORDS).collect::<Vec<_>>().join("-");
    name.truncate(NAME_CHARS);
    let name = match name.trim_matches('-') {
        "" => "question",
        name => name,
    };
    let numbered = (2..).map(|n: usize| format!("{name}-{n}"));
    let mut names = std::iter::once(name.to_string()).chain(numbered);
    names.find(|name| !taken.contains(name.as_str())).unwrap_or_default()
}

fn document(text: &str) -> Result<DocumentMut, ListError> {
    text.parse().map_err(|error: toml_edit::TomlError| ListError {
        line: line(text, error.span().map_or(0, |span| span.start)),
        what: error.message().to_string(),
    })
}

/// The 1-based line of a byte of `text`.
fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EDITED: &str = "\
# Mine, shared with the team.

# Zara asked for this.
pricing = \"How do I price an AI feature?\"   # every month

hiring = 'How do I hire a PM?'
# The end.
";

    #[test]
    fn adding_and_removing_keep_what_people_wrote() {
        let added = add(EDITED, "churn", "What causes\n churn?").unwrap();
        assert_eq!(added, format!("{EDITED}churn = \"What causes churn?\"\n"));
        let names: Vec<String> = parse(&added).unwrap().into_iter().map(|q| q.name).collect();
        assert_eq!(names, ["pricing", "hiring", "churn"]);
        assert_eq!(
            remove(&added, "pricing").unwrap(),
            "# Mine, shared with the team.\n\n\nhiring = 'How do I hire a PM?'\n# The end.\nchurn = \"What causes churn?\"\n"
        );
        assert_eq!(remove(&added, "churn").unwrap(), EDITED.replace("# The end.\n", ""));
    }

    #[test]
    fn a_new_file_says_what_it_is_and_keeps_saying_so() {
        let one = add("", "a", "Why \"so\"?").unwrap();
        assert!(one.starts_with(HEADER), "{one}");
        assert_eq!(parse(&one).unwrap()[0].question, "Why \"so\"?");
        let two = add(&one, "b", "How?").unwrap();
        assert!(
            remove(&remove(&two, "a").unwrap(), "b")
                .unwrap()
                .starts_with(HEADER.trim_end())
        );
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        for (text, line, what) in [
            ("a = \"x\"\nb = 3\n", 2, "b: expected a question in quotation marks"),
            ("a = \"x\"\n\nb = \"y\n", 3, ""),
            ("a = \"x\"\na = \"y\"\n", 2, "duplicate"),
            ("a = \"  \"\n", 1, "a: the question is empty"),
            ("[pricing]\nquestion = \"x\"\n", 1, "pricing: expected a question"),
            ("\"a b\" = \"x\"\n", 1, "the name `a b` has other characters"),
            ("how = to = \"x\"\n", 1, ""),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(error.what.contains(what), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_name_is_made_from_the_words_of_the_question() {
        let none = HashSet::new();
        assert_eq!(
            name_for("How should we price an AI feature?", &none),
            "price-ai-feature"
        );
        assert_eq!(name_for("??? 日本", &none), "question");
        let taken = HashSet::from(["price-ai-feature", "price-ai-feature-2"]);
        assert_eq!(
            name_for("How do I price AI features?", &HashSet::new()),
            "price-ai-features"
        );
        assert_eq!(
            name_for("How should we price an AI feature?", &taken),
            "price-ai-feature-3"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_questions_or_an_error_and_any_question_comes_back(text in "(?s).{0,80}", question in "\\PC{0,60}") {
            let _ = (parse(&text), remove(&text, "a"), add(&text, "a", "b"));
            let name = name_for(&question, &HashSet::new());
            prop_assert!(is_name(&name), "{}", name);
            let question = one_line(&question);
            if !question.is_empty() {
                let read = parse(&add("", &name, &question).unwrap()).unwrap();
                prop_assert_eq!(&read[0].question, &question);
            }
        }
    }
}
