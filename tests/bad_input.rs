//! Tests mistakes in input and files: each ends in one clear line with a hint, and nothing is lost.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use crate::harness::{Home, Ran};
use askpm_fixtures::{Meta, TinyGguf, Weights};

const QUESTION: &str = "How should we price an API?";

fn ask_with(home: &Home, model: &PathBuf) -> Ran {
    home.askpm()
        .args(["ask", "--json", "--max-tokens", "8", "-m"])
        .args([model])
        .args([QUESTION])
        .run()
}

fn tiny(edit: impl FnOnce(&mut TinyGguf)) -> Vec<u8> {
    let mut gguf = TinyGguf::new("llama", Weights::F32);
    edit(&mut gguf);
    gguf.bytes()
}

#[test]
fn a_random_model_s_babble_gives_the_quoted_answer_and_says_so() {
    let home = Home::new();
    let model = home.write(
        "babble.gguf",
        tiny(|gguf| gguf.set("llama.context_length", Meta::U32(4096))),
    );
    let ran = ask_with(&home, &model).ok();
    assert_eq!(ran.json()["mode"], "extractive");
    assert!(ran.stderr.contains("no passage supports the model's text"), "{ran:#?}");
}

#[test]
fn a_broken_model_file_is_named_with_what_is_wrong_in_it() {
    let home = Home::new();
    let whole = tiny(|_| {});
    let cases: [(&str, Vec<u8>, &str); 7] = [
        ("empty.gguf", Vec::new(), "empty"),
        ("magic.gguf", b"GGML and more of it".to_vec(), "magic"),
        ("half-header.gguf", whole[..100].to_vec(), "do not fit"),
        ("half-weights.gguf", whole[..whole.len() - 500].to_vec(), "tensor"),
        (
            "version.gguf",
            {
                let mut b = whole.clone();
                b[4] = 99;
                b
            },
            "version",
        ),
        (
            "arch.gguf",
            tiny(|g| g.set("general.architecture", Meta::text("mamba"))),
            "mamba",
        ),
        (
            "vocab.gguf",
            tiny(|g| drop(g.metadata.remove("tokenizer.ggml.tokens"))),
            "tokenizer.ggml.tokens",
        ),
    ];
    for (name, bytes, part) in cases {
        let model = home.write(name, bytes);
        ask_with(&home, &model).fails(1, &[name, part]);
    }
    ask_with(&home, &home.path("missing.gguf")).fails(1, &["missing.gguf"]);
    ask_with(&home, &home.path("")).fails(1, &[]);
}

#[test]
fn a_model_in_the_cache_that_is_not_the_listed_one_is_not_used() {
    let home = Home::new();
    let bytes = tiny(|_| {});
    let (size, commit, wrong) = (bytes.len(), "1".repeat(40), "2".repeat(64));
    home.write(
        &format!("hf/hub/models--some--tiny/snapshots/{commit}/tiny.gguf"),
        bytes,
    );
    home.write(
        "config/askpm/models.toml",
        format!(
            "version = 1\n[[model]]\nname = \"smollm2-135m\"\ntitle = \"T\"\narchitecture = \"llama\"\n\
             quantization = \"F32\"\ncontext = 4096\nlicence = \"MIT\"\nsize = {size}\nsha256 = \"{wrong}\"\n\
             min_memory_mb = 1\ndefault = true\n[[model.source]]\nkind = \"hub\"\nrepo = \"some/tiny\"\n\
             revision = \"{commit}\"\nfile = \"tiny.gguf\"\n"
        ),
    );
    let (hf, config) = (home.path("hf"), home.path("config"));
    let askpm = || {
        home.askpm()
            .env("HF_HOME", &hf)
            .env("XDG_CONFIG_HOME", &config)
            .args(["--offline"])
    };
    let ran = askpm().args(["models", "verify", "smollm2-135m"]).run();
    let ran = ran.fails(1, &["tiny.gguf", "sha256", &wrong]);
    assert!(ran.hint().contains("askpm models pull smollm2-135m"), "{ran:#?}");
    let ran = askpm().args(["ask", "--json", QUESTION]).run().ok();
    assert_eq!(ran.json()["mode"], "extractive");
    assert!(ran.stderr.contains("sha256"), "{ran:#?}");
}

#[test]
fn an_index_folder_that_cannot_be_made_is_named_with_a_way_out() {
    let home = Home::new();
    let cache = home.write("a-file", "not a folder");
    let ran = home
        .askpm()
        .env("XDG_CACHE_HOME", &cache)
        .args(["search", "price"])
        .run();
    assert!(!ran.fails(1, &["a-file"]).hint().is_empty());
    let mine = home.write("cache/askpm/index/keep.txt", "mine");
    let taken = home.path("cache/askpm/index");
    home.askpm()
        .env("XDG_CACHE_HOME", home.path("cache"))
        .args(["search", "price"])
        .run()
        .ok();
    assert_eq!(fs::read_to_string(mine).unwrap(), "mine");
    // A folder in place of the index that holds someone else's files is left alone.
    let ours = fs::read_dir(&taken)
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.is_dir())
        .unwrap();
    fs::remove_dir_all(&ours).unwrap();
    fs::create_dir_all(&ours).unwrap();
    fs::write(ours.join("thesis.doc"), "years of work").unwrap();
    let ran = home
        .askpm()
        .env("XDG_CACHE_HOME", home.path("cache"))
        .args(["search", "price"])
        .run();
    ran.fails(1, &[]);
    assert_eq!(fs::read_to_string(ours.join("thesis.doc")).unwrap(), "years of work");
}

#[test]
fn settings_models_and_prompts_that_cannot_be_read_are_named_with_their_line() {
    let home = Home::new();
    let askpm = || home.askpm().env("XDG_CONFIG_HOME", home.path("config"));
    home.write("config/askpm/config.toml", "top_k = 5\nmodle = \"x\"\n");
    let ran = askpm()
        .args(["ask", QUESTION])
        .run()
        .fails(1, &["config.toml:2", "modle"]);
    assert!(ran.hint().contains("known settings"), "{ran:#?}");
    askpm()
        .args(["--config", "nowhere.toml", "search", "x"])
        .run()
        .fails(1, &["nowhere.toml"]);
    fs::remove_file(home.path("config/askpm/config.toml")).unwrap();

    home.write("config/askpm/models.toml", "version = 1\n[[model]]\nname = \"a/b\"\n");
    askpm().args(["models", "list"]).run().fails(1, &["models.toml:"]);
    home.write("config/askpm/models.toml", "version = = 1\n");
    askpm().args(["ask", QUESTION]).run().fails(1, &["models.toml:1"]);
    let doctor = askpm().args(["doctor"]).run();
    assert_eq!(doctor.status, Some(1));
    assert!(doctor.stdout.contains("BROKEN  model"), "{doctor:#?}");
    fs::remove_file(home.path("config/askpm/models.toml")).unwrap();

    home.write("config/askpm/prompts/answer.md", "no sections at all");
    askpm()
        .args(["ask", QUESTION])
        .run()
        .fails(1, &["answer.md", "## system"]);
}

#[test]
fn a_long_question_that_is_cut_within_a_character_is_too_long_and_not_invalid() {
    let home = Home::new();
    for text in ["é".repeat(9_000), "aé".repeat(9_000), "€".repeat(9_000)] {
        let ask = |args: &[&str]| {
            home.askpm()
                .args(["ask", "-m", "none"])
                .args(args)
                .stdin(text.clone())
                .run()
        };
        ask(&["-"]).fails(1, &["longer than the limit"]);
        let search = home.askpm().args(["search", "-"]).stdin(text.clone()).run();
        search.fails(1, &["longer than the limit"]);
        let batch = ask(&["--batch", "-"]);
        assert!(batch.stdout.contains("longer than the limit"), "{batch:#?}");
    }
}

#[test]
fn a_question_that_is_no_text_or_far_too_long_is_refused() {
    let home = Home::new();
    let bytes = OsString::from_vec(b"how \xff so?".to_vec());
    let ran = home.askpm().args(["ask", "-m", "none"]).args([bytes]).run();
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{ran:#?}");
    let ran = home
        .askpm()
        .args(["ask", "-m", "none", "-"])
        .stdin(b"how \xff so?".to_vec())
        .run();
    ran.fails(1, &["question: byte 5 is not UTF-8"]);
    let ran = home
        .askpm()
        .args(["ask", "-m", "none", "-"])
        .stdin("why ".repeat(1 << 18))
        .run();
    assert!(
        ran.fails(1, &["the question is longer", "bytes"])
            .hint()
            .contains("few sentences")
    );
    home.askpm()
        .args(["search", "-"])
        .stdin("why ".repeat(1 << 18))
        .run()
        .fails(1, &["bytes"]);
    home.askpm()
        .args(["ask", "-m", "none", "  "])
        .run()
        .fails(1, &["the question is empty"]);
    home.askpm()
        .args(["ask", "-m", "none"])
        .run()
        .fails(1, &["the question is empty"]);
}

#[test]
fn a_corpus_without_editions_is_an_error_that_names_it() {
    let home = Home::new();
    fs::create_dir_all(home.path("empty")).unwrap();
    let search = |dir: &str| home.bare().args(["--corpus", dir, "search", "price"]).run();
    assert!(
        search("empty")
            .fails(1, &["empty", "no Markdown file"])
            .hint()
            .contains("--corpus")
    );
    search("nowhere").fails(1, &["nowhere"]);
}

#[test]
fn a_broken_edition_is_named_with_its_line_and_the_others_are_indexed() {
    let home = Home::new();
    home.write(
        "corpus/good.md",
        "---\nslug: good\ntitle: Good\n---\n\n## Q1. Prices?\n\n### A. Someone\n\nRaise the price.\n",
    );
    home.write(
        "corpus/bad.md",
        "---\nslug: Bad Slug\ntitle: Bad\n---\n\n## Q1. Prices?\n",
    );
    home.write("corpus/latin1.md", b"---\nslug: caf\xe9\n");
    let askpm = || home.bare().args(["--corpus", "corpus"]);
    let ran = askpm().args(["search", "price"]).run().ok();
    assert!(ran.stdout.contains("good/q1/a"), "{ran:#?}");
    assert!(ran.stderr.contains("bad.md: line 2: slug `Bad Slug`"), "{ran:#?}");
    assert!(ran.stderr.contains("latin1.md: line 2 is not UTF-8"), "{ran:#?}");
    let skipped = askpm().args(["refresh", "--json"]).run().ok().json()["skipped"].clone();
    assert_eq!(skipped.as_array().map(Vec::len), Some(2), "{skipped}");
    let doctor = askpm().args(["doctor"]).run();
    assert!(
        doctor.status == Some(1) && doctor.stdout.contains("2 of 3 files are not valid editions"),
        "{doctor:#?}"
    );
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let home = Home::new();
    let evil = "Raise the price \u{1b}[2J\u{1b}]0;owned\u{7} of the \u{202e}API\u{9b}31m now.";
    home.write(
        "corpus/evil.md",
        format!("---\nslug: evil\ntitle: \"T\\e[31m\"\n---\n\n## Q1. Price {evil}\n\n### A. X{evil}\n\n{evil}\n\nRaise the price of the API once a year.\n"),
    );
    let askpm = || home.bare().args(["--corpus", "corpus"]);
    for args in [
        &["search", "price"][..],
        &["show", "evil"],
        &["-m", "none", "raise price"],
        &["search", "--json", "price"],
        &["show", "--json", "evil"],
    ] {
        let ran = askpm().args(args).run().ok();
        let hostile = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(
            !ran.stdout.contains(hostile) && !ran.stderr.contains(hostile),
            "{args:?} {ran:#?}"
        );
    }
}
