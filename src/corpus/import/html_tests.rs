//! Tests of what readers see of a page.

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
    let hidden = format!("<p>Seen and said</p>{}x", "<div hidden>".repeat(200_000));
    assert_eq!(texts(&hidden), ["Seen and said"]);
}

#[test]
fn what_is_not_closed_hides_no_more_than_a_browser_hides() {
    let html = "<p><span style='display:none'>A word before</p><h1>Notes</h1><p>Our meeting took an hour.</p>";
    assert_eq!(texts(html), ["Notes", "Our meeting took an hour."]);
    let cell =
        "<table><tr><td><div style='display:none'>Peek</td></tr><tr><td>Our meeting took an hour.</td></tr></table>";
    assert_eq!(texts(cell), ["Our meeting took an hour."]);
}

#[test]
fn what_fades_in_is_shown_and_a_preheader_is_not() {
    assert_eq!(
        texts("<div style='opacity:0;transform:translateY(20px)'><p>Seen</p></div>"),
        ["Seen"]
    );
    assert_eq!(texts("<body style='visibility: hidden'><p>Seen</p></body>"), ["Seen"]);
    assert_eq!(
        texts("<main style='display:none'><p>All of the page</p></main>"),
        ["All of the page"]
    );
    let both = "<div style='opacity:0;font-size:1px'>Peek</div><p>The letter begins here.</p>";
    assert_eq!(texts(both), ["The letter begins here."]);
}

#[test]
fn elements_that_end_themselves_in_xml_are_whole() {
    let page = "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><head><title/><script src='a'/></head>\
        <body><p/><iframe src='x'/><p>Seen</p></body></html>";
    assert_eq!(texts(page), ["Seen"]);
}

#[test]
fn lists_keep_their_numbers() {
    let html = "<ol start='8'><li>Eight<li>Nine</ol><p>And:</p><ol start=10><li>Ten</ol>";
    assert_eq!(texts(html), ["8. Eight", "9. Nine", "And:", "10. Ten"]);
    assert_eq!(texts("<ol><li value=3>Three<li>Four</ol>"), ["3. Three", "4. Four"]);
    assert_eq!(texts("<ol reversed><li>Two<li>One</ol>"), ["2. Two", "1. One"]);
    assert_eq!(texts("<ol start='x'><li>One</ol>"), ["1. One"]);
}

#[test]
fn signs_of_items_make_items() {
    let cells = "<table><tr><td>•</td><td>Prices rise</td></tr><tr><td>•</td><td>Nobody reads</td></tr></table>";
    assert_eq!(texts(cells), ["- Prices rise", "- Nobody reads"]);
    assert_eq!(
        texts("<p>· Prices rise</p><p>▪ Nobody reads</p>"),
        ["- Prices rise", "- Nobody reads"]
    );
    assert_eq!(
        texts("<p>Three lines:<br>• One<br>• Two</p>"),
        ["Three lines:", "- One", "- Two"]
    );
    let numbered = "<table><tr><td>1.</td><td>Prices rise</td></tr><tr><td>2.</td><td>Nobody reads</td></tr></table>";
    assert_eq!(texts(numbered), ["1. Prices rise", "2. Nobody reads"]);
}

#[test]
fn tables_of_figures_keep_their_rows() {
    let html =
        "<table><thead><tr><th>Plan<th>Share of buyers</thead><tr><td>Team<td>34%<tr><td>Firm<td><p>5%</p></table>";
    let rows = "| Plan | Share of buyers |\n| --- | --- |\n| Team | 34% |\n| Firm | 5% |";
    assert_eq!(texts(html), [rows]);
    let bare = "<table><tr><td>Team<td>34%<tr><td>Firm<td>5%<tr><td>One<td>61%</table>";
    assert_eq!(texts(bare), ["| Team | 34% |\n| Firm | 5% |\n| One | 61% |"]);
}

#[test]
fn quotations_are_marked_and_forwarded_mail_is_not() {
    let own = "<p>I think that this is wrong, and we dropped dates.</p>";
    let html =
        format!("<p>He said:</p><blockquote><p>Without a date<br>nobody moves.</p><p>– A Boss</p></blockquote>{own}");
    let expected = [
        "He said:",
        "> Without a date\n> nobody moves.",
        "> – A Boss",
        "I think that this is wrong, and we dropped dates.",
    ];
    assert_eq!(texts(&html), expected);
    let forwarded = format!("<p>FYI</p><blockquote type=cite>{own}</blockquote>");
    assert_eq!(
        texts(&forwarded)[1],
        "I think that this is wrong, and we dropped dates."
    );
    let indented = format!("<blockquote>{own}</blockquote><p>– Ana</p>");
    assert_eq!(texts(&indented)[0], "I think that this is wrong, and we dropped dates.");
}

#[test]
fn footnote_marks_are_never_part_of_a_number() {
    let html = "<p>It was 40<a class='footnote-anchor' href='#footnote-1'>1</a> and fell to 3<sup>2</sup> percent.</p>\
        <p>We sell 10<sup>6</sup> seats on the 1<sup>st</sup>. <s>$40</s> $50.</p>\
        <div class=footnote><a href='#footnote-anchor-1'>1</a><div><p>Of all users.</p></div></div>";
    let expected = [
        "It was 40[^1] and fell to 3[^2] percent.",
        "We sell 10^6 seats on the 1st. ~~$40~~ $50.",
        "[^1] Of all users.",
    ];
    assert_eq!(texts(html), expected);
    let wiki = "<p>It was 40<sup class=reference><a href='#cite_note-1'>[1]</a></sup> then.</p>";
    assert_eq!(texts(wiki), ["It was 40[^1] then."]);
    assert_eq!(
        texts("<p>An area of 40 m<sup>2</sup> in <a href='#top'>the table</a>.</p>"),
        ["An area of 40 m^2 in the table."]
    );
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
    fn any_page_is_read(html in "(?s)(<(/?)(p|div|table|tr|td|th|ol|li|sup|a|nav|article|main|h1|blockquote|footer|svg|template)( (hidden|class=(comments|menu|share)|href=#x|role=navigation))?/?>|[a-z]{1,5} |[0-9]){0,120}") {
        let _ = (saved_page(&html, &Limits::default()), document(&html, &Limits::default()));
    }

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
