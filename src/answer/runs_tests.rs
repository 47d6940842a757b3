//! Tests what is quoted of each contributor.

use super::super::MAX_WORDS;
use super::super::testing::passage;
use super::super::topic::Found;
use super::*;

/// Returns what is quoted of each contributor, without an embedding model.
fn quoted(question: &str, asker: &str, answers: &[(&str, &str)]) -> Vec<String> {
    let of = |(id, text): &(&str, &str)| Passage {
        question: asker.into(),
        ..passage(id, text)
    };
    let passages: Vec<Passage> = answers.iter().map(of).collect();
    let topic = Topic::new("e/q1".parse().unwrap(), passages, Found::default()).unwrap();
    let topics = [&topic];
    let runs = choose(question, &topics, &[], MAX_WORDS);
    runs.iter().map(|run| one_line(&run.cut(&topics).text)).collect()
}

const CLAIM: &str = "Talk to five buyers before you set a price.";
const HOW: &str = "Ask each of them what they paid for the last tool that did a part of the same job.";

#[test]
fn a_claim_is_quoted_with_its_how() {
    let text = format!("{CLAIM} {HOW} I learned that late, and it cost us most of a spring.");
    let quoted = quoted("how do I set a price", "", &[("e/q1/a", &text)]);
    assert!(quoted[0].starts_with(&format!("{CLAIM} {HOW}")), "{quoted:?}");
}

#[test]
fn a_run_ends_before_a_numbered_list() {
    let list =
        "Set the price in two steps:\n\n1. Ask each buyer for the last bill.\n2. Add the bills of all buyers up.";
    let text = format!("{CLAIM} {list}");
    let quoted = quoted("how do I set a price", "", &[("e/q1/a", &text)]);
    assert!(!quoted[0].contains("last bill"), "{quoted:?}");
}

#[test]
fn an_order_that_only_opens_something_ends_no_quote() {
    let goes_on =
        format!("{CLAIM} {HOW} Compare two prices. \"Forty, a seat\" frightened everybody we asked in March.");
    let quoted = quoted("how do I set a price", "", &[("e/q1/a", &goes_on)]);
    assert!(quoted[0].ends_with(HOW), "{quoted:?}");
}

#[test]
fn an_opening_with_another_asker_s_number_is_no_better_than_the_rest() {
    let text = format!(
        "You set a price for 1300 accounts once you know what a price does to them. {HOW} {CLAIM} You then wait."
    );
    let own = "We have 1300 accounts, and no price.";
    assert!(!quoted("how do I set a price", own, &[("e/q1/a", &text)])[0].contains("1300"));
    assert!(quoted("how do I set a price", "", &[("e/q1/a", &text)])[0].contains("1300"));
}

#[test]
fn an_answer_is_at_most_four_voices_within_its_words_and_each_speaks_once() {
    let long = |n: usize| {
        format!(
            "Price number {n} is set by what buyers of kind {n} paid before, and by nothing else that you could find. \
             Kind {n} told us so in {n} interviews, which took a week, some patience and a good spreadsheet of {n} rows."
        )
    };
    let texts: Vec<(String, String)> = (1..8)
        .map(|n| (format!("e/q1/{}", (b'a' + n as u8) as char), long(n)))
        .collect();
    let answers: Vec<(&str, &str)> = texts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let quoted = quoted("how is a price set", "", &answers);
    let words: usize = quoted.iter().map(|text| text.split_whitespace().count()).sum();
    assert!(
        (2..=VOICES).contains(&quoted.len()) && words <= MAX_WORDS,
        "{words}: {quoted:?}"
    );
}

#[test]
fn voices_stand_in_printed_order_and_a_dissent_comes_last() {
    let answers = [
        (
            "e/q1/a",
            "I disagree that buyers set a price at all, since most of them have never seen one in this trade.",
        ),
        (
            "e/q1/b",
            "Write down a price before the first call, and say it in the first ten minutes of it.",
        ),
        (
            "e/q1/c",
            "A price is set by what buyers paid before, so set a price only after asking ten buyers how they set theirs.",
        ),
    ];
    let quoted = quoted("how do I set a price", "", &answers);
    let starts: Vec<&str> = quoted.iter().map(|text| &text[..7]).collect();
    assert_eq!(starts, ["Write d", "A price", "I disag"], "{quoted:?}");
}

#[test]
fn a_third_sentence_is_quoted_only_where_two_do_not_stand() {
    let third = "I once set a price of nine for a team of twelve people in a hurry.";
    let two = quoted(
        "how do I set a price",
        "",
        &[("e/q1/a", &format!("{CLAIM} {HOW} {third}"))],
    );
    assert_eq!(two, [format!("{CLAIM} {HOW}")]);
    let announced = "Here is how to set a price with them.";
    let three = quoted(
        "how do I set a price",
        "",
        &[("e/q1/a", &format!("{CLAIM} {announced} {HOW}"))],
    );
    assert_eq!(three, [format!("{CLAIM} {announced} {HOW}")]);
}

#[test]
fn who_first_introduces_themselves_comes_after_a_claim() {
    let answers = [
        (
            "e/q1/a",
            "I am at present the founder of a shop, and to set a price was the first thing that we did there.",
        ),
        (
            "e/q1/b",
            "Write down a price before the first call, and say it in the first ten minutes of it.",
        ),
    ];
    let quoted = quoted("how do I set a price", "", &answers);
    assert!(
        quoted[0].starts_with("Write down") && quoted[1].starts_with("I am"),
        "{quoted:?}"
    );
}

#[test]
fn an_answer_that_opens_with_it_is_quoted_where_nothing_else_can_be() {
    let only = "It is time to set a price once five buyers have named one without being asked.";
    let answers: &[(&str, &str)] = &[("e/q1/a", only)];
    assert_eq!(quoted("when do I set a price", "", answers), [only]);
    // Other openings refer to an answer before, not to the question.
    assert!(
        quoted(
            "when do I set a price",
            "",
            &[("e/q1/a", &only.replace("It is", "So it is"))]
        )
        .is_empty()
    );
    let better = format!("{only} {CLAIM} {HOW}");
    let quoted = quoted("how do I set a price", "", &[("e/q1/a", &better)]);
    assert!(quoted[0].starts_with(CLAIM), "{quoted:?}");
}
