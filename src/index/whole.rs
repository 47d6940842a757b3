//! A [`Store`] in memory, of some passages of a corpus that is elsewhere.
//!
//! A search cluster has the whole corpus, and sends the passages that may answer a question. They are scored by the
//! same code as those of a local index. The statistics are those of the whole corpus, so a passage has the same
//! word score in both places, to the last bit.

use std::path::PathBuf;
use std::sync::OnceLock;

use tantivy::directory::RamDirectory;
use tantivy::schema::{Field, Schema};
use tantivy::tokenizer::TokenizerManager;
use tantivy::{Index, IndexReader, ReloadPolicy, TantivyDocument};

use super::manifest::Manifest;
use super::schema::Fields;
use super::{IndexError, Store, Whole, analyzer};
use crate::corpus::passage::Passage;

/// Memory in bytes for the writer of a few hundred passages.
const WRITER_BYTES: usize = 16 << 20;

/// A passage, and what its edition is filtered by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Labelled {
    pub passage: Passage,
    pub source: Option<String>,
    pub tags: Vec<String>,
}

impl Store {
    /// Returns a store of `passages` only, which belong to the corpus that `whole` describes.
    pub(crate) fn of_passages<'a>(
        passages: impl Iterator<Item = &'a Labelled>,
        whole: Whole,
    ) -> Result<Store, IndexError> {
        let dir = PathBuf::from("of the answer of the cluster");
        let damaged = |error: tantivy::TantivyError| IndexError::Damaged {
            path: dir.clone(),
            what: error.to_string(),
        };
        let fields = Fields::new();
        let tokenizers = TokenizerManager::default();
        tokenizers.register(analyzer::NAME, analyzer::analyzer());
        let index = Index::builder().schema(fields.schema.clone()).tokenizers(tokenizers);
        let writer = index.single_segment_index_writer(RamDirectory::create(), WRITER_BYTES);
        let mut writer = writer.map_err(damaged)?;
        for one in passages {
            let mut document = fields.document(&one.passage);
            fields.label_by(&mut document, one.source.as_deref(), &one.tags);
            writer.add_document(document).map_err(damaged)?;
        }
        let index = writer.finalize().map_err(damaged)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual);
        let reader: IndexReader = reader.try_into().map_err(damaged)?;
        let searcher = reader.searcher();
        let manifest = Manifest {
            fingerprint: fields.fingerprint(),
            indexed_at: whole.stats.indexed_at.clone(),
            files: Vec::new(),
        };
        Ok(Store {
            generation: dir.clone(),
            dir,
            index,
            manifest,
            searcher,
            fields,
            lengths: OnceLock::from(whole.lengths),
            whole: Some(whole),
        })
    }

    /// Returns what is known about the whole corpus, if this store has only some of its passages.
    pub(crate) fn whole(&self) -> Option<&Whole> {
        self.whole.as_ref()
    }

    /// Returns the number of passages of the whole corpus.
    pub(crate) fn total(&self) -> u64 {
        let all = self.whole.as_ref().map(|whole| whole.passages);
        all.unwrap_or_else(|| self.searcher.num_docs())
    }
}

/// The terms of `passage` in each searched field, in the order of [`Fields::searched`], each with the field's name.
pub(crate) fn terms(passage: &Passage) -> Vec<(String, Vec<String>)> {
    let fields = Fields::new();
    let document = fields.document(passage);
    let mut analyzer = analyzer::analyzer();
    let mut of = |field: Field| {
        let mut terms = Vec::new();
        for text in texts(&document, field) {
            analyzer
                .token_stream(text)
                .process(&mut |token| terms.push(token.text.clone()));
        }
        terms
    };
    let searched = fields.searched().into_iter();
    searched
        .map(|searched| (name(&fields.schema, searched.field), of(searched.field)))
        .collect()
}

/// The name and the weight of each searched field.
pub(crate) fn weights() -> Vec<(String, f32)> {
    let fields = Fields::new();
    let searched = fields.searched().into_iter();
    searched
        .map(|searched| (name(&fields.schema, searched.field), searched.boost))
        .collect()
}

fn name(schema: &Schema, field: Field) -> String {
    schema.get_field_name(field).to_string()
}

fn texts(document: &TantivyDocument, field: Field) -> impl Iterator<Item = &str> {
    use tantivy::schema::Value as _;
    document.get_all(field).filter_map(|value| value.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::index::schema::SEARCHED;
    use crate::index::tests::edition;

    #[test]
    fn a_store_of_some_passages_has_the_statistics_of_all() {
        let dir = tempfile::tempdir().unwrap();
        let files = [edition(
            "e",
            &[("Pricing an API", &["Charge for calls.", "Charge for seats."])],
        )];
        let (store, _) = Store::refresh(dir.path(), &files).unwrap();
        let mut all = Vec::new();
        store
            .each_passage(&mut |passage| {
                all.push(Labelled {
                    passage,
                    source: None,
                    tags: Vec::new(),
                });
            })
            .unwrap();
        let whole = Whole {
            passages: 1_000,
            lengths: [2.0; SEARCHED],
            with: HashMap::from([("charg".to_string(), 7)]),
            stats: store.stats(),
        };
        let some = Store::of_passages(all.iter().take(1), whole).unwrap();
        assert_eq!((some.total(), some.searcher().num_docs()), (1_000, 1));
        assert_eq!(some.average_lengths().unwrap(), [2.0; SEARCHED]);
        assert_eq!(some.passages_with("charg").unwrap(), 7);
        assert_eq!(some.passages_with("seat").unwrap(), 0);
        assert_eq!(some.stats(), store.stats());
    }

    #[test]
    fn the_terms_of_a_passage_are_those_of_the_index() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) =
            Store::refresh(dir.path(), &[edition("e", &[("Pricing an API", &["Charged calls."])])]).unwrap();
        let mut lengths = Vec::new();
        store
            .each_passage(&mut |passage| {
                lengths = terms(&passage).iter().map(|(_, terms)| terms.len() as f32).collect();
            })
            .unwrap();
        assert_eq!(store.average_lengths().unwrap().to_vec(), lengths);
    }
}
