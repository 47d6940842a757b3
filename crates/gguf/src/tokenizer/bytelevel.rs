//! Byte-level byte-pair encoding, which GGUF calls `gpt2`. It encodes plain text and never produces a special token.
//!
//! The byte alphabet is from Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), and the
//! encoder published with it. The pattern for each `tokenizer.ggml.pre` is from llama.cpp, `src/llama-vocab.cpp`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use tokenizers::utils::SysRegex;

use super::merge::{Join, Symbol, merge};
use crate::error::Error;
use crate::metadata::Metadata;

/// GPT-2's pattern: English contractions, words, numbers, punctuation and white space.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";
const LLAMA3: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How text is split before merging, and the settings that go with it.
struct Cut {
    patterns: &'static [&'static str],
    /// A piece that is itself a token becomes that token, whatever the merges say.
    whole_pieces: bool,
    /// Whether a start token comes first if the file does not say.
    start_token: bool,
}

fn cut(name: &str) -> Option<Cut> {
    let plain = |patterns| Cut {
        patterns,
        whole_pieces: false,
        start_token: false,
    };
    Some(match name {
        "gpt-2" | "phi-2" | "olmo" => plain(&[GPT2]),
        "default" => plain(&[r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"]),
        "smollm" | "starcoder" | "refact" | "command-r" => plain(&[r"\p{N}", GPT2]),
        "qwen2" | "deepseek-r1-qwen" | "megrez" | "stablelm2" | "hunyuan" => plain(&[QWEN2]),
        "llama3" | "llama-v3" | "llama-bpe" | "falcon3" | "lfm2" => Cut {
            patterns: &[LLAMA3],
            whole_pieces: true,
            start_token: true,
        },
        "smaug-bpe" | "dbrx" | "chatglm-bpe" => plain(&[LLAMA3]),
        "glm4" => Cut {
            patterns: &[LLAMA3],
            whole_pieces: true,
            start_token: false,
        },
        _ => return None,
    })
}

/// Maps token texts to ids. The hash is fast and has a different seed in each process, because vocabularies come from
/// untrusted files.
pub(super) type Vocabulary = HashMap<String, u32, RandomState>;

pub(super) struct ByteLevel {
    patterns: Vec<SysRegex>,
    whole_pieces: bool,
    pub start_token: bool,
    vocabulary: Vocabulary,
    merges: HashMap<(u32, u32), (u32, u32), RandomState>,
    alphabet: [char; 256],
}

impl ByteLevel {
    /// `vocabulary` holds the ordinary tokens only, so that no plain text can become a special one; `others` are the
    /// texts of the rest.
    pub fn new(metadata: &Metadata, vocabulary: Vocabulary, others: &HashSet<&str>) -> Result<Self, Error> {
        let fail = |field: &str, problem: String| Error::tokenizer(metadata.path(), field, problem);
        let name = metadata.text("tokenizer.ggml.pre")?.unwrap_or("default");
        let Some(Cut {
            patterns,
            whole_pieces,
            start_token,
        }) = cut(name)
        else {
            return Err(fail(
                "tokenizer.ggml.pre",
                format!("the pre-tokenizer `{name}` is not known"),
            ));
        };
        let patterns = patterns
            .iter()
            .map(|p| SysRegex::new(p).map_err(|e| fail("tokenizer.ggml.pre", e.to_string())))
            .collect::<Result<_, _>>()?;
        let lines = metadata
            .raw_texts("tokenizer.ggml.merges")?
            .ok_or_else(|| fail("tokenizer.ggml.merges", "is missing".into()))?;
        let mut merges = HashMap::with_capacity_and_hasher(lines.len(), RandomState::default());
        let mut joined = String::new();
        for (rank, line) in lines.iter().enumerate() {
            let line: Cow<str> = String::from_utf8_lossy(line);
            let bad = |why: &str| fail("tokenizer.ggml.merges", format!("entry {rank}, `{line}`: {why}"));
            // The separator is the first space after the first character, so the left half is never empty.
            let split = line.char_indices().skip(1).find(|&(_, c)| c == ' ').map(|(at, _)| at);
            let (left, right) = split
                .map(|at| (&line[..at], &line[at + 1..]))
                .ok_or_else(|| bad("is not a pair"))?;
            let id = |text: &str| vocabulary.get(text).copied();
            joined.clear();
            joined.push_str(left);
            joined.push_str(right);
            match (id(left), id(right), id(&joined)) {
                (Some(l), Some(r), Some(whole)) => drop(merges.entry((l, r)).or_insert((rank as u32, whole))),
                // The merge would build or split a special token. Plain text must not do that.
                _ if [left, right, joined.as_str()].iter().any(|text| others.contains(text)) => {}
                _ => return Err(bad("a half or the whole is not a token")),
            }
        }
        Ok(Self {
            patterns,
            whole_pieces,
            start_token,
            vocabulary,
            merges,
            alphabet: alphabet(),
        })
    }

    /// Appends the ids of `text`. A byte without a token in the vocabulary is left out.
    pub fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        for piece in self.pieces(text) {
            let spelled: String = piece.bytes().map(|b| self.alphabet[usize::from(b)]).collect();
            if self.whole_pieces
                && let Some(&id) = self.vocabulary.get(&spelled)
            {
                ids.push(id);
                continue;
            }
            ids.extend(self.merge_piece(&spelled));
        }
    }

    fn pieces<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let mut pieces = vec![text];
        for pattern in &self.patterns {
            pieces = pieces.into_iter().flat_map(|piece| isolate(pattern, piece)).collect();
        }
        pieces
    }

    fn merge_piece(&self, spelled: &str) -> impl Iterator<Item = u32> {
        let symbols = spelled
            .char_indices()
            .map(|(start, c)| {
                let end = start + c.len_utf8();
                Symbol {
                    start,
                    end,
                    token: self.vocabulary.get(&spelled[start..end]).copied(),
                }
            })
            .collect();
        merge(symbols, |l, r| {
            let &(rank, token) = self.merges.get(&(l.token?, r.token?))?;
            Some(Join {
                eagerness: -f64::from(rank),
                token,
            })
        })
        .into_iter()
        .filter_map(|s| s.token)
    }
}

/// Splits text at every match. Matches and the text between them become pieces.
fn isolate<'t>(pattern: &SysRegex, text: &'t str) -> Vec<&'t str> {
    let mut pieces = Vec::new();
    let mut done = 0;
    for (start, end) in pattern.find_iter(text) {
        pieces.push(&text[done..start]);
        pieces.push(&text[start..end]);
        done = end;
    }
    pieces.push(&text[done..]);
    pieces.retain(|p| !p.is_empty());
    pieces
}

/// Returns the printable character that stands for each byte.
fn alphabet() -> [char; 256] {
    let mut table = ['\0'; 256];
    let mut next = 256u32;
    for byte in 0..=255u8 {
        table[usize::from(byte)] = match byte {
            b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => char::from(byte),
            _ => {
                next += 1;
                char::from_u32(next - 1).unwrap_or('\u{FFFD}')
            }
        };
    }
    table
}

/// Returns the bytes that a token's text stands for, or `None` if it is not spelled in the byte alphabet.
pub(super) fn spelled_bytes(text: &str) -> Option<Vec<u8>> {
    thread_local! {
        static BYTES: HashMap<char, u8> = alphabet().into_iter().zip(0..=255u8).collect();
    }
    BYTES.with(|bytes| text.chars().map(|c| bytes.get(&c).copied()).collect())
}
