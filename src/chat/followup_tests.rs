//! Tests of `followup`.

use proptest::prelude::*;

use super::*;

fn read_after(past: &[&str], turn: &str) -> Reading {
    let past: Vec<Past> = past.iter().map(|text| Past::of(text)).collect();
    read(&past, turn)
}

/// Returns the question that `turn` depends on and makes, if its words show that it depends.
fn standalone(past: &[&str], turn: &str) -> Option<String> {
    match read_after(past, turn) {
        Reading::Depends(joined) => Some(joined),
        Reading::Alone | Reading::Unclear(_) => None,
    }
}
use crate::eval::questions::{Question, Split, parse};

#[test]
fn a_turn_that_goes_on_points_back_or_names_nothing_leans() {
    for turn in [
        "and what about startups?",
        "What if they say no?",
        "why?",
        "Tell me more.",
        "ok, but how long does that take?",
        "How do I stop them?",
        "Is it worth it for him?",
        "Would that work at a bank?",
        "Who else?",
        "thanks! and in a regulated market?",
        "How would she measure it?",
        "So how do I price it?",
        "okay",
        "when is the best time",
        "give me an example",
        "how long should it be?",
        "any template?",
        "how do I prepare?",
        "for juniors?",
        "in a small company without a budget",
        "why not email",
        "and in a small company?",
        "what should i avoid",
        "do we ship anyway",
        "who writes it, me or the cpo",
        "how many hours a week is that",
    ] {
        assert!(leans(turn), "{turn}");
    }
}

#[test]
fn a_turn_that_says_what_it_is_about_stands_alone() {
    for turn in [
        "How do I become an AI/ML PM?",
        "My manager wants a roadmap. How do I tell him that it will change?",
        "Is it worth getting an MBA?",
        "How long does it take to become a PM?",
        "How do I tell the team that the launch is late?",
        "Our customers say they want dark mode. Should we build it?",
        "Should those who write code become PMs?",
        "No roadmap survives: how do I plan a year?",
        "pricing",
        "best pizza in Naples",
        "pricing for startups",
        "How do I manage my time as a PM?",
        "In a startup, how do I prioritize?",
        "As a PM I get no feedback",
        "",
    ] {
        assert!(!leans(turn), "{turn}");
    }
}

#[test]
fn a_turn_without_a_topic_follows_the_whole_question_and_fewer_words_of_each_before_it() {
    let first = "How do I negotiate a first PM offer?";
    assert_eq!(standalone(&[], "and if they refuse?"), None);
    assert_eq!(
        standalone(&[first], "and if they refuse?").unwrap(),
        "How do I negotiate a first PM offer?\nand if they refuse?"
    );
    let then = "and if they refuse?";
    assert_eq!(
        standalone(&[then, first], "why is that?").unwrap(),
        "negotiate first PM offer\nand if they refuse?\nwhy is that?"
    );
    let long: Vec<String> = (0..40).map(|n| format!("topic{n}")).collect();
    let long = format!("and {}", long.join(" "));
    let past = [long.as_str(); 9].map(|text| text.to_string());
    let past: Vec<String> = past
        .iter()
        .enumerate()
        .map(|(n, text)| text.replace("topic", &format!("t{n}x")))
        .collect();
    let past: Vec<&str> = past.iter().map(String::as_str).collect();
    let carried = standalone(&past, "why?").unwrap();
    let from = |n: usize| carried.matches(&format!("t{n}x")).count();
    assert_eq!(
        [from(0), from(1), from(2), from(3), from(4), from(5)],
        [16, 8, 4, 2, 1, 0]
    );
}

/// Otherwise a conversation never leaves the discussion that it began with.
#[test]
fn the_words_of_a_turn_with_a_topic_come_first_and_are_more_than_those_carried() {
    let first = "How do I negotiate a first PM offer?";
    let then = "and what about the equity of a startup?";
    for (past, turn, query) in [
        (&[first][..], then, "and what about the equity of a startup?\nnegotiate"),
        // The question that started the topic comes before those that continue it.
        (
            &[then, first],
            "and the salary at a bank?",
            "and the salary at a bank?\nnegotiate",
        ),
        (
            &[then, first],
            "and the salary of a bank clerk?",
            "and the salary of a bank clerk?\nequity negotiate",
        ),
        // A conversation that starts with a follow-up has nothing else to carry.
        (
            &[then],
            "and the salary at a bank?",
            "and the salary at a bank?\nequity",
        ),
    ] {
        assert_eq!(standalone(past, turn).as_deref(), Some(query));
    }
    // Words that only say where or for whom follow the whole question.
    assert_eq!(
        standalone(&[first], "and in a small company?").as_deref(),
        Some("How do I negotiate a first PM offer?\nand in a small company?")
    );
    // The old question adds no words.
    let old = "How do I price an API?";
    assert_eq!(standalone(&[old], "and how do they price the API?"), None);
}

#[test]
fn a_turn_that_words_do_not_judge_may_follow_the_question_before_it() {
    let past = [
        Past {
            text: "can I switch",
            leans: Some(true),
        },
        Past::of("What does a product owner do?"),
        Past::of("How do I price an API?"),
    ];
    let joined = "product owner\ncan I switch\nslides or doc".to_string();
    assert_eq!(read(&past, "slides or doc"), Reading::Unclear(joined));
    assert_eq!(read_after(&[], "slides or doc"), Reading::Alone);
    let long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen";
    assert_eq!(read_after(&["How do I price an API?"], long), Reading::Alone);
}

#[test]
fn nothing_is_carried_over_the_beginning_of_a_topic() {
    let past = [
        "and for a bank?",
        "How do I price an API?",
        "How do I negotiate an offer?",
    ];
    let query = standalone(&past, "why?").unwrap();
    assert!(query.contains("API") && !query.contains("negotiate"), "{query}");
    assert_eq!(standalone(&past, "How do I write a PRD?"), None);
}

fn questions(split: Split) -> (Vec<Question>, Vec<Question>) {
    let all = parse(include_str!("../../eval/questions.jsonl")).unwrap();
    let of_split = all.into_iter().filter(|q| q.split == split);
    of_split.partition(|q| !q.history.is_empty())
}

/// The heuristics were developed on the tune split.
#[test]
fn follow_ups_of_the_question_set_are_told_from_questions_that_stand_alone() {
    let (follow_ups, others) = questions(Split::Tune);
    for question in &follow_ups {
        assert!(leans(&question.text), "{}", question.text);
    }
    let wrong: Vec<_> = others.iter().filter(|q| leans(&q.text)).map(|q| &q.text).collect();
    assert!(others.len() > 90 && wrong.len() * 100 <= others.len() * 3, "{wrong:#?}");
}

proptest! {
    #[test]
    fn any_conversation_is_read_and_what_was_typed_stays_in_it(
        past in proptest::collection::vec("\\PC{0,80}", 0..5),
        turn in "\\PC{0,80}",
    ) {
        let past: Vec<&str> = past.iter().map(String::as_str).collect();
        if let Some(query) = standalone(&past, &turn) {
            let turn = turn.trim();
            let kept = query.starts_with(turn) || query.ends_with(turn);
            prop_assert!(kept && query.len() > turn.len());
        }
    }
}
