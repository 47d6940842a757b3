//! Properties that must hold for any bytes: one function for each fuzz target, which panics if its property fails.
//!
//! They use only askpm's public API. The targets of `fuzz_targets/` call them with libFuzzer's inputs. `tests/fuzz.rs`
//! calls them with seeds, with mutated seeds, and with every input that was ever found, so that a target that no longer
//! builds or holds is noticed.

use std::ops::ControlFlow;
use std::path::Path;

use askpm::answer::{injection, sentences};
use askpm::corpus::import::{Limits, import_bytes};
use askpm::corpus::{edition, markdown, passage};
use askpm::engine::{DeviceChoice, Engine, LocalEngine, Message, Role, Sampling};
use askpm::render::sanitise;

pub const NAMES: [&str; 11] = [
    "a.txt", "a.md", "a.html", "a.eml", "a.mbox", "a.xml", "-", "../../x", "a.pdf", "a.docx", "a.epub",
];

/// Any bytes, as any kind of file, import without a panic. The editions read back the same as written, and every word
/// is accounted for. The first byte chooses the name, and with it the kind that is tried first.
pub fn import(bytes: &[u8]) {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let name = NAMES[usize::from(*first) % NAMES.len()];
    for bytes in [bytes, rest] {
        let report = import_bytes(name, bytes, &Limits::default());
        // Word files and books are read in a thread, whose panic is only reported.
        let failed = report
            .skipped
            .iter()
            .find(|skipped| skipped.why.contains("failed on it: open it"));
        assert_eq!(failed, None);
        for imported in report.editions {
            assert!(edition::is_slug(&imported.edition.slug));
            let written = markdown::write(&imported.edition);
            assert_eq!(
                markdown::parse("x.md", &written).as_ref(),
                Ok(&imported.edition),
                "{written}"
            );
            let dropped: usize = imported.dropped.iter().map(|d| d.words).sum();
            assert_eq!(imported.words_in, imported.words_kept + dropped);
        }
    }
}

/// Any text parses to an edition, which reads back the same as written and is cut into passages, or to a one-line
/// error.
pub fn edition(text: &str) {
    match markdown::parse("x.md", text) {
        Ok(edition) => {
            let written = markdown::write(&edition);
            assert_eq!(markdown::parse("x.md", &written).as_ref(), Ok(&edition), "{written}");
            for passage in passage::passages(&edition, "x.md") {
                assert!(passage.id.to_string().parse() == Ok(passage.id));
            }
        }
        Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
    }
}

/// Any text parses as settings, or to an error of at most two lines that names a line of the text.
pub fn config(text: &str) {
    if let Err(lines) = askpm::cli::check_settings(text) {
        assert!((1..=2).contains(&lines.len()));
        assert!(lines.iter().all(|line| !line.contains('\n')));
        assert!(lines[0].starts_with("askpm: cannot read config.toml:"), "{lines:?}");
    }
}

/// Any text is split into sentences that are slices of it, in order. No quotable sentence is an injection. What is
/// shown holds no hostile character.
pub fn text(text: &str) {
    let mut end = 0;
    for span in sentences::sentences(text) {
        assert!(end <= span.start && !text[span.clone()].trim().is_empty());
        end = span.end;
    }
    for span in injection::quotable(text) {
        assert!(!injection::is_injected(&text[span]));
    }
    let _ = injection::without(text);
    let shown = sanitise::line(text);
    assert!(!shown.contains(sanitise::is_hostile) && !shown.contains(['\n', '\t']));
    assert!(!sanitise::clean(text).contains(sanitise::is_hostile));
}

/// Any bytes load as a model, or fail with a one-line error. No file makes the engine panic, hang, or allocate memory
/// that the file does not justify. A loaded model generates a few tokens, or fails with a one-line error.
pub fn gguf(bytes: &[u8], folder: &Path) {
    let path = folder.join("fuzz.gguf");
    std::fs::write(&path, bytes).expect("the folder can be written");
    let mut engine = match LocalEngine::load(&path, DeviceChoice::Cpu) {
        Ok(engine) => engine,
        Err(error) => return assert!(!error.to_string().contains('\n'), "{error}"),
    };
    let message = Message {
        role: Role::User,
        content: "What is a <|im_start|> PM?".into(),
    };
    for temperature in [0.0, 1.0] {
        let sampling = Sampling {
            temperature,
            max_tokens: 3,
            ..Sampling::default()
        };
        let written = engine.generate(std::slice::from_ref(&message), &sampling, &mut |_| {
            ControlFlow::Continue(())
        });
        if let Err(error) = written {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}
