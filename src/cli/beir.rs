//! Runs `askpm eval --beir`: scores retrieval on a BEIR collection.
//!
//! The collection is indexed in a temporary folder. The user's corpus and index are not touched.

use std::io::{self, Write};
use std::path::Path;

use super::args::EvalArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::meaning::Finder;
use super::progress::Counter;
use crate::eval::beir::{Collection, trec_run};
use crate::index::Store;
use crate::render::json;

pub fn run(context: &Context, args: &EvalArgs, dir: &Path) -> Result<Exit, Failure> {
    let hint = "pass a BEIR folder, which has corpus.jsonl, queries.jsonl and qrels/test.tsv";
    let collection =
        Collection::read(dir).map_err(|error| Failure::new("cannot read the collection", error).hinted(hint))?;
    let folder = tempfile::tempdir().map_err(|error| Failure::new("cannot create a temporary folder", error))?;
    let (store, _) = Store::refresh(folder.path(), collection.files())?;
    let finder = Finder::new(context, &store, args.by, None)?;
    let mut counter = Counter::new(context, "searching");
    let total = collection.queries();
    let rankings = collection.run(&*finder.retriever(&store), |done| counter.show(done, total));
    counter.end();
    let rankings = rankings?;
    let scores = collection.score(&rankings);
    if let Some(path) = &args.run {
        write_whole(path, &trec_run(&rankings))
            .map_err(|error| Failure::new(format!("cannot write {}", path.display()), error))?;
    }
    let mut out = io::stdout().lock();
    if args.output.json {
        let documents = collection.documents();
        json::pretty(
            &mut out,
            &serde_json::json!({ "documents": documents, "queries": total, "scores": scores }),
        )?;
    } else {
        writeln!(out, "{} documents, {total} judged queries", collection.documents())?;
        for (name, value) in [
            ("nDCG@10", scores.ndcg_at_10),
            ("recall@100", scores.recall_at_100),
            ("MRR@10", scores.mrr_at_10),
        ] {
            writeln!(out, "{name:10} {value:.4}")?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Replaces the file with `text`, atomically.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
