//! An embedding model on a server, as an [`Encoder`].
//!
//! The tokens of the model are not known here, so texts are cut by bytes. A passage that does not fit the model's input
//! is cut into windows of about the same length, each preceded by the title.

use sha2::{Digest, Sha256};

use super::embedder::{EmbedError, Vectors};
use super::encoder::Encoder;
use crate::remote::start;
use crate::served::Embeddings;

/// Bytes per token. English and most other text has more, so the length of a text is overestimated rather than
/// underestimated.
const BYTES_PER_TOKEN: usize = 3;

/// Tokens that a model puts around a text.
const AROUND: usize = 2;

/// The most of the bytes that a title may take.
const TITLE_SHARE: usize = 4;

/// Requests at a time: one that the server works on, and one that waits.
const AT_A_TIME: usize = 2;

/// A text to ask a new server for.
const SAMPLE: &str = "product management";

/// What a model on a server takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// What the model wants before a question, such as `query: `.
    pub query_prefix: String,
    /// What the model wants before a passage.
    pub passage_prefix: String,
    /// The longest text, in tokens.
    pub max_tokens: usize,
    /// The most texts of one request.
    pub batch: usize,
}

/// An embedding model on a server.
pub struct ServedEmbedder {
    client: Embeddings,
    input: Input,
    dimensions: usize,
}

impl ServedEmbedder {
    /// Returns the model, whose vectors have `dimensions` numbers. Sends nothing.
    pub fn new(client: Embeddings, input: Input, dimensions: usize) -> ServedEmbedder {
        ServedEmbedder {
            client,
            input,
            dimensions,
        }
    }

    /// Returns the model after asking for the vector of two words, which tells how long its vectors are.
    ///
    /// # Errors
    /// The server cannot be reached, or sends something else.
    pub fn connect(client: Embeddings, input: Input) -> Result<ServedEmbedder, EmbedError> {
        let sample = client.embed(&[format!("{}{SAMPLE}", input.passage_prefix)])?;
        let dimensions = sample.first().map_or(0, Vec::len);
        Ok(ServedEmbedder::new(client, input, dimensions))
    }

    /// Returns what distinguishes the vectors of passages of this model from those of another. The address does not
    /// count, so a model may move to another server.
    pub fn identity_of(client: &Embeddings, input: &Input) -> [u8; 32] {
        let room = input.max_tokens.to_string();
        let mut hasher = Sha256::new();
        for part in ["served", client.model(), &input.passage_prefix, &room] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }

    /// Returns the address that texts go to, without user, password and query.
    pub fn address(&self) -> String {
        self.client.address()
    }

    /// Returns the name of the model on the server.
    pub fn model(&self) -> &str {
        self.client.model()
    }

    /// Returns how many bytes of text fit after `prefix`.
    fn room(&self, prefix: &str) -> usize {
        let bytes = self.input.max_tokens.saturating_sub(AROUND) * BYTES_PER_TOKEN;
        bytes.saturating_sub(prefix.len()).max(4 * BYTES_PER_TOKEN)
    }

    /// Returns one vector for each of `texts`, which fit.
    fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut all = Vec::with_capacity(texts.len());
        for some in texts.chunks(self.input.batch.max(1)) {
            let vectors = self.client.embed(some)?;
            if let Some(other) = vectors.iter().find(|vector| vector.len() != self.dimensions) {
                return Err(self.client.changed(other.len(), self.dimensions).into());
            }
            all.extend(vectors);
        }
        Ok(all)
    }

    fn prefixed(&self, prefix: &str, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let room = self.room(prefix);
        let texts: Vec<String> = texts
            .iter()
            .map(|text| prefix.to_string() + &some(start(text, room)))
            .collect();
        self.embed(&texts)
    }
}

impl Encoder for ServedEmbedder {
    fn identity(&self) -> [u8; 32] {
        ServedEmbedder::identity_of(&self.client, &self.input)
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn questions(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.prefixed(&self.input.query_prefix, texts)
    }

    fn texts(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.prefixed(&self.input.passage_prefix, texts)
    }

    fn passages(&self, passages: &[(String, String)]) -> Result<Vec<Vectors>, EmbedError> {
        let prefix = &self.input.passage_prefix;
        let room = self.room(prefix);
        let mut counts = Vec::with_capacity(passages.len());
        let mut texts = Vec::new();
        for (title, text) in passages {
            let title = start(title, room / TITLE_SHARE);
            let before = texts.len();
            texts.extend(
                windows(text, room - title.len() - 1)
                    .map(|window| format!("{prefix}{}", some(&format!("{title}\n{window}")))),
            );
            counts.push(texts.len() - before);
        }
        let mut vectors = self.embed(&texts)?.into_iter();
        Ok(counts
            .into_iter()
            .map(|count| vectors.by_ref().take(count).collect())
            .collect())
    }

    fn knows(&self, _: &str) -> Option<bool> {
        None
    }

    fn is_served(&self) -> bool {
        true
    }

    fn calls(&self) -> (usize, usize) {
        (self.input.batch.max(1), AT_A_TIME)
    }
}

/// Returns `text` without space around it, or a character if nothing is left: servers refuse an empty text.
fn some(text: &str) -> String {
    match text.trim() {
        "" => "-".into(),
        text => text.into(),
    }
}

/// Cuts `text` into windows of at most `room` bytes, as even as possible. They end between words, if a word ends in the
/// last quarter of the window. A text without characters is one empty window.
fn windows(text: &str, room: usize) -> impl Iterator<Item = &str> {
    let count = text.len().div_ceil(room.max(1)).max(1);
    // A window that ends before a word leaves more for the others.
    let even = (text.len().div_ceil(count) + 32).min(room);
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        if text.len() <= even {
            return Some(text);
        }
        // The first character fits, however little room there is.
        let first = text.chars().next().map_or(0, char::len_utf8);
        let end = start(text, even).len().max(first);
        let word = text[..end]
            .rfind(char::is_whitespace)
            .filter(|at| *at >= (end / 4 * 3).max(first));
        let (window, after) = text.split_at(word.unwrap_or(end));
        rest = Some(after).filter(|after| !after.trim().is_empty());
        Some(window)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A server that runs all-MiniLM-L6-v2, which must be started by hand. `ASKPM_TEST_VECTORS=URL` names it.
    #[test]
    fn vectors_of_a_server_are_those_of_the_same_model_here() {
        let (Ok(url), Some(folder)) = (
            std::env::var("ASKPM_TEST_VECTORS"),
            std::env::var_os("ASKPM_TEST_EMBEDDER").map(std::path::PathBuf::from),
        ) else {
            crate::testing::skipped("no server (ASKPM_TEST_VECTORS=URL) or no model (ASKPM_TEST_EMBEDDER=FOLDER)");
            return;
        };
        let place = crate::served::Place {
            table: "[embedder]",
            url,
            key: None,
            patience: std::time::Duration::from_secs(600),
        };
        let input = Input {
            query_prefix: String::new(),
            passage_prefix: String::new(),
            max_tokens: 256,
            batch: 8,
        };
        let served = ServedEmbedder::connect(Embeddings::new(&place, "m").unwrap(), input).unwrap();
        // With another identity than that of its weights, the model has no adapter.
        let here = super::super::tests::load(&folder, 0).unwrap();
        let long = "Charge by successful call, and publish the price on one page. ".repeat(6);
        let texts = [
            "How do we price an API?",
            "okr",
            "Wie finde ich heraus, was Kunden wollen?",
            &long,
        ];
        let title = "How should we price an API?".to_string();
        let mut pairs: Vec<(Vec<f32>, Vec<f32>)> = Vec::new();
        pairs.extend(
            served
                .questions(&texts)
                .unwrap()
                .into_iter()
                .zip(here.questions(&texts).unwrap()),
        );
        for text in texts {
            let passage = [(title.clone(), text.to_string())];
            let (there, here) = (served.passages(&passage).unwrap(), here.passages(&passage).unwrap());
            assert_eq!((there[0].len(), here[0].len()), (1, 1), "{text}");
            pairs.extend(there[0].clone().into_iter().zip(here[0].clone()));
        }
        let apart = |(a, b): &(Vec<f32>, Vec<f32>)| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let most = pairs.iter().map(apart).fold(0.0, f32::max);
        crate::testing::noted(format!(
            "{} vectors, the greatest difference of a number is {most:e}",
            pairs.len()
        ));
        assert!(most < 1e-4, "{most}");
    }

    #[test]
    fn windows_are_even_and_end_between_words() {
        let text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen".repeat(2);
        let cut: Vec<&str> = windows(&text, 100).collect();
        assert_eq!(cut.len(), 2);
        assert!(
            cut[0].ends_with(|c: char| c.is_alphabetic()) && cut[1].starts_with(' '),
            "{cut:?}"
        );
        assert_eq!(windows("", 10).collect::<Vec<_>>(), [""]);
        assert_eq!(windows("short", 10).collect::<Vec<_>>(), ["short"]);
    }

    proptest! {
        #[test]
        fn windows_are_the_whole_text_in_order_and_fit(text in "(?s)[a-zé世 \n]{0,200}", room in 4usize..80) {
            let cut: Vec<&str> = windows(&text, room).collect();
            let whole = cut.concat();
            prop_assert!(text.starts_with(&whole) && text[whole.len()..].trim().is_empty());
            prop_assert!(cut.iter().all(|window| window.len() <= room));
        }
    }
}
