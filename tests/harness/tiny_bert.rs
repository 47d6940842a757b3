//! Writes a tiny BERT with random weights. It is a valid embedding model, but its vectors are meaningless.
//!
//! The files are `model.safetensors`, `tokenizer.json` and `config.json`. The safetensors format is a length, a JSON
//! header and the numbers.
#![allow(dead_code, reason = "each user of the harness uses some of it")]

use std::path::Path;

const HIDDEN: usize = 16;
const INNER: usize = 32;
const POSITIONS: usize = 48;

/// Words that the tokenizer knows. Other words become single letters.
const WORDS: &[&str] = &[
    "price", "pricing", "roadmap", "customer", "the", "how", "we", "do", "team", "no",
];

/// Writes the three files.
pub fn write(folder: &Path, seed: u64) {
    let vocabulary = vocabulary();
    let config = serde_json::json!({
        "model_type": "bert", "vocab_size": vocabulary.len(), "hidden_size": HIDDEN, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": INNER, "hidden_act": "gelu", "hidden_dropout_prob": 0.1,
        "max_position_embeddings": POSITIONS, "type_vocab_size": 2, "initializer_range": 0.02,
        "layer_norm_eps": 1e-12, "pad_token_id": 0,
    });
    let ids: serde_json::Map<String, serde_json::Value> = (0..)
        .zip(&vocabulary)
        .map(|(id, token): (usize, &String)| (token.clone(), id.into()))
        .collect();
    let special = |id: usize, token: &str| {
        serde_json::json!({"id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true})
    };
    let tokenizer = serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [special(0, "[PAD]"), special(1, "[UNK]"), special(2, "[CLS]"), special(3, "[SEP]")],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": ids},
    });
    let put = |name: &str, bytes: Vec<u8>| std::fs::write(folder.join(name), bytes).expect("a writable folder");
    put("config.json", config.to_string().into_bytes());
    put("tokenizer.json", tokenizer.to_string().into_bytes());
    put("model.safetensors", weights(vocabulary.len(), seed));
}

fn vocabulary() -> Vec<String> {
    let mut out: Vec<String> = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map(String::from).to_vec();
    out.extend(WORDS.iter().map(|word| word.to_string()));
    out.extend(('a'..='z').map(String::from));
    out.extend(('a'..='z').map(|letter| format!("##{letter}")));
    out.extend([".", "?", ","].map(String::from));
    out
}

fn weights(vocabulary: usize, seed: u64) -> Vec<u8> {
    let mut tensors: Vec<(String, Vec<usize>)> = vec![
        ("embeddings.word_embeddings.weight".into(), vec![vocabulary, HIDDEN]),
        ("embeddings.position_embeddings.weight".into(), vec![POSITIONS, HIDDEN]),
        ("embeddings.token_type_embeddings.weight".into(), vec![2, HIDDEN]),
    ];
    let mut linear = |name: &str, out: usize, into: usize| {
        tensors.push((format!("{name}.weight"), vec![out, into]));
        tensors.push((format!("{name}.bias"), vec![out]));
    };
    let layer = "encoder.layer.0";
    for part in ["query", "key", "value"] {
        linear(&format!("{layer}.attention.self.{part}"), HIDDEN, HIDDEN);
    }
    linear(&format!("{layer}.attention.output.dense"), HIDDEN, HIDDEN);
    linear(&format!("{layer}.intermediate.dense"), INNER, HIDDEN);
    linear(&format!("{layer}.output.dense"), HIDDEN, INNER);
    for norm in [
        "embeddings",
        &format!("{layer}.attention.output"),
        &format!("{layer}.output"),
    ] {
        tensors.push((format!("{norm}.LayerNorm.weight"), vec![HIDDEN]));
        tensors.push((format!("{norm}.LayerNorm.bias"), vec![HIDDEN]));
    }
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    for (name, shape) in tensors {
        let begin = data.len();
        for _ in 0..shape.iter().product() {
            // A linear congruential generator (Knuth's MMIX). Its upper bits are random enough for weights.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
            data.extend(value.to_le_bytes());
        }
        let entry = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]});
        header.insert(name, entry);
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header.into_bytes());
    out.extend(data);
    out
}
