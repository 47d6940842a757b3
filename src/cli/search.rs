//! Runs `askpm search`: prints ranked passages, without a language model.

use std::io::{self, Write};
use std::time::Instant;

use serde::Serialize;

use super::args::{Format, SearchArgs};
use super::context::Context;
use super::error::{Exit, Failure};
use super::meaning::Finder;
use super::pager;
use super::text::words_or_stdin;
use crate::ask::MAX_QUESTION_BYTES;
use crate::corpus::copies::AlsoIn;
use crate::render::{html, json, markdown, terminal};
use crate::retrieve::{Filters, Hit, Query, Retrieved, Retriever};

/// The default number of results.
pub const TOP_K: usize = 10;

/// The object that `search --json` prints.
#[derive(Serialize)]
pub struct Results<'a> {
    query: &'a str,
    hits: Vec<Row>,
    took_ms: f64,
}

#[derive(Serialize)]
struct Row {
    rank: usize,
    id: String,
    edition: String,
    discussion: String,
    contributor: Option<String>,
    date: Option<String>,
    score: f32,
    coverage: f32,
    /// Similarity in meaning, if it was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    similarity: Option<f32>,
    /// Score of the reranker, if it looked at the passage.
    #[serde(skip_serializing_if = "Option::is_none")]
    rerank: Option<f32>,
    snippet: String,
    path: String,
    /// Other editions with a copy of the passage.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also_in: Vec<AlsoIn>,
}

pub fn run(context: &Context, args: &SearchArgs) -> Result<Exit, Failure> {
    let query = words_or_stdin(&args.query, MAX_QUESTION_BYTES, "query")?;
    let query = query.trim();
    check(query)?;
    let started = Instant::now();
    let (store, finder) = Finder::open(context, args.retrieval.by, None)?;
    let opened = started.elapsed();
    let top_k = args.retrieval.top_k.or(context.config.top_k).map_or(TOP_K, usize::from);
    let filters = Filters::from(&args.filters);
    let mut found = self::find(&*finder.retriever(&store), query, top_k, &filters)?;
    if let Some(least) = args.retrieval.min_score {
        found.hits.retain(|hit| hit.coverage >= least);
    }

    let mut out = io::stdout().lock();
    let format = args.output.format();
    if format == Format::Md && !found.hits.is_empty() {
        markdown::hits(&mut out, query, &found.hits)?;
    } else if format == Format::Html && !found.hits.is_empty() {
        html::hits(&mut out, query, &found.hits)?;
    } else if format == Format::Json {
        json::pretty(&mut out, &Results::new(query, &found))?;
    } else if args.jsonl {
        found
            .hits
            .iter()
            .map(Row::from)
            .try_for_each(|row| json::line(&mut out, &row))?;
    } else {
        drop(out);
        let mut text = Vec::new();
        terminal::hits(&mut text, &found.hits, context.look(), args.explain)?;
        pager::show(&text)?;
    }
    io::stdout().flush()?;
    context.detail(&format!(
        "index opened in {:.1} ms, searched in {:.1} ms",
        opened.as_secs_f64() * 1e3,
        found.took.as_secs_f64() * 1e3
    ));
    for read in &found.corrected {
        context.note(&format!(
            "no passage has \"{}\"; searching for \"{}\"",
            read.word, read.read_as
        ));
    }
    if found.hits.is_empty() {
        context.warn(&format!("nothing in the corpus{filters} mentions \"{query}\""));
        return Ok(Exit::NoAnswer);
    }
    Ok(Exit::Done)
}

/// Refuses a query that is empty or too long.
fn check(query: &str) -> Result<(), Failure> {
    if query.is_empty() {
        return Err(Failure::new("cannot search", "the query is empty")
            .hinted("pass a query, such as `askpm search \"career change\"`"));
    }
    if query.len() > MAX_QUESTION_BYTES {
        let why = format!("the query is longer than the limit of {MAX_QUESTION_BYTES} bytes");
        return Err(Failure::new("cannot search", why).hinted("search for a few words"));
    }
    Ok(())
}

/// Finds the passages for `query`.
pub fn find(retriever: &dyn Retriever, query: &str, top_k: usize, filters: &Filters) -> Result<Retrieved, Failure> {
    check(query)?;
    let wanted = Query {
        filters,
        ..Query::new(query, top_k)
    };
    Ok(retriever.retrieve(&wanted)?)
}

impl<'a> Results<'a> {
    pub fn new(query: &'a str, found: &Retrieved) -> Results<'a> {
        Results {
            query,
            hits: found.hits.iter().map(Row::from).collect(),
            took_ms: found.took.as_micros() as f64 / 1_000.0,
        }
    }
}

impl From<&Hit> for Row {
    fn from(hit: &Hit) -> Row {
        let passage = &hit.passage;
        Row {
            rank: hit.rank,
            id: passage.id.to_string(),
            edition: passage.edition_title.clone(),
            discussion: passage.discussion.clone(),
            contributor: passage.contributor.clone(),
            date: passage.date.clone(),
            score: hit.score,
            coverage: hit.coverage,
            similarity: hit.similarity.map(|similarity| similarity.value),
            rerank: hit.rerank,
            snippet: terminal::snippet(&passage.text),
            path: passage.path.clone(),
            also_in: hit.also_in.clone(),
        }
    }
}
