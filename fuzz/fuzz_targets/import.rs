//! Any bytes, as any kind of file, give a report whose editions are written and read back the same, with every word
//! accounted for. Seeds: `tests/fixtures/import`. The first byte chooses the name, and so the kind that is tried first.
#![no_main]

use askpm::corpus::import::{Limits, import_bytes};
use askpm::corpus::{edition, markdown};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 8] = ["a.txt", "a.md", "a.html", "a.eml", "a.mbox", "a.xml", "-", "../../x"];

fuzz_target!(|bytes: &[u8]| {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let name = NAMES[usize::from(*first) % NAMES.len()];
    for bytes in [bytes, rest] {
        for imported in import_bytes(name, bytes, &Limits::default()).editions {
            assert!(edition::is_slug(&imported.edition.slug));
            let written = markdown::write(&imported.edition);
            assert_eq!(markdown::parse("x.md", &written).as_ref(), Ok(&imported.edition));
            let dropped: usize = imported.dropped.iter().map(|d| d.words).sum();
            assert_eq!(imported.words_in, imported.words_kept + dropped);
        }
    }
});
