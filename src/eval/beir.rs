//! Measures retrieval on a public collection in BEIR format (Thakur and others, arXiv 2104.08663).
//!
//! The folder holds `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv`. The documents become editions to index. Each
//! judged query gets a ranking, and the measures are those that the literature reports. Nothing here prints.
//!
//! A document is a section of an edition, with a thousand documents in an edition. A long document has several passages
//! and ranks where its best passage ranks. The measures follow trec_eval: nDCG with the judgment itself as gain, and
//! recall of everything judged relevant. Both are averaged over the queries that have something relevant.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::metrics;
use crate::corpus::edition::Section;
use crate::corpus::{Edition, Id, SourceFile, markdown};
use crate::retrieve::{Query, RetrieveError, Retriever};

/// The depth of rankings.
const DEPTH: usize = 100;
const AN_EDITION: usize = 1_000;

/// What is wrong with a collection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {what}", path.display(), line.map_or(String::new(), |line| format!(":{line}")))]
pub struct BeirError {
    pub path: PathBuf,
    /// Counted from 1. `None` if the file cannot be read at all.
    pub line: Option<usize>,
    pub what: String,
}

/// A collection in memory.
pub struct Collection {
    /// Identifiers of the documents, in file order.
    documents: Vec<String>,
    files: Vec<SourceFile>,
    /// Judged queries with something relevant, in file order.
    queries: Vec<Judged>,
}

/// A query, and its documents with a judgment above 0.
struct Judged {
    id: String,
    text: String,
    relevant: HashMap<String, f64>,
}

/// The ranking for one query: documents with their scores, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    pub query: String,
    pub documents: Vec<(String, f32)>,
}

/// Means over the judged queries.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scores {
    pub ndcg_at_10: f64,
    pub recall_at_100: f64,
    pub mrr_at_10: f64,
}

#[derive(Deserialize)]
struct DocumentLine {
    _id: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct QueryLine {
    _id: String,
    text: String,
}

impl Collection {
    /// Reads the collection in `dir`.
    ///
    /// # Errors
    /// The first fault, with its file and line.
    pub fn read(dir: &Path) -> Result<Collection, BeirError> {
        let (mut documents, mut sections) = (Vec::new(), Vec::new());
        let mut known = HashMap::new();
        each_line(&dir.join("corpus.jsonl"), |_, line| {
            let line: DocumentLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
            if known.insert(line._id.clone(), documents.len()).is_some() {
                return Err(format!("document `{}` occurs twice", line._id));
            }
            sections.push(section(documents.len() % AN_EDITION, &line.title, &line.text));
            documents.push(line._id);
            Ok(())
        })?;
        let mut texts: Vec<(String, String)> = Vec::new();
        each_line(&dir.join("queries.jsonl"), |_, line| {
            let line: QueryLine = serde_json::from_str(line).map_err(|error| error.to_string())?;
            texts.push((line._id, line.text));
            Ok(())
        })?;
        let mut judged: HashMap<String, HashMap<String, f64>> = HashMap::new();
        let path = dir.join("qrels").join("test.tsv");
        each_line(&path, |number, line| {
            let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
            let [query, document, score] = columns[..] else {
                return Err("expected three columns with tabs between them: query, document and judgment".into());
            };
            match score.parse::<f64>() {
                Ok(score) if score.is_finite() => {
                    let of_query = judged.entry(query.to_string()).or_default();
                    if score > 0.0 {
                        of_query.insert(document.to_string(), score);
                    }
                    Ok(())
                }
                _ if number == 1 => Ok(()),
                _ => Err(format!("the judgment `{score}` is not a number")),
            }
        })?;
        let queries = texts.into_iter().filter_map(|(id, text)| {
            let relevant = judged.remove(&id).filter(|relevant| !relevant.is_empty())?;
            Some(Judged { id, text, relevant })
        });
        let queries: Vec<Judged> = queries.collect();
        let nothing = |what: &str| BeirError {
            path: path.clone(),
            line: None,
            what: what.into(),
        };
        if queries.is_empty() {
            return Err(nothing("no query has a relevant document"));
        }
        let strangers = judged.iter().filter(|(_, relevant)| !relevant.is_empty());
        if let Some((id, _)) = strangers.min_by_key(|(id, _)| id.to_string()) {
            return Err(nothing(&format!(
                "query `{id}` has a judgment but is not in queries.jsonl"
            )));
        }
        Ok(Collection {
            documents,
            files: editions(sections),
            queries,
        })
    }

    /// The documents as editions to index.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    pub fn documents(&self) -> usize {
        self.documents.len()
    }

    pub fn queries(&self) -> usize {
        self.queries.len()
    }

    /// Searches for each judged query. `progress` receives the number of queries done.
    pub fn run(
        &self,
        retriever: &dyn Retriever,
        mut progress: impl FnMut(usize),
    ) -> Result<Vec<Ranking>, RetrieveError> {
        let mut rankings = Vec::with_capacity(self.queries.len());
        for query in &self.queries {
            let found = retriever.retrieve(&Query {
                per_discussion: 1,
                ..Query::new(&query.text, DEPTH)
            })?;
            let hits = found.hits.into_iter();
            let documents = hits.filter_map(|hit| Some((self.document(&hit.passage.id)?.to_string(), hit.score)));
            rankings.push(Ranking {
                query: query.id.clone(),
                documents: documents.collect(),
            });
            progress(rankings.len());
        }
        Ok(rankings)
    }

    /// Returns the document that is indexed as `id`.
    fn document(&self, id: &Id) -> Option<&str> {
        let Id::Section { edition, section } = id else {
            return None;
        };
        let edition: usize = edition.strip_prefix("beir-")?.parse().ok()?;
        let at = edition * AN_EDITION + (*section as usize).checked_sub(1)?;
        self.documents.get(at).map(String::as_str)
    }

    /// Scores `rankings`, which must be those of the judged queries, in order.
    pub fn score(&self, rankings: &[Ranking]) -> Scores {
        let pairs = || self.queries.iter().zip(rankings);
        let mean = |measure: fn(&Judged, &Found) -> f64| {
            let values: Vec<f64> = pairs()
                .map(|(query, ranking)| measure(query, &found(query, ranking)))
                .collect();
            metrics::mean(&values)
        };
        Scores {
            ndcg_at_10: mean(|query, found| {
                metrics::ndcg_at(10, found, &query.relevant.values().copied().collect::<Vec<_>>())
            }),
            recall_at_100: mean(|query, found| found.len() as f64 / query.relevant.len() as f64),
            mrr_at_10: mean(|_, found| {
                let ranks: Vec<usize> = found.iter().map(|(rank, _)| *rank).collect();
                metrics::reciprocal_rank_at(10, &ranks)
            }),
        }
    }
}

/// Ranks and judgments of the relevant documents that were found.
type Found = Vec<(usize, f64)>;

fn found(query: &Judged, ranking: &Ranking) -> Found {
    let ranked = (1..=DEPTH).zip(&ranking.documents);
    ranked
        .filter_map(|(rank, (document, _))| Some((rank, *query.relevant.get(document)?)))
        .collect()
}

/// Formats `rankings` for trec_eval. It sorts by score and breaks ties its own way, so equal scores are written
/// slightly lower.
pub fn trec_run(rankings: &[Ranking]) -> String {
    const STEP: f64 = 1e-4;
    let mut out = String::new();
    for ranking in rankings {
        let mut last = f64::INFINITY;
        for (rank, (document, score)) in (1..).zip(&ranking.documents) {
            let rounded = (f64::from(*score) / STEP).round() * STEP;
            let written = rounded.min(last - STEP);
            let _ = writeln!(out, "{} Q0 {document} {rank} {written:.4} askpm", ranking.query);
            last = written;
        }
    }
    out
}

/// Calls `read` with each non-blank line and its number.
fn each_line(path: &Path, mut read: impl FnMut(usize, &str) -> Result<(), String>) -> Result<(), BeirError> {
    let fault = |line: Option<usize>, what: String| BeirError {
        path: path.to_path_buf(),
        line,
        what,
    };
    let file = File::open(path).map_err(|error| fault(None, error.to_string()))?;
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let line = line.map_err(|error| fault(Some(number), error.to_string()))?;
        if !line.trim().is_empty() {
            read(number, &line).map_err(|what| fault(Some(number), what))?;
        }
    }
    Ok(())
}

/// Returns a document as the section at index `at`. A missing title becomes `-`, and a missing text becomes the title.
fn section(at: usize, title: &str, text: &str) -> Section {
    let line = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches(['#', ' ']);
    let text = if text.trim().is_empty() { line } else { text.trim() };
    Section {
        number: at as u32 + 1,
        title: if line.is_empty() { "-".into() } else { line.into() },
        body: if text.is_empty() { "-".into() } else { text.into() },
    }
}

fn editions(sections: Vec<Section>) -> Vec<SourceFile> {
    let file = |(number, sections): (usize, &[Section])| {
        let slug = format!("beir-{number}");
        let text = markdown::write(&Edition {
            title: "-".into(),
            sections: sections.to_vec(),
            slug: slug.clone(),
            ..Edition::default()
        });
        SourceFile {
            path: format!("{slug}.md"),
            hash: Sha256::digest(&text).into(),
            text: Ok(Cow::Owned(text)),
        }
    };
    sections.chunks(AN_EDITION).enumerate().map(file).collect()
}

#[cfg(test)]
#[path = "beir_tests.rs"]
mod tests;
