//! Tests stored openings: the answers stay the same, fewer tokens are read, and bad files are not used.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use askpm_fixtures::{ARCHITECTURES, TinyGguf, Weights};

use super::*;
use crate::tests::{any_ids, real_model};
use crate::{DeviceChoice, Engine, Generation, LocalEngine, Message, Role, Sampling};

fn messages(user: &str) -> Vec<Message> {
    let message = |role, content: &str| Message {
        role,
        content: content.into(),
    };
    vec![
        message(Role::System, "the hello and the other"),
        message(Role::User, user),
    ]
}

/// Stands for a new process: a model that was just loaded and stores its openings in `folder`.
fn engine(model: &Path, folder: &Path) -> LocalEngine {
    let mut engine = LocalEngine::load(model, DeviceChoice::Cpu).unwrap();
    engine.keep_openings(folder.into(), &[messages("Notes:\n")]);
    engine
}

fn answer(engine: &mut LocalEngine, rest: &str) -> Generation {
    let sampling = Sampling {
        max_tokens: 20,
        ..Sampling::default()
    };
    let messages = messages(&format!("Notes:\n{rest}"));
    engine
        .generate(&messages, &sampling, &mut |_| ControlFlow::Continue(()))
        .unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_next_process_reads_less_and_answers_the_same() {
    for architecture in ARCHITECTURES {
        for weights in [Weights::F32, Weights::Q8_0] {
            let home = tempfile::tempdir().unwrap();
            let model = TinyGguf::new(architecture, weights).write(home.path(), "tiny.gguf");
            let (kept, none) = (home.path().join("kept"), home.path().join("none"));
            let first = answer(&mut engine(&model, &kept), "something in 12");
            assert_eq!(first.cached_tokens, 0, "{architecture}");
            let next = answer(&mut engine(&model, &kept), "and another, hello");
            let fresh = answer(&mut engine(&model, &none), "and another, hello");
            assert_eq!((&next.text, next.stop), (&fresh.text, fresh.stop), "{architecture}");
            assert_eq!(next.prompt_tokens, fresh.prompt_tokens);
            // When the opening is written, a convolution no longer has its state at the end of the opening.
            if architecture == "lfm2" {
                assert_eq!((next.cached_tokens, files(&kept).len()), (0, 0));
            } else {
                assert!(next.cached_tokens > 10, "{architecture}: {next:?}");
                assert_eq!(files(&kept).len(), 1);
            }
        }
    }
}

#[test]
fn logits_after_a_kept_opening_are_the_same_to_the_last_bit() {
    for architecture in ARCHITECTURES.into_iter().filter(|name| *name != "lfm2") {
        let home = tempfile::tempdir().unwrap();
        let model = TinyGguf::new(architecture, Weights::Q8_0).write(home.path(), "tiny.gguf");
        // Inside a block of keys, at the end of one, and past the end of a page.
        for length in [9, 16, 33, 128, 141] {
            let ids = any_ids(200);
            let logits = |rest: &[u32]| {
                let mut engine = LocalEngine::load(&model, DeviceChoice::Cpu).unwrap();
                let opening = vec![ids[..length].to_vec()];
                engine
                    .session
                    .keep(Prefixes::new(home.path().join("kept"), &model, opening));
                let prompt = [&ids[..length], rest].concat();
                let mut logits = Vec::new();
                let cached = engine.session.prompt(&prompt, &mut logits).unwrap();
                engine.session.save();
                (cached, logits.iter().map(|x| x.to_bits()).collect::<Vec<_>>())
            };
            let other = [77; 50];
            let fresh = logits(&ids[length..]);
            assert_eq!(fresh.0, 0, "{architecture}, {length}");
            assert_eq!(logits(&other).0, length, "{architecture}, {length}");
            assert!(logits(&ids[length..]) == (length, fresh.1), "{architecture}, {length}");
        }
    }
}

#[test]
fn a_file_that_is_wrong_is_not_used_and_is_written_anew() {
    let home = tempfile::tempdir().unwrap();
    let model = TinyGguf::new("llama", Weights::Q8_0).write(home.path(), "tiny.gguf");
    let kept = home.path().join("kept");
    let expected = answer(&mut engine(&model, &kept), "something in 12").text;
    let file = files(&kept).remove(0);
    let whole = fs::read(&file).unwrap();
    let mut faults: Vec<Vec<u8>> = vec![Vec::new(), whole[..20].to_vec(), whole[..whole.len() - 1].to_vec()];
    faults.extend([50, whole.len() / 2, whole.len() - 1].map(|at| {
        let mut changed = whole.clone();
        changed[at] ^= 4;
        changed
    }));
    for fault in faults {
        fs::write(&file, &fault).unwrap();
        let made = answer(&mut engine(&model, &kept), "something in 12");
        assert_eq!((made.text, made.cached_tokens), (expected.clone(), 0));
        assert!(fs::read(&file).unwrap() == whole, "not written anew");
        let again = answer(&mut engine(&model, &kept), "something in 12");
        assert!(again.text == expected && again.cached_tokens > 20);
    }
}

#[test]
fn what_was_kept_of_another_model_or_wording_is_not_used() {
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join("kept");
    let mut file = TinyGguf::new("llama", Weights::Q8_0);
    let model = file.write(home.path(), "tiny.gguf");
    answer(&mut engine(&model, &kept), "something in 12");
    // Other weights under the same name, of the same length.
    file = TinyGguf {
        seed: 2,
        ..TinyGguf::new("llama", Weights::Q8_0)
    };
    let norm = file.tensors.get_mut("output_norm.weight").unwrap();
    norm.data.reverse();
    file.write(home.path(), "tiny.gguf");
    assert_eq!(answer(&mut engine(&model, &kept), "something in 12").cached_tokens, 0);
    assert_eq!(files(&kept).len(), 2);
    let mut other = LocalEngine::load(&model, DeviceChoice::Cpu).unwrap();
    other.keep_openings(kept.clone(), &[messages("Other notes:\n")]);
    assert_eq!(answer(&mut other, "something in 12").cached_tokens, 0);
    assert_eq!(files(&kept).len(), 2, "the prompt did not begin with the opening");
}

#[test]
fn what_is_kept_says_nothing_of_what_came_after_the_opening() {
    let home = tempfile::tempdir().unwrap();
    let model = TinyGguf::new("qwen3", Weights::F32).write(home.path(), "tiny.gguf");
    let kept = |name: &str, rest: &str| {
        let folder = home.path().join(name);
        answer(&mut engine(&model, &folder), rest);
        fs::read(files(&folder).remove(0)).unwrap()
    };
    assert!(kept("one", "secret 12 in the hello") == kept("two", "Another, longer text and its end"));
}

#[test]
fn questions_of_one_process_have_the_opening_from_memory() {
    let home = tempfile::tempdir().unwrap();
    let model = TinyGguf::new("llama", Weights::Q8_0).write(home.path(), "tiny.gguf");
    let mut engine = engine(&model, &home.path().join("kept"));
    answer(&mut engine, "something in 12");
    let opening = answer(&mut engine, "another").cached_tokens;
    assert!(opening > 20);
    // More tokens are in common than the opening has.
    assert!(answer(&mut engine, "another one").cached_tokens > opening);
}

#[test]
fn the_real_model_answers_the_same_after_a_kept_opening() {
    let Some(model) = real_model() else { return };
    let home = tempfile::tempdir().unwrap();
    let text = "Start from the problem and not from the model.\n\nQuestion: Where should a team begin?";
    let first = answer(&mut engine(&model, home.path()), text);
    let next = answer(&mut engine(&model, home.path()), text);
    assert_eq!((first.text, first.cached_tokens), (next.text, 0));
    assert!(next.cached_tokens > 10, "{}", next.cached_tokens);
}
