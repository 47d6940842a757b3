//! What askpm says: an [`Answer`] whose every sentence carries a citation that can be checked.
//!
//! In: passages, and sentences that a model wrote or that were picked from the passages. Out: an answer, sentence by
//! sentence, with citations numbered as they come up. It must not know of models, indexes or terminals.

pub mod abstain;
mod claim;
pub mod compose;
pub mod extractive;
pub mod grounding;
pub mod injection;
pub mod meaning;
mod reading;
pub mod sentences;
mod words;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::corpus::Passage;
use words::Words;

/// Most words of an answer: what is read in half a minute.
pub const MAX_WORDS: usize = 150;

/// How the sentences came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Numbers of the citations that back it; none where nothing does.
    pub citations: Vec<usize>,
    /// How much of it the best quote backs: 0..=1, see [`grounding::Support::score`].
    pub support: f32,
    /// Whether that is enough. A sentence for which it is not is shown on demand only.
    pub supported: bool,
    /// Who says it, where it is quoted and somebody else said the sentence before it.
    #[serde(skip)]
    pub speaker: Option<String>,
}

/// A passage that the answer rests on, and the words of it that are quoted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// How sure the retriever is that the corpus answers: 0..=1.
    pub confidence: f32,
    /// The confidence below which askpm abstains: 0..=1.
    pub threshold: f32,
    pub mode: Mode,
    pub sentences: Vec<Sentence>,
    pub citations: Vec<Citation>,
    pub corpus: Freshness,
    pub model: Option<ModelUsed>,
    pub timings: Timings,
}

/// Collects sentences and numbers their citations.
#[derive(Default)]
pub struct Draft {
    pub sentences: Vec<Sentence>,
    pub citations: Vec<Citation>,
    /// Who said the last sentence, where it is a quote.
    speaker: Option<String>,
    words: Words,
}

/// Sentences that share this much of their content words say the same.
const SAME: f32 = 0.85;

impl Draft {
    /// Adds `text`, backed by the words `quote` of `passage`, and returns the new sentence.
    pub fn add(&mut self, text: &str, passage: &Passage, quote: Range<usize>, support: f32) -> &Sentence {
        let n = self.cite(passage, &passage.text[quote]);
        self.speaker = None;
        self.push(text.to_string(), vec![n], support, None)
    }

    /// Adds the words `quote` of `passage` as they stand, on one line, with who says them where that is somebody else
    /// than before.
    pub fn quote(&mut self, passage: &Passage, quote: Range<usize>) -> &Sentence {
        let text = one_line(&passage.text[quote.clone()]);
        let n = self.cite(passage, &passage.text[quote]);
        let speaker = speaker(passage);
        let new = self.speaker.as_ref() != Some(&speaker);
        self.speaker = Some(speaker.clone());
        self.push(text, vec![n], 1.0, new.then_some(speaker))
    }

    /// Adds a sentence that no passage backs, but for the share `support`.
    pub fn add_unsupported(&mut self, text: &str, support: f32) -> &Sentence {
        self.speaker = None;
        self.push(text.to_string(), Vec::new(), support, None)
    }

    fn push(&mut self, text: String, citations: Vec<usize>, support: f32, speaker: Option<String>) -> &Sentence {
        let at = self.sentences.len();
        self.sentences.push(Sentence {
            text,
            supported: !citations.is_empty(),
            citations,
            support,
            speaker,
        });
        &self.sentences[at]
    }

    /// Whether a sentence of it is backed by a passage.
    pub fn holds(&self) -> bool {
        self.sentences.iter().any(|sentence| sentence.supported)
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

    /// Whether `text` says what a sentence that is already there says, in nearly the same words.
    pub fn repeats(&self, text: &str) -> bool {
        let new = self.words.set(text);
        let same = |sentence: &Sentence| {
            let old = self.words.set(&sentence.text);
            let shared = new.intersection(&old).count() as f32;
            let alike = 2.0 * shared / (new.len() + old.len()).max(1) as f32;
            alike >= SAME || letters(&sentence.text) == letters(text)
        };
        self.sentences.iter().any(same)
    }

    /// Words written so far that a passage backs.
    pub fn words(&self) -> usize {
        let backed = self.sentences.iter().filter(|sentence| sentence.supported);
        backed.map(|s| s.text.split_whitespace().count()).sum()
    }

    /// The answer as Markdown: each sentence followed by its marks, and a paragraph for each who is quoted.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for sentence in &self.sentences {
            if !out.is_empty() {
                out.push_str(if sentence.speaker.is_some() { "\n\n" } else { " " });
            }
            out.push_str(&marked(sentence));
        }
        out
    }
}

/// `text` without letter case, spaces and punctuation.
fn letters(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Who says what `passage` says: its contributor, or the name of a resource or section, which has none.
fn speaker(passage: &Passage) -> String {
    match &passage.contributor {
        Some(contributor) => one_line(contributor),
        None => format!("“{}”", one_line(&passage.discussion)),
    }
}

/// A sentence with who says it before and the marks of its citations after it: `A PM, payments: It is so. [1]`.
pub fn marked(sentence: &Sentence) -> String {
    let speaker = sentence.speaker.as_ref().map(|speaker| format!("{speaker}: "));
    let marks: String = sentence.citations.iter().map(|n| format!(" [{n}]")).collect();
    let unsupported = if sentence.supported { "" } else { UNSUPPORTED };
    format!("{}{}{marks}{unsupported}", speaker.unwrap_or_default(), sentence.text)
}

/// What follows a sentence that no passage backs.
const UNSUPPORTED: &str = " [unsupported]";

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

    #[test]
    fn quotes_are_a_paragraph_for_each_who_speaks() {
        let (a, b) = (
            passage("e/q1/a", "One is\n so. Two is so."),
            passage("e/r1", "Three is so."),
        );
        let (a, b) = (
            Passage {
                contributor: Some("A PM, payments".into()),
                ..a
            },
            Passage {
                contributor: None,
                discussion: "A book".into(),
                ..b
            },
        );
        let mut draft = Draft::default();
        draft.quote(&a, 0..11);
        draft.quote(&a, 12..22);
        draft.quote(&b, 0..12);
        assert_eq!(
            draft.text(),
            "A PM, payments: One is so. [1] Two is so. [2]\n\n“A book”: Three is so. [3]"
        );
        assert_eq!(
            (draft.sentences[0].text.as_str(), draft.citations[0].quote.as_str()),
            ("One is so.", "One is\n so.")
        );
    }

    #[test]
    fn what_nothing_backs_is_marked_and_makes_no_answer() {
        let mut draft = Draft::default();
        draft.add_unsupported("Buy a yacht in Monaco first.", 0.2);
        assert_eq!((draft.holds(), draft.words()), (false, 0));
        assert_eq!(draft.text(), "Buy a yacht in Monaco first. [unsupported]");
        assert!(draft.repeats("First, buy a yacht in Monaco!"));
    }
}
