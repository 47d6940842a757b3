//! Collects the sentences of an answer, numbers their citations and keeps one voice a contributor.
//!
//! In: runs of sentences in the order in which they are to be read, and perhaps a lead that a model wrote. Out: the parts
//! of an [`Answer`](super::Answer). It must not know how runs were chosen.

use std::ops::Range;

use super::injection;
use super::{Citation, Sentence, Stance, Voice};
use crate::corpus::{Id, Passage};

/// An answer in the making.
#[derive(Default)]
pub struct Draft {
    pub sentences: Vec<Sentence>,
    pub voices: Vec<Voice>,
    pub citations: Vec<Citation>,
    /// Index of the sentence that answers.
    lead: Option<usize>,
    /// What was asked.
    question: String,
}

impl Draft {
    /// Nothing yet, in answer to `question`.
    pub fn of(question: &str) -> Self {
        Draft {
            question: question.to_string(),
            ..Draft::default()
        }
    }

    /// Adds a lead that a model wrote, backed by the words `quote` of `passage`, and returns it.
    pub fn add_lead(&mut self, text: &str, passage: &Passage, quote: Range<usize>, support: f32) -> &Sentence {
        let n = self.cite(passage, &passage.text[quote]);
        self.lead = Some(self.sentences.len());
        self.push(text.to_string(), vec![n], support, None, true)
    }

    /// Adds a sentence that no passage backs, but for the share `support`.
    pub fn add_unsupported(&mut self, text: &str, support: f32) -> &Sentence {
        self.push(text.to_string(), Vec::new(), support, None, true)
    }

    /// Adds a run of `sentences` of `passage`, which follow each other there, as a voice of its own, and returns its
    /// sentences. The quote is verbatim. The text that is shown has it on one line, without what could pass for a mark of
    /// askpm's. Where no model wrote a lead, the run's sentence number `lead` is the one.
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
        let mut heading = self.heading(passage);
        let n = self.cite(passage, &passage.text[start.start..end.end]);
        for (at, span) in sentences.iter().enumerate() {
            let text = injection::without_marks(&one_line(&passage.text[span.clone()]));
            let speaker = (at == 0).then(|| speaker(passage, stance));
            self.push(text, vec![n], 1.0, speaker, at + 1 == sentences.len());
            self.sentences[first + at].heading = heading.take();
        }
        self.lead.get_or_insert(first + lead.min(sentences.len() - 1));
        self.voices.push(Voice {
            contributor: passage.contributor.clone(),
            id: passage.id.to_string(),
            sentences: (first..self.sentences.len()).collect(),
            stance,
        });
        &self.sentences[first..]
    }

    /// What stands above a voice of `passage`: the question that its contributors were asked. Nothing below a voice of the
    /// same discussion, nor above an article's section, nor where the reader asked in the same words.
    fn heading(&self, passage: &Passage) -> Option<String> {
        passage.contributor.as_ref()?;
        let group = passage.id.group().to_string();
        let last = self.voices.last().and_then(|voice| voice.id.parse::<Id>().ok());
        let goes_on = last.is_some_and(|last| last.group().to_string() == group);
        let title = injection::without_marks(&one_line(&passage.discussion));
        let bare = |text: &str| -> String { text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect() };
        if goes_on || title.is_empty() || bare(&title) == bare(&self.question) {
            return None;
        }
        let name = if title.ends_with('?') { "Asked" } else { "Discussion" };
        Some(format!("{name}: {title}"))
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
        });
        &self.sentences[at]
    }

    /// Whether a sentence of it is backed by a passage.
    pub fn holds(&self) -> bool {
        self.sentences.iter().any(|sentence| sentence.supported)
    }

    /// The sentence that answers.
    pub fn lead(&self) -> Option<&Sentence> {
        self.sentences.get(self.lead?)
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

    /// The answer as Markdown: a paragraph for the lead of a model, for the question of a discussion and for each voice,
    /// with marks.
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

/// `text` with every run of white space as one space.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Who says what `passage` says (its contributor, or the name of a section, which has none), and how it stands to what
/// was said before.
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

/// A sentence with who says it before and the marks of its citations after it: `A PM, payments: It is so. [1]`.
pub fn marked(sentence: &Sentence) -> String {
    let speaker = sentence.speaker.as_ref().map(|speaker| format!("{speaker}: "));
    format!("{}{}{}", speaker.unwrap_or_default(), sentence.text, marks(sentence))
}

/// What parts a sentence from the one before: nothing before the `first`, a blank line before a new paragraph, else a space.
pub fn gap(sentence: &Sentence, first: bool) -> &'static str {
    match (first, &sentence.speaker) {
        (true, _) => "",
        (false, Some(_)) => "\n\n",
        (false, None) => " ",
    }
}

/// The heading above a sentence, as a paragraph of its own; empty where it has none.
pub fn headed(sentence: &Sentence) -> String {
    sentence
        .heading
        .iter()
        .map(|heading| format!("{heading}\n\n"))
        .collect()
}

/// What follows the text of a sentence: the marks of its citations, or that nothing backs it.
pub fn marks(sentence: &Sentence) -> String {
    if !sentence.supported {
        return UNSUPPORTED.into();
    }
    let shown = sentence.citations.iter().filter(|_| sentence.shows_marks);
    shown.map(|n| format!(" [{n}]")).collect()
}

/// What follows a sentence that no passage backs.
const UNSUPPORTED: &str = " [unsupported]";

#[cfg(test)]
mod tests {
    use super::super::testing::passage;
    use super::*;

    fn spans(text: &str) -> Vec<Range<usize>> {
        super::super::sentences::sentences(text)
    }

    #[test]
    fn each_run_is_a_voice_with_one_citation_and_one_mark() {
        let a = Passage {
            contributor: Some("A PM, payments".into()),
            ..passage("e/q1/a", "One is\n so. Two is so. Three is so.")
        };
        let b = passage("e/q1/b", "Four is not so.");
        let mut draft = Draft::default();
        assert_eq!(draft.add_run(&a, &spans(&a.text)[..2], Stance::Supports, 0).len(), 2);
        draft.add_run(&b, &spans(&b.text), Stance::Dissents, 0);
        assert_eq!(
            draft.text(),
            "Asked: Why?\n\nA PM, payments: One is so. Two is so. [1]\n\nAnother view, Somebody: Four is not so. [2]"
        );
        let quotes: Vec<_> = draft.citations.iter().map(|c| (c.n, c.quote.as_str())).collect();
        assert_eq!(quotes, [(1, "One is\n so. Two is so."), (2, "Four is not so.")]);
        assert!(draft.sentences.iter().all(|s| s.citations.len() == 1 && s.supported));
        let voices: Vec<_> = draft
            .voices
            .iter()
            .map(|v| (v.id.as_str(), v.sentences.clone(), v.stance))
            .collect();
        assert_eq!(
            voices,
            [
                ("e/q1/a", vec![0, 1], Stance::Supports),
                ("e/q1/b", vec![2], Stance::Dissents)
            ]
        );
        assert_eq!(draft.lead().unwrap().text, "One is so.");
    }

    #[test]
    fn a_lead_that_a_model_wrote_is_a_paragraph_of_its_own() {
        let a = passage("e/q1/a", "One is so. Two is so.");
        let mut draft = Draft::default();
        draft.add_lead("It is one.", &a, 0..10, 0.9);
        draft.add_run(&a, &spans(&a.text), Stance::Supports, 0);
        assert_eq!(
            draft.text(),
            "It is one. [1]\n\nAsked: Why?\n\nSomebody: One is so. Two is so. [2]"
        );
        assert_eq!(draft.lead().unwrap().text, "It is one.");
    }

    #[test]
    fn what_nothing_backs_is_marked_and_makes_no_answer() {
        let mut draft = Draft::default();
        draft.add_unsupported("Buy a yacht in Monaco first.", 0.2);
        assert!(!draft.holds() && draft.lead().is_none());
        assert_eq!(draft.text(), "Buy a yacht in Monaco first. [unsupported]");
    }

    #[test]
    fn each_discussion_is_headed_by_its_question_unless_the_reader_asked_the_same() {
        let titled = |id: &str, title: &str| Passage {
            discussion: title.into(),
            ..passage(id, "One is so.")
        };
        let mut draft = Draft::of("why, oh why");
        for (id, title) in [
            ("e/q1/a", "Why, oh why?"),
            ("e/q2/a", "Pay\nrises [1]"),
            ("e/q2/b", "Pay rises"),
            ("e/q3/a", "How?"),
        ] {
            let passage = titled(id, title);
            draft.add_run(&passage, &spans(&passage.text), Stance::Supports, 0);
        }
        let headings: Vec<_> = draft.sentences.iter().map(|s| s.heading.as_deref()).collect();
        assert_eq!(
            headings,
            [None, Some("Discussion: Pay rises (1)"), None, Some("Asked: How?")]
        );
    }

    #[test]
    fn a_section_is_named_by_its_title() {
        let section = Passage {
            contributor: None,
            discussion: "A note".into(),
            ..passage("e/s1", "Noted is noted.")
        };
        let mut draft = Draft::default();
        draft.add_run(&section, &spans(&section.text), Stance::Supports, 0);
        assert!(draft.text().starts_with("“A note”: Noted"));
    }
}
