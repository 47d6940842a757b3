//! Tests saved pages and HTML mail of many programs: title, date and text, without the surrounding page.

use askpm::corpus::import::{Imported, Limits, import_bytes};
use askpm::corpus::markdown;

pub(crate) fn read(name: &str, text: &str) -> Imported {
    let report = import_bytes(name, text.as_bytes(), &Limits::default());
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    let imported = report.editions.into_iter().next().unwrap();
    assert_eq!(
        imported.words_in,
        imported.words_kept + imported.words_dropped(),
        "{imported:#?}"
    );
    imported
}

pub(crate) fn written(imported: &Imported) -> String {
    markdown::write(&imported.edition)
}

/// Checks the title, the date, what must be kept and what must be left out of `text`.
pub(crate) fn check(name: &str, text: &str, title: &str, date: Option<&str>, kept: &[&str], out: &[&str]) {
    let imported = read(name, text);
    let all = written(&imported);
    assert_eq!(imported.edition.title, title, "{all}");
    assert_eq!(imported.edition.date.as_deref(), date, "{all}");
    for part in kept {
        assert!(all.contains(part), "{part:?} is not in {all}\n{:#?}", imported.dropped);
    }
    for part in out {
        assert!(!all.contains(part), "{part:?} is in {all}");
    }
}

pub(crate) const ONE: &str = "Put the middle plan first. Most of our buyers never scrolled to it before we did that.";
pub(crate) const TWO: &str =
    "Sales of the middle plan rose by a third within a week, and the others held their ground.";

#[test]
fn the_name_of_the_site_is_no_title() {
    let page = format!(
        "<html><head><title>Pricing pages that sell - by Dana Reyes - Roadmap Notes</title>\
         <meta property='og:title' content='Pricing pages that sell'></head><body>\
         <h1 class='navbar-title'><a href='/'>Roadmap Notes</a></h1><h1>Pricing pages that sell</h1><p>{ONE}</p></body></html>"
    );
    check(
        "a.html",
        &page,
        "Pricing pages that sell",
        None,
        &[ONE],
        &["Roadmap Notes"],
    );
    // A title that only JSON-LD and `<title>` have.
    let page = format!(
        "<html><head><title>Roadmap Notes | Hiring a first PM</title><script type='application/ld+json'>\
         {{\"@graph\":[{{\"@type\":\"WebSite\",\"name\":\"Roadmap Notes\"}},{{\"@type\":\"BlogPosting\",\
         \"headline\":\"Hiring a first PM\",\"datePublished\":\"2026-01-05T08:00:00Z\"}}]}}</script></head>\
         <body><header><h1>Roadmap Notes</h1></header><h2>Hiring a first PM</h2><p>{ONE}</p><p>{TWO}</p></body></html>"
    );
    check(
        "a.html",
        &page,
        "Hiring a first PM",
        Some("2026-01-05"),
        &[ONE, TWO],
        &["# Roadmap Notes"],
    );
    // A masthead with the number of the issue.
    let page = format!(
        "<html><head><title>Pricing pages that sell</title></head><body><h1>#14 — January 5, 2026</h1><p>{ONE}</p></body></html>"
    );
    check(
        "a.html",
        &page,
        "Pricing pages that sell",
        Some("2026-01-05"),
        &[ONE],
        &[],
    );
}

#[test]
fn the_day_is_that_of_the_article_and_not_of_its_neighbours() {
    let page = format!(
        "<html><head><title>Prices</title><script type='application/ld+json'>{{\"@type\":\"NewsArticle\",\
         \"headline\":\"Prices\",\"datePublished\":\"2026-01-05\"}}</script></head><body>\
         <time datetime='2022-06-15'>Jun 15, 2022</time><article><h1>Prices</h1><p>{ONE}</p><p>{TWO}</p></article></body></html>"
    );
    check("a.html", &page, "Prices", Some("2026-01-05"), &[ONE], &[]);
    // No metadata: the line below the title.
    let page = format!(
        "<html><head><title>Prices</title></head><body><h1>Prices</h1><p>By Dana Reyes • 5 Jan 2026 • 3 min read</p>\
         <p>{ONE}</p><p>{TWO}</p></body></html>"
    );
    check("a.html", &page, "Prices", Some("2026-01-05"), &[ONE], &[]);
    let page = format!(
        "<html><head><title>Prices</title></head><body><h1>Prices</h1><time itemprop='datePublished' \
         datetime='2026-02-07T10:00'>last week</time><p>{ONE}</p></body></html>"
    );
    check("a.html", &page, "Prices", Some("2026-02-07"), &[ONE], &[]);
}

#[test]
fn menus_forms_and_comments_are_not_of_the_article() {
    let page = format!(
        "<html><head><title>Prices</title></head><body><div class='site-menu'><ul><li><a href='/'>Home</a>\
         <li><a href='/about'>About Us</a><li><a href='/archive'>Archive</a></ul></div><article><h1>Prices</h1><p>{ONE}</p>\
         <div class='subscribe-widget'><p>Get the next one by mail.</p><input type=email><button>Go</button></div>\
         <h2>What came of it</h2><p>{TWO}</p></article><section id='comments'><h3>2 comments</h3><p>Nice one, but we saw \
         the very opposite in our shop.</p></section><footer>© 2026 Dana · <a href='/privacy'>Privacy</a></footer></body></html>"
    );
    let out = ["Home", "About Us", "Get the next one", "very opposite", "Privacy"];
    check("a.html", &page, "Prices", None, &[ONE, TWO, "What came of it"], &out);
    let kept = import_bytes(
        "a.html",
        page.as_bytes(),
        &Limits {
            keep_all: true,
            ..Limits::default()
        },
    );
    let all = written(&kept.editions[0]);
    assert!(
        ["Home", "Get the next one", "very opposite"]
            .iter()
            .all(|part| all.contains(part)),
        "{all}"
    );
}

#[test]
fn a_heading_about_us_in_an_article_ends_nothing() {
    for label in ["About us", "Who we are", "Latest posts", "Related posts"] {
        let text = format!("# Prices\n\n{ONE}\n\n## {label}\n\n{TWO}\n\n## And then\n\n{ONE}\n\n{TWO}\n");
        let all = written(&read("a.md", &text));
        assert!(all.contains(TWO) && all.contains("And then"), "{all}");
        let page = format!(
            "<html><body><h1>Prices</h1><p>{ONE}</p><h2>{label}</h2><p>{TWO}</p><h2>And then</h2><p>{ONE} {TWO}</p>"
        );
        let all = written(&read("a.html", &page));
        assert!(all.contains(TWO) && all.contains("And then"), "{all}");
    }
}

#[test]
fn contents_end_where_what_they_list_begins() {
    let page = "<html><body><h1>Notes 14</h1><h2>In this issue</h2><ul><li>Pricing pages</li><li>Hiring a first PM</li></ul>\
        <h2>Pricing pages</h2><p>Put the middle plan first.</p><h2>Hiring a first PM</h2><p>Hire when the founders cannot \
        answer every ticket.</p><h2>One number</h2><p>Only 12% open the settings.</p>";
    let found = read("a.html", page);
    let titles: Vec<_> = found.edition.sections.iter().map(|s| s.title.as_str()).collect();
    assert_eq!(titles, ["Pricing pages", "Hiring a first PM", "One number"]);
    let text = "# Notes 14\n\n## Contents\n\n- Pricing pages\n- Hiring a first PM\n\nA word before: we are back from a long break.\n\n\
        ## Pricing pages\n\nPut the middle plan first.\n\n## Hiring a first PM\n\nHire late.\n";
    let found = read("a.md", text);
    let titles: Vec<_> = found.edition.sections.iter().map(|s| s.title.as_str()).collect();
    assert_eq!(titles, ["Notes 14", "Pricing pages", "Hiring a first PM"]);
    // A list of links within the page looks like a menu, and the text begins directly below it.
    for label in ["<p>In this issue:</p>", "<h2>Contents</h2>"] {
        let page = format!(
            "<html><body><h1>Notes 15</h1>{label}<ol><li><a href='#p'>Price pages</a><li><a href='#h'>Hire late</a>\
             <li><a href='#o'>One number</a></ol><h3 id=p>Price pages</h3><p>Three plans are enough.</p><h3 id=h>Hire \
             late</h3><p>Or never.</p><h3 id=o>One number</h3><p>Nine.</p></body></html>"
        );
        let found = read("a.html", &page);
        let titles: Vec<_> = found.edition.sections.iter().map(|s| s.title.as_str()).collect();
        assert_eq!(titles, ["Price pages", "Hire late", "One number"], "{label}");
        assert_eq!(found.edition.sections[0].body, "Three plans are enough.");
    }
}

#[test]
fn a_side_column_above_the_title_is_no_heading_of_the_article() {
    for column in [
        "<div><h3>Related posts</h3><ul><li><a href='/q'>Queues</a><li><a href='/t'>Tickets on Monday</a></ul></div>",
        "<p><b>About us</b></p><p>We write software for bakeries in Lille.</p>",
    ] {
        let page = format!(
            "<html><head><title>Prices on one page</title></head><body>{column}<h1>Prices on one page</h1><p>{ONE}</p>\
             <h2>Later</h2><p>{TWO}</p></body></html>"
        );
        let found = read("a.html", &page);
        let last: Vec<_> = found.edition.sections.iter().rev().take(2).collect();
        assert_eq!(
            (last[1].title.as_str(), last[1].body.as_str(), last[0].title.as_str()),
            ("Prices on one page", ONE, "Later")
        );
    }
}

#[test]
fn what_a_page_counts_beside_its_article_is_no_text() {
    let page = format!(
        "<html><head><title>Prices</title><meta property='og:type' content='article'></head><body><h1>Prices</h1>\
         <div>94 likes</div><div>6 comments</div><div><p>{ONE}</p><p>{TWO}</p></div><section class='responses'><h3>Comments \
         (6)</h3><div class='comment'><p>Ours fell by a half.</p></div><a>Show all comments</a></section><div><h3>You may \
         also like</h3><a href='/q'>Queues</a></div></body></html>"
    );
    let out = [
        "94 likes",
        "6 comments",
        "Comments (6)",
        "Ours fell",
        "all comments",
        "also like",
    ];
    check("a.html", &page, "Prices", None, &[ONE, TWO], &out);
    // The same words are text in a table, in a list and as a heading over text.
    let text =
        format!("# Counts\n\n- 94 likes\n- 6 comments\n\n{ONE}\n\n## 40 replies\n\nThey all came on the same day.\n");
    let all = written(&read("a.md", &text));
    assert!(all.contains("- 94 likes") && all.contains("40 replies"), "{all}");
}

#[test]
fn what_sounds_like_furniture_is_kept() {
    let text = format!(
        "# Funnel notes\n\n## Sign up flows that convert\n\nAsk for the mail address last.\n\n## Unsubscribe rates by industry\n\n\
         Retail loses 0.3% of its readers a month.\n\nUnsubscribe rates fell by a third.\n\n## Powered by AI: how Acme did it\n\n\
         {ONE}\n\n## Comment\n\nThree people read 900 comments a day.\n\nShare prices fell.\n"
    );
    let found = read("a.md", &text);
    let all = written(&found);
    for part in [
        "Sign up flows",
        "Unsubscribe rates by",
        "fell by a third",
        "Powered by AI",
        "## S4. Comment",
        "Share prices fell.",
    ] {
        assert!(all.contains(part), "{part:?} is not in {all}");
    }
}

#[test]
fn words_after_the_last_answer_that_ask_something_are_kept() {
    let text = "Roadmap Notes\n\nQuestion 1) Do dates help?\n\nA] They help the sales team and nobody else.\n\n– Ana Lima\n\n\
        Who is next? We are going to ask our readers about pricing in the coming issue, and we want numbers.\n\n\
        Event of the month\n\nA morning on price pages in Porto, with ten seats left and coffee for all who come on time.\n";
    let all = written(&read("a.txt", text));
    assert!(all.contains("Who is next?") && all.contains("Porto"), "{all}");
}

#[test]
fn letters_of_mail_services_lose_their_frame() {
    let beehiiv = format!(
        "<html><head><title>Pricing pages that sell</title></head><body>\
         <div style='display:none;max-height:0px'>PLUS: hiring &#8199;&#65279;&#847;</div>\
         <table><tr><td>January 05, 2026&nbsp;&nbsp; | &nbsp;&nbsp;<a href='https://link.mail.beehiiv.com/ss/c/u001'>Read Online</a></td></tr>\
         <tr><td><h1>Pricing pages that sell</h1></td></tr><tr><td>TOGETHER WITH <b>BREADBASE</b></td></tr>\
         <tr><td><p>{ONE}</p></td></tr><tr><td><h2>Poll: what did you think of this issue?</h2><ul><li><a href='#'>Loved it</a>\
         <li><a href='#'>It was fine</a></ul><p><a href='#'>Login</a> or <a href='#'>Subscribe</a> to participate</p></td></tr>\
         <tr><td>Update your email preferences or unsubscribe <a href='#'>here</a></td></tr>\
         <tr><td>© 2026 Roadmap Notes<br>228 Park Ave, New York, NY 10003, United States</td></tr></table>"
    );
    let out = [
        "Read Online",
        "BREADBASE",
        "Poll",
        "Loved it",
        "Login",
        "Update your",
        "Park Ave",
        "©",
    ];
    check(
        "a.html",
        &beehiiv,
        "Pricing pages that sell",
        Some("2026-01-05"),
        &[ONE],
        &out,
    );
    let ghost = format!(
        "<!doctype html><html><head><title>Pricing pages that sell</title><style>.x{{}}</style></head><body>\
         <span class='preheader'>Put the middle plan first.</span><table><tr><td><a href='https://notes.example.org'>Roadmap \
         Notes</a></td></tr><tr><td><a href='https://notes.example.org/p/'>Pricing pages that sell</a></td></tr>\
         <tr><td>By Dana Reyes • 5 Jan 2026 • <a href='#'>View in browser</a></td></tr><tr><td><p>{ONE}</p></td></tr>\
         <tr><td>More like this</td><td>Less like this</td><td>Comment</td></tr>\
         <tr><td>Roadmap Notes © 2026 – <a href='#'>Unsubscribe</a></td></tr></table>"
    );
    let out = [
        "View in browser",
        "More like this",
        "Less like this",
        "Comment",
        "Unsubscribe",
    ];
    check(
        "a.html",
        &ghost,
        "Pricing pages that sell",
        Some("2026-01-05"),
        &[ONE],
        &out,
    );
}

#[test]
fn letters_of_other_services_lose_their_frame_too() {
    let page = format!(
        "<html><head><title>Prices that hold</title></head><body><table><tr><td>#58 — March 4, 2026</td><td><a \
         href='https://q.example/58'>View on the web</a></td></tr><tr><td><h1>Quiet Monthly</h1></td></tr><tr><td><h2>Prices \
         that hold</h2><p>{ONE}</p></td></tr><tr><td><p>{TWO}</p></td></tr><tr><td><p><b>How did we do in this \
         issue?</b></p><p><a href='#'>🎉 Loved it</a> | <a href='#'>😐 Fine</a> | <a href='#'>👎 Poor</a></p></td></tr><tr><td>👍 \
         <a href='#'>More like this</a> 👎 <a href='#'>Less like this</a></td></tr><tr><td>Quiet Media GmbH · 12 Hafenweg · \
         20457 Hamburg</td></tr><tr><td>Sent by Quiet Media. <a href='https://q.example/u'>Stop receiving these emails</a></td></tr></table>"
    );
    let out = [
        "58",
        "View on",
        "Quiet",
        "Loved it",
        "How did",
        "like this",
        "Hafenweg",
        "Stop receiving",
    ];
    check(
        "a.html",
        &page,
        "Prices that hold",
        Some("2026-03-04"),
        &[ONE, TWO],
        &out,
    );
    let page = format!(
        "<html><body><h1>Prices</h1><p>{ONE}</p><p>Tell us your preferences for the next talk.</p><p>Edda Kraus · 12 March \
         2026 · Bergen harbour</p></body></html>"
    );
    let kept = ["Tell us your preferences", "Edda Kraus"];
    check("a.html", &page, "Prices", Some("2026-03-12"), &kept, &[]);
}

#[test]
fn links_lose_what_tells_who_reads() {
    let page = "<html><body><h1>Notes 20</h1><p>A short opening for the letter of this week, as always it is.</p><h2>Resources</h2><ul>\
        <li><a href='https://example.us1.list-manage.com/track/click?u=0a&id=99&e=5f'>How to price an API</a>, by Ana Lima</li>\
        <li><a href='https://example.org/talk?utm_source=n&utm_medium=email&mc_eid=5f'>The price page, a talk</a></li></ul>";
    let all = written(&read("a.html", page));
    assert!(
        all.contains("Link: https://example.org/talk\n") && !all.contains("list-manage") && !all.contains("5f"),
        "{all}"
    );
}

#[test]
fn a_loss_is_told() {
    let text = format!(
        "# Prices\n\n{ONE}\n\nAbout us\n\nWe are nine people in Porto, and this is our letter, which you are reading here.\n"
    );
    let lost = read("a.md", &text);
    assert!(lost.lost_much(), "{lost:#?}");
    assert!(!read("a.md", &format!("# Prices\n\n{ONE}\n\n{TWO}\n")).lost_much());
}

#[test]
fn a_sentence_that_ends_in_a_footnote_mark_is_no_heading() {
    let page = format!(
        "<html><head><title>Churn, counted</title></head><body><h1>Churn, counted</h1><p>It fell to nine accounts a \
         month.<sup><a href='#n1' id='r1'>1</a></sup></p><p>{ONE}</p><ol><li id='n1'>Paid accounts only. <a \
         href='#r1'>↩</a></li></ol></body></html>"
    );
    let edition = read("churn.html", &page).edition;
    let titles: Vec<&str> = edition.sections.iter().map(|section| section.title.as_str()).collect();
    assert_eq!(titles, ["Churn, counted"]);
    assert!(
        edition.sections[0]
            .body
            .starts_with("It fell to nine accounts a month.[^1]"),
        "{edition:#?}"
    );
}
