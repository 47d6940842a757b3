//! Formats an answer as text for an assistant: the answer, its sources with quotes, and how fresh the corpus is.

use std::fmt::Write as _;

use crate::answer::{Answer, Citation};

/// Formats an answer and its notes.
pub fn answer(answer: &Answer, notes: &[String]) -> String {
    let mut text = answer.answer.clone();
    if !answer.citations.is_empty() {
        text.push_str("\n\nSources:");
    }
    for citation in &answer.citations {
        text.push_str(&source(citation));
    }
    let newest = answer.corpus.newest.as_deref().unwrap_or("undated");
    // Writing to a string cannot fail.
    let _ = write!(text, "\n\nCorpus: {} editions, newest {newest}", answer.corpus.editions);
    for note in notes {
        let _ = write!(text, "\nNote: {note}");
    }
    text
}

fn source(citation: &Citation) -> String {
    let who = citation.by();
    let quote = citation.quote.split_whitespace().collect::<Vec<_>>().join(" ");
    format!(
        "\n[{}] {who}, in \"{}\" ({}): \"{quote}\"",
        citation.n, citation.discussion, citation.id
    )
}
