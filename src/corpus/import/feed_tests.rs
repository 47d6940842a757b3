//! Tests of feeds as real programs write them.

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
fn a_feed_that_breaks_off_gives_what_came_before_and_says_so() {
    // An error inside a feed does not stop the reading, and a truncated file is reported.
    let report = feed(&RSS[..RSS.find("<item><title>Two").unwrap()].replace("</item>", "</item><item <<\n"));
    assert_eq!(report.editions.len(), 1, "{report:?}");
    assert!(
        report.skipped.iter().any(|s| s.why.contains("breaks off")),
        "{report:?}"
    );
    let empty = feed("<rss><channel></channel></rss>");
    assert!(empty.skipped[0].why.contains("no entry"));
}

#[test]
fn deep_elements_and_many_entries_are_bounded() {
    let deep = "<x>".repeat(100_000);
    let report = feed(&format!("<feed><entry><content type='xhtml'>{deep}text"));
    assert!(report.editions.len() <= 1 && !report.skipped.is_empty());
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

fn titles(report: &ImportReport) -> Vec<&str> {
    report.editions.iter().map(|e| e.edition.title.as_str()).collect()
}

/// Imports an RSS feed of `items`, with the usual prefixes declared.
fn rss(items: &str) -> ImportReport {
    feed(&format!(
        "<?xml version='1.0'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/' \
         xmlns:media='http://search.yahoo.com/mrss/' xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd' \
         xmlns:a='http://www.w3.org/2005/Atom'><channel><title>F</title>{items}</channel></rss>"
    ))
}

#[test]
fn faults_in_an_entry_cost_no_entry() {
    let item =
        |title: &str| format!("<item><title>{title}</title><description>Said at the table.</description></item>");
    for fault in [
        "Two < three",
        "Two <three",
        "R&D",
        "a & b",
        "<b>Two</b>",
        "Two &nosuch; three",
        "&#0; two",
        "\u{1}two",
        "<![CDATA[Two]]",
        "<!-- two",
    ] {
        let report = rss(&format!("{}{}{}", item("One"), item(fault), item("Three")));
        let titles = titles(&report);
        assert!(titles.first() == Some(&"One"), "{fault}: {titles:?}");
        let all = titles.len() == 3 && titles[2] == "Three";
        assert!(
            all || fault.starts_with("<!") && !report.skipped.is_empty(),
            "{fault}: {report:?}"
        );
    }
    let unclosed = rss(
        "<item><title>One<description>Said at the table.<item><title>Two</title><description>And kept.</description></item>",
    );
    assert_eq!(titles(&unclosed), ["One", "Two"]);
    let around = feed(&format!(
        "<br />\n<b>Warning</b>: line 3\n{RSS}[]\n<br />Warning: something < in line 3"
    ));
    assert_eq!(around.editions.len(), 2, "{around:?}");
    assert_eq!(around.editions[0].edition.sections[0].body, "Said at the table & kept.");
}

#[test]
fn only_the_entrys_own_fields_are_its_text_title_and_day() {
    let report = rss(
        "<item><a:source><a:title>Other</a:title><a:updated>2020-01-01T00:00:00Z</a:updated></a:source><title>One</title>\
         <pubDate>Mon, 05 Jan 2026 09:00:00 GMT</pubDate><description>Short.</description>\
         <content:encoded>&lt;p&gt;At length, said at the table.&lt;/p&gt;</content:encoded>\
         <media:content url='https://e.org/a.png'><media:title>dana</media:title><media:description>A face</media:description></media:content>\
         <itunes:summary>thumb</itunes:summary><author><name>Dana</name></author></item>\
         <item><title>Two</title><itunes:summary>Said aloud, in episode nine.</itunes:summary></item>\
         <item><title>Three</title><media:group><media:title>no</media:title><media:description>Said on film.</media:description></media:group></item>",
    );
    assert_eq!(titles(&report), ["One", "Two", "Three"]);
    let one = &report.editions[0];
    assert_eq!(one.edition.date.as_deref(), Some("2026-01-05"));
    assert_eq!(one.edition.sections[0].body, "At length, said at the table.");
    assert_eq!(
        report.editions[1].edition.sections[0].body,
        "Said aloud, in episode nine."
    );
    assert_eq!(report.editions[2].edition.sections[0].body, "Said on film.");
}

#[test]
fn the_fullest_text_is_read_and_the_other_is_told() {
    let report = rss(
        "<item><title>One</title><description>At length, with a number and a name in it.</description>\
         <content:encoded>&lt;b&gt;One&lt;/b&gt;</content:encoded></item>\
         <item><title>Two</title><description>A subtitle of its own.</description><content:encoded>At length, with a number and a name \
         in it, and much else.</content:encoded></item>\
         <item><title>Three</title><description>At length, with a number and a …</description><content:encoded>At length, with a number \
         and a name in it, and much else.</content:encoded></item>",
    );
    assert!(report.editions[0].edition.sections[0].body.starts_with("At length"));
    let told = &report.editions[1].dropped[0];
    assert_eq!(
        (told.what.as_str(), told.text.as_str()),
        ("summary of the entry", "A subtitle of its own.")
    );
    assert!(
        report.editions[2].dropped.is_empty(),
        "{:?}",
        report.editions[2].dropped
    );
}

#[test]
fn a_content_that_is_no_text_gives_way_to_the_summary() {
    let long = "We asked twelve shops for their worst week, and nine of them named the one after the sale.";
    let read = |content: &str| {
        let item = format!("<description>{long}</description><content:encoded><![CDATA[{content}]]></content:encoded>");
        let report = rss(&format!("<item><title>Bad weeks</title>{item}</item>"));
        assert!(report.skipped.is_empty(), "{content}: {report:?}");
        report.editions[0].edition.sections[0].body.clone()
    };
    for stub in [
        "<p>The post <a href='https://e.org/b'>Bad weeks</a> appeared first on <a href='https://e.org'>Shop Talk</a>.</p>",
        "<p>The post <a href='https://e.org/b'>Bad weeks</a> first appeared on <a href='https://e.org'>Shop Talk</a>.</p>",
        "<p>This post is for paid members only.</p><p><a href='https://e.org/join'>Join now</a></p>",
        "<p><a href='https://e.org/share'>Share this note on Mastodon</a></p>",
        "<p>Share this note on Mastodon</p>",
    ] {
        assert_eq!(read(stub), long, "{stub}");
    }
    let content = "The post office first appeared on our map in March, and nobody in the shop had asked for it before.";
    assert_eq!(read(&format!("<p>{content}</p>")), content);
}

#[test]
fn entries_without_a_title_are_called_by_their_first_words() {
    let report = rss(
        "<item><description>Put the middle plan first and count for a week before you touch the price</description></item>\
         <item><description>Ask for the number!</description></item>\
         <item><description>&lt;h2&gt;On plans&lt;/h2&gt;&lt;p&gt;We plan.&lt;/p&gt;</description></item>",
    );
    assert_eq!(
        titles(&report),
        [
            "Put the middle plan first and count for a week…",
            "Ask for the…",
            "On plans"
        ]
    );
    assert!(report.editions.iter().all(|e| !e.edition.sections[0].body.is_empty()));
    assert_eq!(
        titles(&rss("<item><description>Ship!</description></item>")),
        ["Feed F"]
    );
    let lone = "<entry xmlns='http://www.w3.org/2005/Atom'><title>Alone</title><content>We plan.</content></entry>";
    assert_eq!(titles(&feed(&format!("<?xml version='1.0'?>{lone}"))), ["Alone"]);
    assert!(report.skipped.is_empty());
}

#[test]
fn elements_that_close_themselves_take_nothing_in() {
    for inner in [
        "<p>First.</p><iframe src='https://e.org/'/><p>Second.</p>",
        "<p>First.</p><video/><div/><p>Second.</p>",
        "<p>First.<br/>Half.</p><script/><p>Second.</p>",
    ] {
        let report = feed(&format!(
            "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>A</title><content type='xhtml'>\
             <div xmlns='http://www.w3.org/1999/xhtml'>{inner}</div></content></entry></feed>"
        ));
        assert!(
            report.editions[0].edition.sections[0].body.ends_with("Second."),
            "{inner} {report:?}"
        );
    }
}

#[test]
fn titles_are_read_as_their_type_says() {
    for (title, read) in [
        (
            "<title type='text'>Why &lt;5% churn &amp; &gt;3 seats</title>",
            "Why <5% churn & >3 seats",
        ),
        (
            "<title type='text'>Use &lt;b&gt; sparingly</title>",
            "Use <b> sparingly",
        ),
        ("<title type='html'>&lt;![CDATA[Pricing]]&gt;</title>", "Pricing"),
        (
            "<title type='html'>R&amp;amp;D &lt;em&gt;now&lt;/em&gt;</title>",
            "R&D now",
        ),
        ("<title><![CDATA[Plain & simple]]></title>", "Plain & simple"),
        (
            "<title type='html'>&amp;lt;![CDATA[Odd &amp;#8211; even]]&amp;gt;</title>",
            "Odd – even",
        ),
        ("<title>Where <link> belongs</title>", "Where <link> belongs"),
        (
            "<title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>Ask <em>R&amp;D</em> once</div></title>",
            "Ask R&D once",
        ),
        (
            "<title type='html'>Where &lt;script&gt; belongs</title>",
            "Where <script> belongs",
        ),
    ] {
        let report = feed(&format!(
            "<feed xmlns='http://www.w3.org/2005/Atom'><entry>{title}<content>Said at the table.</content></entry></feed>"
        ));
        assert_eq!(titles(&report), [read]);
    }
}

#[test]
fn days_are_read_in_every_spelling_as_they_are_written() {
    for (date, day) in [
        ("Tue, 05 Jan 2026 09:00:00 +0000", Some("2026-01-05")),
        ("Monday, 5 January 2026", Some("2026-01-05")),
        ("2026/01/05 09:00", Some("2026-01-05")),
        ("Thu, 31 Dec 2025 23:30:00 -0800", Some("2025-12-31")),
        ("20260105T090000Z", Some("2026-01-05")),
        ("soon", None),
    ] {
        let report = rss(&format!(
            "<item><title>A</title><pubDate>{date}</pubDate><description>Said.</description></item>"
        ));
        assert_eq!(report.editions[0].edition.date.as_deref(), day, "{date}");
    }
}

#[test]
fn feeds_of_other_kinds_are_read_too() {
    let json = r#"{"version":"https://jsonfeed.org/version/1","items":[{"id":1,"content_html":"<p>We plan.</p>","title":"A"},
        {"id":"2","content_text":"We count, and\n\nwe ship.","date_published":"2026-01-05T09:00:00Z"},{"title":"Empty"},7]}"#;
    let report = import_bytes("feed.json", json.as_bytes(), &Limits::default());
    assert_eq!(titles(&report), ["A", "We count…"], "{report:?}");
    assert_eq!(report.editions[1].edition.date.as_deref(), Some("2026-01-05"));
    assert_eq!(report.skipped.len(), 2);

    let rdf = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/' \
        xmlns:d='http://purl.org/dc/elements/1.1/'><channel rdf:about='x'><title>F</title><items><rdf:Seq/></items></channel>\
        <image><title>no</title></image><item><title>A</title><d:date>2026-01-05</d:date><description>We plan.</description></item></rdf:RDF>";
    let report = feed(rdf);
    assert_eq!(titles(&report), ["A"], "{report:?}");
    assert_eq!(report.editions[0].edition.date.as_deref(), Some("2026-01-05"));

    let terms = |date: &str| {
        let item = format!("<item><title>A</title>{date}<description>We plan.</description></item>");
        let report = feed(&format!(
            "<rss xmlns:t='http://purl.org/dc/terms/'><channel>{item}</channel></rss>"
        ));
        report.editions[0].edition.date.clone()
    };
    assert_eq!(
        terms("<t:created>2026-01-02</t:created><t:issued>2026-01-05</t:issued>").as_deref(),
        Some("2026-01-05")
    );
    assert_eq!(
        terms("<t:created>2026-01-02</t:created>").as_deref(),
        Some("2026-01-02")
    );

    for root in [
        "rss",
        "rss version='0.91'",
        "rss version='2.0.1' xmlns='http://backend.userland.com/rss2'",
    ] {
        let report = feed(&format!(
            "<{root}><channel><title>F</title><item><title>A</title><description>We plan.</description></item></channel></rss>"
        ));
        assert_eq!(titles(&report), ["A"], "{root}");
    }

    let notes = "<?xml version='1.0'?><!DOCTYPE en-export SYSTEM 'x'><en-export><note><title>Plans</title><created>20260105T090000Z</created>\
        <content><![CDATA[<?xml version='1.0'?><!DOCTYPE en-note SYSTEM 'x'><en-note><div>We plan.</div><en-media hash='x'/><div>We ship.</div></en-note>]]></content>\
        <note-attributes><source-url>https://e.org/p</source-url></note-attributes><resource><data>QUFB</data></resource></note></en-export>";
    let report = import_bytes("n.enex", notes.as_bytes(), &Limits::default());
    let edition = &report.editions[0].edition;
    assert_eq!(
        (edition.title.as_str(), edition.date.as_deref()),
        ("Plans", Some("2026-01-05"))
    );
    assert_eq!(edition.sections[0].body, "We plan.\n\nWe ship.");
    assert_eq!(edition.source.as_deref(), Some("Evernote, https://e.org/p"));
}

#[test]
fn an_entry_is_known_again_by_its_identifier() {
    let identity = |items: &str| {
        rss(items)
            .editions
            .iter()
            .map(|e| e.identity.clone())
            .collect::<Vec<_>>()
    };
    let text = "<description>We plan.</description>";
    assert_eq!(
        identity(&format!(
            "<item><guid>https://e.org/1</guid><link>https://e.org/x</link>{text}</item>"
        )),
        [Some("https://e.org/1".into())]
    );
    assert_eq!(
        identity(&format!("<item><guid>7</guid>{text}</item>")),
        [Some("F\n7".into())]
    );
    assert_eq!(
        identity(&format!("<item><link>https://e.org/x</link>{text}</item>")),
        [Some("https://e.org/x".into())]
    );
    let shared = format!("<item><link>https://e.org/</link>{text}</item>");
    assert_eq!(identity(&format!("{shared}{shared}")), [None, None]);
    let constant = format!("<item><guid>https://e.org/feed</guid>{text}</item>");
    assert_eq!(identity(&format!("{constant}{constant}")), [None, None]);
}

#[test]
fn an_entry_by_itself_is_not_cut_short() {
    let report = feed(
        "<entry xmlns='http://www.w3.org/2005/Atom'><title>Desks</title>\
         <content type='text'>We moved all of them on one Monday.</content></entry>",
    );
    assert_eq!((report.editions.len(), report.skipped.len()), (1, 0), "{report:?}");
    let cut = feed(
        "<entry xmlns='http://www.w3.org/2005/Atom'><title>Desks</title><content type='text'>We moved all of them on",
    );
    assert!(cut.skipped[0].why.starts_with("it breaks off"), "{cut:?}");
}
