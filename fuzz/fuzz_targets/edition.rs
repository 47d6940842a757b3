//! Any text is an edition, which is written and read back the same, or an error. Seeds: `corpus/`.
#![no_main]

use askpm::corpus::markdown;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(edition) = markdown::parse("x.md", text) {
        assert_eq!(markdown::parse("x.md", &markdown::write(&edition)).as_ref(), Ok(&edition));
    }
});
