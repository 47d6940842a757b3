//! Tests that each broken `models.toml` is reported with line, field and hint.

use super::*;
use proptest::prelude::*;

const GOOD: &str = r#"version = 1
[[model]]
name = "m"
title = "t"
architecture = "llama"
quantization = "Q8_0"
context = 10
licence = "MIT"
size = 4
sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
min_memory_mb = 5
[[model.source]]
kind = "hub"
repo = "a/b"
revision = "main"
file = "f.gguf"
[[model.source]]
kind = "package"
package = "p"
version = "0.1"
member = "p/f.gguf"
"#;

/// Returns the line, field and hint of the error that parsing `GOOD` gives after `from` is replaced by `to`.
fn broken(from: &str, to: &str) -> (usize, String, String) {
    assert!(GOOD.contains(from), "the test replaces {from:?}, which is not there");
    match parse(&GOOD.replacen(from, to, 1), Path::new("x.toml")) {
        Err(ModelError::Registry { line, field, hint, .. }) => (line, field, hint),
        other => panic!("{to:?} gave {other:?}"),
    }
}

fn place(from: &str, to: &str) -> (usize, String) {
    let (line, field, hint) = broken(from, to);
    assert!(!hint.is_empty());
    (line, field)
}

#[test]
fn a_good_file_is_read_whole() {
    let models = parse(GOOD, Path::new("x.toml")).unwrap();
    let model = models.first().unwrap();
    assert_eq!(
        (model.name.as_str(), model.size, model.default, model.verified),
        ("m", 4, false, true)
    );
    let hub = Source::Hub {
        repo: "a/b".into(),
        revision: "main".into(),
        file: "f.gguf".into(),
    };
    let package = Source::Package {
        package: "p".into(),
        version: "0.1".into(),
        member: "p/f.gguf".into(),
    };
    assert_eq!(model.sources, [hub, package]);
}

#[test]
fn unknown_keys_are_named_with_their_line() {
    assert_eq!(place("title", "titel"), (4, "titel".into()));
    assert_eq!(
        place("repo = \"a/b\"", "repo = \"a/b\"\nurl = \"x\""),
        (15, "url".into())
    );
}

#[test]
fn a_later_version_is_told_before_its_unknown_keys() {
    let text = "new_key = 1\nversion = 2\n";
    let error = parse(text, Path::new("x.toml")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read x.toml:2: version: version 2 of the format is unknown"
    );
    assert!(error.hint().unwrap().contains("version = 1"));
    assert_eq!(place("version = 1\n", ""), (1, "version".into()));
}

#[test]
fn bad_hashes_and_revisions_are_refused() {
    assert_eq!(place("aaaa\"", "aaag\""), (10, "sha256".into()));
    assert_eq!(place("aaaa\"", "\""), (10, "sha256".into()));
    assert_eq!(place("\"main\"", "\"a b\""), (15, "revision".into()));
    assert_eq!(place("\"main\"", "\"../main\""), (15, "revision".into()));
    let nearly_a_commit = format!("\"{}\"", "A".repeat(40));
    assert_eq!(place("\"main\"", &nearly_a_commit), (15, "revision".into()));
}

#[test]
fn names_and_paths_that_could_climb_out_are_refused() {
    for name in ["a/b", "..", "", "none", "A", "-m", "a b"] {
        assert_eq!(place("name = \"m\"", &format!("name = {name:?}")), (3, "name".into()));
    }
    for path in ["../f", "p/../f", "/f", "p//f", "", "p\\f", "c:f", "p/."] {
        assert_eq!(place("\"p/f.gguf\"", &format!("'{path}'")), (21, "member".into()));
        assert_eq!(place("\"f.gguf\"", &format!("'{path}'")), (16, "file".into()));
    }
    for repo in ["a", "a/b/c", "../b", "a/..", "a--b/c"] {
        assert_eq!(place("\"a/b\"", &format!("{repo:?}")), (14, "repo".into()));
    }
    for package in ["-r", "p q", ""] {
        assert_eq!(
            place("package = \"p\"", &format!("package = {package:?}")),
            (19, "package".into())
        );
    }
    assert_eq!(place("\"0.1\"", "\"0.1 --index-url=x\""), (20, "version".into()));
}

#[test]
fn duplicate_names_and_missing_sources_are_refused() {
    let twice = format!("{GOOD}{}", GOOD.replacen("version = 1\n", "", 1));
    let error = parse(&twice, Path::new("x.toml")).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot read x.toml:23: name: "),
        "{error}"
    );
    let cut = GOOD.split("[[model.source]]").next().unwrap();
    let error = parse(cut, Path::new("x.toml")).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot read x.toml:2: source: "),
        "{error}"
    );
}

#[test]
fn sources_have_their_own_keys_and_all_of_them() {
    assert_eq!(place("\"hub\"", "\"ftp\""), (13, "kind".into()));
    assert_eq!(place("repo = \"a/b\"\n", ""), (12, "repo".into()));
    assert_eq!(
        place("revision = \"main\"", "revision = \"main\"\nmember = \"x\""),
        (16, "member".into())
    );
}

#[test]
fn wrong_types_and_broken_toml_have_a_line() {
    assert_eq!(place("size = 4", "size = \"4\""), (9, "size".into()));
    assert_eq!(place("size = 4", "size = 0"), (9, "size".into()));
    assert_eq!(place("size = 4", "size = -4"), (9, "size".into()));
    assert_eq!(place("size = 4", "size = "), (9, "size".into()));
}

#[test]
fn kinds_and_further_files_are_read_and_checked() {
    let file = "[[model.file]]\nname = \"config.json\"\nsize = 3\nsha256 = \"";
    let hash = "b".repeat(64);
    let with = |kind: &str, files: &str| {
        let text = GOOD.replacen("name = \"m\"", &format!("name = \"m\"\nkind = \"{kind}\""), 1);
        let text = text.replacen("[[model.source]]", &format!("{files}[[model.source]]"), 1);
        parse(&text, Path::new("x.toml"))
    };
    let one = format!("{file}{hash}\"\n");
    let models = with("embedding", &one).unwrap();
    assert_eq!((models[0].kind, models[0].total_size()), (ModelKind::Embedding, 7));
    assert_eq!(with("generation", "").unwrap()[0].kind, ModelKind::Generation);
    let field = |result: Result<Vec<Model>, ModelError>| match result {
        Err(ModelError::Registry { line, field, .. }) => (line, field),
        other => panic!("{other:?}"),
    };
    assert_eq!(field(with("poetry", "")), (4, "kind".into()));
    assert_eq!(
        field(with("embedding", &one.replace("config.json", "../x"))),
        (14, "name".into())
    );
    assert_eq!(
        field(with("embedding", &one.replace("config.json", "a/b"))),
        (14, "name".into())
    );
    assert_eq!(
        field(with("embedding", &one.replace("= 3", "= 0"))),
        (15, "size".into())
    );
    assert_eq!(
        field(with("embedding", &one.replace("bbb\"", "\""))),
        (16, "sha256".into())
    );
    assert_eq!(field(with("embedding", &format!("{one}{one}"))), (18, "name".into()));
}

#[test]
fn pieces_must_be_whole_and_need_no_other_keys() {
    let source = "[[model.source]]\nkind = \"package\"\npackage = \"p\"\nversion = \"0.1\"\nmember = \"p/f.gguf\"\n";
    let piece = |name: &str, size: u64| {
        format!("[[model.source.piece]]\npackage = \"{name}\"\nversion = \"1\"\nmember = \"m\"\nsize = {size}\n")
    };
    let with = |pieces: &str| GOOD.replace(source, &format!("[[model.source]]\nkind = \"package\"\n{pieces}"));
    let read = |text: &str| parse(text, Path::new("x.toml"));
    let good = read(&with(&(piece("a", 3) + &piece("b", 1)))).unwrap();
    assert!(matches!(&good[0].sources[1], Source::Pieces(pieces) if pieces.len() == 2));
    for (text, why) in [
        (with(&piece("a", 3)), "the pieces have 3 bytes, the file has 4"),
        (with(&(piece("a", 4) + &piece("b", 0))), "must not be 0"),
        (with(&piece("-a", 4)), "\"-a\" is not valid"),
        (
            GOOD.to_string() + &piece("a", 4),
            "is not allowed with kind \"package\"",
        ),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn a_hash_may_be_left_out_only_where_the_hub_can_state_it() {
    let hash = format!("sha256 = \"{}\"\n", "a".repeat(64));
    let without = GOOD.replace(&hash, "");
    assert!(!parse(&without, Path::new("x.toml")).unwrap()[0].is_pinned());
    let hub = "[[model.source]]\nkind = \"hub\"\nrepo = \"a/b\"\nrevision = \"main\"\nfile = \"f.gguf\"\n";
    let error = parse(&without.replace(hub, ""), Path::new("x.toml")).unwrap_err();
    assert!(error.to_string().contains("which only the Hub states"), "{error}");
}

proptest! {
    #[test]
    fn any_bytes_give_models_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = super::super::registry::Registry::parse_bytes(&bytes, Path::new("x.toml"));
    }

    #[test]
    fn a_good_file_with_any_bytes_in_it_gives_models_or_an_error(
        at in 0..GOOD.len(),
        drop in 0..40usize,
        bytes in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut text = GOOD.as_bytes().to_vec();
        let end = (at + drop).min(text.len());
        text.splice(at..end, bytes);
        if let Ok(list) = super::super::registry::Registry::parse_bytes(&text, Path::new("x.toml")) {
            for model in list.models() {
                prop_assert!(!model.name.contains('/') && model.sha256.iter().all(|hash| hash.len() == 64) && !model.sources.is_empty());
            }
        }
    }
}
