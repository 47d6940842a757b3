//! Scores one answer against its question and the corpus.
//!
//! Citation recall and precision are those of ALCE (Gao et al., arXiv 2305.14627, section 4). A sentence is recalled if
//! everything that it cites, taken together, entails it. A citation is precise if its sentence is recalled and it
//! either entails the sentence by itself or is needed for that.

use serde::Serialize;

use super::checker::entails;
use super::{Answered, Cited, Library, Told, shape};
use crate::answer::sentences::sentences;
use crate::corpus::Id;
use crate::eval::questions::{Evidence, Point, Question, Split};

/// Two quotes of a passage are about the same thing if they share this much of the shorter.
const MIN_OVERLAP: f64 = 0.5;

/// The scores of one answer. Shares are given as counts, so that they can be pooled.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    pub id: String,
    pub split: Split,
    pub answerable: bool,
    pub abstained: bool,
    pub fell_back: bool,
    pub sentences: usize,
    pub words: usize,
    pub citations: usize,
    /// Sentences that are entailed by what they cite.
    pub recalled: usize,
    /// Citations that are precise.
    pub precise: usize,
    /// Sentences that any found passage entails, cited or not.
    pub supported: usize,
    /// Sentences with citations whose quotes all occur word for word in the part of the corpus that they name.
    pub verbatim: usize,
    /// Key points of the question. `covered` counts those that the answer makes.
    pub points: usize,
    pub covered: usize,
    /// Whether the question looks answerable and is not.
    pub near_miss: bool,
    /// Sentences from discussions that do not answer the question.
    pub strays: usize,
    /// Paragraphs whose first sentence refers to something that is not there.
    pub dangling: usize,
    /// Sentences that are inside quotation marks in the corpus, but shown as their author's words.
    pub lifted: usize,
    pub seconds: f64,
}

/// Scores `answered`, the answer to `question`.
pub fn score(answered: &Answered, question: &Question, library: &Library) -> Score {
    let told = &answered.sentences;
    let recalled: Vec<bool> = told.iter().map(is_recalled).collect();
    let precise = |(told, recalled): (&Told, &bool)| if *recalled { precise(told) } else { 0 };
    Score {
        id: answered.id.clone(),
        split: answered.split,
        answerable: !question.relevant.is_empty(),
        abstained: answered.abstained,
        fell_back: answered.fell_back,
        sentences: told.len(),
        words: told.iter().map(|told| told.text.split_whitespace().count()).sum(),
        citations: told.iter().map(|told| told.cited.len()).sum(),
        recalled: recalled.iter().filter(|yes| **yes).count(),
        precise: told.iter().zip(&recalled).map(precise).sum(),
        supported: told.iter().filter(|told| is_supported(answered, told)).count(),
        verbatim: told.iter().filter(|told| is_verbatim(told, library)).count(),
        points: question.points.len(),
        covered: question
            .points
            .iter()
            .filter(|point| covers(told, point, library))
            .count(),
        near_miss: question.kind == NEAR_MISS,
        strays: told.iter().filter(|told| strays(told, question)).count(),
        dangling: told
            .iter()
            .filter(|told| told.opens && shape::dangles(&told.text))
            .count(),
        lifted: told.iter().filter(|told| is_lifted(told, library)).count(),
        seconds: answered.seconds,
    }
}

/// The kind of questions that share the corpus's vocabulary but have no answer in it.
const NEAR_MISS: &str = "near-miss";

/// Returns whether a sentence cites nothing that answers the question.
fn strays(told: &Told, question: &Question) -> bool {
    let answers = |cited: &Cited| {
        let id = cited.id.parse::<Id>().map(|id| id.group());
        id.is_ok_and(|id| question.full.contains(&id) || question.relevant.iter().any(|other| other.group() == id))
    };
    !told.cited.iter().any(answers)
}

fn is_lifted(told: &Told, library: &Library) -> bool {
    told.cited.iter().any(|cited| {
        let texts = library.texts(&cited.id).iter();
        let mut found = texts.filter_map(|text| text.find(&cited.text).map(|at| (text, at)));
        found.any(|(text, at)| shape::is_speech(text, at, &cited.text, &told.text))
    })
}

fn together<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.collect::<Vec<_>>().join("\n\n")
}

fn is_recalled(told: &Told) -> bool {
    !told.cited.is_empty() && backs(&together(told.cited.iter().map(|c| c.text.as_str())), &told.text)
}

/// Returns how many of the citations of a recalled sentence are precise.
fn precise(told: &Told) -> usize {
    let without = |at: usize| {
        let others = told.cited.iter().enumerate().filter(|(n, _)| *n != at);
        together(others.map(|(_, cited)| cited.text.as_str()))
    };
    (0..told.cited.len())
        .filter(|&at| backs(&told.cited[at].text, &told.text) || !backs(&without(at), &told.text))
        .count()
}

/// Returns whether a text of any length entails `claim`. A text of up to four sentences must entail it as a whole, a
/// longer one in some run of three sentences: words that are far apart prove nothing together.
fn backs(text: &str, claim: &str) -> bool {
    let spans = sentences(text);
    if spans.len() <= 4 {
        return entails(text, claim);
    }
    spans
        .windows(3)
        .any(|run| entails(&text[run[0].start..run[run.len() - 1].end], claim))
}

fn is_supported(answered: &Answered, told: &Told) -> bool {
    is_recalled(told) || answered.found.iter().any(|passage| backs(&passage.text, &told.text))
}

fn is_verbatim(told: &Told, library: &Library) -> bool {
    let stands = |id: &str, quote: &str| library.texts(id).iter().any(|text| text.contains(quote));
    !told.cited.is_empty()
        && told
            .cited
            .iter()
            .all(|cited| !cited.text.is_empty() && stands(&cited.id, &cited.text))
}

/// Returns whether a sentence quotes the evidence for the point, says part of it, or says the point.
fn covers(told: &[Told], point: &Point, library: &Library) -> bool {
    told.iter().any(|told| {
        let quoted = |evidence: &Evidence| {
            let id = evidence.id.to_string();
            let same = told.cited.iter().filter(|cited| cited.id == id);
            same.into_iter()
                .any(|cited| overlap(&cited.text, &evidence.quote, library.texts(&id)) >= MIN_OVERLAP)
        };
        let said = |evidence: &Evidence| entails(&evidence.quote, &told.text);
        point.evidence.iter().any(|evidence| quoted(evidence) || said(evidence)) || entails(&told.text, &point.text)
    })
}

/// Returns how much of the shorter of two quotes overlaps the other, by their positions in one of `texts`. A quote of a
/// whole passage does not show what was meant, so it does not count.
fn overlap(one: &str, other: &str, texts: &[String]) -> f64 {
    let of = |text: &String| {
        let (a, b) = (text.find(one)?, text.find(other)?);
        let shared = (a + one.len()).min(b + other.len()).saturating_sub(a.max(b));
        let whole = one.len() == text.len() && other.len() * 2 < text.len();
        Some(if whole {
            0.0
        } else {
            shared as f64 / one.len().min(other.len()).max(1) as f64
        })
    };
    texts.iter().filter_map(of).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::testing::passage;
    use crate::eval::answers::{Cited, Mode};
    use crate::eval::questions;

    const A: &str = "Charge by the successful call. Publish the price on one page. Hire a lawyer in May.";
    const B: &str = "Developers leave when bills surprise them.";

    fn told(text: &str, cited: &[(&str, &str)]) -> Told {
        Told {
            text: text.into(),
            opens: false,
            cited: cited
                .iter()
                .map(|(id, text)| Cited {
                    id: (*id).into(),
                    text: (*text).into(),
                })
                .collect(),
        }
    }

    fn scored(sentences: Vec<Told>) -> Score {
        let question = r#"{"id":"1","question":"Price?","kind":"k","relevant":["e/q1/a"],"split":"report","points":[
            {"text":"Bill each call.","evidence":[{"id":"e/q1/a","quote":"Charge by the successful call."}]},
            {"text":"Say it on a page.","evidence":[{"id":"e/q1/a","quote":"Publish the price on one page."}]}]}"#
            .replace('\n', "");
        let answered = Answered {
            id: "1".into(),
            split: Split::Report,
            mode: Mode::Llm,
            abstained: false,
            fell_back: false,
            sentences,
            found: vec![passage("e/q1/a", A), passage("e/q1/b", B)],
            seconds: 1.0,
        };
        let library = Library::of(&[("e/q1/a", A), ("e/q1/b", B)]);
        score(&answered, &questions::parse(&question).unwrap()[0], &library)
    }

    #[test]
    fn a_quoted_sentence_is_recalled_precise_supported_and_makes_its_point() {
        let quote = "Charge by the successful call.";
        let s = scored(vec![told(quote, &[("e/q1/a", quote)])]);
        assert_eq!((s.recalled, s.precise, s.supported, s.verbatim), (1, 1, 1, 1));
        assert_eq!((s.covered, s.points, s.words), (1, 2, 5));
    }

    #[test]
    fn a_citation_that_adds_nothing_is_not_precise_and_two_that_are_needed_are() {
        let quote = "Charge by the successful call.";
        let idle = scored(vec![told(quote, &[("e/q1/a", quote), ("e/q1/b", B)])]);
        assert_eq!((idle.recalled, idle.citations, idle.precise), (1, 2, 1));
        let both = "Charge by the successful call, and developers leave when bills surprise them.";
        let needed = scored(vec![told(both, &[("e/q1/a", quote), ("e/q1/b", B)])]);
        assert_eq!((needed.recalled, needed.precise), (1, 2));
    }

    #[test]
    fn an_uncited_sentence_is_supported_but_not_recalled_and_an_invented_one_is_neither() {
        let s = scored(vec![told(B, &[]), told("Buy a yacht in Monaco.", &[("e/q1/a", A)])]);
        assert_eq!((s.supported, s.recalled, s.precise, s.verbatim), (1, 0, 0, 1));
        assert_eq!(s.covered, 0);
    }

    #[test]
    fn a_quote_that_stands_elsewhere_or_nowhere_is_not_verbatim() {
        let s = scored(vec![
            told(B, &[("e/q1/a", B)]),
            told(B, &[("e/q9/a", B)]),
            told("X.", &[("e/q1/a", "charge by")]),
        ]);
        assert_eq!(s.verbatim, 0);
    }

    #[test]
    fn part_of_the_evidence_makes_the_point_and_a_whole_passage_does_not() {
        let part = scored(vec![told(
            "Charge thus.",
            &[("e/q1/a", "by the successful call. Publish the price")],
        )]);
        assert_eq!(part.covered, 2);
        let whole = scored(vec![told("Do all this.", &[("e/q1/a", A)])]);
        assert_eq!(whole.covered, 0);
    }
}
