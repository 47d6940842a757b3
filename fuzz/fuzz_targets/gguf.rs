//! See `properties::gguf`.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

#[allow(dead_code, reason = "each target uses one of them")]
#[path = "../properties.rs"]
mod properties;

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("askpm-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    });
    properties::gguf(bytes, folder);
});
