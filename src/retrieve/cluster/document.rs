//! What a cluster stores: a document for each passage and for each edition, and the mapping of the index.
//!
//! The searched fields have the terms of askpm's own analyzer, separated by spaces. So a cluster finds a word by the
//! same stems as the local index, whatever analyzers it has. What is quoted, and the vectors, are stored and not
//! indexed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::corpus::passage::Passage;
use crate::hex::hex;
use crate::index::Stats;
use crate::index::schema::SEARCHED;
use crate::index::vectors::Keys;
use crate::index::whole::{self, Labelled};

/// Changes whenever an older askpm could misread what a newer one sends.
pub const FORMAT: u32 = 1;

/// Longest term in bytes; Lucene rejects a document with a longer one than 32,766.
const LONGEST_TERM: usize = 1_000;

/// What is known about all passages of an index. It is part of the index's mapping, so it changes together with the
/// passages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub format: u32,
    /// See `Fields::fingerprint`.
    pub fingerprint: String,
    pub passages: u64,
    /// See `Store::average_lengths`.
    pub lengths: [f32; SEARCHED],
    pub editions: usize,
    pub newest: Option<String>,
    pub indexed_at: String,
    /// The embedding model of the vectors, in hex; `None` if there are no vectors.
    pub model: Option<String>,
}

impl About {
    pub fn stats(&self) -> Stats {
        Stats {
            editions: self.editions,
            newest: self.newest.clone(),
            passages: self.passages as usize,
            indexed_at: self.indexed_at.clone(),
            skipped: Vec::new(),
        }
    }
}

/// Returns the body of the request that creates an index.
pub fn creation(about: &About) -> Value {
    let searched = whole::weights().into_iter().map(|(name, _)| {
        let field = json!({"type": "text", "analyzer": "whitespace", "index_options": "freqs"});
        (name, field)
    });
    let words: Map<String, Value> = searched.collect();
    let term = || json!({"type": "keyword", "ignore_above": LONGEST_TERM});
    let stored = || json!({"type": "object", "enabled": false});
    json!({"mappings": {
        "dynamic": "strict",
        "_meta": {"askpm": about},
        "_source": {"excludes": ["any", "words", "contributor", "source"]},
        "properties": {
            "any": term(),
            "words": {"properties": words},
            "place": term(),
            "group": term(),
            "edition": term(),
            "date": term(),
            "contributor": term(),
            "source": term(),
            "tags": term(),
            "passage": stored(),
            "vectors": stored(),
            "slug": term(),
            "text": stored(),
        },
    }})
}

/// A passage as it is stored.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    id: String,
    part: u32,
    edition_title: String,
    date: Option<String>,
    discussion: String,
    question: String,
    in_short: Option<String>,
    also_asked: Vec<String>,
    contributor: Option<String>,
    kind: Option<String>,
    link: Option<String>,
    text: String,
    path: String,
    source: Option<String>,
    tags: Vec<String>,
}

/// The vectors of a passage's texts, in base64.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Encoded {
    text: String,
    question: String,
    asked: Vec<String>,
}

/// A passage that a cluster sent.
pub struct Received {
    pub labelled: Labelled,
    /// The bytes of the vectors of each of its texts, by key.
    pub vectors: Vec<(u64, Vec<u8>)>,
}

#[derive(Deserialize)]
pub struct Source {
    passage: Stored,
    vectors: Option<Encoded>,
}

impl Source {
    /// Returns the passage, or `None` if it has no valid identifier or its vectors are not base64.
    pub fn received(self) -> Option<Received> {
        let stored = self.passage;
        let passage = Passage {
            id: stored.id.parse().ok()?,
            part: stored.part,
            edition_title: stored.edition_title,
            date: stored.date,
            discussion: stored.discussion,
            question: stored.question,
            in_short: stored.in_short,
            also_asked: stored.also_asked,
            contributor: stored.contributor,
            kind: stored.kind,
            link: stored.link,
            text: stored.text,
            path: stored.path,
        };
        let mut vectors = Vec::new();
        if let Some(encoded) = self.vectors {
            let keys = Keys::of(&passage);
            let texts = [encoded.text, encoded.question].into_iter().chain(encoded.asked);
            for (key, text) in [keys.text, keys.question].into_iter().chain(keys.asked).zip(texts) {
                vectors.push((key, STANDARD.decode(text).ok()?));
            }
        }
        Some(Received {
            labelled: Labelled {
                passage,
                source: stored.source,
                tags: stored.tags,
            },
            vectors,
        })
    }
}

/// An edition as it is stored, so that it can be shown in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The file that it was read from.
    pub path: String,
    pub markdown: String,
}

/// A document and its identifier, which is a hash of it.
pub struct Document {
    pub id: String,
    json: String,
}

impl Document {
    fn new(value: &Value) -> Document {
        let json = value.to_string();
        let id = hex(&Sha256::digest(&json)[..16]);
        Document { id, json }
    }

    /// Returns the document of a passage. `vectors` has the bytes of the vectors of a text, by key.
    pub fn of_passage<'a>(labelled: &Labelled, vectors: impl Fn(u64) -> Option<&'a [u8]>) -> Document {
        let Labelled { passage, source, tags } = labelled;
        let terms = whole::terms(passage);
        let mut any: Vec<&str> = terms
            .iter()
            .flat_map(|(_, terms)| terms.iter().map(String::as_str))
            .collect();
        any.sort_unstable();
        any.dedup();
        let words: Map<String, Value> = terms
            .iter()
            .map(|(name, terms)| (name.clone(), json!(terms.join(" "))))
            .collect();
        let keys = Keys::of(passage);
        let encoded = |key: u64| Some(STANDARD.encode(vectors(key)?));
        let encode = || {
            Some(Encoded {
                text: encoded(keys.text)?,
                question: encoded(keys.question)?,
                asked: keys.asked.iter().map(|key| encoded(*key)).collect::<Option<_>>()?,
            })
        };
        let stored = Stored {
            id: passage.id.to_string(),
            part: passage.part,
            edition_title: passage.edition_title.clone(),
            date: passage.date.clone(),
            discussion: passage.discussion.clone(),
            question: passage.question.clone(),
            in_short: passage.in_short.clone(),
            also_asked: passage.also_asked.clone(),
            contributor: passage.contributor.clone(),
            kind: passage.kind.clone(),
            link: passage.link.clone(),
            text: passage.text.clone(),
            path: passage.path.clone(),
            source: source.clone(),
            tags: tags.clone(),
        };
        let folded = |name: &Option<String>| name.as_deref().map(super::super::filter::plain);
        Document::new(&json!({
            "any": any,
            "words": words,
            "place": format!("{} {:05}", passage.id, passage.part),
            "group": passage.id.group().to_string(),
            "edition": passage.id.edition(),
            "date": passage.date,
            "contributor": folded(&passage.contributor),
            "source": folded(source),
            "tags": tags,
            "vectors": encode(),
            "passage": stored,
        }))
    }

    pub fn of_edition(slug: &str, text: &Text) -> Document {
        Document::new(&json!({"slug": slug, "text": text}))
    }

    /// Returns the lines of a bulk request that create the document.
    pub fn lines(&self) -> String {
        format!("{}\n{}\n", json!({"create": {"_id": self.id}}), self.json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_and_its_vectors_come_back_as_they_were_sent() {
        let labelled = Labelled {
            passage: Passage {
                id: "e/q2/b".parse().unwrap(),
                part: 3,
                edition_title: "T".into(),
                date: Some("2024-02-29".into()),
                discussion: "D?".into(),
                question: "Asked".into(),
                in_short: Some("So.".into()),
                also_asked: vec!["One?".into(), "Two — more?".into()],
                contributor: Some("Zoë".into()),
                kind: None,
                link: None,
                text: "line\nline — “x”".into(),
                path: "a b.md".into(),
            },
            source: Some("Mail from Ana".into()),
            tags: vec!["pricing".into()],
        };
        let bytes = [1, 2, 3, 4];
        let document = Document::of_passage(&labelled, |_| Some(&bytes[..]));
        let source: Source = serde_json::from_str(&document.json).unwrap();
        let received = source.received().unwrap();
        assert_eq!(received.labelled, labelled);
        assert_eq!(received.vectors.len(), 4);
        assert!(received.vectors.iter().all(|(_, vector)| vector == &bytes));
        let without = Document::of_passage(&labelled, |_| None);
        assert_ne!(without.id, document.id);
        let source: Source = serde_json::from_str(&without.json).unwrap();
        assert!(source.received().unwrap().vectors.is_empty());
    }
}
