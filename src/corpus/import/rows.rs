//! Reads tables of posts, such as beehiiv's export: one row for each post, with its HTML in a column.

use super::block::title;
use super::clean::{clean, key};
use super::export::Given;
use super::{ImportReport, Limits, add, dates, html};

/// Names of columns, the best first.
const TEXT: [&str; 6] = ["content_html", "html", "body_html", "post_html", "content", "body"];
const TITLE: [&str; 5] = ["web_title", "title", "name", "subject", "email_subject_line"];
const SUBTITLE: [&str; 2] = ["web_subtitle", "subtitle"];
const DAY: [&str; 8] = [
    "published_at",
    "publish_date",
    "published date",
    "post_date",
    "sent_at",
    "scheduled_at",
    "date",
    "created_at",
];
const ADDRESS: [&str; 3] = ["url", "web_url", "link"];

/// Reports whether `bytes` begin with the column names of a table of posts.
pub(super) fn are_posts(name: &str, bytes: &[u8]) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if !ending.eq_ignore_ascii_case("csv") {
        return false;
    }
    let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
    let line = line.get(..4_096).unwrap_or(line);
    let names = columns(&mut csv::ReaderBuilder::new().flexible(true).from_reader(line));
    let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
    // Other tables may also have a `body` and a `name`. Posts have a day too.
    let sure = names.iter().any(|name| name.ends_with("html"));
    has(&TEXT) && has(&TITLE) && (sure || has(&DAY))
}

/// Returns the column names in lower case.
fn columns(reader: &mut csv::Reader<&[u8]>) -> Vec<String> {
    let headers = reader.headers().cloned().unwrap_or_default();
    let plain = |name: &str| name.trim_start_matches('\u{feff}').trim().to_lowercase();
    headers.iter().map(plain).collect()
}

/// Adds the posts of a table to `report`.
pub(super) fn read(name: &str, text: &str, limits: &Limits, report: &mut ImportReport) {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let names = columns(&mut reader);
    let column = |wanted: &[&str]| {
        wanted
            .iter()
            .find_map(|wanted| names.iter().position(|name| name == wanted))
    };
    let mut count = 0;
    for row in reader.records() {
        count += 1;
        let from = format!("{name}#{count}");
        if count > limits.items {
            return report.skip(&from, format!("more than {} rows: the rest was not read", limits.items));
        }
        let Ok(row) = row else {
            report.skip(&from, "this row is no text");
            continue;
        };
        let cell = |wanted: &[&str]| row.get(column(wanted)?).filter(|cell| !cell.trim().is_empty());
        let called = cell(&TITLE).and_then(title);
        let given = Given {
            title: called.clone(),
            subtitle: cell(&SUBTITLE).and_then(title),
            date: cell(&DAY).and_then(|day| dates::day(&clean(day))),
            draft: matches!(
                key(cell(&["status"]).unwrap_or_default()).as_str(),
                "draft" | "scheduled"
            ),
        };
        if let Some(why) = given.is_draft(limits) {
            report.skip(&from, why);
            continue;
        }
        let Some(text) = cell(&TEXT) else {
            let called = called.unwrap_or_else(|| "this post".into());
            report.skip(&from, format!("“{called}” has no text"));
            continue;
        };
        let mut document = html::document(text, limits);
        if let Ok(document) = &mut document {
            given.apply(document);
            let address = cell(&ADDRESS).and_then(super::block::web_address);
            document.source = address.map(|address| format!("Export of posts, {address}"));
        }
        let before = report.editions.len();
        add(report, &from, document, name);
        let id = cell(&["id", "post_id"]).map(|id| format!("row\n{}", clean(id)));
        for imported in report.editions.iter_mut().skip(before) {
            imported.identity.clone_from(&id);
        }
    }
    if count == 0 {
        report.skip(name, "this table of posts has no row");
    }
}
