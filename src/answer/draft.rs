//! Assembles an answer from its sentences, numbers its citations and gives each contributor one voice.
//!
//! Callers add runs of sentences in reading order, after an optional lead that a model wrote. The result holds the
//! parts of an [`Answer`](super::Answer).

use std::ops::Range;

use super::injection;
use super::reading::bare;
use super::sentences::{is_numbered, opens_item};
use super::{Citation, Sentence, Stance, Voice};
use crate::corpus::{Id, Passage};

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
    /// There is none below a voice of the same discussion, above a section of an article, or if the reader asked the
    /// same question. The first one says so if the answer is unsure.
    fn heading(&mut self, passage: &Passage) -> Option<String> {
        let unsure = std::mem::take(&mut self.unsure);
        match (self.title(passage), unsure) {
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
        let group = passage.id.group().to_string();
        let last = self.voices.last().and_then(|voice| voice.id.parse::<Id>().ok());
        let goes_on = last.is_some_and(|last| last.group().to_string() == group);
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

/// The line above an answer that may not be one, and what names the discussion.
const UNSURE: &str = "This may not answer your question.";
const NEAREST: &str = "The nearest discussion: ";

/// The mark after a sentence that no passage backs.
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
        let mut draft = Draft::of("why, oh why", true);
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
    fn an_unsure_answer_says_so_once_above_its_first_sentence() {
        let a = passage("e/q1/a", "One is so.");
        let mut draft = Draft::of("how", false);
        draft.add_run(&a, &spans(&a.text), Stance::Supports, 0);
        draft.add_run(&passage("e/q2/a", "Two."), &spans("Two."), Stance::Supports, 0);
        assert_eq!(
            draft.text(),
            "This may not answer your question. The nearest discussion: Why?\n\nSomebody: One is so. [1]\n\nAsked: Why?\n\n\
             Somebody: Two. [2]"
        );
        let mut draft = Draft::of("how", false);
        draft.add_lead("It is one.", &a, 0..10, 0.9);
        draft.add_run(&a, &spans(&a.text), Stance::Supports, 0);
        assert!(
            draft
                .text()
                .starts_with("This may not answer your question.\n\nIt is one. [1]\n\nAsked: Why?")
        );
    }

    #[test]
    fn a_list_stands_below_what_introduces_it_which_has_the_mark() {
        let a = passage("e/q1/a", "Ask all of these:\n\n- One? Or two?\n- Three?");
        let mut draft = Draft::of("why", true);
        draft.add_run(&a, &spans(&a.text), Stance::Supports, 0);
        assert_eq!(
            draft.text(),
            "Somebody: Ask all of these: [1]\n- One? Or two?\n- Three?"
        );
        let items: Vec<bool> = draft.sentences.iter().map(|s| s.item).collect();
        assert_eq!(items, [false, true, false, true]);
        draft.add_run(&a, &spans(&a.text)[3..], Stance::Supports, 0);
        assert!(draft.text().ends_with("- Three? Three? [2]") && draft.voices.len() == 1);
        // What introduces it begins a line.
        let e = passage("e/q1/e", "Be brief. Ask both:\n\n- One?\n- Two?");
        let mut draft = Draft::of("why", true);
        draft.add_run(&e, &spans(&e.text)[..1], Stance::Supports, 0);
        draft.add_run(&e, &spans(&e.text)[1..], Stance::Supports, 0);
        assert_eq!(draft.text(), "Somebody: Be brief. [1]\nAsk both: [2]\n- One?\n- Two?");
        let b = passage("e/q1/b", "Ask so:\n\n1. One?\n2. Two?");
        let mut draft = Draft::of("why", true);
        draft.add_run(&b, &spans(&b.text), Stance::Supports, 0);
        assert_eq!(draft.text(), "Somebody: Ask so: [1]\n1. One?\n2. Two?");
        // A number may be the first word of an item, or of a paragraph.
        let c = passage("e/q1/c", "Take an hour:\n\n- 8 minutes to read.\n- A vote.");
        let mut draft = Draft::of("why", true);
        draft.add_run(&c, &spans(&c.text), Stance::Supports, 0);
        assert_eq!(
            draft.text(),
            "Somebody: Take an hour: [1]\n- 8 minutes to read.\n- A vote."
        );
        let d = passage("e/q1/d", "Ask twelve people.\n\n12 people are enough.");
        let mut draft = Draft::of("why", true);
        draft.add_run(&d, &spans(&d.text), Stance::Supports, 0);
        assert_eq!(draft.text(), "Somebody: Ask twelve people. 12 people are enough. [1]");
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
