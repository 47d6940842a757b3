//! Writes the table of faults as Markdown, and puts it into `RELIABILITY.md`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::Outcome;

/// Returns the table, one row per scenario.
pub fn markdown(rows: &[(&str, Outcome)]) -> String {
    let mut out = String::from("| fault | tries | data lost | most frequent message |\n|---|---|---|---|\n");
    for (name, outcome) in rows {
        let _ = match &outcome.skipped {
            Some(why) => writeln!(out, "| {name} | skipped | | {why} |"),
            None => {
                let message = outcome.message().replace('|', "\\|");
                writeln!(out, "| {name} | {} | {} | {message} |", outcome.tries, outcome.lost)
            }
        };
    }
    out
}

/// Writes `table` into `RELIABILITY.md`, between its marks. The text around it stays.
pub fn write(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("RELIABILITY.md");
    let page = fs::read_to_string(&path).expect("RELIABILITY.md can be read");
    let (begin, end) = ("<!-- table -->\n", "<!-- end of table -->");
    let from = page.find(begin).expect("the mark before the table") + begin.len();
    let to = page.find(end).expect("the mark after the table");
    fs::write(&path, format!("{}{table}{}", &page[..from], &page[to..])).expect("RELIABILITY.md can be written");
}
