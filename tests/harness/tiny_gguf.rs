//! Tiny GGUF files with random weights, one for each architecture, made in memory and the same on every machine.
//!
//! In: an architecture, a kind of vocabulary, a type of weights, and what to leave out or change. Out: bytes of a file.
//! It must not use the code under test: header and layout are written here from the specification.

use std::collections::BTreeMap;
use std::path::PathBuf;

#[path = "tiny_blocks.rs"]
mod blocks;
#[path = "tiny_fallback.rs"]
mod fallback;
#[path = "tiny_types.rs"]
mod types;
#[path = "tiny_vocabulary.rs"]
mod vocabulary;

#[allow(unused_imports, reason = "each user of the harness uses some of it")]
pub use fallback::FALLBACKS;
#[allow(unused_imports, reason = "each user of the harness uses some of it")]
pub use types::TYPES;
#[allow(unused_imports, reason = "each user of the harness uses some of it")]
pub use vocabulary::GEMMA;

/// A metadata value, by its type in the file.
#[derive(Debug, Clone)]
pub enum Meta {
    U32(u32),
    F32(f32),
    Bool(bool),
    Text(Vec<u8>),
    Texts(Vec<String>),
    F32s(Vec<f32>),
    I32s(Vec<i32>),
}

impl Meta {
    pub fn text(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }

    fn kind(&self) -> u32 {
        match self {
            Self::U32(_) => 4,
            Self::F32(_) => 6,
            Self::Bool(_) => 7,
            Self::Text(_) => 8,
            Self::Texts(_) | Self::F32s(_) | Self::I32s(_) => 9,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let list = |out: &mut Vec<u8>, kind: u32, len: usize| {
            out.extend(kind.to_le_bytes());
            out.extend((len as u64).to_le_bytes());
        };
        match self {
            Self::U32(v) => out.extend(v.to_le_bytes()),
            Self::F32(v) => out.extend(v.to_le_bytes()),
            Self::Bool(v) => out.push(u8::from(*v)),
            Self::Text(v) => write_bytes(out, v),
            Self::Texts(v) => {
                list(out, 8, v.len());
                v.iter().for_each(|t| write_bytes(out, t.as_bytes()));
            }
            Self::F32s(v) => {
                list(out, 6, v.len());
                v.iter().for_each(|x| out.extend(x.to_le_bytes()));
            }
            Self::I32s(v) => {
                list(out, 5, v.len());
                v.iter().for_each(|x| out.extend(x.to_le_bytes()));
            }
        }
    }
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u64).to_le_bytes());
    out.extend(bytes);
}

/// How weights are stored. Vectors (norms, biases) are always F32, as in real files.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weights {
    F32,
    Q8_0,
    Q4_0,
}

#[derive(Debug, Clone)]
pub struct TinyTensor {
    /// As in the file: the fastest dimension first.
    pub dims: Vec<u64>,
    pub kind: u32,
    pub data: Vec<u8>,
    /// Replaces the offset that the layout gives.
    pub offset: Option<u64>,
}

/// A file to be written. Fields are open: tests break them one by one.
#[derive(Debug, Clone)]
pub struct TinyGguf {
    pub version: u32,
    pub metadata: BTreeMap<String, Meta>,
    pub tensors: BTreeMap<String, TinyTensor>,
    pub seed: u64,
    pub weights: Weights,
}

pub const ARCHITECTURES: [&str; 8] = ["gemma3", "glm4", "lfm2", "llama", "phi3", "qwen2", "qwen3", "smollm3"];

const WIDTH: u64 = 32;
const HEADS: u64 = 4;
const KV_HEADS: u64 = 2;
const INNER: u64 = 64;
pub const CONTEXT: u32 = 256;

impl TinyGguf {
    /// A model of the architecture with the vocabulary that its family has.
    pub fn new(architecture: &str, weights: Weights) -> Self {
        let mut file = Self::empty(architecture, weights);
        let sentencepiece = matches!(architecture, "gemma3" | "phi3");
        let vocabulary = if sentencepiece {
            file.sentencepiece(architecture)
        } else {
            file.byte_level()
        };
        file.hyperparameters(architecture);
        file.tensors(architecture, vocabulary as u64);
        file
    }

    fn empty(architecture: &str, weights: Weights) -> Self {
        let mut file = Self {
            version: 3,
            metadata: BTreeMap::new(),
            tensors: BTreeMap::new(),
            seed: 1,
            weights,
        };
        file.set("general.architecture", Meta::text(architecture));
        file.set("general.name", Meta::text(&format!("Tiny {architecture}")));
        file
    }

    pub fn set(&mut self, key: &str, value: Meta) {
        self.metadata.insert(key.into(), value);
    }

    fn hyperparameters(&mut self, architecture: &str) {
        let mut size = |name: &str, value: u64| self.set(&format!("{architecture}.{name}"), Meta::U32(value as u32));
        size("context_length", u64::from(CONTEXT));
        size("embedding_length", WIDTH);
        size("block_count", layers(architecture));
        size("feed_forward_length", INNER);
        size("attention.head_count", HEADS);
        size("vocab_size", 0);
        let head = head_dim(architecture);
        if matches!(architecture, "gemma3" | "qwen3" | "glm4") {
            size("attention.key_length", head);
            size("attention.value_length", head);
        }
        if architecture == "lfm2" {
            size("shortconv.l_cache", 3);
        }
        if architecture == "gemma3" {
            size("attention.sliding_window", 8);
        }
        size(
            "rope.dimension_count",
            if architecture == "glm4" { head / 2 } else { head },
        );
        let kv = (0..layers(architecture))
            .map(|i| kv_heads(architecture, i) as i32)
            .collect();
        let kv = if architecture == "lfm2" {
            Meta::I32s(kv)
        } else {
            Meta::U32(KV_HEADS as u32)
        };
        self.set(&format!("{architecture}.attention.head_count_kv"), kv);
        self.set(
            &format!("{architecture}.attention.layer_norm_rms_epsilon"),
            Meta::F32(1e-5),
        );
        self.set(&format!("{architecture}.rope.freq_base"), Meta::F32(10_000.0));
        let tokens = match self.metadata.get("tokenizer.ggml.tokens") {
            Some(Meta::Texts(tokens)) => tokens.len() as u32,
            _ => 0,
        };
        self.set(&format!("{architecture}.vocab_size"), Meta::U32(tokens));
    }

    fn tensors(&mut self, architecture: &str, vocabulary: u64) {
        let head = head_dim(architecture);
        let fused = matches!(architecture, "phi3" | "glm4");
        self.matrix("token_embd", WIDTH, vocabulary);
        if architecture == "phi3" {
            self.matrix("output", WIDTH, vocabulary);
        }
        self.norm(
            if architecture == "lfm2" {
                "token_embd_norm"
            } else {
                "output_norm"
            },
            WIDTH,
        );
        for layer in 0..layers(architecture) {
            let name = |part: &str| format!("blk.{layer}.{part}");
            self.norm(&name("attn_norm"), WIDTH);
            self.norm(&name("ffn_norm"), WIDTH);
            self.mixer(
                architecture,
                &name,
                (HEADS * head, kv_heads(architecture, layer) * head),
                head,
            );
            if matches!(architecture, "gemma3" | "glm4") {
                self.norm(&name("post_attention_norm"), WIDTH);
                self.norm(&name("post_ffw_norm"), WIDTH);
            }
            if !fused {
                self.matrix(&name("ffn_gate"), WIDTH, INNER);
            }
            self.matrix(&name("ffn_up"), WIDTH, if fused { INNER * 2 } else { INNER });
            self.matrix(&name("ffn_down"), INNER, WIDTH);
        }
    }

    fn mixer(&mut self, architecture: &str, name: &dyn Fn(&str) -> String, (q, kv): (u64, u64), head: u64) {
        if kv == 0 {
            self.matrix(&name("shortconv.in_proj"), WIDTH, WIDTH * 3);
            self.matrix(&name("shortconv.out_proj"), WIDTH, WIDTH);
            return self.plain(&format!("{}.weight", name("shortconv.conv")), vec![3, WIDTH], 0.0);
        }
        if architecture == "phi3" {
            self.matrix(&name("attn_qkv"), WIDTH, q + 2 * kv);
        } else {
            self.matrix(&name("attn_q"), WIDTH, q);
            self.matrix(&name("attn_k"), WIDTH, kv);
            self.matrix(&name("attn_v"), WIDTH, kv);
        }
        if architecture == "qwen2" {
            for (part, size) in [("attn_q", q), ("attn_k", kv), ("attn_v", kv)] {
                self.plain(&format!("{}.bias", name(part)), vec![size], 0.0);
            }
        }
        if matches!(architecture, "qwen3" | "gemma3" | "lfm2") {
            self.norm(&name("attn_q_norm"), head);
            self.norm(&name("attn_k_norm"), head);
        }
        self.matrix(&name("attn_output"), q, WIDTH);
    }

    fn norm(&mut self, name: &str, size: u64) {
        self.plain(&format!("{name}.weight"), vec![size], 1.0);
    }

    /// A vector of F32 numbers within 0.5 of `around`.
    pub fn vector(&mut self, name: &str, size: u64, around: f32) {
        self.plain(name, vec![size], around);
    }

    /// F32 numbers within 0.5 of `around`.
    fn plain(&mut self, name: &str, dims: Vec<u64>, around: f32) {
        let values = self.numbers(name, dims.iter().product());
        let data = values.iter().flat_map(|v| (v * 0.5 + around).to_le_bytes()).collect();
        self.tensors.insert(
            name.into(),
            TinyTensor {
                dims,
                kind: 0,
                data,
                offset: None,
            },
        );
    }

    fn matrix(&mut self, name: &str, inputs: u64, outputs: u64) {
        let name = format!("{name}.weight");
        let values: Vec<f32> = self.numbers(&name, inputs * outputs).iter().map(|v| v * 0.6).collect();
        let (kind, data) = match self.weights {
            Weights::F32 => (0, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            Weights::Q4_0 => (2, values.chunks(32).flat_map(blocks::q4_0).collect()),
            Weights::Q8_0 => (8, values.chunks(32).flat_map(blocks::q8_0).collect()),
        };
        self.tensors.insert(
            name,
            TinyTensor {
                dims: vec![inputs, outputs],
                kind,
                data,
                offset: None,
            },
        );
    }

    /// Numbers in -1..1 that depend on seed and name only: SplitMix64 over an FNV-1a hash.
    fn numbers(&self, name: &str, count: u64) -> Vec<f32> {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
            (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
        });
        let mut state = hash ^ self.seed.wrapping_mul(0x2545_F491_4F6C_DD1D);
        (0..count)
            .map(|_| {
                state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                ((z ^ (z >> 31)) >> 40) as f32 / (1u32 << 23) as f32 - 1.0
            })
            .collect()
    }

    /// The file, and where its header ends.
    pub fn bytes_and_header(&self) -> (Vec<u8>, usize) {
        let mut out = b"GGUF".to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.metadata.len() as u64).to_le_bytes());
        for (key, value) in &self.metadata {
            write_bytes(&mut out, key.as_bytes());
            out.extend(value.kind().to_le_bytes());
            value.write(&mut out);
        }
        let mut data: Vec<u8> = Vec::new();
        for (name, tensor) in &self.tensors {
            write_bytes(&mut out, name.as_bytes());
            out.extend((tensor.dims.len() as u32).to_le_bytes());
            tensor.dims.iter().for_each(|d| out.extend(d.to_le_bytes()));
            out.extend(tensor.kind.to_le_bytes());
            out.extend(tensor.offset.unwrap_or(data.len() as u64).to_le_bytes());
            data.extend(&tensor.data);
            data.resize(data.len().next_multiple_of(32), 0);
        }
        let header = out.len();
        out.resize(header.next_multiple_of(32), 0);
        out.extend(data);
        (out, header)
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.bytes_and_header().0
    }

    /// Writes the file into a folder.
    pub fn write(&self, folder: &std::path::Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, self.bytes()).expect("a test folder can be written");
        path
    }
}

fn layers(architecture: &str) -> u64 {
    match architecture {
        // Enough for a layer of each kind.
        "gemma3" => 6,
        "smollm3" => 4,
        "lfm2" => 3,
        _ => 2,
    }
}

/// Twice the usual where the file states it, so that heads and width differ.
fn head_dim(architecture: &str) -> u64 {
    if matches!(architecture, "gemma3" | "qwen3" | "glm4") {
        16
    } else {
        WIDTH / HEADS
    }
}

fn kv_heads(architecture: &str, layer: u64) -> u64 {
    if architecture == "lfm2" && layer != 1 {
        0
    } else {
        KV_HEADS
    }
}
