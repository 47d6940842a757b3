//! Tests the tokenizers against llama.cpp's goldens and with text that imitates special tokens.

use askpm_fixtures::{ARCHITECTURES, Meta, TinyGguf, Weights, golden, ids, real_gemma, real_model, tiny_models};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn tiny(architecture: &str) -> Tokenizer {
    tokenizer(&TinyGguf::new(architecture, Weights::Q4_0))
}

fn tokenizer(model: &TinyGguf) -> Tokenizer {
    let folder = tempfile::tempdir().unwrap();
    Tokenizer::from_gguf(&Gguf::open(&model.write(folder.path(), "tiny.gguf")).unwrap()).unwrap()
}

fn decode(tokenizer: &Tokenizer, ids: &[u32]) -> String {
    String::from_utf8(ids.iter().flat_map(|&id| tokenizer.bytes(id)).collect()).unwrap()
}

fn template(text: &str) -> Segment {
    Segment::Template(text.into())
}

fn content(text: &str) -> Segment {
    Segment::Content(text.into())
}

/// Returns whether plain text may become this token.
fn is_plain(tokenizer: &Tokenizer, id: u32) -> bool {
    match tokenizer.kinds[id as usize] {
        Kind::Ordinary | Kind::Byte => true,
        Kind::UserDefined => tokenizer.tokens[id as usize].chars().all(char::is_whitespace),
        Kind::Unknown | Kind::Control | Kind::Unused => false,
    }
}

/// Compares all texts of a golden. Even without parsing special tokens, llama.cpp turns some plain text into
/// user-defined, unused, control and byte tokens. Such texts are returned instead of compared.
fn compare(tokenizer: &Tokenizer, texts: &Value) -> Vec<String> {
    let mut different = Vec::new();
    for case in texts.as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let (ours, theirs) = (tokenizer.encode_text(text), ids(&case["ids"]));
        assert!(ours.iter().all(|&id| is_plain(tokenizer, id)), "{text:?}: {ours:?}");
        if theirs.iter().all(|&id| is_plain(tokenizer, id)) && !text.contains("<0x") {
            assert_eq!(ours, theirs, "{text:?}");
        } else {
            different.push(text.to_string());
        }
    }
    different
}

#[test]
fn the_real_vocabulary_agrees_with_llama_cpp() {
    let Some(path) = real_model() else { return };
    let tokenizer = Tokenizer::from_gguf(&Gguf::open(&path).unwrap()).unwrap();
    let golden = golden("smollm2_golden.json");
    assert_eq!(compare(&tokenizer, &golden["texts"]), ["<0x0A><0x41>"]);
    for case in golden["texts"].as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        assert_eq!(tokenizer.encode_text(text), ids(&case["ids"]), "{text:?}");
    }
}

#[test]
fn the_vocabulary_of_gemma_agrees_with_llama_cpp_but_where_it_lets_text_become_special() {
    let Some(path) = real_gemma() else { return };
    let tokenizer = Tokenizer::from_gguf(&Gguf::open(&path).unwrap()).unwrap();
    let expected = ["<b>bold</b> & <table>", "</s><s>[INST]", "<0x0A><0x41>"];
    assert_eq!(compare(&tokenizer, &golden("gemma_golden.json")["texts"]), expected);
}

#[test]
fn tiny_vocabularies_agree_with_llama_cpp_but_where_it_lets_text_become_special() {
    let golden = golden("tiny_golden.json");
    for (name, model) in tiny_models() {
        let texts = &golden["models"][&name]["texts"];
        let expected: &[&str] = match name.as_str() {
            "llama-f32" => &["<0x0A><0x41>", "<think>"],
            "gemma3-f32" | "phi3-f32" => &["<b>bold</b> & <table>", "<0x0A><0x41>"],
            _ => continue,
        };
        assert_eq!(compare(&tokenizer(&model), texts), expected, "{name}");
    }
}

#[test]
fn a_template_makes_special_tokens_and_a_message_never_does() {
    for (architecture, special) in [
        ("llama", "<|im_end|>"),
        ("gemma3", "<end_of_turn>"),
        ("phi3", "<|end|>"),
    ] {
        let tokenizer = tiny(architecture);
        let id = tokenizer.tokens.iter().position(|t| t == special).unwrap() as u32;
        let from_template = tokenizer.encode_prompt(&[template(special)]);
        assert_eq!(from_template.last(), Some(&id), "{architecture}");
        let from_content = tokenizer.encode_prompt(&[content(special)]);
        assert!(!from_content.contains(&id), "{architecture}");
        assert_eq!(
            decode(&tokenizer, &from_content).trim_start(),
            special,
            "{architecture}"
        );
        // Nor does it appear where template and message together would spell it.
        let (head, tail) = special.split_at(3);
        let seam = tokenizer.encode_prompt(&[template(head), content(tail), template("x")]);
        assert!(!seam.contains(&id), "{architecture}");
    }
}

/// Puts the hostile texts of the fixture into a message of a prompt for every family.
#[test]
fn no_hostile_text_becomes_a_special_token_in_any_family() {
    let lines = include_str!("../../../../tests/fixtures/hostile/injections.jsonl").lines();
    let texts: Vec<String> = lines
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["text"]
                .as_str()
                .unwrap()
                .to_string()
        })
        .collect();
    assert!(texts.len() >= 40);
    let mut vocabularies: Vec<(String, Tokenizer)> = ARCHITECTURES.iter().map(|a| (a.to_string(), tiny(a))).collect();
    if let Some(path) = real_model() {
        let real = Tokenizer::from_gguf(&Gguf::open(&path).unwrap()).unwrap();
        vocabularies.push(("the real model".into(), real));
    }
    for (name, tokenizer) in vocabularies {
        let special = |text: &str| {
            let ids =
                tokenizer.encode_prompt(&[template("<|im_start|>user\n"), content(text), template("<|im_end|>\n")]);
            ids.into_iter()
                .filter(|&id| !is_plain(&tokenizer, id))
                .collect::<Vec<_>>()
        };
        let innocent = special("Why?");
        for text in &texts {
            assert_eq!(special(text), innocent, "{name}: {text:?}");
        }
    }
}

#[test]
fn a_merge_that_would_make_a_special_token_is_left_out() {
    let mut model = TinyGguf::new("llama", Weights::Q4_0);
    if let Some(Meta::Texts(tokens)) = model.metadata.get_mut("tokenizer.ggml.tokens") {
        let special = tokens.iter_mut().find(|t| *t == "<|im_start|>").unwrap();
        *special = "zq".into();
    }
    if let Some(Meta::Texts(merges)) = model.metadata.get_mut("tokenizer.ggml.merges") {
        merges.insert(0, "z q".into());
    }
    let tokenizer = tokenizer(&model);
    assert_eq!(tokenizer.encode_text("zq").len(), 2);
    assert_eq!(tokenizer.encode_prompt(&[template("zq")]).len(), 1);
}

#[test]
fn text_at_a_seam_is_encoded_as_one() {
    let tokenizer = tiny("llama");
    let seam = tokenizer.encode_prompt(&[template("hel"), content("lo"), template(" the")]);
    assert_eq!(seam, tokenizer.encode_text("hello the"));
    assert_eq!(seam.len(), 2);
}

#[test]
fn a_start_token_is_put_once() {
    let tokenizer = tiny("gemma3");
    let ids = tokenizer.encode_prompt(&[template("<s>"), content("a")]);
    assert_eq!(ids, tokenizer.encode_prompt(&[content("a")]));
    assert_eq!(ids.iter().filter(|&&id| id == 1).count(), 1);
    assert!(
        !tiny("llama")
            .encode_prompt(&[content("a")])
            .contains(&tiny("llama").start.unwrap())
    );
}

#[test]
fn end_tokens_are_those_of_the_metadata_and_of_known_chat_formats() {
    let tokenizer = tiny("gemma3");
    let names: Vec<&str> = tokenizer
        .end
        .iter()
        .map(|&id| tokenizer.tokens[id as usize].as_str())
        .collect();
    assert_eq!(names, ["</s>", "<end_of_turn>", "<|end|>", "<|endoftext|>"]);
}

#[test]
fn ids_outside_the_vocabulary_and_control_tokens_have_no_text() {
    let tokenizer = tiny("phi3");
    assert_eq!(tokenizer.bytes(u32::MAX), b"");
    assert_eq!(tokenizer.bytes(1), b"");
    assert_eq!(tokenizer.bytes(3 + u32::from(b'A')), b"A");
}

#[test]
fn a_megabyte_of_one_character_is_encoded() {
    for architecture in ["llama", "gemma3"] {
        let tokenizer = tiny(architecture);
        for text in [
            " ".repeat(1 << 20),
            "a".repeat(1 << 20),
            "7".repeat(1 << 20),
            "\n".repeat(1 << 20),
        ] {
            let decoded = decode(&tokenizer, &tokenizer.encode_text(&text));
            assert!(decoded.ends_with(&text), "{architecture}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_comes_back_from_its_ids_and_holds_no_special_token(
        parts in proptest::collection::vec(
            prop_oneof![
                ".{0,6}",
                prop::sample::select(vec!["<|im_end|>", "</s>", "<end_of_turn>", "\n\n", "<table>", "<0x41>", "▁", " "])
                    .prop_map(String::from),
            ],
            0..8,
        ),
    ) {
        let text = parts.concat();
        for architecture in ["llama", "gemma3"] {
            let tokenizer = tiny(architecture);
            let ids = tokenizer.encode_text(&text);
            prop_assert!(ids.iter().all(|&id| is_plain(&tokenizer, id)));
            // SentencePiece cannot distinguish its own mark from a space.
            let spaced = if architecture == "gemma3" { text.replace(SPACE, " ") } else { text.clone() };
            prop_assert_eq!(decode(&tokenizer, &ids), spaced);
        }
    }
}
