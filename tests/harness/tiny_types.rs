//! Tiny models in each type that weights are kept in, of blocks that are random bytes with fitting scales.
//!
//! In: an architecture and the name of a type. Out: a file to be written, 256 wide, since the blocks of some types are.
//! It must not use the code under test: where a block's parts lie is from ggml's `ggml-common.h`.

use half::{bf16, f16};

use super::{CONTEXT, Meta, TinyGguf, TinyTensor, Weights};

/// A type: its name, its number in the file, the weights and the bytes of a block, and where its halves are (those of
/// scales, in the order of the bytes) with the powers of two that are put there, the second negative for a sign.
struct Kind {
    name: &'static str,
    id: u32,
    weights: u64,
    bytes: usize,
    halves: &'static [(usize, i32, f32)],
}

const fn kind(name: &'static str, id: u32, weights: u64, bytes: usize, halves: &'static [(usize, i32, f32)]) -> Kind {
    Kind {
        name,
        id,
        weights,
        bytes,
        halves,
    }
}

/// Scales that make weights of about 0.14, whatever the other bytes are.
const KINDS: [Kind; 10] = [
    kind("Q4_0", 2, 32, 18, &[(0, -5, 1.0)]),
    kind("Q4_1", 3, 32, 20, &[(0, -5, 1.0), (2, -2, -1.0)]),
    kind("Q5_0", 6, 32, 22, &[(0, -6, 1.0)]),
    kind("Q5_1", 7, 32, 24, &[(0, -6, 1.0), (2, -2, -1.0)]),
    kind("Q8_0", 8, 32, 34, &[(0, -9, 1.0)]),
    kind("Q2_K", 10, 256, 84, &[(80, -7, 1.0), (82, -7, 1.0)]),
    kind("Q3_K", 11, 256, 110, &[(108, -8, 1.0)]),
    kind("Q4_K", 12, 256, 144, &[(0, -11, 1.0), (2, -8, 1.0)]),
    kind("Q5_K", 13, 256, 176, &[(0, -12, 1.0), (2, -8, 1.0)]),
    kind("Q6_K", 14, 256, 210, &[(208, -13, 1.0)]),
];

pub const TYPES: [&str; 12] = [
    "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "F16", "BF16",
];

const WIDTH: u64 = 256;
const LAYERS: u64 = 2;
const HEADS: u64 = 4;
const KV_HEADS: u64 = 2;

impl TinyGguf {
    /// A `llama` or a `qwen3` with all its matrices in one type.
    pub fn typed(architecture: &str, kind: &str) -> Self {
        let mut file = Self::empty(architecture, Weights::F32);
        let vocabulary = file.byte_level() as u64;
        let head = WIDTH / HEADS;
        for (name, size) in [
            ("context_length", u64::from(CONTEXT)),
            ("embedding_length", WIDTH),
            ("block_count", LAYERS),
            ("feed_forward_length", WIDTH),
            ("attention.head_count", HEADS),
            ("attention.head_count_kv", KV_HEADS),
            ("attention.key_length", head),
            ("attention.value_length", head),
            ("rope.dimension_count", head),
            ("vocab_size", vocabulary),
        ] {
            file.set(&format!("{architecture}.{name}"), Meta::U32(size as u32));
        }
        let eps = format!("{architecture}.attention.layer_norm_rms_epsilon");
        file.set(&eps, Meta::F32(1e-5));
        file.set(&format!("{architecture}.rope.freq_base"), Meta::F32(10_000.0));
        file.typed_matrix("token_embd", WIDTH, vocabulary, kind);
        file.norm("output_norm", WIDTH);
        for layer in 0..LAYERS {
            let part = |part: &str| format!("blk.{layer}.{part}");
            file.norm(&part("attn_norm"), WIDTH);
            file.norm(&part("ffn_norm"), WIDTH);
            if architecture == "qwen3" {
                file.norm(&part("attn_q_norm"), head);
                file.norm(&part("attn_k_norm"), head);
            }
            for (name, outputs) in [
                ("attn_q", WIDTH),
                ("attn_k", KV_HEADS * head),
                ("attn_v", KV_HEADS * head),
                ("attn_output", WIDTH),
                ("ffn_gate", WIDTH),
                ("ffn_up", WIDTH),
                ("ffn_down", WIDTH),
            ] {
                file.typed_matrix(&part(name), WIDTH, outputs, kind);
            }
        }
        file
    }

    fn typed_matrix(&mut self, name: &str, inputs: u64, outputs: u64, kind: &str) {
        let name = format!("{name}.weight");
        let count = inputs * outputs;
        let (id, data) = match KINDS.iter().find(|known| known.name == kind) {
            Some(known) => (known.id, self.blocks(&name, count / known.weights, known)),
            None => {
                let numbers = self.numbers(&name, count).into_iter().map(|x| x * 0.25);
                if kind == "F16" {
                    (1, numbers.flat_map(|x| f16::from_f32(x).to_le_bytes()).collect())
                } else {
                    (30, numbers.flat_map(|x| bf16::from_f32(x).to_le_bytes()).collect())
                }
            }
        };
        let tensor = TinyTensor {
            dims: vec![inputs, outputs],
            kind: id,
            data,
            offset: None,
        };
        self.tensors.insert(name, tensor);
    }

    fn blocks(&self, name: &str, count: u64, kind: &Kind) -> Vec<u8> {
        let bytes = self.numbers(name, count * kind.bytes as u64);
        let mut data: Vec<u8> = bytes.into_iter().map(|x| ((x + 1.0) * 128.0) as u8).collect();
        for block in data.chunks_exact_mut(kind.bytes) {
            for (at, power, sign) in kind.halves {
                let scale = f16::from_f32(2f32.powi(*power) * sign);
                block[*at..at + 2].copy_from_slice(&scale.to_le_bytes());
            }
        }
        data
    }
}
