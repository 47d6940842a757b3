//! The marks by which a newsletter shows its structure: `Question 2)`, `A]`, `– Name`, `Top Discussions`, a date line.
//!
//! In: the text of one block. Out: what it could be. Whether it is that, in its place, is for `structure.rs` to say.

use super::clean::{key, words};
use crate::corpus::markdown::is_day;

/// `Question 2) Title`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question<'a> {
    pub number: u32,
    /// What follows: the title, or nothing.
    pub title: &'a str,
    /// Whether a sign stands between number and title, so that it cannot be a sentence that begins with `Question 2`.
    pub sure: bool,
}

/// `A] Text`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AnswerMark<'a> {
    /// 0 for A, 25 for Z, 26 for AA.
    pub index: u32,
    /// `A]`, `[A]` and `Answer A:` are hardly ever anything else; `A)`, `A.` and `A:` are.
    pub strong: bool,
    pub text: &'a str,
}

/// A line that has a meaning by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// `In this edition`: a table of contents follows.
    Contents,
    /// `Top discussions`.
    Discussions,
    /// `Top learning resources`.
    Resources,
    /// `Discussion`, `Answers`: the asker has spoken, answers follow.
    Answers,
    /// `Latest posts`, `About us`: nothing of the edition follows.
    Footer,
}

/// Whether a line may open or sign something, so that it must not be joined to the line before.
pub(super) fn may_open(line: &str) -> bool {
    signature(line).is_some()
        || answer(line).is_some()
        || question(line).is_some_and(|q| q.sure || q.title.starts_with(char::is_uppercase))
        || label(line).is_some()
}

/// Takes off emphasis that opens a text (`**Question 1**`), and its end where it closes it.
fn unemphasised(text: &str) -> (&str, bool) {
    let text = text.trim();
    let bare = text.trim_start_matches(['*', '_']);
    if bare.len() == text.len() {
        return (text, false);
    }
    (bare.trim_end_matches(['*', '_']).trim(), true)
}

/// What follows a mark; where the mark was emphasised, the signs that end that emphasis go too.
fn after_mark(rest: &str, emphasised: bool) -> &str {
    let rest = rest.trim_start();
    if emphasised {
        rest.trim_start_matches(['*', '_']).trim_start()
    } else {
        rest
    }
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    head.eq_ignore_ascii_case(word).then(|| &text[word.len()..])
}

fn is_separator(c: char) -> bool {
    matches!(c, ')' | ']' | '.' | ':' | '-' | '–' | '—' | '|')
}

/// Reads `Question 1Title`, `Question 2) Title`, `Q3: Title`, `Discussion #4 – Title`.
pub(super) fn question(text: &str) -> Option<Question<'_>> {
    let (text, emphasised) = unemphasised(text);
    let (rest, short) = match (strip_word(text, "question"), strip_word(text, "discussion")) {
        (Some(rest), _) | (_, Some(rest)) => (rest, false),
        _ => (strip_word(text, "q")?, true),
    };
    let rest = if short { rest } else { rest.trim_start() };
    let rest = rest.strip_prefix('#').unwrap_or(rest);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number = rest.get(..digits).filter(|_| (1..=3).contains(&digits))?.parse().ok()?;
    let rest = after_mark(&rest[digits..], emphasised);
    let title = rest.trim_start_matches(is_separator);
    let sure = title.len() < rest.len() || rest.is_empty();
    if short && !sure {
        return None;
    }
    Some(Question {
        number,
        title: after_mark(title, emphasised),
        sure,
    })
}

/// Reads `A] Text`, `[A] Text`, `Answer A: Text`, `A) Text`, `(A) Text`, `A. Text`, `A: Text`.
pub(super) fn answer(text: &str) -> Option<AnswerMark<'_>> {
    let (text, emphasised) = unemphasised(text);
    let found = |index, strong, rest| {
        let text = after_mark(rest, emphasised);
        Some(AnswerMark { index, strong, text })
    };
    if let Some(rest) = strip_word(text, "answer ") {
        let (index, rest) = letters(rest.trim_start())?;
        let bare = rest.trim_start_matches(is_separator);
        return if bare.len() < rest.len() || rest.is_empty() {
            found(index, true, bare)
        } else {
            None
        };
    }
    if let Some(inner) = text.strip_prefix('[') {
        let (index, rest) = letters(inner)?;
        return found(index, true, rest.strip_prefix(']')?);
    }
    if let Some(inner) = text.strip_prefix('(') {
        let (index, rest) = letters(inner)?;
        return found(index, false, rest.strip_prefix(')')?);
    }
    let (index, rest) = letters(text)?;
    if let Some(rest) = rest.strip_prefix(']') {
        return found(index, true, rest);
    }
    let rest = rest.strip_prefix([')', '.', ':'])?;
    // `A.B. Smith` and `A:b` are no marks: white space must follow, or nothing.
    let apart = rest.is_empty() || rest.starts_with([' ', '\n']) || (emphasised && rest.starts_with(['*', '_']));
    if apart { found(index, false, rest) } else { None }
}

/// Capital letters that number an answer: A to Z, then AA to AZ.
fn letters(text: &str) -> Option<(u32, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let ordinal = |at: usize| text.as_bytes().get(at).map(|b| u32::from(b - b'A'));
    match count {
        1 => Some((ordinal(0)?, &text[1..])),
        2 if text.starts_with('A') => Some((26 + ordinal(1)?, &text[2..])),
        _ => None,
    }
}

/// Reads `– Jane Doe` (hyphen, en dash, em dash or horizontal bar) as the name it is signed with.
pub(super) fn signature(text: &str) -> Option<&str> {
    let (text, _) = unemphasised(text);
    let name = text.trim_start_matches(['-', '–', '—', '―', '−']);
    if name.len() == text.len() {
        return None;
    }
    let name = name.trim().trim_matches(['*', '_']).trim();
    is_name(name).then_some(name)
}

/// Whether `text` looks like a person's name, perhaps with what they do after a comma.
fn is_name(text: &str) -> bool {
    let (name, role) = text.split_once(',').map_or((text, None), |(n, r)| (n, Some(r)));
    let short = !text.contains('\n') && text.chars().count() <= 80 && words(name) <= 5 && words(text) <= 12;
    let particle = |w: &str| {
        [
            "de", "da", "di", "du", "del", "van", "von", "der", "den", "bin", "al", "la", "le", "y",
        ]
        .contains(&w)
    };
    let named = |word: &str| {
        let first = word.trim_start_matches(['(', '"', '“']).chars().next();
        first.is_some_and(|c| c.is_alphabetic() && !c.is_lowercase()) || particle(word)
    };
    let handle = text.starts_with('@') || text.starts_with("u/");
    let ends_open = |t: &str| t.ends_with(['?', '!', ':', ';', ',']);
    let initial = |t: &str| t.rsplit(' ').next().is_some_and(|last| last.chars().count() <= 4);
    short
        && words(name) >= 1
        && !ends_open(text)
        && (!text.ends_with('.') || initial(text))
        && role.is_none_or(|role| !role.contains(". "))
        && (name.split_whitespace().all(named) || handle && words(text) == 1)
}

/// What a line means that has a meaning by itself.
pub(super) fn label(text: &str) -> Option<Label> {
    if text.len() > 120 || text.contains('\n') {
        return None;
    }
    match key(text).as_str() {
        "in this edition"
        | "in this issue"
        | "in this newsletter"
        | "in todays edition"
        | "table of contents"
        | "contents"
        | "whats inside"
        | "inside this edition"
        | "inside this issue" => Some(Label::Contents),
        "top discussions"
        | "top discussion"
        | "discussions"
        | "community discussions"
        | "featured discussions"
        | "top questions"
        | "community questions"
        | "questions and answers" => Some(Label::Discussions),
        "top learning resources"
        | "learning resources"
        | "top resources"
        | "resources"
        | "recommended resources"
        | "further reading"
        | "recommended reading"
        | "further resources" => Some(Label::Resources),
        "discussion" | "answers" | "answer" | "responses" | "replies" | "community answers" => Some(Label::Answers),
        "latest posts" | "recent posts" | "related posts" | "about us" | "who we are" | "who are we" => {
            Some(Label::Footer)
        }
        k if k.starts_with("what we will cover") || k.starts_with("what well cover") => Some(Label::Contents),
        k if k.starts_with("how can you grow with") => Some(Label::Footer),
        _ => None,
    }
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The day that a line states, if it states nothing else and can be read in one way only (`3/4/2024` cannot).
pub(super) fn day(text: &str) -> Option<String> {
    if text.len() > 60 || text.contains('\n') {
        return None;
    }
    let k = key(text);
    let ignored = |w: &&str| {
        let weekday = [
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
        ]
        .iter()
        .any(|d| w.len() >= 3 && d.starts_with(w));
        !weekday && !["published", "date", "posted", "on", "sent"].contains(w)
    };
    let parts: Vec<&str> = k.split(' ').filter(ignored).collect();
    let [a, b, c] = parts[..] else { return None };
    let month = |w: &str| {
        let at = MONTHS.iter().position(|m| w.len() >= 3 && m.starts_with(w))?;
        Some(at + 1)
    };
    let number = |w: &str| w.trim_end_matches(char::is_alphabetic).parse::<u32>().ok();
    let (year, month, day) = match (month(a), month(b)) {
        (Some(m), _) => (number(c)?, m, number(b)?),
        (_, Some(m)) => (number(c)?, m, number(a)?),
        _ if a.len() == 4 => (number(a)?, number(b)? as usize, number(c)?),
        _ => return None,
    };
    Some(format!("{year:04}-{month:02}-{day:02}")).filter(|day| is_day(day))
}

#[cfg(test)]
#[path = "marks_tests.rs"]
mod tests;
