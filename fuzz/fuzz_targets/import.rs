//! See `properties::import`.
#![no_main]

#[allow(dead_code, reason = "each target uses one of them")]
#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::import(bytes));
