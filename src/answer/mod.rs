//! What askpm says: an [`Answer`] whose every sentence carries a citation that can be checked.
//!
//! In: passages, and sentences that a model wrote or that were picked from the passages. Out: an answer, sentence by
//! sentence, with citations numbered as they come up. It must not know of models, indexes or terminals.

pub mod abstain;
pub mod compose;
pub mod extractive;
pub mod grounding;
pub mod sentences;
mod words;

use std::ops::Range;

use serde::Serialize;

use crate::corpus::Passage;

/// Most words of an answer: what is read in half a minute.
pub const MAX_WORDS: usize = 150;

/// How the sentences came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Written by a language model, each backed by a passage.
    Llm,
    /// Quoted from the passages.
    Extractive,
}

/// One sentence of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sentence {
    pub text: String,
    /// Numbers of the citations that back it.
    pub citations: Vec<usize>,
    /// How much of it the quote backs: 0..=1, see [`grounding::Support::score`].
    pub support: f32,
}

/// A passage that the answer rests on, and the words of it that are quoted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Citation {
    /// 1-based, the `n` of a `[n]` mark.
    pub n: usize,
    /// Opens with `askpm show ID`.
    pub id: String,
    /// Title of the edition.
    pub edition: String,
    /// Title of the discussion or resource.
    pub discussion: String,
    pub contributor: Option<String>,
    pub date: Option<String>,
    /// A verbatim slice of the passage.
    pub quote: String,
    pub path: String,
}

/// How fresh the corpus is that an answer was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Freshness {
    pub editions: usize,
    /// Date of the newest dated edition.
    pub newest: Option<String>,
    /// RFC 3339, UTC.
    pub indexed_at: String,
}

/// The model behind an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelUsed {
    pub name: String,
    pub file: String,
    /// Of the whole file; `None` for a file that no registry knows.
    pub sha256: Option<String>,
    pub quantization: String,
    pub device: String,
}

/// Where the time went, in milliseconds, and how many tokens it was spent on.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Timings {
    pub retrieve_ms: f64,
    pub load_ms: f64,
    pub prompt_tokens: usize,
    /// Prompt tokens whose keys and values were taken from a cache.
    pub cached_tokens: usize,
    pub prefill_ms: f64,
    /// From the call to the model to its first token.
    pub first_token_ms: f64,
    pub generated_tokens: usize,
    pub decode_ms: f64,
    /// From the question to the end of the answer, the model's loading included.
    pub total_ms: f64,
}

/// The answer to one question; serialises to the object of `ask --json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    pub question: String,
    /// Markdown with `[n]` marks; for an abstention, the line that says so.
    pub answer: String,
    pub abstained: bool,
    pub mode: Mode,
    pub sentences: Vec<Sentence>,
    pub citations: Vec<Citation>,
    pub corpus: Freshness,
    pub model: Option<ModelUsed>,
    pub timings: Timings,
}

/// Collects sentences and numbers their citations.
#[derive(Debug, Default)]
pub struct Draft {
    pub sentences: Vec<Sentence>,
    pub citations: Vec<Citation>,
}

impl Draft {
    /// Adds `text`, backed by the words `quote` of `passage`, and returns the new sentence.
    pub fn add(&mut self, text: &str, passage: &Passage, quote: Range<usize>, support: f32) -> &Sentence {
        let n = self.cite(passage, &passage.text[quote]);
        let at = self.sentences.len();
        self.sentences.push(Sentence {
            text: text.to_string(),
            citations: vec![n],
            support,
        });
        &self.sentences[at]
    }

    /// The number of the citation of these words; the same words are cited once.
    fn cite(&mut self, passage: &Passage, quote: &str) -> usize {
        let id = passage.id.to_string();
        if let Some(known) = self.citations.iter().find(|c| c.id == id && c.quote == quote) {
            return known.n;
        }
        let n = self.citations.len() + 1;
        self.citations.push(Citation {
            n,
            id,
            edition: passage.edition_title.clone(),
            discussion: passage.discussion.clone(),
            contributor: passage.contributor.clone(),
            date: passage.date.clone(),
            quote: quote.to_string(),
            path: passage.path.clone(),
        });
        n
    }

    /// Whether `text` repeats a sentence that is already there, letter case and punctuation aside.
    pub fn repeats(&self, text: &str) -> bool {
        let key = |t: &str| {
            t.chars()
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect::<String>()
        };
        let new = key(text);
        self.sentences.iter().any(|s| key(&s.text) == new)
    }

    /// Words written so far.
    pub fn words(&self) -> usize {
        self.sentences.iter().map(|s| s.text.split_whitespace().count()).sum()
    }

    /// The answer as Markdown: each sentence followed by its marks.
    pub fn text(&self) -> String {
        self.sentences.iter().map(marked).collect::<Vec<_>>().join(" ")
    }
}

/// A sentence followed by the marks of its citations: `It is so. [1]`.
pub fn marked(sentence: &Sentence) -> String {
    let marks: String = sentence.citations.iter().map(|n| format!(" [{n}]")).collect();
    format!("{}{marks}", sentence.text)
}

#[cfg(test)]
pub(crate) mod testing {
    use crate::corpus::Passage;

    /// A passage of the answer named `id` with nothing but a text.
    pub fn passage(id: &str, text: &str) -> Passage {
        Passage {
            id: id.parse().unwrap(),
            part: 0,
            edition_title: "Edition".into(),
            date: Some("2024-01-01".into()),
            discussion: "Why?".into(),
            question: String::new(),
            also_asked: Vec::new(),
            contributor: Some("Somebody".into()),
            text: text.into(),
            path: "e.md".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::passage;
    use super::*;

    #[test]
    fn citations_are_numbered_as_they_come_and_the_same_quote_once() {
        let (a, b) = (passage("e/q1/a", "One. Two."), passage("e/q1/b", "Three."));
        let mut draft = Draft::default();
        draft.add("First.", &b, 0..6, 1.0);
        draft.add("Second.", &a, 0..4, 1.0);
        draft.add("Third.", &b, 0..6, 0.7);
        draft.add("Fourth.", &a, 5..9, 0.7);
        assert_eq!(draft.text(), "First. [1] Second. [2] Third. [1] Fourth. [3]");
        let ids: Vec<_> = draft
            .citations
            .iter()
            .map(|c| (c.n, c.id.as_str(), c.quote.as_str()))
            .collect();
        assert_eq!(
            ids,
            [(1, "e/q1/b", "Three."), (2, "e/q1/a", "One."), (3, "e/q1/a", "Two.")]
        );
        assert!(draft.repeats("  first!"));
        assert!(!draft.repeats("Fifth."));
        assert_eq!(draft.words(), 4);
    }
}
