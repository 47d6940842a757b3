//! The reader: all-MiniLM-L6-v2 with an adapter of our own, over a question and a passage together.
//!
//! In: the embedder that is loaded anyway, and texts. Out: for each, the log-odds that its discussion answers the
//! question. It must not know what is made of them.
//!
//! Three texts are read: `[CLS] question [SEP]`, `[CLS] title asker [SEP]` and `[CLS] sentences [SEP]`, each cut to its
//! room. Below, each is encoded by itself, as the embedder does; above, where the adapter is, all tokens attend to all
//! (MacAvaney et al., "PreTTR", arXiv 2004.14255). A linear head sees the means of the parts, scaled to length 1, and
//! their products number by number. A passage that is longer than its room is read window by window, each of whole
//! sentences. `train/README.md` says how adapter and head were trained.

use std::ops::Range;

use candle_core::{Result, bail};

use super::embedder::{EmbedError, Embedder, one_line};
use super::lora::{Adapter, AdapterFile};
use crate::index::hex;
use crate::reading::Text;

static FILE: &[u8] = include_bytes!("../../../adapters/reader.gguf");

/// Most tokens of each part, as `train/texts.py` has them.
const QUESTION: usize = 64;
const TITLE: usize = 32;
const ASKER: usize = 48;
const PASSAGE: usize = 320;

/// Answers, related, off.
const CLASSES: usize = 3;

/// The adapter, and a head for each class.
pub(super) struct Reader {
    adapter: Adapter,
    heads: [Head; CLASSES],
}

/// A linear function, its bias behind its weights.
struct Head(Vec<f32>);

impl Head {
    fn of(&self, seen: &[f32]) -> f32 {
        let sum: f32 = self.0.iter().zip(seen).map(|(w, x)| w * x).sum();
        sum + self.0.last().copied().unwrap_or_default()
    }
}

impl Reader {
    /// The reader that came with the program; `None` where it is not for the model of `embedder`.
    pub fn built_in(embedder: &Embedder) -> Option<Reader> {
        Reader::load(FILE, embedder).ok().flatten()
    }

    /// # Errors
    /// A file that is damaged, or does not fit the model that it says it is for.
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

    /// The log-odds that the discussion of `text` answers its question, by its best window.
    ///
    /// # Errors
    /// A model that cannot be run.
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

    /// Log-odds from the last layer's states of question, heading and passage, rows of `width` numbers.
    fn judge(&self, parts: [&[f32]; 3], width: usize) -> f32 {
        let [question, heading, passage] = parts.map(|rows| mean(rows, width));
        let seen = [products(&question, &heading), products(&question, &passage), passage].concat();
        let [answers, related, off] = self.heads.each_ref().map(|head| head.of(&seen));
        let most = related.max(off);
        answers - (most + ((related - most).exp() + (off - most).exp()).ln())
    }
}

/// The direction of the mean of rows of `width` numbers; zeros without rows.
fn mean(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0f32; width];
    for row in rows.chunks_exact(width) {
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
    sum.iter_mut().for_each(|x| *x /= length);
    sum
}

/// Number by number.
fn products(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(x, y)| x * y).collect()
}

/// Cuts sentences into windows of at most [`PASSAGE`] tokens; at least one, and none without a sentence but the only one.
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
