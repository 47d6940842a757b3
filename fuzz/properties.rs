//! What must hold for any bytes: a function for each fuzz target. They panic where it does not hold.
//!
//! In: bytes, and a folder where a file is needed. Out: nothing. It must know askpm only from outside: the targets of
//! `fuzz_targets/` call it with what libFuzzer makes up, and `tests/fuzz.rs` with seeds, with seeds that were changed,
//! and with all that was ever found, so that targets that no longer build or hold are noticed.

use std::ops::ControlFlow;
use std::path::Path;

use askpm::answer::{injection, sentences};
use askpm::corpus::import::{Limits, import_bytes};
use askpm::corpus::{edition, markdown, passage};
use askpm::engine::{CandleEngine, DeviceChoice, Engine, Message, Role, Sampling};
use askpm::render::sanitise;

const NAMES: [&str; 8] = ["a.txt", "a.md", "a.html", "a.eml", "a.mbox", "a.xml", "-", "../../x"];

/// Any bytes, as any kind of file, give a report whose editions are written and read back the same, with every word
/// accounted for. The first byte chooses the name, and so the kind that is tried first.
pub fn import(bytes: &[u8]) {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let name = NAMES[usize::from(*first) % NAMES.len()];
    for bytes in [bytes, rest] {
        for imported in import_bytes(name, bytes, &Limits::default()).editions {
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

/// Any text is an edition, which is written and read back the same and cut into passages, or an error of one line.
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

/// Any text is settings, or an error of at most two lines that names a line of the text.
pub fn config(text: &str) {
    if let Err(lines) = askpm::cli::check_settings(text) {
        assert!((1..=2).contains(&lines.len()));
        assert!(lines.iter().all(|line| !line.contains('\n')));
        assert!(lines[0].starts_with("askpm: config.toml:"), "{lines:?}");
    }
}

/// Any text is cut into sentences that are slices of it, in order; none that may be quoted speaks to a model; and what is
/// shown of it holds nothing that acts.
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

/// Any bytes are a model that can be loaded, or an error of one line: no file makes the engine panic, hang, or take
/// memory that the file does not have. One that is loaded writes a few tokens, or says why not.
pub fn gguf(bytes: &[u8], folder: &Path) {
    let path = folder.join("fuzz.gguf");
    std::fs::write(&path, bytes).expect("the folder can be written");
    let mut engine = match CandleEngine::load(&path, DeviceChoice::Cpu) {
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
