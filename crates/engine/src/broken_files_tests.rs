//! Tests broken files: each is rejected with an error that names the file and the field, and none crashes the program.

use askpm_fixtures::{Meta, TinyGguf, TinyTensor, Weights};
use proptest::prelude::*;

use super::{DeviceChoice, EngineError, LocalEngine};

type Result<T> = std::result::Result<T, EngineError>;

fn tiny() -> TinyGguf {
    TinyGguf::new("llama", Weights::F32)
}

fn load_bytes(bytes: &[u8]) -> Result<LocalEngine> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, bytes).unwrap();
    LocalEngine::load(&path, DeviceChoice::Cpu)
}

/// Returns the error for a rejected file, without the file's folder.
fn refusal_of_bytes(bytes: &[u8]) -> String {
    let error = load_bytes(bytes).err().expect("the file is refused");
    let text = error.to_string();
    assert!(!text.contains('\n'), "one line: {text}");
    let at = text.find("model.gguf").expect("the message names the file");
    let start = text[..at].rfind(' ').map_or(0, |space| space + 1);
    format!("{}{}", &text[..start], &text[at..])
}

fn refusal(change: impl FnOnce(&mut TinyGguf)) -> String {
    let mut file = tiny();
    change(&mut file);
    refusal_of_bytes(&file.bytes())
}

fn header_refusal(field_and_problem: &str) -> String {
    format!("model.gguf is not a usable GGUF model: {field_and_problem}")
}

#[test]
fn a_sound_file_loads() {
    assert!(load_bytes(&tiny().bytes()).is_ok());
}

#[test]
fn a_missing_file_and_a_folder_are_unreadable() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.gguf");
    let error = LocalEngine::load(&missing, DeviceChoice::Cpu).err().unwrap();
    assert!(
        matches!(&error, EngineError::File(askpm_gguf::Error::Unreadable { path, .. }) if *path == missing),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot read the model file {}: ", missing.display()))
    );
    let error = LocalEngine::load(folder.path(), DeviceChoice::Cpu).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!("cannot read the model file {}: is a directory", folder.path().display())
    );
}

#[test]
fn a_refusal_is_one_line_however_long_and_strange_the_names_in_the_file() {
    let name = "a\nb\u{1b}[2J".repeat(1000);
    let message = refusal(|f| f.set("general.architecture", Meta::text(&name)));
    assert!(message.len() < 1000 && !message.contains(char::is_control), "{message}");
    let mut file = tiny();
    let tensor = file.tensors["output_norm.weight"].clone();
    file.tensors.insert(
        name,
        TinyTensor {
            dims: vec![0],
            ..tensor
        },
    );
    let message = refusal_of_bytes(&file.bytes());
    assert!(message.len() < 1000 && !message.contains(char::is_control), "{message}");
}

#[test]
fn files_that_are_no_gguf_are_refused() {
    assert_eq!(refusal_of_bytes(b""), header_refusal("magic: the file ends here"));
    assert_eq!(refusal_of_bytes(b"G"), header_refusal("magic: the file ends here"));
    assert_eq!(refusal_of_bytes(b"GGUF"), header_refusal("version: the file ends here"));
    assert_eq!(
        refusal_of_bytes(b"PK\x03\x04 and so on"),
        header_refusal("magic: the file does not begin with `GGUF`")
    );
    assert_eq!(
        refusal(|f| f.version = 1),
        header_refusal("version: 1 is not read (2 and 3 are)")
    );
    assert_eq!(
        refusal(|f| f.version = 3u32.swap_bytes()),
        header_refusal("version: big-endian files are not read")
    );
    assert!(load_bytes(&TinyGguf { version: 2, ..tiny() }.bytes()).is_ok());
}

#[test]
fn a_file_cut_anywhere_is_refused_and_named() {
    let (bytes, header) = tiny().bytes_and_header();
    // The header (each of its lengths is tried by the tests of `askpm_gguf`), then tensor data that ends too soon.
    for end in (0..header).step_by(997).chain((header..bytes.len()).step_by(4099)) {
        refusal_of_bytes(&bytes[..end]);
    }
    refusal_of_bytes(&bytes[..bytes.len() - 1]);
}

#[test]
fn counts_that_the_file_cannot_hold_are_refused() {
    let with = |at: usize, value: u64| {
        let mut bytes = tiny().bytes();
        bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        refusal_of_bytes(&bytes)
    };
    assert!(
        with(8, u64::MAX).starts_with(&header_refusal("metadata count: ")),
        "{}",
        with(8, u64::MAX)
    );
    assert!(with(16, u64::MAX / 13).starts_with(&header_refusal("metadata count: ")));
    // The length of the first key, then that of the token list.
    assert!(with(24, 1 << 62).starts_with(&header_refusal(
        "name of metadata entry 0: a string of 4611686018427387904 bytes"
    )));
    let bytes = tiny().bytes();
    let key = b"tokenizer.ggml.tokens";
    let at = bytes.windows(key.len()).position(|w| w == key).unwrap() + key.len() + 8;
    assert!(with(at, 1 << 40).starts_with(&header_refusal(
        "tokenizer.ggml.tokens: an array of 1099511627776 does not fit"
    )));
}

#[test]
fn metadata_of_the_wrong_kind_is_refused_by_its_key() {
    let cases: [(&str, Meta, &str); 12] = [
        ("general.alignment", Meta::U32(0), "0 is not a usable alignment"),
        ("general.alignment", Meta::U32(24), "24 is not a usable alignment"),
        (
            "llama.attention.head_count",
            Meta::U32(0),
            "0 is not between 1 and 1024",
        ),
        (
            "llama.attention.head_count",
            Meta::U32(5),
            "5 heads do not divide a width of 32",
        ),
        (
            "llama.attention.head_count_kv",
            Meta::U32(0),
            "0 key-value heads do not divide 4 heads",
        ),
        (
            "llama.attention.head_count_kv",
            Meta::U32(3),
            "3 key-value heads do not divide 4 heads",
        ),
        ("llama.block_count", Meta::text("two"), "is not an integer"),
        (
            "llama.embedding_length",
            Meta::U32(u32::MAX),
            "4294967295 is not between 1 and 131072",
        ),
        (
            "llama.attention.layer_norm_rms_epsilon",
            Meta::F32(f32::NAN),
            "NaN is not finite",
        ),
        ("llama.rope.freq_base", Meta::F32(0.0), "0 is not above zero"),
        (
            "llama.rope.dimension_count",
            Meta::U32(7),
            "7 is odd or more than the head's 8",
        ),
        ("llama.rope.scaling.type", Meta::text("yarn"), "`yarn` is not supported"),
    ];
    for (key, value, problem) in cases {
        assert_eq!(
            refusal(|f| f.set(key, value)),
            header_refusal(&format!("{key}: {problem}"))
        );
    }
}

#[test]
fn metadata_that_is_needed_is_missed_by_its_key() {
    for key in [
        "general.architecture",
        "llama.context_length",
        "llama.embedding_length",
        "llama.block_count",
        "llama.feed_forward_length",
        "llama.attention.head_count",
        "llama.attention.layer_norm_rms_epsilon",
    ] {
        let message = refusal(|f| drop(f.metadata.remove(key)));
        assert_eq!(message, header_refusal(&format!("{key}: is missing")));
    }
}

#[test]
fn an_architecture_that_is_not_built_in_is_refused_with_those_that_are() {
    assert_eq!(
        refusal(|f| f.set("general.architecture", Meta::text("mamba"))),
        "model.gguf: the architecture `mamba` is not supported \
         (supported: gemma3, glm4, lfm2, llama, phi3, qwen2, qwen3, smollm3; by candle-transformers: gemma, gemma2, olmo2, \
         phi2, stablelm, starcoder2)"
    );
    assert_eq!(
        refusal(|f| f.set("llama.expert_count", Meta::U32(8))),
        header_refusal("tensor blk.0.ffn_gate_inp.weight: is missing")
    );
}

#[test]
fn tensors_that_do_not_fit_are_refused_by_name() {
    type Change = fn(&mut TinyGguf);
    let cases: [(Change, &str); 8] = [
        (
            |f| drop(f.tensors.remove("blk.1.ffn_up.weight")),
            "tensor blk.1.ffn_up.weight: is missing",
        ),
        (
            |f| f.tensors.get_mut("blk.0.attn_q.weight").unwrap().dims = vec![16, 64],
            "tensor blk.0.attn_q.weight: has the dimensions [64, 16] where [32, 32] are needed",
        ),
        (
            |f| f.tensors.get_mut("token_embd.weight").unwrap().dims[1] -= 1,
            "tensor token_embd.weight: has the dimensions [273, 32] where [274, 32] are needed",
        ),
        (
            |f| f.tensors.get_mut("output_norm.weight").unwrap().kind = 99,
            "tensor output_norm.weight: has type 99, which is not read",
        ),
        (
            |f| f.tensors.get_mut("output_norm.weight").unwrap().dims = vec![],
            "tensor output_norm.weight: has 0 dimensions (1 to 4 are read)",
        ),
        (
            |f| f.tensors.get_mut("output_norm.weight").unwrap().dims = vec![32, 0],
            "tensor output_norm.weight: has a dimension of 0",
        ),
        (
            |f| f.tensors.get_mut("output_norm.weight").unwrap().offset = Some(33),
            "tensor output_norm.weight: offset 33 is not a multiple of the alignment 32",
        ),
        (
            |f| f.vector("blk.0.attn_sinks.weight", 4, 0.0),
            "tensor blk.0.attn_sinks.weight: has no part in this architecture as it is built in: the model would be computed wrongly",
        ),
    ];
    for (change, message) in cases {
        assert_eq!(refusal(change), header_refusal(message));
    }
    let message = refusal(|f| f.tensors.get_mut("output_norm.weight").unwrap().offset = Some(1 << 40));
    let start =
        header_refusal("tensor output_norm.weight: needs 128 bytes at offset 1099511627776 of the data, past the end");
    assert!(message.starts_with(&start), "{message}");
    let message = refusal(|f| f.tensors.get_mut("output_norm.weight").unwrap().dims = vec![1 << 62, 1 << 62]);
    assert!(
        message.starts_with(&header_refusal("tensor output_norm.weight: dimensions")),
        "{message}"
    );
}

#[test]
fn damaged_tokenizers_are_refused_by_their_key() {
    let tokenizer = |problem: &str| format!("model.gguf: tokenizer: tokenizer.ggml.{problem}");
    assert_eq!(
        refusal(|f| drop(f.metadata.remove("tokenizer.ggml.model"))),
        tokenizer("model: is missing: the file has no tokenizer")
    );
    assert_eq!(
        refusal(|f| f.set("tokenizer.ggml.model", Meta::text("bert"))),
        tokenizer("model: `bert` is not read (gpt2 and llama are)")
    );
    assert_eq!(
        refusal(|f| drop(f.metadata.remove("tokenizer.ggml.tokens"))),
        tokenizer("tokens: is missing")
    );
    assert_eq!(
        refusal(|f| drop(f.metadata.remove("tokenizer.ggml.merges"))),
        tokenizer("merges: is missing")
    );
    assert_eq!(
        refusal(|f| f.set("tokenizer.ggml.pre", Meta::text("klingon"))),
        tokenizer("pre: the pre-tokenizer `klingon` is not known")
    );
    assert_eq!(
        refusal(|f| f.set("tokenizer.ggml.merges", Meta::Texts(vec!["h e".into(), "alone".into()]))),
        tokenizer("merges: entry 1, `alone`: is not a pair")
    );
    assert_eq!(
        refusal(|f| f.set("tokenizer.ggml.merges", Meta::Texts(vec!["q q".into()]))),
        tokenizer("merges: entry 0, `q q`: a half or the whole is not a token")
    );
    assert_eq!(
        refusal(|f| f.set("tokenizer.ggml.token_type", Meta::I32s(vec![1, 1]))),
        tokenizer("token_type: has 2 entries for 274 tokens")
    );
    assert_eq!(
        refusal(|f| f.set("tokenizer.ggml.eos_token_id", Meta::U32(9999))),
        header_refusal("tokenizer.ggml.eos_token_id: 9999 is outside the vocabulary of 274")
    );
}

#[test]
fn damaged_chat_templates_are_refused_as_such() {
    let template = |problem: &str| format!("model.gguf: tokenizer.chat_template: {problem}");
    assert_eq!(
        refusal(|f| f.set("tokenizer.chat_template", Meta::Text(b"abc\xFFdef".to_vec()))),
        template("is not valid UTF-8 at byte 3")
    );
    let message = refusal(|f| f.set("tokenizer.chat_template", Meta::text("a\n{% for x in %}")));
    assert!(
        message.starts_with(&template("syntax error")) && message.ends_with("(line 2)"),
        "{message}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn flipped_header_bytes_are_an_error_or_harmless(
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (mut bytes, header) = tiny().bytes_and_header();
        for (place, value) in flips {
            let at = place.index(header);
            bytes[at] = value;
        }
        // It only has to return: no panic, no abort, no exhausted memory.
        drop(load_bytes(&bytes));
    }
}
