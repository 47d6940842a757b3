//! Distinguishes quarters of the year (`Q4: Highlights`) from the questions of a letter (`Q4: How do you …?`).

use super::block::Block;
use super::marks::{self, Label};
use super::turns::Turns;
use super::turns::turn::{self, Turn};

/// Whether `Q1` to `Q4` name quarters in `blocks`: a title begins with a year, or the first number is not 1 and nobody is
/// named who answers. Letters such as `A.` may number a list below a quarter as well.
pub(super) fn head(blocks: &[Block], turns: &Turns) -> bool {
    let seen = || blocks.iter().enumerate().filter(|(_, b)| b.is_seen());
    let mut numbers = Vec::new();
    for question in seen().filter_map(|(_, b)| marks::question(&b.text)) {
        if !question.short || question.number > 4 || question.number == 0 {
            return false;
        }
        if is_year(question.title) {
            return true;
        }
        numbers.push(question.number);
    }
    let answers = |(at, block): (usize, &Block)| {
        matches!(turns.at(at), Some(Turn::Answer(said)) if said.by.is_some())
            || marks::answer(&block.text).is_some_and(|mark| mark.strong)
            || matches!(
                marks::label(&block.text),
                Some(Label::Contents | Label::Discussions | Label::Answers)
            )
            || marks::asked_by(&block.text).is_some()
            || turn::is_signed_off(blocks, at)
    };
    numbers.first().is_some_and(|&first| first != 1) && !seen().any(answers)
}

/// Whether a title begins with a year: `2026`, `FY26`, `’26`.
fn is_year(title: &str) -> bool {
    let word = title
        .split(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | '.' | '–' | '—' | '-' | '/' | ')'))
        .next()
        .unwrap_or_default();
    let marked = word.trim_start_matches("FY").trim_start_matches(['\'', '’']);
    let digits = marked.len() == 4 && marked.starts_with("20") || marked.len() == 2 && marked.len() < word.len();
    digits && marked.bytes().all(|b| b.is_ascii_digit())
}
