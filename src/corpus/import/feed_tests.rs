//! Feeds as they come.

use super::super::import_bytes;
use super::*;

fn feed(text: &str) -> ImportReport {
    import_bytes("feed.xml", text.as_bytes(), &Limits::default())
}

const RSS: &str = "<?xml version='1.0'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'>\
<channel><title>Table &amp;amp; Chair</title><link>https://example.org/</link>\
<item><title><![CDATA[What’s &#8220;said&#8221;]]></title><link>https://example.org/1</link>\
<pubDate>Tue, 05 Mar 2024 09:00:00 GMT</pubDate><description>Short.</description>\
<content:encoded><![CDATA[<h2>At length</h2><p>Said at the table &amp; kept.</p>]]></content:encoded></item>\
<item><title>Two</title><description>&lt;p&gt;Only a&nbsp;summary.&lt;/p&gt;</description></item>\
<item><title>Three</title></item></channel></rss>";

#[test]
fn each_entry_of_rss_is_an_edition() {
    let report = feed(RSS);
    assert_eq!((report.editions.len(), report.skipped.len()), (2, 1), "{report:?}");
    let one = &report.editions[0];
    assert_eq!(one.edition.title, "What’s “said”");
    assert_eq!(one.edition.date.as_deref(), Some("2024-03-05"));
    assert_eq!(
        one.edition.source.as_deref(),
        Some("Feed Table & Chair, https://example.org/1")
    );
    assert_eq!(one.edition.sections[0].body, "Said at the table & kept.");
    assert_eq!(report.editions[1].edition.sections[0].body, "Only a summary.");
    assert_eq!(report.skipped[0].file, "feed.xml#3");
}

#[test]
fn atom_has_text_html_and_elements() {
    let report = feed(
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>\
         <entry><title>A</title><link rel='enclosure' href='https://example.org/x.mp3'/>\
         <link href='https://example.org/a?b=1&amp;c=2'/><published>2024-03-05T23:00:00-08:00</published>\
         <content type='html'>&lt;p&gt;One &amp;lt; two.&lt;/p&gt;</content></entry>\
         <entry><title>B</title><updated>2024-03-06T00:00:00Z</updated>\
         <content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>First&#32;part.</p><p>Second <b>part</b>.</p></div></content></entry>\
         <entry><title>C</title><summary>Plain &lt;b&gt; text.</summary></entry></feed>",
    );
    let body = |at: usize| report.editions[at].edition.sections[0].body.clone();
    assert_eq!(body(0), "One < two.");
    assert_eq!(report.editions[0].edition.date.as_deref(), Some("2024-03-05"));
    assert!(
        report.editions[0]
            .edition
            .source
            .as_deref()
            .is_some_and(|s| s.ends_with("/a?b=1&c=2"))
    );
    assert_eq!(body(1), "First part.\n\nSecond part.");
    assert_eq!(report.editions[1].edition.date.as_deref(), Some("2024-03-06"));
    assert_eq!(body(2), "Plain <b> text.");
}

#[test]
fn entities_of_the_feeds_own_are_not_expanded() {
    let bomb = "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]>\
        <rss><channel><item><title>T</title><description>&b; said and done</description></item></channel></rss>";
    let report = feed(bomb);
    assert_eq!(report.editions[0].edition.sections[0].body, "&b; said and done");
}

#[test]
fn a_broken_feed_gives_what_came_before_and_says_where() {
    let report = feed(&RSS[..RSS.find("<item><title>Two").unwrap()].replace("</item>", "</item><item <<\n"));
    assert_eq!(report.editions.len(), 1, "{report:?}");
    let empty = feed("<rss><channel></channel></rss>");
    assert!(empty.skipped[0].why.contains("no entry"));
}

#[test]
fn deep_elements_and_many_entries_are_bounded() {
    let deep = "<x>".repeat(100_000);
    let report = feed(&format!("<feed><entry><content type='xhtml'>{deep}text"));
    assert!(report.editions.is_empty() && !report.skipped.is_empty());
    let limits = Limits {
        items: 2,
        ..Limits::default()
    };
    let many = format!(
        "<rss><channel>{}",
        "<item><description>Said at the table.</description></item>".repeat(5)
    );
    let report = import_bytes("f.xml", many.as_bytes(), &limits);
    assert_eq!(report.editions.len(), 2);
    assert!(report.skipped[0].why.contains("5 entries"));
}
