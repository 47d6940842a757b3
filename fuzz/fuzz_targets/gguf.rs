//! Any bytes are a model that can be loaded, or an error: no header makes the engine panic, hang, or take memory that the
//! file does not have. Seeds: the headers of small models, such as the first 64 KiB of a GGUF file.
#![no_main]

use askpm::engine::{CandleEngine, DeviceChoice};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = std::env::temp_dir().join(format!("askpm-fuzz-{}.gguf", std::process::id()));
    if std::fs::write(&path, bytes).is_ok() {
        let _ = CandleEngine::load(&path, DeviceChoice::Cpu);
    }
});
