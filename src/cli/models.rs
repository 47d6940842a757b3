//! Runs `askpm models`: lists, downloads, verifies and removes models.

use std::io::{self, Write};

use serde::Serialize;

use super::args::{ModelsAction, ModelsArgs, OutputArgs};
use super::context::Context;
use super::error::{Exit, Failure};
use super::memory::available_memory_mb;
use super::memory::megabytes;
use super::model::{ensure, supported};
use super::progress::Bar;
use super::recommend;
use crate::engine::{self, Runner};
use crate::models::{self, Listed, Model, ModelKind, Registry};
use crate::render::json;

pub fn run(context: &Context, args: &ModelsArgs) -> Result<Exit, Failure> {
    let registry = context.registry()?;
    match &args.action {
        ModelsAction::List(output) => list(context, &registry, output),
        ModelsAction::Recommend(output) => recommend::run(context, &registry, output),
        ModelsAction::Pull { name } => {
            let path = ensure(context, one(&registry, name.as_deref())?, Bar::new(context))?;
            say(&path.display().to_string())
        }
        ModelsAction::Path { name } => {
            let path = models::path(one(&registry, name.as_deref())?, &context.places()?)?;
            say(&path.display().to_string())
        }
        ModelsAction::Verify { name } => verify(context, &registry, name.as_deref()),
        ModelsAction::Remove { name } => {
            let model = registry.get(name)?;
            let removed = models::remove(model, &context.places()?, &mut Bar::new(context))?;
            say(&format!("removed {name}, which freed {}", megabytes(removed.bytes)))
        }
    }
}

/// Returns the model called `name`, or the default for this machine.
fn one<'a>(registry: &'a Registry, name: Option<&str>) -> Result<&'a Model, Failure> {
    match name {
        Some(name) => Ok(registry.get(name)?),
        None => registry.default_for(available_memory_mb()).ok_or_else(|| {
            Failure::new("cannot choose a model", "no model is marked as the default")
                .hinted("pass the name of a model from `askpm models list`")
        }),
    }
}

fn say(text: &str) -> Result<Exit, Failure> {
    writeln!(io::stdout(), "{text}")?;
    Ok(Exit::Done)
}

/// A row of `models list --json`.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    title: &'a str,
    architecture: &'a str,
    /// Whether this build can run it.
    supported: bool,
    /// Its runner on the CPU: `askpm` (askpm's kernels), `candle` (Candle's tensors) or `candle-transformers`.
    kernels: Option<&'static str>,
    quantization: &'a str,
    parameters: Option<u64>,
    context: u64,
    licence: &'a str,
    /// In bytes. An estimate if `sha256` is `null`.
    size: u64,
    /// `null` if it is not listed: the first download takes it from the Hub.
    sha256: Option<&'a str>,
    /// Where the hash is from: `list`, `lock` (the user's `models.lock`) or `null`.
    hash_from: Option<&'static str>,
    /// Free memory that it needs, in units of 1,000,000 bytes.
    min_memory_mb: u64,
    /// Share of unsupported summaries in percent, as published by others.
    hallucinated: Option<f32>,
    notes: Option<&'a str>,
    /// `generation` or `embedding`.
    kind: &'static str,
    default: bool,
    /// Whether this project ran a file with the listed hash.
    tested: bool,
    path: Option<String>,
    verified: bool,
}

fn list(context: &Context, registry: &Registry, output: &OutputArgs) -> Result<Exit, Failure> {
    let places = context.places()?;
    let default = registry
        .default_for(available_memory_mb())
        .map(|model| model.name.clone());
    let listed = models::list(registry, &places);
    let mut out = io::stdout().lock();
    if output.json {
        let rows: Vec<Row> = listed.iter().map(|entry| row(entry, default.as_deref())).collect();
        json::pretty(
            &mut out,
            &serde_json::json!({ "models": rows, "architectures": architectures() }),
        )?;
        return Ok(Exit::Done);
    }
    for Listed {
        model,
        present,
        verified,
        bytes,
    } in &listed
    {
        let here = match (present, verified) {
            (Some(_), true) => "downloaded, verified".to_string(),
            (Some(_), false) => "downloaded, not verified".to_string(),
            (None, _) if *bytes > 0 => format!("partly downloaded ({})", megabytes(*bytes)),
            (None, _) => "not downloaded".to_string(),
        };
        let mark = if default.as_deref() == Some(&model.name) {
            ", default"
        } else {
            ""
        };
        let runner = match kernels(model) {
            Some("askpm") => String::new(),
            Some(other) => format!(", runs on {other}"),
            None => ", not supported by this build".into(),
        };
        let size = megabytes(model.total_size());
        let (name, title) = (&model.name, &model.title);
        let (quantization, licence, memory) = (&model.quantization, &model.licence, model.min_memory_mb);
        writeln!(out, "{name:16} {size:>8}  {title}")?;
        writeln!(
            out,
            "{:27}{quantization}, {licence}, {memory} MB of memory: {here}{mark}{runner}",
            ""
        )?;
        if !model.verified {
            let hash = match (model.is_pinned(), &model.locked) {
                (false, _) => "unverified: the first download takes its hash from the Hub".to_string(),
                (true, Some(day)) => format!("its hash was taken from the Hub on {day}"),
                (true, None) => "its hash is from its publisher".to_string(),
            };
            writeln!(out, "{:27}not run by this project; {hash}", "")?;
        }
    }
    writeln!(out, "{}", any_path())?;
    Ok(Exit::Done)
}

/// An architecture of `models list --json`.
#[derive(Serialize)]
struct Architecture {
    name: &'static str,
    /// As `Row::kernels`, for weights of common types.
    kernels: &'static str,
}

fn architectures() -> Vec<Architecture> {
    let known = engine::ARCHITECTURES.iter().chain(engine::FALLBACKS);
    let runner = |name: &&'static str| Some((*name, Runner::of(name, "")?));
    known
        .filter_map(runner)
        .map(|(name, runner)| Architecture {
            name,
            kernels: runner.name(),
        })
        .collect()
}

/// A note on which other models can run.
fn any_path() -> String {
    format!(
        "`-m PATH` runs any GGUF file of a supported architecture. On the CPU, these run on askpm's kernels (weights of \
         type {} on Candle's): {}. These, and llama with experts, run on candle-transformers, which is slower and uses \
         more memory: {}.",
        engine::WITHOUT_KERNELS.join(" and "),
        engine::ARCHITECTURES.join(", "),
        engine::FALLBACKS.join(", ")
    )
}

fn kind(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Generation => "generation",
        ModelKind::Embedding => "embedding",
    }
}

fn kernels(model: &Model) -> Option<&'static str> {
    match model.kind {
        ModelKind::Generation => Runner::of(&model.architecture, &model.quantization).map(Runner::name),
        ModelKind::Embedding => Some("candle"),
    }
}

fn row<'a>(entry: &'a Listed, default: Option<&str>) -> Row<'a> {
    let model = &entry.model;
    Row {
        name: &model.name,
        title: &model.title,
        architecture: &model.architecture,
        supported: supported(model),
        kernels: kernels(model),
        quantization: &model.quantization,
        parameters: model.parameters,
        context: model.context,
        licence: &model.licence,
        size: model.total_size(),
        kind: kind(model.kind),
        sha256: model.sha256.as_deref(),
        hash_from: match (model.is_pinned(), &model.locked) {
            (false, _) => None,
            (true, Some(_)) => Some("lock"),
            (true, None) => Some("list"),
        },
        min_memory_mb: model.min_memory_mb,
        hallucinated: model.hallucinated,
        notes: model.notes.as_deref(),
        default: default == Some(&model.name),
        tested: model.verified,
        path: entry.present.as_ref().map(|path| path.display().to_string()),
        verified: entry.verified,
    }
}

/// Hashes whole files. If one differs from the list, the status is 1 after all were checked.
fn verify(context: &Context, registry: &Registry, name: Option<&str>) -> Result<Exit, Failure> {
    let places = context.places()?;
    if let Some(name) = name {
        let path = models::verify(registry.get(name)?, &places, &mut Bar::new(context))?;
        return say(&format!("{name}: {} matches its checksum", path.display()));
    }
    let here: Vec<Listed> = models::list(registry, &places)
        .into_iter()
        .filter(|l| l.present.is_some())
        .collect();
    if here.is_empty() {
        context.note("no models on this machine");
    }
    let mut exit = Exit::Done;
    for Listed { model, .. } in here {
        match models::verify(&model, &places, &mut Bar::new(context)) {
            Ok(path) => writeln!(io::stdout(), "{}: {} matches its checksum", model.name, path.display())?,
            Err(error) => {
                context.warn(&error.to_string());
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}
