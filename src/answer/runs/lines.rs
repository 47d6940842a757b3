//! Chooses one line for each contributor of a discussion: the shortest run that stands by itself, usually a sentence.
//!
//! An answer to a question quotes the few contributors who answer it best. A digest lets everybody speak once.

use super::worth::{self, Sentence};
use super::{Candidate, Run, SENTENCES, Shown, best, of_passage, says_the_same};
use crate::answer::Stance;
use crate::answer::reading;
use crate::answer::topic::Topic;
use crate::corpus::Id;

/// The most words of a sentence in a line.
const WORDS: usize = 40;

/// Returns a line of each contributor of `topic` for `question`, the one that is worth most first.
///
/// Contributors who say that others are wrong come last, with that stance. The function leaves out contributors without a
/// sentence that stands by itself, lines that repeat a better one, and everything that was `shown`.
pub fn lines(question: &str, topic: &Topic, shown: &[Shown]) -> Vec<Run> {
    let sentences = worth::sentences(question, &[topic]);
    let mut lines: Vec<(&Id, Candidate)> = Vec::new();
    for (passage, whole) in topic.passages.iter().enumerate() {
        let said = |s: &&Sentence| {
            let short = s.passage == passage && s.words <= WORDS;
            short && !reading::points_to_others(&whole.text[s.span.clone()])
        };
        let own: Vec<&Sentence> = sentences.iter().filter(said).collect();
        let quoted: Vec<String> = of_passage(shown, whole).collect();
        let dissents = |s: &&&Sentence| reading::stance(&whole.text[s.span.clone()]) == Stance::Dissents;
        let dissent = own.iter().find(dissents).and_then(|s| best(&[*s], whole, &quoted, 1));
        let line = dissent.or_else(|| (1..=SENTENCES).find_map(|length| best(&own, whole, &quoted, length)));
        let Some(line) = line else { continue };
        // A long answer has several passages, and one line.
        match lines.iter_mut().find(|(id, _)| **id == whole.id) {
            Some((_, known)) if rank(&line) > rank(known) => *known = line,
            Some(_) => {}
            None => lines.push((&whole.id, line)),
        }
    }
    // The sort is stable, so that equals stay in printed order.
    lines.sort_by(|(_, a), (_, b)| b.run.worth.total_cmp(&a.run.worth));
    let mut chosen: Vec<Candidate> = Vec::new();
    for (_, line) in lines {
        if !chosen.iter().any(|other| says_the_same(other, &line)) {
            chosen.push(line);
        }
    }
    let alone = chosen.len() == 1;
    let mut runs: Vec<Run> = chosen.into_iter().map(|candidate| candidate.run).collect();
    for run in &mut runs {
        if alone || run.stance != Stance::Dissents {
            run.stance = Stance::Supports;
        }
    }
    runs.sort_by_key(|run| run.stance == Stance::Dissents);
    runs
}

/// What makes one line of a contributor better than another: a dissent, then few sentences, then its worth.
fn rank(line: &Candidate) -> (bool, usize, f32) {
    let run = &line.run;
    (
        run.stance == Stance::Dissents,
        SENTENCES.saturating_sub(run.sentences.len()),
        run.worth,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::testing::passage;
    use crate::answer::topic::Found;

    fn said(answers: &[(&str, &str)]) -> Vec<(String, String, Stance)> {
        let passages = answers.iter().map(|(id, text)| passage(id, text)).collect();
        let topic = Topic::new("e/q1".parse().unwrap(), passages, Found::default()).unwrap();
        let lines = lines("Why do prices rise every spring?", &topic, &[]);
        let text = |run: &Run| run.cut(&[&topic]).text;
        let who = |run: &Run| run.passage(&[&topic]).id.to_string();
        lines.iter().map(|run| (who(run), text(run), run.stance)).collect()
    }

    #[test]
    fn each_contributor_has_one_line_that_stands_by_itself() {
        let lines = said(&[
            (
                "e/q1/a",
                "Prices rise every spring because budgets are renewed in March. This was so in May. It went on.",
            ),
            (
                "e/q1/b",
                "I agree with everything that was said above by the others here. Suppliers raise their own rates each spring, so prices must follow.",
            ),
            ("e/q1/c", "Agreed, as was said above and in many other places too."),
        ]);
        let of: Vec<(&str, &str)> = lines.iter().map(|(id, text, _)| (id.as_str(), text.as_str())).collect();
        assert!(
            of.contains(&(
                "e/q1/a",
                "Prices rise every spring because budgets are renewed in March."
            )),
            "{of:?}"
        );
        assert!(
            of.contains(&(
                "e/q1/b",
                "Suppliers raise their own rates each spring, so prices must follow."
            )),
            "{of:?}"
        );
        assert_eq!(of.len(), 2, "{of:?}");
    }

    #[test]
    fn a_dissent_is_the_line_of_its_author_and_comes_last() {
        let lines = said(&[
            (
                "e/q1/a",
                "Prices in spring rise for a plain reason that nobody names. I disagree that any increase in spring is about the suppliers.",
            ),
            (
                "e/q1/b",
                "Suppliers raise their own rates each spring, so prices must follow.",
            ),
        ]);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!((lines[1].0.as_str(), lines[1].2), ("e/q1/a", Stance::Dissents));
        assert!(lines[1].1.starts_with("I disagree that any increase"), "{lines:?}");
    }

    #[test]
    fn the_same_words_are_said_once_and_what_was_shown_is_not_repeated() {
        let same = "Suppliers raise their own rates each spring, so prices must follow.";
        assert_eq!(said(&[("e/q1/a", same), ("e/q1/b", same)]).len(), 1);
        let topic = Topic::new("e/q1".parse().unwrap(), vec![passage("e/q1/a", same)], Found::default()).unwrap();
        let shown = [Shown {
            id: None,
            quote: same.into(),
        }];
        assert!(lines("Why?", &topic, &shown).is_empty());
    }
}
