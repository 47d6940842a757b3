//! A client for `/v1/embeddings`, as OpenAI, vLLM, llama-server, Ollama and text-embeddings-inference speak it.
//!
//! A reply is checked before it is used: one vector for each text, by number, all of one length, and nothing that is
//! not a number. Vectors are scaled to length 1 here, because not every server does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::post::{Client, Place, ServedError};

/// The most bytes of a reply for each text: some 10,000 numbers in full length.
const BYTES_PER_TEXT: usize = 256 << 10;

/// The most numbers of a vector.
const MAX_DIMENSIONS: usize = 1 << 15;

/// A client for an embedding model on a server.
pub struct Embeddings {
    client: Client,
    model: String,
}

#[derive(Deserialize)]
struct Reply {
    data: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    #[serde(default)]
    index: Option<usize>,
    embedding: Embedding,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Embedding {
    Numbers(Vec<f32>),
    /// The bytes of the numbers, little-endian, in base64.
    Packed(String),
}

impl Embeddings {
    /// Returns a client for the model at `place`. Sends nothing.
    ///
    /// # Errors
    /// An address or a key that cannot be used.
    pub fn new(place: &Place, model: &str) -> Result<Embeddings, ServedError> {
        Ok(Embeddings {
            client: Client::new(place, "embeddings")?,
            model: model.into(),
        })
    }

    /// Returns the address that texts go to, without user, password and query.
    pub fn address(&self) -> String {
        self.client.address()
    }

    /// Returns the name of the model on the server.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Returns one vector of length 1 for each of `texts`, in one request. All have the same number of dimensions.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses, or a reply that is not one vector for each text.
    pub fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, ServedError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let request = json!({"model": self.model, "input": texts, "encoding_format": "float"});
        let body = self.client.post(&request, BYTES_PER_TEXT * (1 + texts.len()))?;
        vectors(&body, texts.len()).map_err(|problem| self.client.wrong(problem))
    }

    /// Returns the error of a server whose vectors have `now` numbers, where those before had `before`.
    pub fn changed(&self, now: usize, before: usize) -> ServedError {
        let problem = format!("its vectors have {now} numbers, and those of the index {before}");
        let hint = "the server runs another model: correct `model` in [embedder], or run `askpm refresh`";
        self.client.fault(problem, Some(hint.into()))
    }
}

/// Reads a reply with `count` vectors, in the order of the texts. The error says what it is instead.
fn vectors(body: &[u8], count: usize) -> Result<Vec<Vec<f32>>, String> {
    let reply: Reply = serde_json::from_slice(body).map_err(|error| format!("no list of vectors: {error}"))?;
    if reply.data.len() != count {
        return Err(format!("{} vectors for {count} texts", reply.data.len()));
    }
    let mut all: Vec<Option<Vec<f32>>> = vec![None; count];
    let mut dimensions = None;
    for (at, One { index, embedding }) in reply.data.into_iter().enumerate() {
        let index = index.unwrap_or(at);
        let vector = unit(numbers(embedding)?)?;
        if *dimensions.get_or_insert(vector.len()) != vector.len() {
            return Err("vectors of different lengths".into());
        }
        match all.get_mut(index) {
            Some(place @ None) => *place = Some(vector),
            Some(Some(_)) => return Err(format!("two vectors with the index {index}")),
            None => return Err(format!("a vector with the index {index} for {count} texts")),
        }
    }
    Ok(all.into_iter().flatten().collect())
}

fn numbers(embedding: Embedding) -> Result<Vec<f32>, String> {
    match embedding {
        Embedding::Numbers(numbers) => Ok(numbers),
        Embedding::Packed(text) => {
            let bytes = STANDARD.decode(text).map_err(|_| "a vector that is not valid base64")?;
            let (numbers, rest) = bytes.as_chunks::<4>();
            if !rest.is_empty() {
                return Err("a vector with a part of a number".into());
            }
            Ok(numbers.iter().map(|four| f32::from_le_bytes(*four)).collect())
        }
    }
}

/// Scales `vector` to length 1.
fn unit(mut vector: Vec<f32>) -> Result<Vec<f32>, String> {
    if vector.is_empty() || vector.len() > MAX_DIMENSIONS {
        return Err(format!("a vector of {} numbers", vector.len()));
    }
    if !vector.iter().all(|x| x.is_finite()) {
        return Err("a vector with something that is not a number".into());
    }
    let length = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    vector.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
    // A vector of zeros, or of numbers too small for a length.
    if !vector.iter().all(|x| x.is_finite()) {
        return Err("a vector without a direction".into());
    }
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(body: &str, count: usize) -> Result<Vec<Vec<f32>>, String> {
        vectors(body.as_bytes(), count)
    }

    #[test]
    fn vectors_are_in_the_order_of_the_texts_and_of_length_one() {
        let body = r#"{"object":"list","data":[{"index":1,"embedding":[0,-2]},{"index":0,"embedding":[3.0,4.0]}]}"#;
        assert_eq!(read(body, 2).unwrap(), [[0.6, 0.8], [0.0, -1.0]]);
        let without = r#"{"data":[{"embedding":[1,0]},{"embedding":[0,1]}]}"#;
        assert_eq!(read(without, 2).unwrap(), [[1.0, 0.0], [0.0, 1.0]]);
    }

    #[test]
    fn numbers_in_base64_are_read_too() {
        let packed = STANDARD.encode([3f32, 4.0].map(f32::to_le_bytes).as_flattened());
        let body = |text: &str| format!(r#"{{"data":[{{"index":0,"embedding":"{text}"}}]}}"#);
        assert_eq!(read(&body(&packed), 1).unwrap(), [[0.6, 0.8]]);
        assert!(read(&body("AAA="), 1).unwrap_err().contains("part of a number"));
        assert!(read(&body("?"), 1).unwrap_err().contains("base64"));
    }

    #[test]
    fn what_is_not_one_vector_for_each_text_is_refused_with_the_reason() {
        for (body, why) in [
            ("", "no list of vectors"),
            (r#"{"data":[{"index":0,"embedding":[[1,0]]}]}"#, "no list of vectors"),
            (r#"{"data":[]}"#, "0 vectors for 2 texts"),
            (
                r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#,
                "two vectors with the index 0",
            ),
            (
                r#"{"data":[{"index":0,"embedding":[1]},{"index":7,"embedding":[1]}]}"#,
                "the index 7",
            ),
            (
                r#"{"data":[{"embedding":[1]},{"embedding":[1,2]}]}"#,
                "different lengths",
            ),
            (
                r#"{"data":[{"embedding":[]},{"embedding":[]}]}"#,
                "a vector of 0 numbers",
            ),
            (
                r#"{"data":[{"embedding":[0,0]},{"embedding":[1,2]}]}"#,
                "without a direction",
            ),
            (
                r#"{"data":[{"embedding":[NaN]},{"embedding":[1]}]}"#,
                "no list of vectors",
            ),
            (
                r#"{"data":[{"embedding":[null]},{"embedding":[1]}]}"#,
                "no list of vectors",
            ),
            (r#"{"data":[{"embedding":[1e39]},{"embedding":[1]}]}"#, "not a number"),
        ] {
            let found = read(body, 2).unwrap_err();
            assert!(found.contains(why), "{body}: {found}");
        }
        let nan = STANDARD.encode(f32::NAN.to_le_bytes());
        let body = format!(r#"{{"data":[{{"embedding":"{nan}"}}]}}"#);
        assert!(read(&body, 1).unwrap_err().contains("not a number"));
    }

    proptest! {
        #[test]
        fn any_reply_is_vectors_or_an_error(body in "[\\[\\]{}\"a-z0-9:,.-]{0,80}", count in 0usize..4) {
            if let Ok(all) = read(&body, count) {
                prop_assert_eq!(all.len(), count);
            }
        }
    }
}
