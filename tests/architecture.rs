//! Checks what crate boundaries cannot: which part of the application may use which library and which other part, and
//! how files look. The engine lives in `crates/`, where the compiler keeps it apart.

use std::fs;
use std::path::{Path, PathBuf};

/// Where a library may be named. The command line and the tests next to the code are checked like any other source.
const QUARANTINE: &[(&str, &[&str])] = &[
    ("tantivy", &["src/index/", "src/retrieve/"]),
    ("askpm_kernels", &["crates/", "src/retrieve/dense"]),
    ("candle_core", &["crates/", "src/retrieve/dense"]),
    ("tokenizers", &["crates/gguf/", "src/retrieve/dense"]),
    ("hf_hub", &["src/models/"]),
    (
        "tokio",
        &[
            "src/models/",
            "src/feeds/",
            "src/imap/",
            "src/serve/",
            "src/mcp/",
            "src/served/",
            "src/retrieve/cluster/",
        ],
    ),
    (
        "reqwest",
        &[
            "src/models/",
            "src/feeds/",
            "src/served/",
            "src/retrieve/cluster/",
            "src/remote.rs",
        ],
    ),
    ("async_imap", &["src/imap/"]),
    ("tokio_rustls", &["src/imap/"]),
    ("rustls_platform_verifier", &["src/imap/"]),
    ("hyper", &["src/serve/"]),
    ("hyper_util", &["src/serve/"]),
    ("http_body_util", &["src/serve/"]),
    ("prometheus", &["src/serve/"]),
    ("subtle", &["src/serve/"]),
    ("rmcp", &["src/mcp/"]),
    ("notify", &["src/cli/"]),
    ("clap", &["src/cli/", "src/main.rs"]),
    ("indicatif", &["src/cli/"]),
    ("rustyline", &["src/cli/chat"]),
    ("signal_hook", &["src/cli/chat"]),
    ("pulldown_cmark", &["src/corpus/"]),
    ("mail_builder", &["src/render/"]),
    ("dom_query", &["src/corpus/import/"]),
    ("dom_smoothie", &["src/corpus/import/reader.rs"]),
    ("html5ever", &["src/corpus/import/"]),
    ("hayro_interpret", &["src/corpus/import/pdf/glyphs.rs"]),
    ("quick_xml", &["src/corpus/import/docx/xml.rs"]),
    ("rustix", &["src/corpus/import/pdf/contain.rs"]),
    ("pure_rust_locales", &["src/render/"]),
    ("whatlang", &["src/retrieve/"]),
    ("opml", &["src/feeds/"]),
    ("xmlparser", &["src/feeds/"]),
    ("toml_edit", &["src/saved/", "src/cli/"]),
];

/// Parts that must not depend on other parts. Each step of the pipeline knows only the steps before it.
const BLIND: &[(&str, &[&str])] = &[
    (
        "src/corpus/",
        &[
            "index", "retrieve", "prompt", "models", "engine", "answer", "ask", "render", "cli",
        ],
    ),
    (
        "src/index/",
        &[
            "retrieve", "prompt", "models", "engine", "answer", "ask", "render", "cli",
        ],
    ),
    (
        "src/retrieve/",
        &["prompt", "models", "engine", "answer", "ask", "render", "cli"],
    ),
    (
        "src/models/",
        &[
            "corpus", "index", "retrieve", "prompt", "engine", "answer", "ask", "render", "cli",
        ],
    ),
    (
        "src/feeds/",
        &[
            "corpus", "index", "retrieve", "prompt", "engine", "answer", "ask", "render", "cli",
        ],
    ),
    (
        "src/imap/",
        &[
            "corpus", "index", "retrieve", "prompt", "engine", "answer", "ask", "render", "cli",
        ],
    ),
    (
        "src/served/",
        &[
            "corpus", "index", "retrieve", "prompt", "models", "answer", "ask", "render", "cli",
        ],
    ),
    (
        "src/prompt/",
        &["index", "retrieve", "models", "engine", "ask", "render", "cli"],
    ),
    (
        "src/answer/",
        &[
            "index", "retrieve", "prompt", "models", "engine", "ask", "render", "cli",
        ],
    ),
    (
        "src/themes/",
        &[
            "index", "retrieve", "prompt", "models", "engine", "ask", "digest", "render", "cli",
        ],
    ),
    (
        "src/digest/",
        &[
            "index", "retrieve", "prompt", "models", "engine", "ask", "render", "cli",
        ],
    ),
    ("src/render/", &["prompt", "models", "engine", "ask", "cli"]),
    ("src/ask", &["models", "chat", "render", "cli", "jobs", "serve", "mcp"]),
    (
        "src/chat/",
        &["models", "prompt", "engine", "render", "jobs", "serve", "mcp", "cli"],
    ),
    (
        "src/compare.rs",
        &[
            "models", "prompt", "engine", "render", "chat", "jobs", "serve", "mcp", "saved", "cli",
        ],
    ),
    (
        "src/saved/",
        &[
            "models", "prompt", "engine", "render", "chat", "jobs", "serve", "mcp", "compare", "cli",
        ],
    ),
    (
        "src/jobs/",
        &["corpus", "index", "prompt", "models", "render", "serve", "mcp", "cli"],
    ),
    (
        "src/serve/",
        &[
            "corpus", "index", "retrieve", "prompt", "models", "engine", "render", "mcp", "cli",
        ],
    ),
    (
        "src/mcp/",
        &[
            "corpus", "index", "prompt", "models", "engine", "render", "serve", "cli",
        ],
    ),
];

/// The most lines of a file, with some slack: readers should be able to take in a whole file.
const MAX_LINES: usize = 450;

fn sources() -> Vec<(String, String)> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(&root.join("src"), &mut paths);
    walk(&root.join("crates"), &mut paths);
    paths.sort();
    let named = |path: PathBuf| {
        let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

/// Returns the lines of `text` that are code, numbered from 1.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(n, line)| (n + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Returns whether `line` names `word` as the first part of a path, as in `word::` or `use word;`.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = &line[at + word.len()..];
        let starts = before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':' && c != '"');
        starts && (after.starts_with("::") || after.starts_with(';'))
    })
}

#[test]
fn libraries_stay_where_they_belong() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        for (library, homes) in QUARANTINE {
            if homes.iter().any(|home| name.starts_with(home)) {
                continue;
            }
            found.extend(
                code(&text)
                    .filter(|(_, l)| names(l, library))
                    .map(|(n, _)| format!("{name}:{n} names {library}")),
            );
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Tests may depend on more than the code next to them.
fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("tests.rs")
}

#[test]
fn dependencies_run_one_way() {
    let mut found = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| !is_test(name)) {
        for (part, others) in BLIND.iter().filter(|(part, _)| name.starts_with(part)) {
            for other in *others {
                let knows = |line: &str| {
                    line.contains(&format!("crate::{other}::")) || line.contains(&format!("crate::{other};"))
                };
                found.extend(
                    code(&text)
                        .filter(|(_, l)| knows(l))
                        .map(|(n, _)| format!("{name}:{n}: {part} knows {other}")),
                );
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The default limits read a PDF in a thread of the program itself.
#[test]
fn every_import_of_the_command_line_reads_pdf_files_in_a_process_of_their_own() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        if !name.starts_with("src/cli/") || name == "src/cli/import.rs" {
            continue;
        }
        let takes = |line: &str| line.replace("feeds::Limits::", "").contains("Limits::default()");
        found.extend(
            code(&text)
                .filter(|(_, l)| takes(l))
                .map(|(n, _)| format!("{name}:{n}: use `import::limits`")),
        );
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn only_the_command_line_and_the_renderer_print() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        if is_test(&name)
            || ["src/cli/", "src/render/", "crates/fixtures/", "crates/engine/examples/"]
                .iter()
                .any(|part| name.starts_with(part))
        {
            continue;
        }
        let body = text.split("#[cfg(test)]\nmod tests").next().unwrap_or("");
        let prints = |line: &str| {
            ["println!(", "eprintln!(", "print!(", "eprint!(", "dbg!("]
                .iter()
                .any(|m| line.contains(m))
        };
        found.extend(
            code(body)
                .filter(|(_, l)| prints(l))
                .map(|(n, _)| format!("{name}:{n}")),
        );
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_module_says_what_it_is_for_and_can_be_read_at_one_sitting() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        if !text.starts_with("//!") {
            found.push(format!("{name} does not begin with `//!`"));
        }
        let lines = text.lines().count();
        if lines > MAX_LINES {
            found.push(format!("{name} has {lines} lines"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn unsafe_code_says_why_it_is_sound() {
    let mut found = Vec::new();
    for (name, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (n, line) in code(&text).filter(|(_, line)| line.contains("unsafe {") || line.contains("unsafe fn")) {
            let before = lines[n.saturating_sub(6)..n].join("\n");
            if !before.contains("SAFETY:") && !before.contains("# Safety") {
                found.push(format!("{name}:{n}: {}", line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
