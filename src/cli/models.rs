//! `askpm models`: what models there are, and getting, checking and removing them.

use std::io::{self, Write};

use serde::Serialize;

use super::args::{ModelsAction, ModelsArgs, OutputArgs};
use super::context::Context;
use super::error::{Exit, Failure};
use super::memory::available_memory_mb;
use super::model::{ensure, megabytes};
use super::progress::Bar;
use crate::engine::{self, Runner};
use crate::models::{self, Listed, Model, ModelKind, Registry};
use crate::render::json;
use crate::retrieve::dense::ARCHITECTURE;

pub fn run(context: &Context, args: &ModelsArgs) -> Result<Exit, Failure> {
    let registry = context.registry()?;
    match &args.action {
        ModelsAction::List(output) => list(context, &registry, output),
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
            say(&format!("removed {name}: {} freed", megabytes(removed.bytes)))
        }
    }
}

/// The model called `name`, or the one for this machine.
fn one<'a>(registry: &'a Registry, name: Option<&str>) -> Result<&'a Model, Failure> {
    match name {
        Some(name) => Ok(registry.get(name)?),
        None => registry.default_for(available_memory_mb()).ok_or_else(|| {
            Failure::new("models", "none is marked as a default").hinted("name one: `askpm models list`")
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
    /// What runs it on the CPU: `askpm` (its own kernels), `candle` (its tensors) or `candle-transformers`.
    kernels: Option<&'static str>,
    quantization: &'a str,
    parameters: Option<u64>,
    context: u64,
    licence: &'a str,
    size: u64,
    sha256: &'a str,
    /// `generation` or `embedding`.
    kind: &'static str,
    default: bool,
    /// Whether the listed hash was checked by this project against a file it ran.
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
            (Some(_), true) => "here, verified".to_string(),
            (Some(_), false) => "here, not yet verified".to_string(),
            (None, _) if *bytes > 0 => format!("{} of it fetched", megabytes(*bytes)),
            (None, _) => "not fetched".to_string(),
        };
        let mark = if default.as_deref() == Some(&model.name) {
            ", the default"
        } else {
            ""
        };
        let runner = match kernels(model) {
            Some("askpm") => String::new(),
            Some(other) => format!(", run by {other}"),
            None => ", not run by this build".into(),
        };
        let size = megabytes(model.total_size());
        writeln!(
            out,
            "{:16} {size:>8}  {} {}, {}: {here}{mark}{runner}",
            model.name, model.title, model.quantization, model.licence
        )?;
        if !model.verified {
            writeln!(
                out,
                "{:26}not run by this project; the hash is the one published by others",
                ""
            )?;
        }
    }
    writeln!(out, "{}", any_path())?;
    Ok(Exit::Done)
}

/// An architecture of `models list --json`.
#[derive(Serialize)]
struct Architecture {
    name: &'static str,
    /// As `Row::kernels`, for weights of the usual types.
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

/// What can be run beside the list, and what runs it.
fn any_path() -> String {
    format!(
        "A path to any GGUF file does too: `-m PATH`. On the CPU, these architectures run on askpm's own kernels (weights \
         of type {} on Candle's): {}. These, and llama with experts, are run by candle-transformers, which is slower and \
         takes more memory: {}.",
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

fn supported(model: &Model) -> bool {
    match model.kind {
        ModelKind::Generation => Runner::of(&model.architecture, &model.quantization).is_some(),
        ModelKind::Embedding => model.architecture == ARCHITECTURE,
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
        sha256: &model.sha256,
        default: default == Some(&model.name),
        tested: model.verified,
        path: entry.present.as_ref().map(|path| path.display().to_string()),
        verified: entry.verified,
    }
}

/// Hashes files whole; one that is not as listed is status 1, after all were looked at.
fn verify(context: &Context, registry: &Registry, name: Option<&str>) -> Result<Exit, Failure> {
    let places = context.places()?;
    if let Some(name) = name {
        let path = models::verify(registry.get(name)?, &places, &mut Bar::new(context))?;
        return say(&format!("{name}: {} is as listed", path.display()));
    }
    let here: Vec<Listed> = models::list(registry, &places)
        .into_iter()
        .filter(|l| l.present.is_some())
        .collect();
    if here.is_empty() {
        context.note("no model is on this machine");
    }
    let mut exit = Exit::Done;
    for Listed { model, .. } in here {
        match models::verify(&model, &places, &mut Bar::new(context)) {
            Ok(path) => writeln!(io::stdout(), "{}: {} is as listed", model.name, path.display())?,
            Err(error) => {
                context.warn(&error.to_string());
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}
