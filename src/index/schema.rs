//! Defines the fields of the index: which parts of a passage are stored, which are searched, and how much each counts.
//!
//! This is the only place with field names. It converts a [`Passage`] to a tantivy document and back.

use tantivy::schema::{FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value};
use tantivy::{TantivyDocument, Term};

use super::analyzer;
use super::vectors::Keys;
use crate::corpus::edition::{Edition, Id};
use crate::corpus::passage::{MAX_PASSAGE_BYTES, Passage};

/// A searched field and the weight of a word in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Searched {
    pub field: Field,
    /// Weight of one occurrence; it is 1 in the passage's own text.
    pub boost: f32,
    /// How much a field longer than the average reduces that weight, 0 to 1 (`b` of BM25).
    pub b: f32,
    /// Whether a word found here counts as covered by the passage. The edition's title does not, because it belongs to
    /// many discussions and says little about any of them.
    pub covers: bool,
    /// Whether word positions are indexed, for phrases.
    pub positions: bool,
}

/// Maximum number of characters of a source that is indexed. Tantivy drops longer terms than 65,530 bytes.
const MAX_SOURCE: usize = 1_000;

/// Number of searched fields.
pub(crate) const SEARCHED: usize = 6;

const KEYS: [&str; 3] = ["text_key", "question_key", "asked_key"];

/// The fields of the index, resolved once.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub schema: Schema,
    id: Field,
    part: Field,
    edition: Field,
    path: Field,
    date: Field,
    source: Field,
    tag: Field,
    edition_title: Field,
    discussion: Field,
    question: Field,
    in_short: Field,
    asked: Field,
    contributor: Field,
    kind: Field,
    link: Field,
    text: Field,
    text_key: Field,
    question_key: Field,
    asked_key: Field,
}

impl Fields {
    pub fn new() -> Fields {
        let mut schema = Schema::builder();
        let searched = |record: IndexRecordOption| {
            let indexing = TextFieldIndexing::default()
                .set_tokenizer(analyzer::NAME)
                .set_index_option(record);
            TextOptions::default().set_indexing_options(indexing).set_stored()
        };
        let with_positions = || searched(IndexRecordOption::WithFreqsAndPositions);
        let with_counts = || searched(IndexRecordOption::WithFreqs);
        let id = schema.add_text_field("id", STORED);
        let part = schema.add_u64_field("part", STORED);
        let edition = schema.add_text_field("edition", STRING);
        let path = schema.add_text_field("path", STRING | STORED);
        let date = schema.add_text_field("date", STRING | STORED);
        let source = schema.add_text_field("source", STRING);
        let tag = schema.add_text_field("tag", STRING);
        let edition_title = schema.add_text_field("edition_title", with_counts());
        let discussion = schema.add_text_field("discussion", with_positions());
        let question = schema.add_text_field("question", with_positions());
        let in_short = schema.add_text_field("in_short", STORED);
        let asked = schema.add_text_field("asked", with_positions());
        let contributor = schema.add_text_field("contributor", with_counts());
        let kind = schema.add_text_field("kind", STORED);
        let link = schema.add_text_field("link", STORED);
        let text = schema.add_text_field("text", with_positions());
        let [text_key, question_key, asked_key] = KEYS.map(|name| schema.add_u64_field(name, FAST));
        Fields {
            schema: schema.build(),
            id,
            part,
            edition,
            path,
            date,
            source,
            tag,
            edition_title,
            discussion,
            question,
            in_short,
            asked,
            contributor,
            kind,
            link,
            text,
            text_key,
            question_key,
            asked_key,
        }
    }

    /// Returns the names of the columns with a passage's [`Keys`], in their order. The last one has any number of
    /// values per passage.
    pub fn key_names(&self) -> [&'static str; 3] {
        KEYS
    }

    /// Returns the searched fields, in the order in which scores are summed.
    pub fn searched(&self) -> [Searched; SEARCHED] {
        let field = |field, boost, b, covers, positions| Searched {
            field,
            boost,
            b,
            covers,
            positions,
        };
        [
            field(self.discussion, 1.5, 0.4, true, true),
            field(self.text, 1.0, 0.75, true, true),
            field(self.question, 1.0, 0.6, true, true),
            field(self.asked, 1.0, 0.6, true, true),
            field(self.edition_title, 0.4, 0.4, false, false),
            field(self.contributor, 0.3, 0.4, true, false),
        ]
    }

    /// Returns the field in which an edition's slug is one term.
    pub(crate) fn edition(&self) -> Field {
        self.edition
    }

    /// Returns the field in which an edition's date is one term, `YYYY-MM-DD`.
    pub(crate) fn date(&self) -> Field {
        self.date
    }

    /// Returns the field in which the source of an edition is one term.
    pub(crate) fn source(&self) -> Field {
        self.source
    }

    /// Returns the field in which each tag of an edition is a term.
    pub(crate) fn tag(&self) -> Field {
        self.tag
    }

    /// Adds what the passages of `edition` are filtered by, and is not shown.
    pub fn label(&self, document: &mut TantivyDocument, edition: &Edition) {
        self.label_by(document, edition.source.as_deref(), &edition.tags);
    }

    /// Adds the source and the tags of an edition.
    pub fn label_by(&self, document: &mut TantivyDocument, source: Option<&str>, tags: &[String]) {
        if let Some(source) = source {
            document.add_text(self.source, source.chars().take(MAX_SOURCE).collect::<String>());
        }
        for tag in tags {
            document.add_text(self.tag, tag);
        }
    }

    /// Returns the term that selects all passages of a file for deletion.
    pub fn file_term(&self, path: &str) -> Term {
        Term::from_field_text(self.path, path)
    }

    pub fn document(&self, passage: &Passage) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        document.add_text(self.id, passage.id.to_string());
        document.add_u64(self.part, u64::from(passage.part));
        document.add_text(self.edition, passage.id.edition());
        document.add_text(self.path, &passage.path);
        document.add_text(self.edition_title, &passage.edition_title);
        document.add_text(self.discussion, &passage.discussion);
        document.add_text(self.question, &passage.question);
        document.add_text(self.text, &passage.text);
        let keys = Keys::of(passage);
        document.add_u64(self.text_key, keys.text);
        document.add_u64(self.question_key, keys.question);
        for (line, key) in passage.also_asked.iter().zip(keys.asked) {
            document.add_text(self.asked, line);
            document.add_u64(self.asked_key, key);
        }
        if let Some(date) = &passage.date {
            document.add_text(self.date, date);
        }
        let optional = [
            (self.in_short, &passage.in_short),
            (self.contributor, &passage.contributor),
            (self.kind, &passage.kind),
            (self.link, &passage.link),
        ];
        for (field, text) in optional {
            if let Some(text) = text {
                document.add_text(field, text);
            }
        }
        document
    }

    /// Returns the passage as it was indexed. An error names the field that is missing or unreadable.
    pub fn passage(&self, document: &TantivyDocument) -> Result<Passage, String> {
        let optional = |field: Field| document.get_first(field).and_then(|v| v.as_str()).map(str::to_string);
        let text = |field: Field| {
            optional(field).ok_or_else(|| format!("a passage has no `{}`", self.schema.get_field_name(field)))
        };
        Ok(Passage {
            id: text(self.id)?.parse::<Id>().map_err(|e| e.to_string())?,
            part: document
                .get_first(self.part)
                .and_then(|v| v.as_u64())
                .and_then(|part| u32::try_from(part).ok())
                .ok_or("a passage has no `part`")?,
            edition_title: text(self.edition_title)?,
            date: optional(self.date),
            discussion: text(self.discussion)?,
            question: text(self.question)?,
            in_short: optional(self.in_short),
            also_asked: document
                .get_all(self.asked)
                .filter_map(|line| line.as_str().map(str::to_string))
                .collect(),
            contributor: optional(self.contributor),
            kind: optional(self.kind),
            link: optional(self.link),
            text: text(self.text)?,
            path: text(self.path)?,
        })
    }

    /// Returns a hash of everything that determines what an index of the same files contains. An index with another
    /// fingerprint is rebuilt, not read.
    pub fn fingerprint(&self) -> String {
        let schema = serde_json::to_string(&self.schema).unwrap_or_default();
        let settings = format!(
            "{}; analyzer {}; passages of {MAX_PASSAGE_BYTES}; {schema}",
            tantivy::version_string(),
            analyzer::VERSION
        );
        crate::hex::hex(&super::sha256(settings.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_comes_back_from_its_document_unchanged() {
        let fields = Fields::new();
        for (contributor, date) in [
            (Some("A. Person".to_string()), Some("2024-02-29".to_string())),
            (None, None),
        ] {
            let passage = Passage {
                id: "e/q2/b".parse().unwrap(),
                part: 3,
                edition_title: "T".into(),
                date,
                discussion: "D?".into(),
                question: String::new(),
                in_short: contributor.as_ref().map(|_| "So.".into()),
                also_asked: vec!["One?".into(), "Two — more?".into()],
                contributor,
                kind: Some("book".into()),
                link: None,
                text: "line\nline — “x”".into(),
                path: "a b.md".into(),
            };
            assert_eq!(fields.passage(&fields.document(&passage)).unwrap(), passage);
        }
    }

    #[test]
    fn a_document_without_its_fields_is_an_error_that_names_one() {
        let why = Fields::new().passage(&TantivyDocument::default()).unwrap_err();
        assert!(why.contains("`id`"), "{why}");
    }
}
