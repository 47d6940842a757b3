//! Judges whether a discussion answers a question, with all-MiniLM-L6-v2 and a LoRA adapter.
//!
//! The reader uses the embedder that is loaded anyway. It reads a question and a passage together and returns the
//! log-odds that the discussion answers the question.
//!
//! It reads three texts: `[CLS] question [SEP]`, `[CLS] title asker [SEP]` and `[CLS] sentences [SEP]`, each cut to its
//! token limit. The lower layers encode each text separately, as the embedder does. In the upper layers, which have the
//! adapter, all tokens attend to all (MacAvaney et al., "PreTTR", arXiv 2004.14255). Each text's last states are
//! averaged and scaled to length 1. A linear head takes the element-wise product of question and heading, that of
//! question and passage, and the passage. A passage longer than its limit is read in windows of whole sentences.
//! `train/README.md` says how adapter and head were trained.

use std::ops::Range;

use candle_core::{Result, bail};

use super::embedder::{EmbedError, Embedder, one_line};
use super::lora::{Adapter, AdapterFile};
use crate::index::hex;
use crate::reading::Text;

static FILE: &[u8] = include_bytes!("../../../adapters/reader.gguf");

/// Maximum number of tokens of each part, as in `train/texts.py`.
const QUESTION: usize = 64;
const TITLE: usize = 32;
const ASKER: usize = 48;
const PASSAGE: usize = 320;

/// The classes: answers, related, off.
const CLASSES: usize = 3;

/// The adapter, and a head for each class.
pub(super) struct Reader {
    adapter: Adapter,
    heads: [Head; CLASSES],
}

/// A linear function, with its bias after its weights.
struct Head(Vec<f32>);

impl Head {
    fn of(&self, seen: &[f32]) -> f32 {
        let sum: f32 = self.0.iter().zip(seen).map(|(w, x)| w * x).sum();
        sum + self.0.last().copied().unwrap_or_default()
    }
}

impl Reader {
    /// Returns the reader that comes with the program, or `None` if it is not for the model of `embedder`.
    pub fn built_in(embedder: &Embedder) -> Option<Reader> {
        Reader::load(FILE, embedder).ok().flatten()
    }

    /// # Errors
    /// Fails if the file is damaged or does not fit the model that it names.
    fn load(bytes: &[u8], embedder: &Embedder) -> Result<Option<Reader>> {
        let mut file = AdapterFile::read(bytes)?;
        if file.text("askpm.base.sha256")? != hex(&embedder.identity()) {
            return Ok(None);
        }
        let sizes @ [_, hidden, _] = embedder.model().sizes();
        let width = 3 * hidden + 1;
        let relevance = file.numbers("askpm.reader.relevance", CLASSES * width)?;
        let mut rows = relevance.chunks_exact(width).map(|row| Head(row.to_vec()));
        let (Some(answers), Some(related), Some(off)) = (rows.next(), rows.next(), rows.next()) else {
            bail!("its head is not of {CLASSES} classes")
        };
        Ok(Some(Reader {
            heads: [answers, related, off],
            adapter: file.adapter(sizes)?,
        }))
    }

    /// Returns the log-odds that the discussion of `text` answers its question, from its best window.
    ///
    /// # Errors
    /// Fails if the model cannot be run.
    pub fn read(&self, embedder: &Embedder, text: &Text) -> std::result::Result<f32, EmbedError> {
        let cut = |text: &str, most: usize| {
            let mut tokens = embedder.tokens(text)?;
            tokens.truncate(most);
            Ok::<_, EmbedError>(tokens)
        };
        let below = |tokens: &[Vec<u32>]| {
            let (first, last) = embedder.ends();
            let ids = [&[first], &*tokens.concat(), &[last]].concat();
            let states = embedder.model().below(&ids, self.adapter.from);
            states.map_err(|error| EmbedError::Run(one_line(&error.to_string())))
        };
        let question = below(&[cut(text.question, QUESTION)?])?;
        let heading = below(&[cut(text.title, TITLE)?, cut(text.asker, ASKER)?])?;
        let sentences = text.sentences.iter().map(|sentence| cut(sentence, PASSAGE));
        let sentences = sentences.collect::<std::result::Result<Vec<_>, _>>()?;
        let mut best = f32::NEG_INFINITY;
        for window in windows(&sentences) {
            let passage = below(&sentences[window])?;
            let mut states = [&*question, &*heading, &*passage].concat();
            embedder.model().above(&mut states, &self.adapter);
            let (question, rest) = states.split_at(question.len());
            let (heading, passage) = rest.split_at(heading.len());
            best = best.max(self.judge([question, heading, passage], embedder.dimensions()));
        }
        match best.is_finite() {
            true => Ok(best),
            false => Err(EmbedError::Run("its numbers are not finite".into())),
        }
    }

    /// Returns the log-odds, given the last layer's states of question, heading and passage as rows of `width` numbers.
    fn judge(&self, parts: [&[f32]; 3], width: usize) -> f32 {
        let [question, heading, passage] = parts.map(|rows| mean(rows, width));
        let seen = [products(&question, &heading), products(&question, &passage), passage].concat();
        let [answers, related, off] = self.heads.each_ref().map(|head| head.of(&seen));
        let most = related.max(off);
        answers - (most + ((related - most).exp() + (off - most).exp()).ln())
    }
}

/// Returns the mean of rows of `width` numbers, scaled to length 1; zeros without rows.
fn mean(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0f32; width];
    for row in rows.chunks_exact(width) {
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
    sum.iter_mut().for_each(|x| *x /= length);
    sum
}

/// Returns the element-wise product.
fn products(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(x, y)| x * y).collect()
}

/// Cuts sentences into windows of at most [`PASSAGE`] tokens. There is at least one window. Without sentences, it is
/// empty.
fn windows(sentences: &[Vec<u32>]) -> Vec<Range<usize>> {
    let (mut out, mut start, mut used) = (Vec::new(), 0, 0);
    for (at, sentence) in sentences.iter().enumerate() {
        if used > 0 && used + sentence.len() > PASSAGE {
            out.push(start..at);
            (start, used) = (at, 0);
        }
        used += sentence.len();
    }
    out.push(start..sentences.len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_of_whole_sentences_and_leave_none_out() {
        let ends = |lengths: &[usize]| -> Vec<(usize, usize)> {
            let sentences: Vec<Vec<u32>> = lengths.iter().map(|length| vec![0; *length]).collect();
            windows(&sentences)
                .iter()
                .map(|window| (window.start, window.end))
                .collect()
        };
        assert_eq!(ends(&[]), [(0, 0)]);
        assert_eq!(ends(&[100, 200, 20]), [(0, 3)]);
        assert_eq!(ends(&[100, 200, 21, 320, 1]), [(0, 2), (2, 3), (3, 4), (4, 5)]);
    }

    #[test]
    fn a_head_is_linear_with_its_bias_last() {
        assert_eq!(Head(vec![1.0, 2.0, 3.0, 0.5]).of(&[1.0, 1.0, -1.0]), 0.5);
    }
}
