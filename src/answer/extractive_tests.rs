//! What the extractive answerer picks, with small texts.

use super::*;
use crate::answer::meaning::testing::FirstLetter;
use crate::answer::testing::passage;

fn quotes(question: &str, texts: &[&str]) -> Vec<String> {
    let passages: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| passage(&format!("e/q1/{}", (b'a' + n as u8) as char), text))
        .collect();
    let refs: Vec<&Passage> = passages.iter().collect();
    let limits = Limits {
        sentences: 5,
        per_passage: 2,
        words: 150,
        leaning: true,
    };
    Asked::new(question, None)
        .pick(&refs, limits)
        .into_iter()
        .map(|p| passages[p.passage].text[p.quote].to_string())
        .collect()
}

#[test]
fn sentences_with_the_asked_words_are_picked_in_reading_order() {
    let picked = quotes(
        "How do I set prices for an API?",
        &[
            "Set prices for the API by the value of a call. The weather was fine on that day.",
            "We had lunch together that day. An API needs a price that customers can predict.",
        ],
    );
    assert_eq!(
        picked.first().map(String::as_str),
        Some("Set prices for the API by the value of a call.")
    );
    assert_eq!(
        picked.last().map(String::as_str),
        Some("An API needs a price that customers can predict.")
    );
    assert!(!picked.iter().any(|quote| quote.contains("weather")), "{picked:?}");
}

#[test]
fn the_best_comes_first_and_the_others_of_a_passage_as_they_stand_there() {
    let text =
        "Prices matter a lot in every market. A roadmap needs an owner for each date. Dates without owners slip away.";
    let picked = quotes("roadmap dates and owners", &[text]);
    assert_eq!(picked[0], "A roadmap needs an owner for each date.");
    assert_eq!(picked.len(), 2);
}

#[test]
fn the_opening_of_a_text_goes_before_a_better_sentence_of_it() {
    let text = "Apply inside your company first of all. Outside applications for a product role without product work are \
        usually rejected.";
    let picked = quotes("outside applications for a product role without product work", &[text]);
    assert_eq!(picked[0], "Apply inside your company first of all.");
    assert_eq!(picked.len(), 2);
}

#[test]
fn the_passage_with_the_best_sentence_goes_before_the_others() {
    let picked = quotes(
        "Which owner does a roadmap date need?",
        &[
            "Plans change in each quarter, with or without an owner. Write all of it down in one place.",
            "A roadmap date needs an owner who can say no to it.",
        ],
    );
    assert!(picked[0].starts_with("A roadmap date"), "{picked:?}");
}

#[test]
fn no_more_than_two_sentences_of_a_passage_and_none_twice() {
    let same = "Roadmaps need dates that hold up. Roadmaps need dates that hold up. Roadmaps need owners for each date. Roadmaps need a reader.";
    let picked = quotes("roadmap dates", &[same, "Roadmap dates slip for everyone I know."]);
    assert!(picked.iter().filter(|q| q.starts_with("Roadmaps")).count() <= 2);
    assert!(picked.iter().any(|q| q.contains("slip")));
}

#[test]
fn a_sentence_that_leans_on_another_gives_way() {
    let text = "Weekly emails were dropped by us last year. Fixing bugs helps retention of old users. \
        This helps retention of users in a big way too.";
    assert_eq!(
        quotes("What helps retention of users in a big way?", &[text, text])[0],
        "Fixing bugs helps retention of old users."
    );
    let alone = text.replace("Fixing bugs helps retention of old users.", "Is there any other way?");
    let picked = quotes("What helps retention of users in a big way?", &[&alone]);
    assert!(!picked.iter().any(|quote| quote.starts_with("This")), "{picked:?}");
}

#[test]
fn half_a_quotation_gives_way() {
    let text = "She said: \"Pricing is what the market bears here. Pricing is never only about costs.\" Pricing follows value in my \
        market. Pricing needs a test before a launch.";
    assert_eq!(
        quotes("pricing", &[text]),
        [
            "Pricing follows value in my market.",
            "Pricing needs a test before a launch."
        ]
    );
}

#[test]
fn questions_and_fragments_are_not_quoted_and_nothing_gives_nothing() {
    assert_eq!(
        quotes(
            "pricing",
            &["Is pricing hard for you too? Pricing. Pricing gets easier with practice and data."]
        ),
        ["Pricing gets easier with practice and data."]
    );
    assert!(quotes("pricing", &[]).is_empty());
}

#[test]
fn a_leaning_sentence_may_follow_the_one_it_leans_on_and_nothing_else() {
    let text = "Retention follows from the first week of use. This is where retention of users is won or lost.";
    let passage = passage("e/q1/a", text);
    let pick = |leaning, text: &str| {
        let passage = Passage {
            text: text.into(),
            ..passage.clone()
        };
        let limits = Limits {
            sentences: 5,
            per_passage: 2,
            words: 150,
            leaning,
        };
        Asked::new("retention of users", None).pick(&[&passage], limits).len()
    };
    assert_eq!((pick(true, text), pick(false, text)), (2, 1));
    assert_eq!(pick(true, "This is where retention of users is won or lost."), 1);
}

#[test]
fn a_passage_of_a_fragment_is_quoted_where_there_is_nothing_else() {
    assert_eq!(quotes("interviews", &["A book"]), ["A book"]);
}

#[test]
fn meaning_finds_a_sentence_that_shares_no_word_with_the_question() {
    let text = "Pay people on time whatever happens. Set what a customer gives you by the value they see.";
    let passage = passage("e/q1/a", text);
    let limits = Limits {
        sentences: 1,
        per_passage: 1,
        words: 150,
        leaning: true,
    };
    let first = |meaning| {
        let picks = Asked::new("should we price by effort?", meaning).pick(&[&passage], limits);
        text[picks[0].quote.clone()].to_string()
    };
    assert!(first(None).starts_with("Pay"));
    assert!(first(Some(&FirstLetter as &dyn Meaning)).starts_with("Set"));
}

#[test]
fn near_duplicates_are_not_shown_twice() {
    let picked = quotes(
        "roadmap dates",
        &[
            "Roadmap dates need an owner who keeps them.",
            "Our roadmap dates need an owner who keeps them. Sales hears of roadmap dates last.",
        ],
    );
    assert_eq!(picked.iter().filter(|q| q.contains("owner")).count(), 1, "{picked:?}");
}

#[test]
fn a_condensed_passage_keeps_its_best_sentences_in_their_order() {
    let text = "We met in March for the first time. A roadmap needs dates. Lunch was good and long there. \
        Roadmap dates need an owner to hold.";
    let passage = passage("e/q1/a", text);
    let condensed = Asked::new("roadmap dates", None).condense(&[&passage], 10);
    assert_eq!(condensed, ["Roadmap dates need an owner to hold."]);
    let whole = Asked::new("roadmap dates", None).condense(&[&passage], 100);
    assert!(whole[0].starts_with("We met in March"), "{whole:?}");
}

/// Sentences of the built-in corpus by which one of those who answered says that another is wrong.
const DISSENT: &[(&str, u32, &str)] = &[
    (
        "breaking-in-from-next-door",
        3,
        "I disagree with the idea that you must first fix yourself.",
    ),
    (
        "building-llm-features",
        3,
        "I differ from people who say technical depth hardly matters.",
    ),
    (
        "first-90-days",
        1,
        "I disagree a little with spending month one on chores.",
    ),
    (
        "how-technical-should-a-pm-be",
        2,
        "I disagree with studying any of this as a syllabus.",
    ),
    (
        "interviews-sense-execution-estimation",
        1,
        "I disagree with people who say structure makes you sound like a form.",
    ),
    (
        "offers-levels-and-pay",
        3,
        "Unlike the director I wouldn't rule out comparison entirely.",
    ),
];

#[test]
fn who_contradicts_the_others_of_a_discussion_is_quoted_beside_them() {
    for (slug, discussion, dissent) in DISSENT {
        let path = format!("{}/corpus/{slug}.md", env!("CARGO_MANIFEST_DIR"));
        let edition = crate::corpus::parse(&path, &std::fs::read_to_string(&path).unwrap()).unwrap();
        let passages = crate::corpus::passages(&edition, &path);
        let group = format!("{slug}/q{discussion}");
        let of_group: Vec<&Passage> = passages.iter().filter(|p| p.id.group().to_string() == group).collect();
        let limits = Limits {
            sentences: 5,
            per_passage: 3,
            words: 150,
            leaning: true,
        };
        let picks = Asked::new(&of_group[0].discussion, None).pick(&of_group, limits);
        let quoted = |pick: &Pick| &of_group[pick.passage].text[pick.quote.clone()];
        let shown = picks.iter().any(|pick| quoted(pick) == *dissent);
        assert!(shown, "{group}: {:#?}", picks.iter().map(quoted).collect::<Vec<_>>());
        let voices: HashSet<usize> = picks.iter().map(|pick| pick.passage).collect();
        assert!(voices.len() > 1, "{group}: who is contradicted is not quoted");
    }
}
