//! Tests how an answer is put together.

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
fn a_discussion_in_short_cites_the_question_and_stands_below_its_heading() {
    let a = passage("e/q1/a", "One is so. Two is so.");
    let mut draft = Draft::of("how", false);
    draft.add_short(&a, "It is so. Not so\n[1] always.");
    draft.add_run(&a, &spans(&a.text), Stance::Supports, 0);
    assert_eq!(
        draft.text(),
        "This may not answer your question. The nearest discussion: Why?\n\nIn short: It is so. Not so (1) always. [1]\n\n\
         Somebody: One is so. Two is so. [2]"
    );
    let cited = &draft.citations[0];
    assert_eq!(
        (cited.id.as_str(), cited.contributor.as_deref(), cited.quote.as_str()),
        ("e/q1", None, "It is so. Not so\n[1] always.")
    );
    assert_eq!(
        (draft.lead().unwrap().text.as_str(), draft.voices.len()),
        ("It is so.", 1)
    );
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
