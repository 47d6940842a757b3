//! Tests questions against small corpora: what is found, in which order, and how much is covered.

use super::*;
use crate::corpus::SourceFile;
use crate::index::tests::{edition, raw};
use tempfile::TempDir;

fn corpus() -> Vec<SourceFile> {
    vec![
        edition(
            "careers",
            &[
                (
                    "How does one become an AI/ML PM?",
                    &[
                        "Learn how machine learning models are trained, then ship one small feature.",
                        "Stakeholders want the algorithm to do different things; push back with data science.",
                        "A degree in statistics is worth less than a year next to machine learning engineers.",
                    ],
                ),
                (
                    "Getting ready for an interview",
                    &[
                        "Tell three stories about products you launched.",
                        "Practice estimates aloud with a friend.",
                    ],
                ),
            ],
        ),
        edition(
            "process",
            &[
                (
                    "Who should write the PRD?",
                    &[
                        "The product manager writes PRDs and the designer reviews them.",
                        "Nobody reads PRDs; draw it.",
                    ],
                ),
                (
                    "How do you run an A/B test with little traffic?",
                    &[
                        "Test large changes only and wait four weeks.",
                        "Do not: interview eight customers instead.",
                    ],
                ),
                (
                    "Saying no to stakeholders",
                    &[
                        "Show the roadmap and ask what should leave it.",
                        "Agree on one metric before the quarter starts.",
                    ],
                ),
            ],
        ),
    ]
}

fn store(files: &[SourceFile]) -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::refresh(dir.path(), files).unwrap();
    (dir, store)
}

fn ask(text: &str) -> Retrieved {
    let (_dir, store) = store(&corpus());
    search(&store, &Query::new(text, 5)).unwrap()
}

fn ids(found: &Retrieved) -> Vec<String> {
    found.hits.iter().map(|hit| hit.passage.id.to_string()).collect()
}

#[test]
fn the_discussion_that_asks_the_same_comes_first_and_is_covered() {
    for (question, discussion) in [
        ("How do I become an AI/ML PM?", "careers/q1"),
        ("who writes prds", "process/q1"),
        ("a/b tests with little traffic", "process/q2"),
        ("How should I say no to a stakeholder?", "process/q3"),
    ] {
        let found = ask(question);
        let first = found.hits[0].passage.id.group().to_string();
        assert_eq!(first, discussion, "{question}: {:?}", ids(&found));
        assert!(found.coverage > 0.6, "{question}: {}", found.coverage);
    }
    assert_eq!(ask("How do I become an AI/ML PM?").coverage, 1.0);
}

#[test]
fn a_question_about_something_else_is_hardly_covered_and_names_what_is_unknown() {
    let found = ask("best pizza in Naples");
    assert!(found.coverage < 0.2, "{}", found.coverage);
    assert_eq!(found.unknown, ["pizza", "Naples"]);
    assert!(found.hits.is_empty());
    let found = ask("How long do I cook pasta for a product manager?");
    assert!(found.coverage < 0.5, "{}", found.coverage);
}

#[test]
fn misspelt_words_are_read_as_the_nearest_known_one() {
    let found = ask("machien lerning");
    assert_eq!(found.hits[0].passage.id.group().to_string(), "careers/q1");
    assert!(found.coverage > 0.7, "{}", found.coverage);
    assert!(found.unknown.is_empty());
    let read: Vec<_> = found
        .corrected
        .iter()
        .map(|c| (c.word.as_str(), c.read_as.as_str()))
        .collect();
    assert_eq!(read, [("machien", "machine"), ("lerning", "learning")]);
    assert!(found.coverage < ask("machine learning").coverage);
}

#[test]
fn words_side_by_side_beat_the_same_words_apart() {
    let files = [edition(
        "e",
        &[
            ("One", &["The market for a product of some fit size."]),
            ("Two", &["The size of some product market fit, for a."]),
        ],
    )];
    let (_dir, store) = store(&files);
    let found = search(&store, &Query::new("product market fit", 5)).unwrap();
    assert_eq!(ids(&found), ["e/q2/a", "e/q1/a"]);
    assert!(found.hits[0].score > found.hits[1].score);
}

#[test]
fn a_word_in_the_title_is_worth_more_than_in_the_text() {
    let files = [edition(
        "e",
        &[("Plans", &["Churn is high."]), ("Churn", &["Plans are high."])],
    )];
    let (_dir, store) = store(&files);
    let found = search(&store, &Query::new("churn", 5)).unwrap();
    assert_eq!(ids(&found), ["e/q2/a", "e/q1/a"]);
}

#[test]
fn one_discussion_does_not_fill_the_list() {
    let found = ask("machine learning data science stakeholders statistics");
    let of_first = ids(&found).iter().filter(|id| id.starts_with("careers/q1/")).count();
    assert_eq!(of_first, 2);
    let (_dir, store) = store(&corpus());
    let query = Query {
        per_discussion: 1,
        ..Query::new("stakeholders roadmap metric machine learning", 9)
    };
    let found = search(&store, &query).unwrap();
    let groups: std::collections::HashSet<_> = found.hits.iter().map(|h| h.passage.id.group()).collect();
    assert_eq!(groups.len(), found.hits.len());
    assert_eq!(
        found.hits.iter().map(|h| h.rank).collect::<Vec<_>>(),
        (1..=found.hits.len()).collect::<Vec<_>>()
    );
}

#[test]
fn a_long_answer_does_not_take_the_place_of_another() {
    let long = format!("{}\n\n{}", "churn ".repeat(300).trim(), "churn ".repeat(300).trim());
    let (_dir, store) = store(&[edition("e", &[("Q?", &[long.as_str(), "Some churn is fine."])])]);
    let found = search(&store, &Query::new("churn", 5)).unwrap();
    let mut answers = ids(&found);
    answers.sort();
    assert_eq!(answers, ["e/q1/a", "e/q1/b"]);
}

#[test]
fn equal_scores_stand_in_the_order_of_identifiers() {
    let files: Vec<_> = ["d", "b", "c", "a"]
        .iter()
        .map(|s| edition(s, &[("Same", &["Same text."])]))
        .collect();
    let (_dir, store) = store(&files);
    let found = search(&store, &Query::new("same text", 3)).unwrap();
    assert_eq!(ids(&found), ["a/q1/a", "b/q1/a", "c/q1/a"]);
}

/// Returns hits with their exact scores.
fn exact(store: &Store, question: &str) -> Vec<(String, u32, u32, u32)> {
    let found = search(store, &Query::new(question, 10)).unwrap();
    let exact = |h: &Hit| {
        (
            h.passage.id.to_string(),
            h.passage.part,
            h.score.to_bits(),
            h.coverage.to_bits(),
        )
    };
    found.hits.iter().map(exact).collect()
}

#[test]
fn hits_and_scores_do_not_depend_on_how_the_index_came_about() {
    let files = many(60);
    let (_at_once, at_once) = store(&files);

    let dir = tempfile::tempdir().unwrap();
    let mut shuffled: Vec<_> = files.iter().rev().cloned().collect();
    shuffled.rotate_left(17);
    let stale = edition(
        "e07",
        &[(
            "Roadmap roadmap",
            &["roadmap metric churn and words of an older version"],
        )],
    );
    let gone = edition("gone", &[("Churn", &["churn pricing roadmap zzyzx"])]);
    let mut first: Vec<_> = shuffled[..20]
        .iter()
        .filter(|f| f.path != stale.path)
        .cloned()
        .collect();
    first.extend([stale, gone]);
    Store::refresh(dir.path(), &first).unwrap();
    for count in [25, 31, 47, 58] {
        Store::refresh(dir.path(), &shuffled[..count]).unwrap();
    }
    let (step_by_step, _) = Store::refresh(dir.path(), &shuffled).unwrap();

    assert!(
        step_by_step.searcher().segment_readers().len() > 1,
        "the test needs several segments"
    );
    for question in [
        "roadmap churn",
        "pricing for the metric",
        "roadmpa of churn",
        "zzyzx",
        "discovery onboarding launch",
    ] {
        assert_eq!(exact(&step_by_step, question), exact(&at_once, question), "{question}");
    }
    assert!(!exact(&at_once, "roadmap churn").is_empty());
}

/// Editions whose answers mix a few words in different numbers, some of them equal.
fn many(count: usize) -> Vec<SourceFile> {
    const WORDS: [&str; 8] = [
        "roadmap",
        "churn",
        "pricing",
        "metric",
        "discovery",
        "onboarding",
        "launch",
        "team",
    ];
    let text = |seed: usize| -> String {
        (0..5 + seed % 11)
            .map(|i| WORDS[(seed * 7 + i * i + i) % WORDS.len()].to_string() + " ")
            .collect()
    };
    (0..count)
        .map(|i| {
            let (a, b, c) = (text(i), text(i + 1), text(i % 13));
            let title = format!("About {}", WORDS[i % WORDS.len()]);
            edition(
                &format!("e{i:02}"),
                &[(title.as_str(), &[a.trim(), b.trim()]), ("Other", &[c.trim()])],
            )
        })
        .collect()
}

#[test]
fn hostile_and_huge_questions_are_text() {
    let (_dir, store) = store(&corpus());
    let huge = "roadmap \"AND (title:* ".repeat(50_000);
    for question in [
        "",
        " ",
        "\0",
        "*",
        "\"",
        "a AND",
        "title:roadmap",
        "\\",
        "🙂",
        "((((",
        &huge,
    ] {
        let found = search(&store, &Query::new(question, 5)).unwrap();
        assert!(found.coverage <= 1.0);
    }
    assert!(!search(&store, &Query::new(&huge, 5)).unwrap().hits.is_empty());
}

#[test]
fn a_question_without_a_topic_covers_nothing() {
    let found = ask("How does one become one?");
    assert_eq!(found.coverage, 0.0);
    assert_eq!(found.hits[0].passage.id.group().to_string(), "careers/q1");
}

#[test]
fn an_empty_index_and_a_limit_of_none_give_no_hits() {
    let (_dir, empty) = store(&[]);
    let found = search(&empty, &Query::new("anything roadmap", 5)).unwrap();
    assert!(found.hits.is_empty());
    assert_eq!((found.coverage, found.unknown.len()), (0.0, 1));
    let (_dir, store) = store(&corpus());
    assert!(search(&store, &Query::new("roadmap", 0)).unwrap().hits.is_empty());
}

#[test]
fn a_hit_is_the_passage_as_it_was_indexed() {
    let found = ask("launched products stories");
    let passage = &found.hits[0].passage;
    assert_eq!(passage.text, "Tell three stories about products you launched.");
    assert_eq!(passage.discussion, "Getting ready for an interview");
    assert_eq!(passage.contributor.as_deref(), Some("Contributor a"));
    assert_eq!(
        (passage.path.as_str(), passage.edition_title.as_str()),
        ("careers.md", "Issue careers")
    );
    assert_eq!(found.hits[0].matched, ["launched", "products", "stories"]);
}

#[test]
fn a_resource_is_found_and_is_its_own_group() {
    let text = "---\nslug: r\ntitle: R\n---\n\n## Resources\n\n### R1. Gradient descent (a talk)\n\nWhy slopes matter.\n\n\
                ### R2. Backpropagation\n\nWhy slopes matter.\n";
    let (_dir, store) = store(&[raw("r.md", text)]);
    let found = search(
        &store,
        &Query {
            per_discussion: 1,
            ..Query::new("slopes", 5)
        },
    )
    .unwrap();
    assert_eq!(ids(&found), ["r/r1", "r/r2"]);
}

/// Three editions that say the same: two with different dates, and one undated. In each, one contributor has another
/// name.
fn dated() -> Vec<SourceFile> {
    let edition = |slug: &str, date: &str, by: &str| {
        let text = format!(
            "---\nslug: {slug}\ntitle: {slug}\n{date}---\n\n## Q1. What of churn?\n\n### A. {by}\n\nChurn falls.\n\n\
             ### B. Another\n\nChurn rises.\n\n## Resources\n\n### R1. On churn\n\nOf churn.\n"
        );
        raw(&format!("{slug}.md"), &text)
    };
    vec![
        edition("old", "date: 2023-12-31\n", "Zoë Ångström"),
        edition("new", "date: 2024-01-01\n", "ZOE of Payments"),
        edition("undated", "", "Someone"),
    ]
}

fn filtered(filters: &Filters) -> Vec<String> {
    let (_dir, store) = store(&dated());
    let query = Query {
        filters,
        ..Query::new("churn", 20)
    };
    let mut ids = ids(&search(&store, &query).unwrap());
    ids.sort();
    ids
}

#[test]
fn a_day_keeps_what_is_of_it_or_later_and_leaves_the_undated_out() {
    let since = |day: &str| {
        filtered(&Filters {
            since: Some(day.parse().unwrap()),
            ..Filters::default()
        })
    };
    let new = ["new/q1/a", "new/q1/b", "new/r1"];
    for day in ["2024", "2024-01", "2024-01-01"] {
        assert_eq!(since(day), new, "{day}");
    }
    assert_eq!(since("2023-12-31").len(), 6);
    assert!(since("2024-01-02").is_empty());
    assert_eq!(filtered(&Filters::default()).len(), 9);
}

#[test]
fn an_edition_and_a_contributor_narrow_the_corpus_together() {
    let by = |edition: Option<&str>, contributor: &str| {
        filtered(&Filters {
            edition: edition.map(str::to_string),
            contributor: Some(contributor.into()),
            ..Filters::default()
        })
    };
    assert_eq!(by(None, "zoe"), ["new/q1/a", "old/q1/a"]);
    assert_eq!(by(None, "angstrom"), ["old/q1/a"]);
    assert_eq!(by(Some("NEW"), "Zoë"), ["new/q1/a"]);
    assert!(by(Some("nowhere"), "zoe").is_empty());
    assert!(by(Some("undated"), "zoe").is_empty());
}

#[test]
fn a_filter_finds_what_would_not_be_among_the_first_and_does_not_change_its_score() {
    let answers: Vec<String> = (0..150).map(|n| format!("Churn, churn and churn {n}.")).collect();
    let mut files: Vec<_> = answers
        .iter()
        .zip(0..)
        .map(|(text, n)| edition(&format!("e{n}"), &[("Churn", &[text])]))
        .collect();
    files.push(edition(
        "last",
        &[("Growth", &["It ends, and some call that churn, at length, in the end."])],
    ));
    let (_dir, store) = store(&files);
    let all = search(&store, &Query::new("churn", 1_000)).unwrap();
    let filters = Filters {
        edition: Some("last".into()),
        ..Filters::default()
    };
    let query = Query {
        filters: &filters,
        ..Query::new("churn", 1)
    };
    let found = search(&store, &query).unwrap();
    assert_eq!(ids(&found), ["last/q1/a"]);
    let same = all
        .hits
        .iter()
        .find(|hit| hit.passage.id == found.hits[0].passage.id)
        .unwrap();
    assert_eq!(
        (same.score, same.coverage),
        (found.hits[0].score, found.hits[0].coverage)
    );
}
