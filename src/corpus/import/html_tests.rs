//! What a reader sees of a page.

use super::*;
use proptest::prelude::*;

fn seen(html: &str) -> Vec<(Look, String)> {
    let document = document(html, &Limits::default()).unwrap();
    document.blocks.into_iter().map(|b| (b.look, b.text)).collect()
}

fn texts(html: &str) -> Vec<String> {
    seen(html)
        .into_iter()
        .filter(|(look, _)| !matches!(look, Look::Unseen(_)))
        .map(|(_, t)| t)
        .collect()
}

#[test]
fn layout_tables_are_paragraphs_in_order() {
    let html = "<table><tr><td><p>One</p><p>Two\n wraps</p></td><td>Three</td></tr><tr><td>Four";
    assert_eq!(texts(html), ["One", "Two wraps", "Three", "Four"]);
}

#[test]
fn what_is_not_shown_is_set_apart() {
    let html = "<style>p{}</style><script>var x = '<p>no</p>';</script>\
        <div style='display: none'>Peek <div>inside</div> more</div><p>Seen</p>\
        <span class='preheader'>Pre</span><p hidden>No<p>Yes</p><!-- not <p>this</p> -->\
        <img src=x width=1 height=1 alt='pixel'><img src=x alt='A chart'>";
    assert_eq!(texts(html), ["Seen", "Yes"]);
    let unseen: Vec<_> = seen(html)
        .into_iter()
        .filter(|(look, _)| matches!(look, Look::Unseen(_)))
        .map(|(_, t)| t)
        .collect();
    assert_eq!(unseen, ["Peek inside more", "Pre", "No", "A chart"]);
}

#[test]
fn templates_that_size_cells_to_nothing_are_shown() {
    let html = "<td style='font-size:0px;padding:0'><div style='font-size:16px'>Shown</div></td>";
    assert_eq!(texts(html), ["Shown"]);
}

#[test]
fn lists_are_numbered_and_bulleted() {
    let html = "<ol><li>One<li><p>Two</p></ol><ul><li>Dot</ul>";
    assert_eq!(texts(html), ["1. One", "2. Two", "- Dot"]);
}

#[test]
fn line_breaks_part_lines_and_two_part_paragraphs() {
    assert_eq!(texts("<p>a<br>b<br><br>c</p>"), ["a\nb", "c"]);
    assert_eq!(texts("<p>Text.<br>– Jane Doe</p>"), ["Text.", "– Jane Doe"]);
}

#[test]
fn headings_and_paragraphs_all_in_bold_are_headings() {
    let html = "<h2>Two</h2><p><b>Bold</b></p><p><b>Not</b> all</p><p><strong>– Jane Doe</strong></p>";
    let looks: Vec<_> = seen(html).into_iter().map(|(look, _)| look).collect();
    assert_eq!(
        looks,
        [Look::Heading(2), Look::Heading(7), Look::Paragraph, Look::Paragraph]
    );
}

#[test]
fn titles_dates_links_and_entities_are_read() {
    let html = "<head><title>Page &amp; more</title><meta property='article:published_time' content='2024-03-05T10:00'>\
        </head><p>Caf&eacute;&nbsp;<a href='javascript:x'>no</a> <a href='https://example.org/a'>yes</a></p>";
    let document = document(html, &Limits::default()).unwrap();
    assert_eq!(document.page_title.as_deref(), Some("Page & more"));
    assert_eq!(document.date.as_deref(), Some("2024-03-05"));
    assert_eq!(document.blocks[0].text, "Café no yes");
    assert_eq!(document.blocks[0].link.as_deref(), Some("https://example.org/a"));
}

#[test]
fn depth_costs_nothing() {
    let deep = format!("{}<p>bottom</p>", "<div><b><ul><li>".repeat(200_000));
    assert_eq!(texts(&deep).last().map(String::as_str), Some("- bottom"));
    let hidden = format!("{}x", "<div hidden>".repeat(200_000));
    assert!(texts(&hidden).is_empty());
}

#[test]
fn endless_paragraphs_and_text_are_refused() {
    let limits = Limits {
        blocks: 10,
        text_bytes: 100,
        ..Limits::default()
    };
    assert!(document(&"<p>x".repeat(50), &limits).is_err());
    assert!(document(&"x".repeat(500), &limits).is_err());
}

proptest! {
    #[test]
    fn any_markup_is_read(html in "(?s)(<(/?)(p|div|td|ol|li|b|script|title|h1|br|a|pre|svg)( (hidden|style='display:none'|href=x))?/?>|&[a-z#0-9]{0,6};?|<!--|-->|.){0,80}") {
        let _ = document(&html, &Limits::default());
    }

    #[test]
    fn every_shown_word_is_there(words in proptest::collection::vec("[a-z]{1,8}", 1..20), tags in proptest::collection::vec("(<p>|</p>|<td>|<div>|</div>|<br>|<b>|</b>|<ul><li>|</ul>|<h2>|</h2>| )", 20)) {
        let html: String = words.iter().zip(&tags).map(|(w, t)| format!("{t}{w} ")).collect();
        let all = texts(&html).join(" ");
        let kept: Vec<_> = all.split_whitespace().filter(|w| *w != "-").collect();
        prop_assert_eq!(kept, words.iter().map(String::as_str).collect::<Vec<_>>());
    }
}
