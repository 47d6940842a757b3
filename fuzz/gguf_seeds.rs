//! Writes the tiny models of the tests into a folder, as seeds: `rustc -O fuzz/gguf_seeds.rs && ./gguf_seeds FOLDER`.

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/harness/tiny_gguf.rs"]
mod tiny_gguf;

use tiny_gguf::{ARCHITECTURES, TinyGguf, Weights};

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    for architecture in ARCHITECTURES {
        for weights in [Weights::Q8_0, Weights::Q4_0] {
            let name = format!("{architecture}-{weights:?}.gguf");
            TinyGguf::new(architecture, weights).write(folder.as_ref(), &name);
        }
    }
}
