//! Any text is settings, or an error of at most two lines that names a line of the text.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(lines) = askpm::cli::check_settings(text) {
        assert!((1..=2).contains(&lines.len()));
        assert!(lines.iter().all(|line| !line.contains('\n')));
        assert!(lines[0].starts_with("askpm: config.toml:"), "{lines:?}");
    }
});
