//! A client for rerankers: models that read a question together with a passage and say how well it answers.
//!
//! Two forms are spoken. `/v1/rerank` with `documents` is that of Jina, llama-server and vLLM. `/rerank` with `texts`
//! is that of text-embeddings-inference. A reply in either form is understood.

use serde::Deserialize;
use serde_json::{Value, json};

use super::post::{Client, Place, ServedError};
use crate::remote::start;

/// The most bytes of a reply for each passage. Some servers send the passages back.
const BYTES_PER_PASSAGE: usize = 64 << 10;

/// Bytes per token. English and most other text has more, so the length of a text is overestimated rather than
/// underestimated.
const BYTES_PER_TOKEN: usize = 3;

/// Tokens that a model puts around the question and the passage.
const AROUND: usize = 4;

/// The most of the tokens that the question may take.
const QUESTION_SHARE: usize = 2;

/// How a server wants to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `rerank` with `documents`.
    Documents,
    /// `rerank` with `texts`.
    Texts,
}

/// A client for a reranker on a server.
pub struct Reranker {
    client: Client,
    form: Form,
    model: String,
    max_tokens: usize,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Reply {
    Results { results: Vec<One> },
    Bare(Vec<One>),
}

#[derive(Deserialize)]
struct One {
    index: usize,
    #[serde(alias = "relevance_score")]
    score: f32,
}

impl Reranker {
    /// Returns a client for the model at `place`, which takes `max_tokens` for a question with a passage. Sends nothing.
    ///
    /// # Errors
    /// An address or a key that cannot be used.
    pub fn new(place: &Place, form: Form, model: &str, max_tokens: usize) -> Result<Reranker, ServedError> {
        Ok(Reranker {
            client: Client::new(place, "rerank")?,
            form,
            model: model.into(),
            max_tokens,
        })
    }

    /// Returns the address that questions go to, without user, password and query.
    pub fn address(&self) -> String {
        self.client.address()
    }

    /// Returns the score of each of `passages` for `question`, in one request. Scores are comparable only with each
    /// other. Text that does not fit the model's input is cut off.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses, or a reply that is not one score for each passage.
    pub fn scores(&self, question: &str, passages: &[String]) -> Result<Vec<f32>, ServedError> {
        if passages.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.request(question, passages);
        let body = self.client.post(&request, BYTES_PER_PASSAGE * (1 + passages.len()))?;
        scores(&body, passages.len()).map_err(|problem| self.client.wrong(problem))
    }

    fn request(&self, question: &str, passages: &[String]) -> Value {
        let room = self.max_tokens.saturating_sub(AROUND).max(2) * BYTES_PER_TOKEN;
        let question = start(question, room / QUESTION_SHARE);
        let passages: Vec<&str> = passages.iter().map(|text| start(text, room - question.len())).collect();
        match self.form {
            Form::Documents => json!({
                "model": self.model, "query": question, "documents": passages, "top_n": passages.len(),
                "return_documents": false,
            }),
            Form::Texts => json!({"query": question, "texts": passages, "truncate": true}),
        }
    }
}

/// Reads a reply with `count` scores, in the order of the passages. The error says what it is instead.
fn scores(body: &[u8], count: usize) -> Result<Vec<f32>, String> {
    let reply: Reply = serde_json::from_slice(body).map_err(|error| format!("no list of scores: {error}"))?;
    let (Reply::Results { results } | Reply::Bare(results)) = reply;
    if results.len() != count {
        return Err(format!("{} scores for {count} passages", results.len()));
    }
    let mut all = vec![None; count];
    for One { index, score } in results {
        if !score.is_finite() {
            return Err("a score that is not a number".into());
        }
        match all.get_mut(index) {
            Some(place @ None) => *place = Some(score),
            Some(Some(_)) => return Err(format!("two scores with the index {index}")),
            None => return Err(format!("a score with the index {index} for {count} passages")),
        }
    }
    Ok(all.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn scores_are_in_the_order_of_the_passages_in_both_forms() {
        let jina = r#"{"model":"m","results":[{"index":2,"relevance_score":0.9},
            {"index":0,"relevance_score":-3,"document":{"text":"x"}},{"index":1,"relevance_score":0.5}]}"#;
        assert_eq!(scores(jina.as_bytes(), 3).unwrap(), [-3.0, 0.5, 0.9]);
        let tei = r#"[{"index":1,"score":0.9},{"index":0,"score":0.1}]"#;
        assert_eq!(scores(tei.as_bytes(), 2).unwrap(), [0.1, 0.9]);
    }

    #[test]
    fn what_is_not_one_score_for_each_passage_is_refused_with_the_reason() {
        for (body, why) in [
            ("", "no list of scores"),
            (r#"{"results":[]}"#, "0 scores for 2 passages"),
            (
                r#"[{"index":1,"score":1},{"index":1,"score":1}]"#,
                "two scores with the index 1",
            ),
            (r#"[{"index":1,"score":1},{"index":2,"score":1}]"#, "the index 2"),
            (r#"[{"index":1,"score":1e39},{"index":0,"score":1}]"#, "not a number"),
            (
                r#"[{"index":1,"score":null},{"index":0,"score":1}]"#,
                "no list of scores",
            ),
            (r#"[{"index":-1,"score":1},{"index":0,"score":1}]"#, "no list of scores"),
        ] {
            let found = scores(body.as_bytes(), 2).unwrap_err();
            assert!(found.contains(why), "{body}: {found}");
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_between_characters() {
        let place = Place {
            table: "[reranker]",
            url: "http://127.0.0.1:9/v1".into(),
            key: None,
            patience: Duration::from_secs(1),
        };
        let reranker = Reranker::new(&place, Form::Documents, "m", 24).unwrap();
        let request = reranker.request("why?", &["é".repeat(40)]);
        // 20 tokens of three bytes, less four for the question.
        assert_eq!(request["documents"][0], "é".repeat(28));
        assert_eq!((&request["query"], &request["top_n"]), (&"why?".into(), &1.into()));
        let texts = Reranker::new(&place, Form::Texts, "m", 24).unwrap();
        let request = texts.request(&"y".repeat(90), &["abc".into()]);
        assert_eq!(
            (&request["query"], &request["texts"][0]),
            (&"y".repeat(30).into(), &"abc".into())
        );
    }
}
