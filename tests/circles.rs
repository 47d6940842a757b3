//! Checks that no files refer to each other in a circle.
//!
//! A module and the modules below it count as one here: a parent re-exports its children, and children use the parent's
//! types. Everything else must have a direction, so that a reader can start somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module by its path in the crate, such as `["answer", "runs", "worth"]`. The crate's root is empty.
type Module = Vec<String>;
type Edges = BTreeMap<Module, BTreeSet<Module>>;

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            files(&path, out);
        } else if name.ends_with(".rs") && !name.ends_with("_tests.rs") && name != "tests.rs" {
            out.push(path);
        }
    }
}

/// The code of a file without comments and without its unit tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths of a `use` tree: `a::{b, c::{d}}` gives `a::b` and `a::c::d`.
fn expanded(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((base, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_string()];
    };
    let inner = rest.strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(&inner[start..]);
    let items = items.into_iter().filter(|item| !item.trim().is_empty());
    items
        .flat_map(|item| expanded(&format!("{}{}", base.trim(), item.trim())))
        .collect()
}

/// All paths that a file names: those of its `use` lines, and those within its code.
fn paths(code: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let starts_line = code[..at].rsplit('\n').next().unwrap_or_default();
        let visible = starts_line.trim();
        if visible.is_empty() || visible.starts_with("pub") {
            let tree = code[at + 4..].split(';').next().unwrap_or_default();
            out.extend(expanded(tree));
        }
    }
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = code.split(|c| !part(c));
    let inline = words.filter(|word| {
        ["crate::", "super::", "self::"]
            .iter()
            .any(|root| word.starts_with(root))
    });
    out.extend(inline.map(str::to_string));
    out
}

/// The module that `path` leads to from `from`.
fn target(path: &str, from: &Module, modules: &BTreeSet<Module>) -> Option<Module> {
    let mut parts: Vec<&str> = path.split("::").map(str::trim).collect();
    let mut full = match parts[0] {
        "crate" => Module::new(),
        "self" | "super" => from.clone(),
        child => {
            let mut module = from.clone();
            module.push(child.to_string());
            modules.contains(&module).then(|| from.clone())?
        }
    };
    while let Some(first) = parts.first().filter(|part| ["crate", "self", "super"].contains(part)) {
        if *first == "super" {
            full.pop();
        }
        parts.remove(0);
    }
    full.extend(parts.iter().map(|part| part.to_string()));
    while !modules.contains(&full) {
        full.pop()?;
    }
    Some(full)
}

fn edges(root: &Path) -> Edges {
    let mut paths_of = BTreeMap::new();
    let mut found = Vec::new();
    files(root, &mut found);
    for path in found {
        let inside = path.strip_prefix(root).unwrap().with_extension("");
        let mut module: Module = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if ["mod", "lib", "main"].contains(&module.last().unwrap().as_str()) {
            module.pop();
        }
        paths_of.insert(module, paths(&code(&fs::read_to_string(&path).unwrap())));
    }
    let modules: BTreeSet<Module> = paths_of.keys().cloned().collect();
    let related = |a: &Module, b: &Module| a.starts_with(b) || b.starts_with(a);
    paths_of
        .iter()
        .map(|(module, paths)| {
            let targets = paths.iter().filter_map(|path| target(path, module, &modules));
            (
                module.clone(),
                targets.filter(|other| !related(module, other)).collect(),
            )
        })
        .collect()
}

/// All modules that can be reached from `from`.
fn reached(from: &Module, edges: &Edges) -> BTreeSet<Module> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from.clone()]);
    while let Some(module) = next.pop() {
        for other in edges.get(&module).into_iter().flatten() {
            if seen.insert(other.clone()) {
                next.push(other.clone());
            }
        }
    }
    seen
}

#[test]
fn no_files_refer_to_each_other_in_a_circle() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for part in ["src", "crates/engine/src", "crates/gguf/src", "crates/kernels/src"] {
        let edges = edges(&workspace.join(part));
        assert!(edges.values().any(|targets| !targets.is_empty()), "{part} has no edges");
        let circular = edges.keys().filter(|module| reached(module, &edges).contains(*module));
        found.extend(circular.map(|module| module.join("/")));
    }
    assert!(found.is_empty(), "in a circle: {found:#?}");
}

#[test]
fn use_trees_are_expanded() {
    assert_eq!(expanded("a::{b, c::{d, e as f}}"), ["a::b", "a::c::d", "a::c::e"]);
    let named: BTreeSet<String> = paths("pub use super::x::{Y};\nlet z = crate::q::r(1);")
        .into_iter()
        .collect();
    assert!(
        named.contains("super::x::Y") && named.contains("crate::q::r"),
        "{named:?}"
    );
}
