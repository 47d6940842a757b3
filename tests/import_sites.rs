//! Tests which part of a saved web page is its article.

use askpm::corpus::import::{Imported, Limits, import_bytes};
use askpm::corpus::markdown;

fn read(name: &str, text: &str) -> Imported {
    let report = import_bytes(name, text.as_bytes(), &Limits::default());
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    let imported = report.editions.into_iter().next().unwrap();
    let dropped: usize = imported.dropped.iter().map(|d| d.words).sum();
    assert_eq!(imported.words_in, imported.words_kept + dropped, "{imported:#?}");
    imported
}

fn written(imported: &Imported) -> String {
    markdown::write(&imported.edition)
}

/// Checks the title, what must be kept and what must be left out of `text`.
fn check(name: &str, text: &str, title: &str, kept: &[&str], out: &[&str]) {
    let imported = read(name, text);
    let all = written(&imported);
    assert_eq!(imported.edition.title, title, "{all}");
    for part in kept {
        assert!(all.contains(part), "{part:?} is not in {all}\n{:#?}", imported.dropped);
    }
    for part in out {
        assert!(!all.contains(part), "{part:?} is in {all}");
    }
}

const ONE: &str = "Put the middle plan first. Most of our buyers never scrolled to it before we did that.";
const TWO: &str = "Sales of the middle plan rose by a third within a week, and the others held their ground.";

/// A page with a style sheet, as sites have. Mail has none.
fn site(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html><head><title>{title}</title><link rel=stylesheet href=a.css></head><body>{body}</body></html>"
    )
}

#[test]
fn text_for_readers_without_scripts_is_text_if_it_is_the_article() {
    let page = site(
        "Launch day",
        &format!(
            "<header><h1>Launch day</h1></header><div><noscript><p>{ONE}</p><p>{TWO}</p></noscript></div><p>Archive</p>"
        ),
    );
    check("a.html", &page, "Launch day", &[ONE, TWO], &[]);
    let page = site(
        "Launch day",
        &format!(
            "<noscript><div class=note><p>Please turn on scripts.</noscript><div><h1>Launch day</h1><p>{ONE}</p><p>{TWO}</p></div>"
        ),
    );
    check("a.html", &page, "Launch day", &[ONE, TWO], &["turn on scripts"]);
}

#[test]
fn readings_above_words_are_not_in_the_middle_of_them() {
    let page = site(
        "お知らせ",
        "<article><h1>お知らせ</h1><p>新しい<ruby>値段<rp>(</rp><rt>ねだん</rt><rp>)</rp></ruby>を<ruby>決<rt>き</rt></ruby>めました。</p></article>",
    );
    check("a.html", &page, "お知らせ", &["新しい値段を決めました。"], &["ねだん"]);
}

#[test]
fn a_page_of_one_line_is_read() {
    let page = "<!DOCTYPE html><html><head></head><body>Moved</body></html>";
    check("old.html", page, "old", &["Moved"], &[]);
    check(
        "old.html",
        &site("Notes", "Moved to the new site"),
        "Notes",
        &["Moved to the new site"],
        &[],
    );
}

#[test]
fn a_space_before_the_end_of_a_link_changes_nothing() {
    let page = site(
        "Launch day",
        &format!(
            "<main><h1>Launch day</h1><p>{ONE}</p><p><a href='https://example.org/a'>The whole story of the launch </a></p></main>"
        ),
    );
    check(
        "a.html",
        &page,
        "Launch day",
        &["[The whole story of the launch](https://example.org/a)\n"],
        &[],
    );
}
