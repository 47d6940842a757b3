//! Special tokens: which ones exist, where a text contains them, and which of them end a turn.

use std::collections::BTreeSet;

use super::sentencepiece::SPACE;
use super::{Kind, Result};
use crate::metadata::Metadata;

/// Tokens that end a turn in the chat formats of the supported families.
const END_TEXTS: [&str; 7] = [
    "<|im_end|>",
    "<end_of_turn>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
];

pub(super) struct Special {
    text: String,
    id: u32,
    /// Whether white space after the token belongs to it (Phi-3).
    takes_space: bool,
}

/// A special token or a stretch of plain text.
pub(super) enum Piece {
    Token(u32),
    Text(String),
}

/// Splits a text at every occurrence of the tokens, which are tried in the given order (longest first).
pub(super) fn cut_at(text: &str, specials: &[Special]) -> Vec<Piece> {
    let mut pieces = vec![Piece::Text(text.to_string())];
    for special in specials.iter().filter(|s| text.contains(s.text.as_str())) {
        pieces = pieces
            .into_iter()
            .flat_map(|piece| match piece {
                Piece::Text(text) => cut_one(&text, special),
                token => vec![token],
            })
            .collect();
    }
    pieces.retain(|p| !matches!(p, Piece::Text(t) if t.is_empty()));
    pieces
}

fn cut_one(text: &str, special: &Special) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(special.text.as_str()) {
        pieces.push(Piece::Text(before.to_string()));
        pieces.push(Piece::Token(special.id));
        rest = if special.takes_space {
            after.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{B}')
        } else {
            after
        };
    }
    pieces.push(Piece::Text(rest.to_string()));
    pieces
}

/// Returns the special tokens, longest first: those of white space, then the others.
pub(super) fn specials(metadata: &Metadata, tokens: &[String], kinds: &[Kind]) -> Result<(Vec<Special>, Vec<Special>)> {
    // The vocabulary does not say which tokens take white space. llama.cpp decides by the model's name too.
    let name = metadata.text("general.name")?.unwrap_or("").to_lowercase();
    let phi3 = name.contains("phi-3") || name.contains("phi3");
    let keeps_space = ["<unk>", "<s>", "<|endoftext|>"];
    let mut all: Vec<Special> = (0u32..)
        .zip(tokens.iter().zip(kinds))
        .filter(|(_, (text, kind))| {
            !text.is_empty() && matches!(kind, Kind::Control | Kind::UserDefined | Kind::Unknown)
        })
        .map(|(id, (text, kind))| {
            // A user-defined token of a SentencePiece vocabulary may spell its spaces as U+2581.
            let text = if *kind == Kind::UserDefined {
                text.replace(SPACE, " ")
            } else {
                text.clone()
            };
            let takes_space = phi3 && !keeps_space.contains(&text.as_str());
            Special { text, id, takes_space }
        })
        .collect();
    all.sort_by_key(|s| std::cmp::Reverse(s.text.len()));
    Ok(all.into_iter().partition(|s| s.text.chars().all(char::is_whitespace)))
}

/// The ids that the metadata gives a special meaning.
pub(super) struct SpecialIds {
    pub start: Option<u32>,
    pub eos: Option<u32>,
    pub unknown: Option<u32>,
    others: Vec<u32>,
}

impl SpecialIds {
    pub fn read(metadata: &Metadata, count: usize) -> Result<Self> {
        let id = |name: &str| -> Result<Option<u32>> {
            let key = format!("tokenizer.ggml.{name}_token_id");
            match metadata.unsigned(&key)? {
                None => Ok(None),
                Some(id) if id < count as u64 => Ok(Some(id as u32)),
                // Converters write 2^32 - 1 for "none".
                Some(id) if id == u64::from(u32::MAX) => Ok(None),
                Some(id) => metadata.fail(&key, format!("{id} is outside the vocabulary of {count}")),
            }
        };
        let others = [id("eot")?, id("eom")?].into_iter().flatten().collect();
        Ok(Self {
            start: id("bos")?,
            eos: id("eos")?,
            unknown: id("unknown")?,
            others,
        })
    }

    /// Marks the ids that the metadata names and known end tokens as control tokens, whatever their type: older
    /// conversions left some of them ordinary.
    pub fn mark(&self, tokens: &[String], kinds: &mut [Kind]) {
        for &id in self.start.iter().chain(&self.eos).chain(&self.others) {
            if let Some(kind) = kinds.get_mut(id as usize) {
                *kind = Kind::Control;
            }
        }
        for (text, kind) in tokens.iter().zip(kinds) {
            if END_TEXTS.contains(&text.as_str()) {
                *kind = Kind::Control;
            }
        }
    }

    pub fn end(&self, tokens: &[String], kinds: &[Kind]) -> BTreeSet<u32> {
        let named = (0u32..)
            .zip(tokens.iter().zip(kinds))
            .filter(|(_, (text, kind))| **kind == Kind::Control && END_TEXTS.contains(&text.as_str()))
            .map(|(id, _)| id);
        self.eos.iter().chain(&self.others).copied().chain(named).collect()
    }
}
