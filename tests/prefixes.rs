//! Tests that the common start of all prompts is cached between processes, and changes no answer.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::harness::Home;
use askpm_fixtures::{Meta, TinyGguf, Weights};

const QUESTIONS: [&str; 2] = ["How should we price an API?", "Which metric should a new PM watch?"];

/// Writes the model once: a rewritten file counts as another model.
fn model(home: &Home) -> PathBuf {
    let path = home.path("tiny.gguf");
    if path.exists() {
        return path;
    }
    let mut file = TinyGguf::new("llama", Weights::Q8_0);
    file.set("llama.context_length", Meta::U32(4096));
    home.write("tiny.gguf", file.bytes())
}

/// Returns the answer, and how many tokens of its prompt came from the cache.
fn ask(home: &Home, question: &str) -> (Value, u64) {
    let model = model(home);
    let run = home.askpm().args(["ask", "--json", "-m"]).args([&model]);
    let mut answer = run.args([question]).run().json();
    // The output of a random model is always rejected and the answer is quoted, but the prompt was read.
    assert!(answer["timings"]["prompt_tokens"].as_u64() > Some(20), "{answer:#}");
    let cached = answer["timings"]["cached_tokens"].as_u64().unwrap();
    for varying in ["timings", "corpus", "model"] {
        answer.as_object_mut().unwrap().remove(varying);
    }
    (answer, cached)
}

/// Returns the cached files, wherever the cache is.
fn kept(home: &Home) -> Vec<PathBuf> {
    walkdir::WalkDir::new(home.path(""))
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "kv"))
        .collect()
}

#[test]
fn the_second_process_reads_less_of_its_prompt_and_answers_as_the_first_would_have() {
    let home = Home::new();
    assert_eq!(ask(&home, QUESTIONS[0]).1, 0);
    let files = kept(&home);
    assert_eq!(files.len(), 1, "{files:?}");
    let (answer, cached) = ask(&home, QUESTIONS[1]);
    assert!(cached > 20, "{cached}");
    assert_eq!(ask(&Home::new(), QUESTIONS[1]), (answer.clone(), 0));
    // A damaged file is ignored and written again.
    let whole = fs::read(&files[0]).unwrap();
    let longer = [whole.as_slice(), b"x"].concat();
    for damaged in [whole[..whole.len() / 2].to_vec(), longer, Vec::new()] {
        fs::write(&files[0], damaged).unwrap();
        assert_eq!(ask(&home, QUESTIONS[1]), (answer.clone(), 0));
        assert!(fs::read(&files[0]).unwrap() == whole);
    }
}

#[test]
fn a_folder_that_cannot_be_made_changes_nothing() {
    let home = Home::new();
    ask(&home, QUESTIONS[0]);
    let folder = kept(&home)[0].parent().unwrap().to_path_buf();
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, b"in the way").unwrap();
    assert_eq!(ask(&home, QUESTIONS[1]).1, 0);
    assert_eq!(fs::read(&folder).unwrap(), b"in the way");
}

#[test]
fn the_questions_of_a_batch_have_in_common_what_their_prompts_begin_with() {
    let home = Home::new();
    let model = model(&home);
    let run = home.askpm().args(["ask", "--batch", "-", "-m"]).args([&model]);
    let ran = run.stdin(QUESTIONS.join("\n")).run();
    let cached: Vec<u64> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|answer| answer["timings"]["cached_tokens"].as_u64().unwrap())
        .collect();
    assert!(cached.len() == 2 && cached[0] == 0 && cached[1] > 20, "{cached:?}");
}
