//! Assembles an answer from its sentences, numbers its citations and gives each contributor one voice.
//!
//! Callers add runs of sentences in reading order, after an optional lead that a model wrote. The result holds the
//! parts of an [`Answer`](super::Answer).

use std::ops::Range;

use super::injection;
use super::reading::bare;
use super::sentences::{is_numbered, opens_item, sentences};
use super::{Citation, Sentence, Stance, Voice};
use crate::corpus::Passage;

/// An answer that is being assembled.
#[derive(Default)]
pub struct Draft {
    pub sentences: Vec<Sentence>,
    pub voices: Vec<Voice>,
    pub citations: Vec<Citation>,
    /// Index of the sentence that answers the question.
    lead: Option<usize>,
    /// The question.
    question: String,
    /// Whether the first paragraph says that it may not answer the question.
    unsure: bool,
    /// The discussion of the paragraph that was added last.
    under: Option<String>,
}

impl Draft {
    /// Creates an empty draft that answers `question`, surely or perhaps.
    pub fn of(question: &str, sure: bool) -> Self {
        Draft {
            question: question.to_string(),
            unsure: !sure,
            ..Draft::default()
        }
    }

    /// Adds a lead that a model wrote, backed by the words `quote` of `passage`, and returns it.
    pub fn add_lead(&mut self, text: &str, passage: &Passage, quote: Range<usize>, support: f32) -> &Sentence {
        let n = self.cite(passage, &passage.text[quote]);
        let at = self.sentences.len();
        self.lead = Some(at);
        self.push(text.to_string(), vec![n], support, None, true);
        self.sentences[at].heading = std::mem::take(&mut self.unsure).then(|| UNSURE.to_string());
        &self.sentences[at]
    }

    /// Adds a sentence that no passage backs. `support` is the share that the best quote backs.
    pub fn add_unsupported(&mut self, text: &str, support: f32) -> &Sentence {
        self.push(text.to_string(), Vec::new(), support, None, true)
    }

    /// Adds `short`, the newsletter's own summary of the discussion of `passage`, and returns its sentences. The first is
    /// the lead.
    pub fn add_short(&mut self, passage: &Passage, short: &str) -> &[Sentence] {
        let first = self.sentences.len();
        let mut heading = self.heading(passage);
        let whole = Passage {
            id: passage.id.group(),
            contributor: None,
            ..passage.clone()
        };
        let n = self.cite(&whole, short);
        let spans = sentences(short);
        for (at, span) in spans.iter().enumerate() {
            let text = injection::without_marks(&one_line(&short[span.clone()]));
            let speaker = (at == 0).then(|| IN_SHORT.to_string());
            self.push(text, vec![n], 1.0, speaker, at + 1 == spans.len());
            self.sentences[first + at].heading = heading.take();
        }
        self.lead.get_or_insert(first);
        &self.sentences[first..]
    }

    /// Adds a run of consecutive `sentences` of `passage` as a voice, and returns its sentences. It continues the last
    /// voice if that is the same contributor's.
    ///
    /// The citation's quote is verbatim. The shown text is on one line, and anything that looks like one of askpm's
    /// marks is rewritten. If no model wrote a lead, sentence number `lead` of the run becomes the lead.
    pub fn add_run(
        &mut self,
        passage: &Passage,
        sentences: &[Range<usize>],
        stance: Stance,
        lead: usize,
    ) -> &[Sentence] {
        let first = self.sentences.len();
        let (Some(start), Some(end)) = (sentences.first(), sentences.last()) else {
            return &[];
        };
        let id = passage.id.to_string();
        let continues = self.voices.last().is_some_and(|last| last.id == id);
        let mut heading = if continues { None } else { self.heading(passage) };
        let n = self.cite(passage, &passage.text[start.start..end.end]);
        let items: Vec<bool> = sentences
            .iter()
            .map(|span| opens_item(&passage.text, span.start))
            .collect();
        // The marks stand at the end of the paragraph, which a list continues.
        let marked = items.iter().skip(1).position(|item| *item).unwrap_or(items.len() - 1);
        for (at, span) in sentences.iter().enumerate() {
            let text = injection::without_marks(&one_line(&passage.text[span.clone()]));
            let speaker = (at == 0 && !continues).then(|| speaker(passage, stance));
            self.push(text, vec![n], 1.0, speaker, at == marked);
            self.sentences[first + at].heading = heading.take();
            self.sentences[first + at].item = at > 0 && items[at];
        }
        self.lead.get_or_insert(first + lead.min(sentences.len() - 1));
        let added = first..self.sentences.len();
        match self.voices.last_mut().filter(|_| continues) {
            Some(voice) => voice.sentences.extend(added),
            None => self.voices.push(Voice {
                contributor: passage.contributor.clone(),
                id,
                sentences: added.collect(),
                stance,
            }),
        }
        &self.sentences[first..]
    }

    /// Returns the heading above a voice of `passage`: the question that its contributors were asked.
    ///
    /// There is none below a paragraph of the same discussion, above a section of an article, or if the reader asked the
    /// same question. The first one says so if the answer is unsure.
    fn heading(&mut self, passage: &Passage) -> Option<String> {
        let unsure = std::mem::take(&mut self.unsure);
        let title = self.title(passage);
        self.under = Some(passage.id.group().to_string());
        match (title, unsure) {
            (Some(title), true) => Some(format!("{UNSURE} {NEAREST}{title}")),
            (None, true) => Some(UNSURE.to_string()),
            (Some(title), false) if title.ends_with('?') => Some(format!("Asked: {title}")),
            (Some(title), false) => Some(format!("Discussion: {title}")),
            (None, false) => None,
        }
    }

    /// Returns the question of the discussion of `passage`, where it heads the voices.
    fn title(&self, passage: &Passage) -> Option<String> {
        passage.contributor.as_ref()?;
        let goes_on = self.under.as_ref() == Some(&passage.id.group().to_string());
        let title = injection::without_marks(&one_line(&passage.discussion));
        let says_more = !goes_on && !title.is_empty() && bare(&title) != bare(&self.question);
        says_more.then_some(title)
    }

    fn push(
        &mut self,
        text: String,
        citations: Vec<usize>,
        support: f32,
        speaker: Option<String>,
        shows_marks: bool,
    ) -> &Sentence {
        let at = self.sentences.len();
        self.sentences.push(Sentence {
            text,
            supported: !citations.is_empty(),
            citations,
            support,
            heading: None,
            speaker,
            shows_marks,
            item: false,
        });
        &self.sentences[at]
    }

    /// Returns whether a passage backs at least one sentence.
    pub fn holds(&self) -> bool {
        self.sentences.iter().any(|sentence| sentence.supported)
    }

    /// The sentence that answers the question.
    pub fn lead(&self) -> Option<&Sentence> {
        self.sentences.get(self.lead?)
    }

    /// Returns the number of the citation of these words. The same words are cited once.
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
            also_in: Vec::new(),
        });
        n
    }

    /// The answer as Markdown with citation marks. A model's lead, a discussion's question and each voice are
    /// paragraphs.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for sentence in &self.sentences {
            out.push_str(gap(sentence, out.is_empty()));
            out.push_str(&headed(sentence));
            out.push_str(&marked(sentence));
        }
        out
    }
}

/// Returns `text` with each run of white space replaced by one space.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Names who says `passage`, and how it relates to what was said before. A section has no contributor, so its title is
/// used.
fn speaker(passage: &Passage, stance: Stance) -> String {
    let name = match &passage.contributor {
        Some(contributor) => one_line(contributor),
        None => format!("“{}”", one_line(&passage.discussion)),
    };
    match stance {
        Stance::Supports => name,
        Stance::Dissents => format!("Another view, {name}"),
        Stance::Condition => format!("With a condition, {name}"),
    }
}

/// Formats a sentence with its speaker before it and its citation marks after it: `A PM, payments: It is so. [1]`.
pub fn marked(sentence: &Sentence) -> String {
    let speaker = sentence.speaker.as_ref().map(|speaker| format!("{speaker}: "));
    format!("{}{}{}", speaker.unwrap_or_default(), sentence.text, marks(sentence))
}

/// Returns the separator before a sentence: nothing before the `first`, a blank line before a new paragraph, a line end
/// before what introduces a list, and a bullet too before an item without a number, else a space.
pub fn gap(sentence: &Sentence, first: bool) -> &'static str {
    match (first, &sentence.speaker) {
        (true, _) => "",
        (false, Some(_)) => "\n\n",
        (false, None) if sentence.item && is_numbered(&sentence.text) => "\n",
        (false, None) if sentence.item => "\n- ",
        (false, None) if sentence.text.ends_with(':') => "\n",
        (false, None) => " ",
    }
}

/// Returns the heading above a sentence as a paragraph, or an empty string if it has none.
pub fn headed(sentence: &Sentence) -> String {
    sentence
        .heading
        .iter()
        .map(|heading| format!("{heading}\n\n"))
        .collect()
}

/// Returns what follows the text of a sentence: its citation marks, or a mark that nothing backs it.
pub fn marks(sentence: &Sentence) -> String {
    if !sentence.supported {
        return UNSUPPORTED.into();
    }
    let shown = sentence.citations.iter().filter(|_| sentence.shows_marks);
    shown.map(|n| format!(" [{n}]")).collect()
}

/// What stands before a newsletter's own summary.
const IN_SHORT: &str = "In short";

/// The line above an answer that may not be one, and what names the discussion.
const UNSURE: &str = "This may not answer your question.";
const NEAREST: &str = "The nearest discussion: ";

/// The mark after a sentence that no passage backs.
const UNSUPPORTED: &str = " [unsupported]";

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
