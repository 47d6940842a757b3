//! Recognizes the marks that show a newsletter's structure: `Question 2)`, `A]`, `– Name`, `Top Discussions`.
//!
//! Each function says what the text of one block could be. `structure.rs` decides whether it is that in its place.

use super::clean::{key, strip_word, unemphasised};
use super::names;
pub(super) use super::sayings::{
    answer_from, asked_behind, asked_by, asker_says, is_asking, question_from, sent_from, speaker_says,
};

/// A mark such as `Question 2) Title`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question<'a> {
    pub number: u32,
    /// The title after the mark, or nothing.
    pub title: &'a str,
    /// Whether a separator follows the number, so that it is not a sentence that begins with `Question 2`.
    pub sure: bool,
    /// Whether it is `Q3` rather than a whole word. Quarters of the year are written the same way.
    pub short: bool,
}

/// A mark such as `A] Text`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AnswerMark<'a> {
    /// 0 for A, 25 for Z, 26 for AA.
    pub index: u32,
    /// Whether it is `A]`, `[A]` or `Answer A:`, which hardly ever mean anything else. `A)`, `A.` and `A:` often do.
    pub strong: bool,
    pub text: &'a str,
}

/// The meaning of a line that is a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// `In this edition`: a table of contents follows.
    Contents,
    /// `Top discussions`.
    Discussions,
    /// `Top learning resources`.
    Resources,
    /// `Discussion`, `Answers`: the question is over, and answers follow.
    Answers,
    /// `Latest posts`, `About us`: the edition is over.
    Footer,
}

/// Reports whether a line may open or sign something, so that it must not be joined to the line before.
pub(super) fn may_open(line: &str) -> bool {
    signature(line).is_some()
        || asks(line).is_some()
        || asked_by(line).is_some()
        || question_from(line).is_some()
        || answer_from(line).is_some()
        || answer(line).is_some()
        || question(line).is_some_and(|q| q.sure || q.title.starts_with(char::is_uppercase))
        || label(line).is_some()
}

/// Returns the text after a mark. If the mark was emphasized, also removes the end of the emphasis.
fn after_mark(rest: &str, emphasised: bool) -> &str {
    let rest = rest.trim_start();
    if emphasised {
        rest.trim_start_matches(['*', '_']).trim_start()
    } else {
        rest
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, ')' | ']' | '.' | ':' | '-' | '–' | '—' | '|')
}

/// The word for a question in languages other than English.
const QUESTION: [&str; 10] = [
    "frage",
    "pregunta",
    "pergunta",
    "domanda",
    "vraag",
    "fråga",
    "spørgsmål",
    "spørsmål",
    "pytanie",
    "вопрос",
];

/// Reads `Question 1Title`, `Question 2) Title`, `Q3: Title`, `Discussion #4 – Title`.
pub(super) fn question(text: &str) -> Option<Question<'_>> {
    let (text, emphasised) = unemphasised(text);
    let mut words = ["question", "discussion"].iter().chain(&QUESTION);
    let (rest, short) = match words.find_map(|word| strip_word(text, word)) {
        Some(rest) => (rest, false),
        None => (strip_word(text, "q")?, true),
    };
    let rest = if short { rest } else { rest.trim_start() };
    let rest = ["#", "n° ", "n°", "nº ", "no. ", "nr. "]
        .iter()
        .find_map(|sign| strip_word(rest, sign))
        .unwrap_or(rest);
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
        short,
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
        // `Answer A - Jane Doe`, but not `Answer A was …`.
        let rest = Some(rest.trim_start())
            .filter(|apart| apart.starts_with(is_separator))
            .unwrap_or(rest);
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
    // A heading that is only a letter.
    if rest.is_empty() && text.len() == 1 {
        return found(index, false, rest);
    }
    // `Q:` is a question.
    let rest = rest.strip_prefix([')', '.', ':']).filter(|_| !text.starts_with("Q"))?;
    // `A.B. Smith` and `A:b` are not marks. White space or nothing must follow.
    let apart = rest.is_empty() || rest.starts_with([' ', '\n']) || (emphasised && rest.starts_with(['*', '_']));
    if apart { found(index, false, rest) } else { None }
}

/// Reads the capital letters of an answer: A to Z, then AA to AZ.
fn letters(text: &str) -> Option<(u32, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let ordinal = |at: usize| text.as_bytes().get(at).map(|b| u32::from(b - b'A'));
    match count {
        1 => Some((ordinal(0)?, &text[1..])),
        2 if text.starts_with('A') => Some((26 + ordinal(1)?, &text[2..])),
        _ => None,
    }
}

/// Reads the name in a signature such as `– Jane Doe`. The dash may be a hyphen, en dash, em dash or horizontal bar.
pub(super) fn signature(text: &str) -> Option<&str> {
    // A flag or another picture may stand behind the name.
    let picture = |c: char| !c.is_alphanumeric() && !c.is_ascii() && !matches!(c, '”' | '’' | '»' | '…' | '）');
    names::after_dash(text)
        .map(|(name, _)| name.trim_end_matches(picture).trim_end())
        .filter(|name| names::is_name(name))
}

/// Reads `– Head of product at a bank`. Only its place distinguishes a signature without a name from a list item.
pub(super) fn signed_by_role(text: &str) -> Option<&str> {
    names::after_dash(text)
        .map(|(name, _)| name)
        .filter(|name| names::is_sure_byline(name))
}

/// Reads a question without a number: `Q: Title`, `Q. Title`, `Question: Title`.
pub(super) fn asks(text: &str) -> Option<&str> {
    let (text, emphasised) = unemphasised(text);
    let wide = ["问题", "問題", "质问", "質問", "问", "問", "질문"];
    if let Some(title) = wide.iter().find_map(|word| {
        let rest = text.strip_prefix(word)?;
        rest.trim_start_matches(|c: char| c.is_numeric())
            .strip_prefix(['：', ':'])
    }) {
        return Some(after_mark(title, emphasised)).filter(|title| !title.is_empty());
    }
    let openings = [
        "question",
        "the question",
        "this weeks question",
        "this week's question",
        "this week’s question",
        "this month's question",
        "this month’s question",
        "today's question",
        "today’s question",
        "reader question",
        "reader's question",
        "reader’s question",
        "reader asks",
        "your question",
    ];
    let rest = openings
        .iter()
        .chain(&QUESTION)
        .find_map(|word| strip_word(text, word)?.strip_prefix(':'))
        .or_else(|| text.strip_prefix('Q')?.strip_prefix([':', '.', ')']))
        .or_else(|| text.strip_prefix("[Q]"))
        .or_else(|| {
            let apart = ["Q ·", "Q —", "Q –", "Q |", "❓"];
            apart
                .iter()
                .find_map(|mark| text.strip_prefix(mark))
                .filter(|rest| rest.contains('?'))
        })
        .or_else(|| text.strip_prefix("P:").filter(|rest| rest.contains('?')))?;
    let apart = rest.starts_with([' ', '\n', '*', '_']) || text.starts_with("Q:");
    let title = after_mark(rest, emphasised);
    (apart && title.chars().count() >= 3).then_some(title)
}

/// Returns the meaning of a line that is a label.
pub(super) fn label(text: &str) -> Option<Label> {
    if text.len() > 120 || text.contains('\n') || text.split(' ').nth(12).is_some() {
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
        | "reader questions"
        | "your questions"
        | "ask the community"
        | "questions and answers" => Some(Label::Discussions),
        "top learning resources"
        | "learning resources"
        | "top resources"
        | "resources"
        | "recommended resources"
        | "further reading"
        | "recommended reading"
        | "reading"
        | "reading list"
        | "worth reading"
        | "what to read"
        | "further resources"
        | "links of the week"
        | "links of the month"
        | "weekly links"
        | "links we liked"
        | "links worth reading"
        | "资源"
        | "資源"
        | "参考资料"
        | "参考資料"
        | "リソース"
        | "참고 자료" => Some(Label::Resources),
        "discussion"
        | "answers"
        | "answer"
        | "responses"
        | "replies"
        | "community answers"
        | "our readers answer"
        | "readers answer"
        | "the community answers"
        | "your answers"
        | "your replies"
        | "what readers say"
        | "what you said"
        | "what people said"
        | "what readers said"
        | "what the community said"
        | "what the community says"
        | "the community says"
        | "you answered" => Some(Label::Answers),
        "latest posts" | "recent posts" | "related posts" | "about us" | "who we are" | "who are we" => {
            Some(Label::Footer)
        }
        k if k.starts_with("what we will cover") || k.starts_with("what well cover") => Some(Label::Contents),
        k if k.starts_with("how can you grow with") => Some(Label::Footer),
        _ => None,
    }
}

#[cfg(test)]
#[path = "marks_tests.rs"]
mod tests;
