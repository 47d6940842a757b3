//! Chooses what to print of each contributor of a discussion in a digest or a summary: the point, in one or two sentences.
//!
//! An answer to a question quotes the few contributors who answer it best. A digest lets everybody speak once. Two
//! sentences usually hold a claim and what to do about it. Blind readers gave digests of such pairs 4.13 of 5, and 2.75 of
//! the one sentence that is most likely to be quoted (benches/runs/2026-11-30-xeon-2-cores/digests-1).

use super::opening::opening;
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
    /// At most two sentences, or an opening of three. Its `worth` is the share of the answer's point that they say, 0..=1,
    /// and 1 more for an opening that states the claim. It is 0 for what does not stand by itself or repeats another
    /// point.
    pub run: Run,
    /// One sentence, if `run` has several and one stands by itself.
    pub short: Option<Run>,
    /// Whether the answers of this discussion open with their claims, so that one sentence says most.
    pub claims_first: bool,
}

/// A discussion that was read, to tell what each contributor says.
pub struct Speakers {
    topic: Topic,
    /// What its sentences are worth for its question.
    sentences: Vec<Sentence>,
    against: Vec<(Id, String)>,
}

impl Speakers {
    /// Reads `topic`, whose contributors speak on `question`. `against` are those who say that others are wrong, each with
    /// the sentence that shows it, see `stands`.
    pub fn new(question: &str, topic: Topic, against: Vec<(Id, String)>) -> Speakers {
        Speakers {
            sentences: worth::sentences(question, &[&topic]),
            topic,
            against,
        }
    }

    pub fn topic(&self) -> &Topic {
        &self.topic
    }

    /// Returns what each contributor says, in printed order. Those who say that others are wrong come last, with that
    /// stance. It leaves out everything that was `shown`, and contributors who say nothing that may be quoted.
    pub fn points(&self, shown: &[Shown]) -> Vec<Point> {
        points(&self.topic, &self.sentences, &self.against, shown)
    }
}

fn points(topic: &Topic, sentences: &[Sentence], against: &[(Id, String)], shown: &[Shown]) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    let mut chosen: Vec<Candidate> = Vec::new();
    let claims_first = claims_first(topic, sentences);
    let alone = topic.answers().len() == 1;
    for id in topic.answers() {
        let of_answer = |s: &&Sentence| topic.passages[s.passage].id == *id;
        let whole: Vec<&Sentence> = sentences.iter().filter(of_answer).collect();
        let side = against.iter().find(|(who, _)| who == id).filter(|_| !alone);
        let side = side.map(|(_, quote)| quote.as_str());
        let standing = of_contributor(topic, id, &whole, claims_first, side, shown);
        // The rest of an answer of which something was shown may be left out.
        let spoke = shown
            .iter()
            .any(|shown| shown.id.as_ref().is_some_and(|who| *who == id.to_string()));
        let opening = || {
            if spoke {
                None
            } else {
                Some((opening(topic, &whole, shown)?, None))
            }
        };
        let Some((mut long, short)) = standing.or_else(opening) else {
            continue;
        };
        if chosen.iter().any(|other| says_the_same(other, &long)) {
            long.run.worth = 0.0;
        }
        long.run.stance = match side {
            Some(_) => Stance::Dissents,
            None => Stance::Supports,
        };
        points.push(Point {
            short: short.map(|short| Run {
                stance: long.run.stance,
                ..short.run
            }),
            run: long.run.clone(),
            claims_first,
        });
        chosen.push(long);
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

/// Returns the best run of the answer `id`, and the best sentence if that run has two. `side` is the sentence in which the
/// contributor contradicts the others.
fn of_contributor(
    topic: &Topic,
    id: &Id,
    whole: &[&Sentence],
    claims_first: bool,
    side: Option<&str>,
    shown: &[Shown],
) -> Option<(Candidate, Option<Candidate>)> {
    let (mut pair, mut one): (Option<Valued>, Option<Valued>) = (None, None);
    let share = share(whole);
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
        let dissents = |part: &[&Sentence]| side.is_some() && part.iter().any(|s| Some(text(s)) == side);
        let claims = |part: &[&Sentence]| claims_first && opens(part, passage);
        let sided = |part: &[&Sentence]| if dissents(part) { SIDE } else { 0.0 };
        let worth = |part: &[&Sentence]| share(part) + if claims(part) { FIRST } else { 0.0 };
        let value = |part: &[&Sentence], _| worth(part) + sided(part);
        let best = |own: &[&Sentence], length| {
            let mut best = best(own, passage, &quoted, length, value)?;
            let start = best.run.sentences.first().map(|span| span.start);
            let from = own.iter().position(|s| Some(s.span.start) == start)?;
            // It is quoted first for its stance, and not worth more than what others say.
            best.run.worth -= sided(&own[from..from + length]);
            Some((value(&own[from..from + length], false), best))
        };
        keep(&mut pair, best(&own, 2));
        let short: Vec<&Sentence> = own.into_iter().filter(|s| s.words <= WORDS).collect();
        keep(&mut one, best(&short, 1));
    }
    match (pair, one) {
        (Some((_, pair)), one) => {
            let start = |run: &Candidate| (run.run.passage, run.run.sentences.first().map(|span| span.start));
            // Where the claim comes first, the sentence after it says too little.
            let one = one.map(|(_, one)| one);
            let one = one.filter(|one| !claims_first || start(one) == start(&pair));
            Some((pair, one))
        }
        (None, Some((_, one))) => Some((one, None)),
        (None, None) => None,
    }
}

/// What is added to the share of an opening that states the claim, so that it comes first.
const FIRST: f32 = 1.0;

/// What is added to choose a sentence that contradicts the others, even before such an opening.
const SIDE: f32 = 2.0;

/// A run, and the value that it is chosen by.
type Valued = (f32, Candidate);

/// Replaces the run in `slot` by one of a higher value.
fn keep(slot: &mut Option<Valued>, other: Option<Valued>) {
    if let Some(other) = other.filter(|other| slot.as_ref().is_none_or(|known| known.0 < other.0)) {
        *slot = Some(other);
    }
}

/// Returns a function for the share of the point of an answer that some of its sentences say: 0..=1. `whole` has all of
/// them.
fn share(whole: &[&Sentence]) -> impl Fn(&[&Sentence]) -> f32 {
    let most = whole.iter().map(|s| s.point).fold(f32::MIN, f32::max);
    let sum = move |all: &[&Sentence]| all.iter().map(|s| (s.point - most).exp()).sum::<f32>();
    let all = sum(whole).max(f32::EPSILON);
    move |part| sum(part) / all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::stands::against;
    use crate::answer::testing::passage;
    use crate::answer::topic::Found;

    fn topic(answers: &[(&str, &str)]) -> Topic {
        let passages = answers.iter().map(|(id, text)| passage(id, text)).collect();
        Topic::new("e/q1".parse().unwrap(), passages, Found::default()).unwrap()
    }

    /// Identifier, text, short form and stance of what each contributor says.
    fn said(answers: &[(&str, &str)]) -> Vec<(String, String, Option<String>, Stance)> {
        let (topic, question) = (topic(answers), "Why do prices rise every spring?");
        let against = against(question, &topic);
        let speakers = Speakers::new(question, topic, against);
        let text = |run: &Run| run.cut(&[speakers.topic()]).text;
        let who = |run: &Run| run.passage(&[speakers.topic()]).id.to_string();
        let points = speakers.points(&[]);
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
    fn contributors_without_a_sentence_that_stands_by_itself_are_quoted_from_their_opening() {
        let said = said(&[
            (
                "e/q1/a",
                "Prices rise every spring because budgets are renewed in March. Ask in February, before they are.",
            ),
            ("e/q1/c", "Agreed, as was said above and in many other places too."),
            ("e/q1/d", "Bundle it."),
        ]);
        let texts: Vec<(&str, &str)> = said.iter().map(|(id, text, ..)| (id.as_str(), text.as_str())).collect();
        let expected = [
            ("e/q1/c", "Agreed, as was said above and in many other places too."),
            ("e/q1/d", "Bundle it."),
        ];
        assert_eq!(texts[1..], expected, "{said:?}");
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
    fn what_repeats_another_point_is_worth_nothing_and_what_was_shown_is_not_repeated() {
        let same = "Suppliers raise their own rates each spring, so prices must follow.";
        let twice = topic(&[("e/q1/a", same), ("e/q1/b", same)]);
        let worth: Vec<f32> = Speakers::new("Why?", twice, Vec::new())
            .points(&[])
            .iter()
            .map(|point| point.run.worth)
            .collect();
        assert!(worth[0] > 0.0 && worth[1..] == [0.0], "{worth:?}");
        let shown = [Shown {
            id: None,
            quote: same.into(),
        }];
        let once = Speakers::new("Why?", topic(&[("e/q1/a", same)]), Vec::new());
        assert!(once.points(&shown).is_empty());
    }

    #[test]
    fn the_shares_of_all_sentences_of_an_answer_are_one() {
        let topic = topic(&[(
            "e/q1/a",
            "Ask in February. Banks look at their calendars. Budgets are renewed in March.",
        )]);
        let sentences = worth::sentences("Why?", &[&topic]);
        let whole: Vec<&Sentence> = sentences.iter().collect();
        let share = share(&whole);
        let sum: f32 = whole.iter().map(|s| share(&[*s])).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }
}
