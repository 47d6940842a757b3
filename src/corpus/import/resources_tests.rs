//! Tests of how resources get their titles.

use super::*;

fn block(look: Look, text: &str) -> Block {
    Block {
        link: super::super::block::address_in(text),
        ..Block::new(look, text)
    }
}

fn paragraphs(texts: &[&str]) -> Vec<Block> {
    texts.iter().map(|t| block(Look::Paragraph, t)).collect()
}

fn titles(found: &Found) -> Vec<&str> {
    found.resources.iter().map(|r| r.title.as_str()).collect()
}

#[test]
fn summaries_without_titles_take_those_of_the_contents_in_order() {
    let contents = ["First".to_string(), "Second".to_string()];
    let found = pair(&paragraphs(&["The video says one.", "This book says two."]), &contents);
    assert_eq!(titles(&found), ["First", "Second"]);
    assert_eq!(found.resources[1].summary, "This book says two.");
    assert_eq!(found.resources[0].kind.as_deref(), Some("video"));
    assert_eq!(found.used_titles.len(), 2);
}

#[test]
fn more_summaries_than_titles_stay_with_the_last_and_more_titles_stay_alone() {
    let one = ["Only".to_string()];
    let found = pair(&paragraphs(&["Says one.", "Says more."]), &one);
    assert_eq!(found.resources[0].summary, "Says one.\n\nSays more.");
    let two = ["First".to_string(), "Second".to_string()];
    let found = pair(&paragraphs(&["Says one."]), &two);
    assert_eq!(titles(&found), ["First", "Second"]);
    assert_eq!(found.resources[1].summary, "");
}

#[test]
fn titles_printed_with_their_summaries_win() {
    let contents = ["A Book!".to_string(), "A talk".to_string()];
    let found = pair(
        &paragraphs(&["1. A book", "It says one.", "2. A talk", "It says two.", "And three."]),
        &contents,
    );
    assert_eq!(titles(&found), ["A book", "A talk"]);
    assert_eq!(found.resources[1].summary, "It says two.\n\nAnd three.");
    assert_eq!(found.label_words, 2);
    assert!(
        found.used_titles.is_empty(),
        "the titles here are kept, not those of the contents"
    );
}

#[test]
fn list_items_are_titles_with_what_follows_the_dash() {
    let long =
        "- A fine course on testing – it takes six weeks and covers far more than its name would make one think.";
    let found = pair(&[block(Look::Item, long), block(Look::Item, "- A short one")], &[]);
    assert_eq!(titles(&found), ["A fine course on testing", "A short one"]);
    assert!(found.resources[0].summary.starts_with("it takes"));
}

#[test]
fn a_summary_that_nothing_names_is_named_by_its_first_words() {
    let found = pair(&paragraphs(&["A fine read. It says a lot. https://example.org/x"]), &[]);
    assert_eq!(titles(&found), ["A fine read"]);
    assert_eq!(found.resources[0].link.as_deref(), Some("https://example.org/x"));
    assert_eq!(found.made_up, 3);
}
