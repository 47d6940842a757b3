//! Text to token ids and back, from the vocabulary in a GGUF file.
//!
//! In: metadata, then texts marked as the template's own or as a message's. Out: ids; and for each id its bytes.
//! It must not know chat templates or models.
//!
//! **A message's text never becomes a special token.** Only the template's own text is searched for them, and the two
//! encoders below know ordinary tokens only. An exception that changes no meaning: user-defined tokens made of white
//! space (Gemma has them for runs of line breaks) are found everywhere, as the reference tokenizers do.

mod bytelevel;
mod merge;
mod sentencepiece;

use std::collections::{BTreeSet, HashMap};

use super::error::EngineError;
use super::gguf::Gguf;
use super::metadata::Metadata;
use bytelevel::ByteLevel;
use sentencepiece::{SPACE, SentencePiece};

type Result<T> = std::result::Result<T, EngineError>;

/// Tokens that end a turn in the chat formats of the supported families.
const END_TEXTS: [&str; 7] =
    ["<|im_end|>", "<end_of_turn>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<|endoftext|>", "<|end_of_text|>"];

/// A stretch of a rendered prompt, and whose text it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Segment {
    /// The template's own text: special tokens are looked for.
    Template(String),
    /// Text of a message: never a special token.
    Content(String),
}

/// `tokenizer.ggml.token_type`, as far as it matters here.
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
    ByteLevel(ByteLevel),
    SentencePiece(SentencePiece),
}

struct Special {
    text: String,
    id: u32,
    /// White space after the token belongs to it (Phi-3).
    takes_space: bool,
}

pub(crate) struct Tokenizer {
    tokens: Vec<String>,
    kinds: Vec<Kind>,
    encoder: Encoder,
    /// Longest first; white-space tokens apart.
    specials: Vec<Special>,
    spaces: Vec<Special>,
    start: Option<u32>,
    add_start: bool,
    end: BTreeSet<u32>,
    eos: Option<u32>,
}

enum Piece {
    Token(u32),
    Text(String),
}

impl Tokenizer {
    pub fn from_gguf(gguf: &Gguf) -> Result<Self> {
        let metadata = &gguf.metadata;
        let fail = |field: &str, problem: String| EngineError::tokenizer(&gguf.path, field, problem);
        let model = metadata
            .text("tokenizer.ggml.model")?
            .ok_or_else(|| fail("tokenizer.ggml.model", "is missing: the file has no tokenizer".into()))?;
        let tokens =
            metadata.texts("tokenizer.ggml.tokens")?.ok_or_else(|| fail("tokenizer.ggml.tokens", "is missing".into()))?;
        if tokens.is_empty() {
            return Err(fail("tokenizer.ggml.tokens", "is empty".into()));
        }
        let ids = SpecialIds::read(metadata, tokens.len())?;
        let mut kinds = read_kinds(metadata, tokens.len(), &fail)?;
        ids.mark(&tokens, &mut kinds);
        let ordinary = |kinds: &[Kind]| -> HashMap<String, u32> {
            tokens.iter().cloned().zip(0u32..).filter(|(_, id)| kinds[*id as usize] == Kind::Ordinary).collect()
        };
        let (encoder, add_start) = match model {
            "gpt2" => {
                let encoder = ByteLevel::new(metadata, ordinary(&kinds))?;
                let add = encoder.start_token;
                (Encoder::ByteLevel(encoder), add)
            }
            "llama" => (Encoder::SentencePiece(sentencepiece(metadata, &tokens, &kinds, ids.unknown, &fail)?), true),
            other => return Err(fail("tokenizer.ggml.model", format!("`{other}` is not read (gpt2 and llama are)"))),
        };
        let add_start = metadata.boolean("tokenizer.ggml.add_bos_token")?.unwrap_or(add_start);
        let (spaces, specials) = specials(metadata, &tokens, &kinds)?;
        let end = ids.end(&tokens, &kinds);
        Ok(Self { tokens, kinds, encoder, specials, spaces, start: ids.start, add_start, end, eos: ids.eos })
    }

    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    pub fn is_end(&self, id: u32) -> bool {
        self.end.contains(&id)
    }

    /// Text of the start token, for templates that write it themselves; empty where there is none.
    pub fn start_text(&self) -> &str {
        self.text(self.start)
    }

    pub fn end_text(&self) -> &str {
        self.text(self.eos)
    }

    fn text(&self, id: Option<u32>) -> &str {
        id.and_then(|id| self.tokens.get(id as usize)).map_or("", String::as_str)
    }

    /// Ids of plain text: no special token, no start token.
    pub fn encode_text(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        self.encode_pieces(vec![Piece::Text(text.into())], &mut ids);
        ids
    }

    /// Ids of a rendered prompt, with the start token where the vocabulary asks for one and the template has not put it.
    pub fn encode_prompt(&self, segments: &[Segment]) -> Vec<u32> {
        let mut pieces = Vec::new();
        for segment in segments {
            let cut = match segment {
                Segment::Template(text) => cut_at(text, &self.specials),
                Segment::Content(text) => vec![Piece::Text(text.clone())],
            };
            // Neighbouring plain text is encoded as one, or the seam would change the ids.
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

    /// The bytes that a token adds to the text; none for control tokens and for ids outside the vocabulary.
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

    /// Whether a space at the very start of an answer is the vocabulary's mark and not the model's.
    pub fn drops_first_space(&self) -> bool {
        matches!(&self.encoder, Encoder::SentencePiece(encoder) if encoder.space_prefix)
    }
}

/// Cuts a text at every occurrence of the tokens, tried in their order (longest first).
fn cut_at(text: &str, specials: &[Special]) -> Vec<Piece> {
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
    for (index, part) in text.split(special.text.as_str()).enumerate() {
        let mut part = part;
        if index > 0 {
            pieces.push(Piece::Token(special.id));
            if special.takes_space {
                part = part.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{B}');
            }
        }
        pieces.push(Piece::Text(part.to_string()));
    }
    pieces
}

fn read_kinds(metadata: &Metadata, count: usize, fail: &dyn Fn(&str, String) -> EngineError) -> Result<Vec<Kind>> {
    let Some(types) = metadata.integers("tokenizer.ggml.token_type")? else {
        return Ok(vec![Kind::Ordinary; count]);
    };
    if types.len() != count {
        return Err(fail("tokenizer.ggml.token_type", format!("has {} entries for {count} tokens", types.len())));
    }
    let kind = |(id, &number): (usize, &i64)| match number {
        1 => Ok(Kind::Ordinary),
        2 => Ok(Kind::Unknown),
        3 => Ok(Kind::Control),
        4 => Ok(Kind::UserDefined),
        5 => Ok(Kind::Unused),
        6 => Ok(Kind::Byte),
        other => Err(fail("tokenizer.ggml.token_type", format!("entry {id} is {other}, which is no token type"))),
    };
    types.iter().enumerate().map(kind).collect()
}

fn sentencepiece(
    metadata: &Metadata,
    tokens: &[String],
    kinds: &[Kind],
    unknown: Option<u32>,
    fail: &dyn Fn(&str, String) -> EngineError,
) -> Result<SentencePiece> {
    let scores =
        metadata.floats("tokenizer.ggml.scores")?.ok_or_else(|| fail("tokenizer.ggml.scores", "is missing".into()))?;
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
    Ok(SentencePiece { vocabulary, bytes, unknown, space_prefix })
}

/// The special tokens, longest first: those of white space, and the others.
fn specials(metadata: &Metadata, tokens: &[String], kinds: &[Kind]) -> Result<(Vec<Special>, Vec<Special>)> {
    // llama.cpp decides by the model's name too; the vocabulary does not say it.
    let name = metadata.text("general.name")?.unwrap_or("").to_lowercase();
    let phi3 = name.contains("phi-3") || name.contains("phi3");
    let keeps_space = ["<unk>", "<s>", "<|endoftext|>"];
    let mut all: Vec<Special> = (0u32..)
        .zip(tokens.iter().zip(kinds))
        .filter(|(_, (text, kind))| {
            !text.is_empty() && matches!(kind, Kind::Control | Kind::UserDefined | Kind::Unknown)
        })
        .map(|(id, (text, kind))| {
            // A user-defined token of a SentencePiece vocabulary can spell its spaces the SentencePiece way.
            let text = if *kind == Kind::UserDefined { text.replace(SPACE, " ") } else { text.clone() };
            let takes_space = phi3 && !keeps_space.contains(&text.as_str());
            Special { text, id, takes_space }
        })
        .collect();
    all.sort_by_key(|s| std::cmp::Reverse(s.text.len()));
    Ok(all.into_iter().partition(|s| s.text.chars().all(char::is_whitespace)))
}

/// The ids that the metadata gives special meaning to.
struct SpecialIds {
    start: Option<u32>,
    eos: Option<u32>,
    unknown: Option<u32>,
    others: Vec<u32>,
}

impl SpecialIds {
    fn read(metadata: &Metadata, count: usize) -> Result<Self> {
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
        Ok(Self { start: id("bos")?, eos: id("eos")?, unknown: id("unknown")?, others })
    }

    /// Makes control tokens of the ids that the metadata names and of known end tokens, whatever type they were given:
    /// older conversions left some of them ordinary.
    fn mark(&self, tokens: &[String], kinds: &mut [Kind]) {
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

    fn end(&self, tokens: &[String], kinds: &[Kind]) -> BTreeSet<u32> {
        let named = (0u32..)
            .zip(tokens.iter().zip(kinds))
            .filter(|(_, (text, kind))| **kind == Kind::Control && END_TEXTS.contains(&text.as_str()))
            .map(|(id, _)| id);
        self.eos.iter().chain(&self.others).copied().chain(named).collect()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
