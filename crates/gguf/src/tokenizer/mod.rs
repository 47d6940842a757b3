//! Converts text to token ids and back, with the vocabulary in a GGUF file.
//!
//! **A message's text never becomes a special token.** Each text is marked as the template's or as a message's. Only
//! the template's text is searched for special tokens, and the two encoders below know only ordinary tokens. There is
//! one exception, which changes no meaning: user-defined tokens made of white space (Gemma has them for runs of line
//! breaks) are found everywhere, as in the reference tokenizers.

mod bytelevel;
mod merge;
mod sentencepiece;
mod special;

use std::collections::{BTreeSet, HashMap};

use crate::Error;
use crate::Gguf;
use crate::metadata::Metadata;
use bytelevel::{ByteLevel, Vocabulary};
use sentencepiece::{SPACE, SentencePiece};
use special::{Piece, Special, SpecialIds, cut_at, specials};

type Result<T> = std::result::Result<T, Error>;

/// A stretch of a rendered prompt, marked with its origin.
#[derive(Debug, Clone, PartialEq)]
pub enum Segment {
    /// The template's own text: special tokens are looked for.
    Template(String),
    /// A message's text, which never becomes a special token.
    Content(String),
}

/// A token's type in `tokenizer.ggml.token_type`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Ordinary,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

enum Encoder {
    ByteLevel(Box<ByteLevel>),
    SentencePiece(SentencePiece),
}

/// Turns text into token ids and back, by the vocabulary of a file.
pub struct Tokenizer {
    tokens: Vec<String>,
    kinds: Vec<Kind>,
    encoder: Encoder,
    /// Special tokens, longest first. Those of white space are in `spaces`.
    specials: Vec<Special>,
    spaces: Vec<Special>,
    start: Option<u32>,
    add_start: bool,
    end: BTreeSet<u32>,
    eos: Option<u32>,
}

impl Tokenizer {
    /// Reads the vocabulary of a file.
    ///
    /// # Errors
    /// [`Error::Tokenizer`](crate::Error::Tokenizer) if the vocabulary is missing, damaged or of an unknown kind.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self> {
        let metadata = &gguf.metadata;
        let fail = |field: &str, problem: String| Error::tokenizer(&gguf.path, field, problem);
        let model = metadata
            .text("tokenizer.ggml.model")?
            .ok_or_else(|| fail("tokenizer.ggml.model", "is missing: the file has no tokenizer".into()))?;
        let tokens = metadata
            .texts("tokenizer.ggml.tokens")?
            .ok_or_else(|| fail("tokenizer.ggml.tokens", "is missing".into()))?;
        if tokens.is_empty() {
            return Err(fail("tokenizer.ggml.tokens", "is empty".into()));
        }
        let ids = SpecialIds::read(metadata, tokens.len())?;
        let mut kinds = read_kinds(metadata, tokens.len(), &fail)?;
        ids.mark(&tokens, &mut kinds);
        let ordinary = |kinds: &[Kind]| -> Vocabulary {
            tokens
                .iter()
                .cloned()
                .zip(0u32..)
                .filter(|(_, id)| kinds[*id as usize] == Kind::Ordinary)
                .collect()
        };
        let (encoder, add_start) = match model {
            "gpt2" => {
                let special = tokens.iter().zip(&kinds).filter(|(_, kind)| **kind != Kind::Ordinary);
                let others = special.map(|(text, _)| text.as_str()).collect();
                let encoder = ByteLevel::new(metadata, ordinary(&kinds), &others)?;
                let add = encoder.start_token;
                (Encoder::ByteLevel(Box::new(encoder)), add)
            }
            "llama" => (
                Encoder::SentencePiece(sentencepiece(metadata, &tokens, &kinds, ids.unknown, &fail)?),
                true,
            ),
            other => {
                return Err(fail(
                    "tokenizer.ggml.model",
                    format!("`{other}` is not read (gpt2 and llama are)"),
                ));
            }
        };
        let add_start = metadata.boolean("tokenizer.ggml.add_bos_token")?.unwrap_or(add_start);
        let (spaces, specials) = specials(metadata, &tokens, &kinds)?;
        let end = ids.end(&tokens, &kinds);
        Ok(Self {
            tokens,
            kinds,
            encoder,
            specials,
            spaces,
            start: ids.start,
            add_start,
            end,
            eos: ids.eos,
        })
    }

    /// Tokens in the vocabulary.
    pub fn vocabulary_size(&self) -> usize {
        self.tokens.len()
    }

    /// Returns whether the token ends the model's turn.
    pub fn is_end(&self, id: u32) -> bool {
        self.end.contains(&id)
    }

    /// Returns the text of the start token, for templates that write it themselves. It is empty if there is none.
    pub fn start_text(&self) -> &str {
        self.text(self.start)
    }

    /// Returns the text of the end token, which chat templates may write.
    pub fn end_text(&self) -> &str {
        self.text(self.eos)
    }

    fn text(&self, id: Option<u32>) -> &str {
        id.and_then(|id| self.tokens.get(id as usize))
            .map_or("", String::as_str)
    }

    /// Returns the ids of plain text, without special tokens and without a start token.
    pub fn encode_text(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        self.encode_pieces(vec![Piece::Text(text.into())], &mut ids);
        ids
    }

    /// Returns the ids of a rendered prompt. A start token is added if the vocabulary asks for one and the template has
    /// not written it.
    pub fn encode_prompt(&self, segments: &[Segment]) -> Vec<u32> {
        let mut pieces = Vec::new();
        for segment in segments {
            let cut = match segment {
                Segment::Template(text) => cut_at(text, &self.specials),
                Segment::Content(text) => vec![Piece::Text(text.clone())],
            };
            // Adjacent plain text is encoded together. Otherwise the boundary would change the ids.
            for piece in cut {
                match (pieces.last_mut(), piece) {
                    (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                    (_, piece) => pieces.push(piece),
                }
            }
        }
        let mut ids = Vec::new();
        self.encode_pieces(pieces, &mut ids);
        match self.start {
            Some(start) if self.add_start && ids.first() != Some(&start) => ids.insert(0, start),
            _ => {}
        }
        ids
    }

    fn encode_pieces(&self, pieces: Vec<Piece>, ids: &mut Vec<u32>) {
        let mut after_special = true;
        let cut = pieces.into_iter().flat_map(|piece| match piece {
            Piece::Text(text) => cut_at(&text, &self.spaces),
            token => vec![token],
        });
        for piece in cut {
            match piece {
                Piece::Token(id) => {
                    ids.push(id);
                    after_special = true;
                }
                Piece::Text(text) => {
                    match &self.encoder {
                        Encoder::ByteLevel(encoder) => encoder.encode(&text, ids),
                        Encoder::SentencePiece(encoder) => encoder.encode(&text, after_special, ids),
                    }
                    after_special = false;
                }
            }
        }
    }

    /// Returns the bytes that a token adds to the text. Control, unknown and unused tokens and ids outside the
    /// vocabulary add none.
    pub fn bytes(&self, id: u32) -> Vec<u8> {
        let Some((text, kind)) = self.tokens.get(id as usize).zip(self.kinds.get(id as usize)) else {
            return Vec::new();
        };
        match (kind, &self.encoder) {
            (Kind::Control | Kind::Unknown | Kind::Unused, _) => Vec::new(),
            (Kind::Byte, _) => sentencepiece::byte_of(text).into_iter().collect(),
            (Kind::UserDefined, Encoder::ByteLevel(_)) => text.clone().into_bytes(),
            (_, Encoder::ByteLevel(_)) => bytelevel::spelled_bytes(text).unwrap_or_else(|| text.clone().into_bytes()),
            (_, Encoder::SentencePiece(_)) => text.replace(SPACE, " ").into_bytes(),
        }
    }

    /// Returns whether a space at the very start of an answer comes from the vocabulary's convention and not from the
    /// model.
    pub fn drops_first_space(&self) -> bool {
        matches!(&self.encoder, Encoder::SentencePiece(encoder) if encoder.space_prefix)
    }
}

fn read_kinds(metadata: &Metadata, count: usize, fail: &dyn Fn(&str, String) -> Error) -> Result<Vec<Kind>> {
    let Some(types) = metadata.integers("tokenizer.ggml.token_type")? else {
        return Ok(vec![Kind::Ordinary; count]);
    };
    if types.len() != count {
        return Err(fail(
            "tokenizer.ggml.token_type",
            format!("has {} entries for {count} tokens", types.len()),
        ));
    }
    let kind = |(id, &number): (usize, &i64)| match number {
        1 => Ok(Kind::Ordinary),
        2 => Ok(Kind::Unknown),
        3 => Ok(Kind::Control),
        4 => Ok(Kind::UserDefined),
        5 => Ok(Kind::Unused),
        6 => Ok(Kind::Byte),
        other => Err(fail(
            "tokenizer.ggml.token_type",
            format!("entry {id} is {other}, which is no token type"),
        )),
    };
    types.iter().enumerate().map(kind).collect()
}

fn sentencepiece(
    metadata: &Metadata,
    tokens: &[String],
    kinds: &[Kind],
    unknown: Option<u32>,
    fail: &dyn Fn(&str, String) -> Error,
) -> Result<SentencePiece> {
    let scores = metadata
        .floats("tokenizer.ggml.scores")?
        .ok_or_else(|| fail("tokenizer.ggml.scores", "is missing".into()))?;
    if scores.len() != tokens.len() {
        let problem = format!("has {} entries for {} tokens", scores.len(), tokens.len());
        return Err(fail("tokenizer.ggml.scores", problem));
    }
    let mut vocabulary = HashMap::with_capacity(tokens.len());
    let mut bytes = vec![None; 256];
    for (id, ((text, kind), score)) in (0u32..).zip(tokens.iter().zip(kinds).zip(scores)) {
        match (kind, sentencepiece::byte_of(text)) {
            (Kind::Byte, Some(byte)) => bytes[usize::from(byte)] = Some(id),
            (Kind::Ordinary, _) => drop(vocabulary.insert(text.clone(), (id, *score))),
            _ => {}
        }
    }
    let space_prefix = metadata.boolean("tokenizer.ggml.add_space_prefix")?.unwrap_or(true);
    Ok(SentencePiece {
        vocabulary,
        bytes,
        unknown,
        space_prefix,
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
