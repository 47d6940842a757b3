//! Tests of how plain text and Markdown are split.

use super::*;
use proptest::prelude::*;

#[test]
fn tildes_between_blank_lines_are_a_rule_unless_they_open_code() {
    let count = |text: &str| blocks(text, 100).unwrap().len();
    assert_eq!(count("One.\n\n~~~\n\nTwo.\n\n~~~\n\nThree."), 3 + 2);
    // The code is one block, and the text below it another.
    assert_eq!(count("One.\n\n~~~\n\nlet a = 1;\n~~~\n\nTwo.\n\nThree."), 4);
}

fn looks(text: &str) -> Vec<(Look, String)> {
    blocks(text, 1_000)
        .unwrap()
        .into_iter()
        .map(|b| (b.look, b.text))
        .collect()
}

#[test]
fn paragraphs_items_rules_and_headings_are_told_apart() {
    let text = "# One #\n\nText.\n____\n• item\n2) second\n\nTwo\n===\nmore\n";
    let expected = [
        (Look::Heading(1), "One"),
        (Look::Paragraph, "Text."),
        (Look::Rule, ""),
        (Look::Item, "- item"),
        (Look::Item, "2) second"),
        (Look::Heading(1), "Two"),
        (Look::Paragraph, "more"),
    ];
    let expected: Vec<_> = expected.iter().map(|(l, t)| (*l, t.to_string())).collect();
    assert_eq!(looks(text), expected);
}

#[test]
fn wrapped_lines_are_joined_and_short_lines_are_not() {
    let wrapped = format!("{}\nand goes on here.", "word ".repeat(12).trim());
    assert_eq!(looks(&wrapped).len(), 1);
    assert!(!looks(&wrapped)[0].1.contains('\n'));
    assert_eq!(looks("short\nlines")[0].1, "short\nlines");
}

#[test]
fn long_lines_are_paragraphs_of_their_own() {
    let long = "word ".repeat(40);
    assert_eq!(looks(&format!("{long}\n{long}")).len(), 2);
}

#[test]
fn a_signature_under_its_paragraph_is_a_block() {
    let found = looks("Text of it.\n– Jane Doe\n----------\n");
    assert_eq!(found[1], (Look::Paragraph, "– Jane Doe".into()));
    assert_eq!(found[2].0, Look::Rule);
}

#[test]
fn code_keeps_its_lines_and_is_no_heading() {
    let found = looks("```\n# not a heading\n\n  indented\n```\nafter");
    assert_eq!(found[0].1, "```\n# not a heading\n\n  indented\n```");
    assert_eq!(found[1].1, "after");
}

proptest! {
    #[test]
    fn no_word_is_lost(text in "(?s)[-a-z0-9 .)#*_\n`]{0,200}") {
        // Compare only words. Characters that draw lines, open headings or mark items may be dropped.
        let letters = |t: &str| t.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let kept: String = blocks(&text, 1_000).unwrap().iter().map(|b| b.text.as_str()).collect();
        prop_assert_eq!(letters(&kept), letters(&text));
    }
}
