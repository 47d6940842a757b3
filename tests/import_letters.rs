//! Letters of the kinds that the import once got wrong, in `tests/fixtures/letters`, with what comes out of each.
//!
//! `NAME.outline` has a line for each title, question (`? title < asker | body`), answer (`A contributor: text`), section
//! (`s title: text`), resource (`r title`) and text that was left out (`- reason: text`). Run the test with
//! `ASKPM_WRITE_OUTLINES=1` to write the outlines, and read the difference.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use askpm::corpus::import::{ImportReport, Limits, import_path};

use crate::import_said::outline;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/letters"))
}

fn lines(name: &str, report: &ImportReport) -> String {
    let mut out = Vec::new();
    for imported in &report.editions {
        let kept = imported.words_kept + imported.words_dropped();
        assert_eq!(imported.words_in, kept, "{name}: {:#?}", imported.dropped);
        let edition = &imported.edition;
        out.push(format!(
            "# {} ({})",
            edition.title,
            edition.date.as_deref().unwrap_or("undated")
        ));
        out.extend(outline(edition));
        let told = imported.dropped.iter().filter(|d| d.what != "labels");
        out.extend(told.map(|d| format!("- {}: {}", d.what, d.text.replace('\n', " "))));
    }
    out.extend(report.skipped.iter().map(|skipped| format!("! {}", skipped.why)));
    out.join("\n") + "\n"
}

#[test]
fn letters_come_out_as_their_outlines_say() {
    let mut wrong = BTreeMap::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".outline") {
            continue;
        }
        let found = lines(&name, &import_path(&path, &Limits::default(), &mut |_| {}));
        let expected = path.with_file_name(format!("{name}.outline"));
        if std::env::var_os("ASKPM_WRITE_OUTLINES").is_some() {
            fs::write(&expected, &found).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        if found != expected {
            wrong.insert(name, format!("expected:\n{expected}\nfound:\n{found}"));
        }
    }
    let report: String = wrong
        .iter()
        .map(|(name, text)| format!("== {name}\n{text}\n"))
        .collect();
    assert!(wrong.is_empty(), "{report}");
}
