//! Embeds the editions of `corpus/` in the binary, so that it works in any folder.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let corpus = Path::new(&root).join("corpus");
    println!("cargo:rerun-if-changed=corpus");

    let mut names = Vec::new();
    for entry in fs::read_dir(&corpus)? {
        let name = entry?
            .file_name()
            .into_string()
            .map_err(|name| format!("{name:?} is not UTF-8"))?;
        if name.ends_with(".md") && !name.starts_with('.') && !name.eq_ignore_ascii_case("readme.md") {
            names.push(name);
        }
    }
    names.sort();

    let mut list = String::from("[\n");
    for name in names {
        writeln!(list, "    ({name:?}, include_str!({:?})),", corpus.join(&name))?;
    }
    list.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("builtin_editions.rs"), list)?;
    Ok(())
}
