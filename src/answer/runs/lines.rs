//! Chooses what to print of each contributor of a discussion in a digest or a summary: the point, in one or two sentences.
//!
//! An answer to a question quotes the few contributors who answer it best. A digest lets everybody speak once. Two
//! sentences usually hold a claim and what to do about it. Blind readers gave digests of such pairs 4.13 of 5, and 2.75 of
//! the one sentence that is most likely to be quoted (benches/runs/2026-11-30-xeon-2-cores/digests-1).

use super::worth::{self, Sentence};
use super::{Candidate, Run, Shown, best, is_opening, of_passage, opens, says_the_same};
use crate::answer::Stance;
use crate::answer::reading;
use crate::answer::topic::Topic;
use crate::corpus::Id;

/// The most words of the one sentence of a short form.
const WORDS: usize = 40;

/// What a contributor says, in few words.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// At most two sentences. Its `worth` is the share of the answer's point that they say: 0..=1.
    pub run: Run,
    /// One sentence, if `run` has two and one stands by itself.
    pub short: Option<Run>,
    /// Whether the answers of this discussion open with their claims, so that one sentence says most.
    pub claims_first: bool,
}

/// Returns what each contributor of `topic` says on `question`, in printed order.
///
/// Contributors who say that others are wrong come last, with that stance. The function leaves out contributors without
/// sentences that stand by themselves, points that repeat another one, and everything that was `shown`.
pub fn points(question: &str, topic: &Topic, shown: &[Shown]) -> Vec<Point> {
    let sentences = worth::sentences(question, &[topic]);
    let mut points: Vec<Point> = Vec::new();
    let mut chosen: Vec<Candidate> = Vec::new();
    let claims_first = claims_first(topic, &sentences);
    for id in answers(topic) {
        let of_answer = |s: &&Sentence| topic.passages[s.passage].id == *id;
        let whole: Vec<&Sentence> = sentences.iter().filter(of_answer).collect();
        let Some((long, short)) = of_contributor(topic, id, &whole, claims_first, shown) else {
            continue;
        };
        if chosen.iter().any(|other| says_the_same(other, &long)) {
            continue;
        }
        points.push(Point {
            run: long.run.clone(),
            short: short.map(|short| short.run),
            claims_first,
        });
        chosen.push(long);
    }
    let alone = points.len() == 1;
    for point in &mut points {
        if alone || point.run.stance != Stance::Dissents {
            point.run.stance = Stance::Supports;
        }
    }
    // The sort is stable, so that equals stay in printed order.
    points.sort_by_key(|point| point.run.stance == Stance::Dissents);
    points
}

/// Returns whether the answers of `topic` open with their claims: on average, the openings speak in the terms of the
/// question.
fn claims_first(topic: &Topic, sentences: &[Sentence]) -> bool {
    let of_opening = |s: &&Sentence| is_opening(s, &topic.passages[s.passage]);
    let near: Vec<f32> = sentences.iter().filter(of_opening).map(|s| s.nearness).collect();
    near.iter().sum::<f32>() >= near.len() as f32
}

/// The answers of `topic` in printed order. A long one has several passages.
fn answers(topic: &Topic) -> Vec<&Id> {
    let mut ids: Vec<&Id> = topic.passages.iter().map(|passage| &passage.id).collect();
    ids.dedup();
    ids
}

/// Returns the best run of the answer `id`, and the best sentence if that run has two.
fn of_contributor(
    topic: &Topic,
    id: &Id,
    whole: &[&Sentence],
    claims_first: bool,
    shown: &[Shown],
) -> Option<(Candidate, Option<Candidate>)> {
    let (mut pair, mut one): (Option<Candidate>, Option<Candidate>) = (None, None);
    for (at, passage) in topic
        .passages
        .iter()
        .enumerate()
        .filter(|(_, passage)| passage.id == *id)
    {
        let text = |s: &Sentence| &passage.text[s.span.clone()];
        let said = |s: &&&Sentence| s.passage == at && !reading::points_to_others(text(s));
        let own: Vec<&Sentence> = whole.iter().filter(said).copied().collect();
        let quoted: Vec<String> = of_passage(shown, passage).collect();
        // A contributor who contradicts the others is quoted with that.
        let dissents = |part: &[&Sentence]| part.iter().any(|s| reading::stance(text(s)) == Stance::Dissents);
        let claims = |part: &[&Sentence]| claims_first && opens(part, passage);
        let first = |yes: bool| if yes { FIRST } else { 0.0 };
        let one_value = |part: &[&Sentence], _| share(part, whole) + first(claims(part));
        let value = |part: &[&Sentence], _| one_value(part, false) + first(dissents(part));
        keep(&mut pair, best(&own, passage, &quoted, 2, value));
        let short: Vec<&Sentence> = own.into_iter().filter(|s| s.words <= WORDS).collect();
        keep(&mut one, best(&short, passage, &quoted, 1, one_value));
    }
    match (pair, one) {
        (Some(pair), one) => {
            let start = |run: &Candidate| (run.run.passage, run.run.sentences.first().map(|span| span.start));
            // Where the claim comes first, the sentence after it says too little.
            let one = one.filter(|one| !claims_first || start(one) == start(&pair));
            Some((pair, one))
        }
        (None, Some(one)) => Some((one, None)),
        (None, None) => None,
    }
}

/// What is added to the share of a pair that contradicts the others, and of an opening that states the claim, so that
/// these come first.
const FIRST: f32 = 1.0;

/// Replaces the run in `slot` by a better one.
fn keep(slot: &mut Option<Candidate>, other: Option<Candidate>) {
    let worth = |candidate: &Candidate| candidate.run.worth;
    if let Some(other) = other.filter(|other| slot.as_ref().is_none_or(|known| worth(known) < worth(other))) {
        *slot = Some(other);
    }
}

/// Returns the share of the point of an answer that `part` says: 0..=1. `whole` has all sentences of the answer.
fn share(part: &[&Sentence], whole: &[&Sentence]) -> f32 {
    let most = whole.iter().map(|s| s.point).fold(f32::MIN, f32::max);
    let sum = |all: &[&Sentence]| all.iter().map(|s| (s.point - most).exp()).sum::<f32>();
    sum(part) / sum(whole).max(f32::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::testing::passage;
    use crate::answer::topic::Found;

    fn topic(answers: &[(&str, &str)]) -> Topic {
        let passages = answers.iter().map(|(id, text)| passage(id, text)).collect();
        Topic::new("e/q1".parse().unwrap(), passages, Found::default()).unwrap()
    }

    /// Identifier, text, short form and stance of what each contributor says.
    fn said(answers: &[(&str, &str)]) -> Vec<(String, String, Option<String>, Stance)> {
        let topic = topic(answers);
        let text = |run: &Run| run.cut(&[&topic]).text;
        let who = |run: &Run| run.passage(&[&topic]).id.to_string();
        let points = points("Why do prices rise every spring?", &topic, &[]);
        let one = |point: &Point| {
            let (run, short) = (&point.run, point.short.as_ref());
            (who(run), text(run), short.map(text), run.stance)
        };
        points.iter().map(one).collect()
    }

    #[test]
    fn a_point_is_a_claim_and_what_to_do_and_not_the_greeting_of_a_thought() {
        let said = said(&[(
            "e/q1/a",
            "There is a rule for it. Split the customers into the kinds that pay in different months of the year. Raise the \
             price for each kind in the month before its budget is renewed. I did it twice.",
        )]);
        let text = "Split the customers into the kinds that pay in different months of the year. Raise the price for each \
                    kind in the month before its budget is renewed.";
        assert_eq!(said[0].1, text);
        let short = said[0].2.as_deref();
        assert!(short.is_some_and(|short| text.contains(short)), "{short:?}");
    }

    #[test]
    fn contributors_without_a_sentence_that_stands_by_itself_are_left_out() {
        let said = said(&[
            (
                "e/q1/a",
                "Prices rise every spring because budgets are renewed in March. Ask in February, before they are.",
            ),
            ("e/q1/c", "Agreed, as was said above and in many other places too."),
        ]);
        let ids: Vec<&str> = said.iter().map(|(id, ..)| id.as_str()).collect();
        assert_eq!(ids, ["e/q1/a"], "{said:?}");
    }

    #[test]
    fn contributors_are_in_printed_order_and_a_dissent_comes_last_with_its_reason() {
        let said = said(&[
            (
                "e/q1/a",
                "Prices in spring rise for a plain reason that nobody names. I disagree that any increase in spring is \
                 about the suppliers. They sign their contracts in autumn.",
            ),
            (
                "e/q1/b",
                "Suppliers raise their own rates each spring, so prices must follow.",
            ),
            (
                "e/q1/c",
                "Look at the calendar of the banks before you look at any supplier.",
            ),
        ]);
        let ids: Vec<&str> = said.iter().map(|(id, ..)| id.as_str()).collect();
        assert_eq!(ids, ["e/q1/b", "e/q1/c", "e/q1/a"], "{said:?}");
        assert_eq!(said[2].3, Stance::Dissents);
        assert!(said[2].1.contains("I disagree that any increase"), "{said:?}");
        assert!(said[2].1.split(". ").count() == 2, "{said:?}");
    }

    #[test]
    fn where_openings_state_the_claim_the_short_form_is_the_opening_too() {
        let claim = "Prices rise every spring because budgets are renewed in March.";
        let longer = "Suppliers and banks write their own lists for the next year in the weeks before the old budgets of \
                      their customers end.";
        let said = said(&[("e/q1/a", &format!("{claim} {longer} Nobody asks before."))]);
        assert_eq!(said[0].1, format!("{claim} {longer}"));
        assert_eq!(said[0].2.as_deref(), Some(claim));
    }

    #[test]
    fn the_same_words_are_said_once_and_what_was_shown_is_not_repeated() {
        let same = "Suppliers raise their own rates each spring, so prices must follow.";
        assert_eq!(said(&[("e/q1/a", same), ("e/q1/b", same)]).len(), 1);
        let shown = [Shown {
            id: None,
            quote: same.into(),
        }];
        assert!(points("Why?", &topic(&[("e/q1/a", same)]), &shown).is_empty());
    }

    #[test]
    fn the_shares_of_all_sentences_of_an_answer_are_one() {
        let topic = topic(&[(
            "e/q1/a",
            "Ask in February. Banks look at their calendars. Budgets are renewed in March.",
        )]);
        let sentences = worth::sentences("Why?", &[&topic]);
        let whole: Vec<&Sentence> = sentences.iter().collect();
        let sum: f32 = whole.iter().map(|s| share(&[*s], &whole)).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }
}
