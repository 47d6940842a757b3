//! See `properties::edition`.
#![no_main]

#[allow(dead_code, reason = "each target uses one of them")]
#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|text: &str| properties::edition(text));
