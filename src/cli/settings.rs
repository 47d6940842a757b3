//! Runs `askpm config`: shows each setting and its source, prints the path of the file, and edits it.

use std::io::{self, Write};

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde::Serialize;
use serde_json::{Value, json};

use super::args::{ConfigAction, ConfigShowArgs, Global};
use super::config::{self, Config};
use super::context::{self, Context, shown};
use super::error::{Exit, Failure};
use super::memory::available_memory_mb;
use super::{edit, search};
use crate::ask::Settings;
use crate::models::Net;
use crate::render::{json, sanitise};

/// One setting: its value and its source.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    value: Value,
    /// `flag`, `env`, `file` or `default`.
    from: &'static str,
    /// The flag, the variable, or the line of the file.
    place: Option<String>,
}

#[derive(Serialize)]
struct Shown {
    path: String,
    exists: bool,
    settings: Vec<Row>,
}

pub fn run(global: &Global, matches: &ArgMatches, action: &ConfigAction) -> Result<Exit, Failure> {
    match action {
        ConfigAction::Show(args) => show(global, matches, args),
        ConfigAction::Path => {
            writeln!(io::stdout(), "{}", context::settings_path(global)?.0.display())?;
            Ok(Exit::Done)
        }
        ConfigAction::Edit => edit::run(&context::settings_path(global)?.0),
    }
}

fn show(global: &Global, matches: &ArgMatches, args: &ConfigShowArgs) -> Result<Exit, Failure> {
    let context = Context::new(global)?;
    let (path, _) = context::settings_path(global)?;
    // Read the file again, as text, to find the line of each setting.
    let text = std::fs::read_to_string(&path).ok();
    let rows = rows(&context, global, matches, args, text.as_deref().unwrap_or(""))?;
    let mut out = io::stdout().lock();
    if args.output.json {
        let settings = Shown {
            path: shown(&path),
            exists: text.is_some(),
            settings: rows,
        };
        json::pretty(&mut out, &settings)?;
        return Ok(Exit::Done);
    }
    let note = if text.is_some() { "" } else { "  (no such file)" };
    writeln!(out, "# {}{note}", sanitise::line(&shown(&path)))?;
    for row in rows {
        let from = match (&row.place, row.from) {
            (Some(place), "file") => format!("line {place}"),
            (Some(place), _) => place.clone(),
            (None, from) => from.into(),
        };
        writeln!(out, "{:12} {:32} {from}", row.name, sanitise::line(&plain(&row.value)))?;
    }
    Ok(Exit::Done)
}

/// The settings in the order of [`config::KNOWN`].
fn rows(
    context: &Context,
    global: &Global,
    matches: &ArgMatches,
    args: &ConfigShowArgs,
    text: &str,
) -> Result<Vec<Row>, Failure> {
    let Config {
        corpus,
        model,
        device,
        adapter,
        offline,
        top_k,
        min_score,
        temperature,
        max_tokens,
        drop,
        feeds,
        imap,
        history,
        generator,
        retriever,
        embedder,
        reranker,
        serve,
    } = &context.config;
    let default = Settings::default();
    let usual = context.registry()?;
    let usual = usual.default_for(available_memory_mb());
    let choose = Choose { matches, text };
    let built_in = format!("built-in, and {}", shown(&context.folders.editions()));
    let given = |path: &std::path::PathBuf| json!(shown(path));
    let feeds = (!feeds.is_empty()).then(|| json!(feeds));
    Ok(vec![
        choose.row(
            "corpus",
            global.corpus.as_ref().map(given),
            "ASKPM_CORPUS",
            corpus.as_ref().map(given),
            built_in,
        ),
        choose.row(
            "model",
            args.model.model.clone(),
            "ASKPM_MODEL",
            model.clone(),
            usual.map_or("none", |m| &m.name),
        ),
        choose.row(
            "device",
            args.model.device.clone(),
            "ASKPM_DEVICE",
            device.clone(),
            "auto",
        ),
        choose.row(
            "adapter",
            args.model.adapter.as_ref().map(given),
            "ASKPM_ADAPTER",
            adapter.as_ref().map(given),
            Value::Null,
        ),
        offline_row(context, global, &choose, *offline),
        choose.file(
            "top_k",
            *top_k,
            format!("{} (search: {})", default.top_k, search::TOP_K),
        ),
        choose.file("min_score", min_score.map(tidy), tidy(default.min_confidence)),
        choose.file("temperature", *temperature, default.sampling.temperature),
        choose.file("max_tokens", *max_tokens, default.sampling.max_tokens),
        choose.file("drop", drop.as_ref().map(given), Value::Null),
        choose.file("feeds", feeds, Value::Null),
        choose.file("imap", imap.as_ref().map(|imap| json!(imap)), Value::Null),
        choose.file("history", *history, true),
        choose.file("generator", generator.as_ref().map(|g| json!(g)), Value::Null),
        choose.file("retriever", retriever.as_ref().map(|r| json!(r)), Value::Null),
        choose.file("embedder", embedder.as_ref().map(|e| json!(e)), Value::Null),
        choose.file("reranker", reranker.as_ref().map(|r| json!(r)), Value::Null),
        choose.file("serve", serve.as_ref().map(|s| json!(s)), Value::Null),
    ])
}

/// The offline setting. `--offline`, either variable and the file can each forbid the network; none can allow what
/// another forbids.
fn offline_row(context: &Context, global: &Global, choose: &Choose, file: Option<bool>) -> Row {
    let variable = ["ASKPM_OFFLINE", "HF_HUB_OFFLINE"]
        .into_iter()
        .find(|name| Net::says_offline(name, context::variable));
    let place = match global.offline {
        true => Some(("flag", "--offline")),
        false => variable.map(|name| ("env", name)),
    };
    match place {
        Some((from, place)) => Row {
            name: "offline",
            value: json!(context.net == Net::Offline),
            from,
            place: Some(place.into()),
        },
        None => choose.file("offline", file, false),
    }
}

/// Finds the source of a value.
struct Choose<'a> {
    matches: &'a ArgMatches,
    text: &'a str,
}

impl Choose<'_> {
    /// A setting with a flag of the same name and a variable. clap already prefers the flag.
    fn row(
        &self,
        name: &'static str,
        given: Option<impl Into<Value>>,
        variable: &str,
        file: Option<impl Into<Value>>,
        default: impl Into<Value>,
    ) -> Row {
        let Some(value) = given else {
            return self.file(name, file, default);
        };
        let (from, place) = match typed(self.matches, name) {
            true => ("flag", format!("--{name}")),
            false => ("env", variable.into()),
        };
        Row {
            name,
            value: value.into(),
            from,
            place: Some(place),
        }
    }

    /// A setting of the file, or its default.
    fn file(&self, name: &'static str, file: Option<impl Into<Value>>, default: impl Into<Value>) -> Row {
        match file {
            Some(value) => Row {
                name,
                value: value.into(),
                from: "file",
                place: config::line_of(self.text, name).map(|line| line.to_string()),
            },
            None => Row {
                name,
                value: default.into(),
                from: "default",
                place: None,
            },
        }
    }
}

/// Whether the argument `id` was typed, before or after the commands, rather than taken from a variable.
fn typed(matches: &ArgMatches, id: &str) -> bool {
    let known = matches.ids().any(|known| known == id);
    (known && matches.value_source(id) == Some(ValueSource::CommandLine))
        || matches.subcommand().is_some_and(|(_, below)| typed(below, id))
}

/// A share as it was written. An `f32` shown as an `f64` has extra digits.
fn tidy(share: f32) -> Value {
    share.to_string().parse::<f64>().map_or(Value::Null, Value::from)
}

fn plain(value: &Value) -> String {
    let list = |all: &[Value]| all.iter().map(plain).collect::<Vec<_>>().join(", ");
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => list(all),
        Value::Null => "none".into(),
        other => other.to_string(),
    }
}
