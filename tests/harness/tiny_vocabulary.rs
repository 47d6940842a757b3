//! Vocabularies of some three hundred tokens and chat templates for the tiny models.
//!
//! In: a model to be written. Out: its tokenizer keys. It must not use the code under test.

use super::{Meta, TinyGguf};

pub const CHATML: &str = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
pub const GEMMA: &str = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}{% for message in messages %}{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}";

impl TinyGguf {
    pub(super) fn byte_level(&mut self) -> usize {
        let mut tokens: Vec<String> = byte_alphabet();
        let merges = [
            "h e", "l l", "he ll", "hell o", "Ġ t", "Ġt he", "i n", "a n", "an d", "1 2", "Ċ Ċ", "o r", "Ġ w", "Ġw or",
        ];
        tokens.extend(merges.iter().map(|m| m.replace(' ', "")));
        let mut kinds = vec![1; tokens.len()];
        let start = tokens.len() as u32;
        for control in ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] {
            tokens.push(control.into());
            kinds.push(3);
        }
        tokens.push("<think>".into());
        kinds.push(4);
        let count = tokens.len();
        self.set("tokenizer.ggml.model", Meta::text("gpt2"));
        self.set("tokenizer.ggml.pre", Meta::text("smollm"));
        self.set("tokenizer.ggml.tokens", Meta::Texts(tokens));
        self.set("tokenizer.ggml.token_type", Meta::I32s(kinds));
        self.set(
            "tokenizer.ggml.merges",
            Meta::Texts(merges.iter().map(ToString::to_string).collect()),
        );
        self.set("tokenizer.ggml.bos_token_id", Meta::U32(start + 1));
        self.set("tokenizer.ggml.eos_token_id", Meta::U32(start + 2));
        self.set("tokenizer.ggml.add_bos_token", Meta::Bool(false));
        self.set("tokenizer.chat_template", Meta::text(CHATML));
        count
    }

    /// Pieces with scores, most of them reachable by more than one order of joining.
    pub(super) fn sentencepiece(&mut self, architecture: &str) -> usize {
        let mut tokens: Vec<(String, f32, i32)> = vec![
            ("<unk>".into(), 0.0, 2),
            ("<s>".into(), 0.0, 3),
            ("</s>".into(), 0.0, 3),
        ];
        tokens.extend((0..=255u8).map(|b| (format!("<0x{b:02X}>"), 0.0, 6)));
        for control in [
            "<start_of_turn>",
            "<end_of_turn>",
            "<|user|>",
            "<|assistant|>",
            "<|system|>",
            "<|end|>",
            "<|endoftext|>",
        ] {
            tokens.push((control.into(), 0.0, 3));
        }
        let spaces = ["\n\n", "\n\n\n", "\t\t", "  ", "   "];
        tokens.extend(spaces.iter().map(|s| (s.to_string(), 0.0, 4)));
        tokens.push(("<table>".into(), 0.0, 4));
        tokens.push(("<unused0>".into(), 0.0, 5));
        let pieces = [
            "▁t", "he", "in", "▁a", "er", "▁the", "the", "ing", "▁and", "nd", "▁th", "hel", "ell", "lo", "hello",
            "▁hello", "▁in", "ed", "</", "/s", "<|", "|>", "12", "▁1",
        ];
        tokens.extend(
            pieces
                .iter()
                .enumerate()
                .map(|(i, p)| (p.to_string(), -(i as f32) - 1.0, 1)),
        );
        let letters = "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:!?'\"()<>|/_-=+#é\n";
        tokens.extend(
            letters
                .chars()
                .enumerate()
                .map(|(i, c)| (c.to_string(), -(i as f32) - 100.0, 1)),
        );
        let count = tokens.len();
        self.set("tokenizer.ggml.model", Meta::text("llama"));
        self.set("tokenizer.ggml.pre", Meta::text("default"));
        self.set(
            "tokenizer.ggml.tokens",
            Meta::Texts(tokens.iter().map(|t| t.0.clone()).collect()),
        );
        self.set(
            "tokenizer.ggml.scores",
            Meta::F32s(tokens.iter().map(|t| t.1).collect()),
        );
        self.set(
            "tokenizer.ggml.token_type",
            Meta::I32s(tokens.iter().map(|t| t.2).collect()),
        );
        self.set("tokenizer.ggml.bos_token_id", Meta::U32(1));
        self.set("tokenizer.ggml.eos_token_id", Meta::U32(2));
        self.set("tokenizer.ggml.unknown_token_id", Meta::U32(0));
        self.set("tokenizer.ggml.add_bos_token", Meta::Bool(true));
        self.set("tokenizer.ggml.add_space_prefix", Meta::Bool(architecture == "phi3"));
        let phi = "{% for message in messages %}{{'<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}";
        self.set(
            "tokenizer.chat_template",
            Meta::text(if architecture == "phi3" { phi } else { GEMMA }),
        );
        count
    }
}

/// The 256 characters of the GPT-2 byte alphabet, by byte.
fn byte_alphabet() -> Vec<String> {
    let mut next = 256;
    (0..=255u8)
        .map(|b| match b {
            33..=126 | 161..=172 | 174..=255 => char::from(b).to_string(),
            _ => {
                next += 1;
                char::from_u32(next - 1).unwrap_or('?').to_string()
            }
        })
        .collect()
}
