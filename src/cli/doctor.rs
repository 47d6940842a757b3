//! Runs `askpm doctor`: checks the setup and prints the command that fixes each problem. Changes nothing without
//! `--fix`.

mod ways_out;

use std::io::{self, Write};

use serde::Serialize;

use super::args::{DoctorArgs, Global};
use super::choose_cpu_path;
use super::context::{Context, shown};
use super::error::{Exit, Failure};
use super::memory::available_memory_mb;
use super::memory::megabytes;
use super::mend;
use super::model::writes_unasked;
use super::recommend::{Candidate, Machine, best, judge};
use crate::corpus::{self, Corpus};
use crate::engine::cpu_path;
use crate::models::{self, Choice, Model, Net, Registry};
use crate::render::{json, sanitise};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    /// askpm works without it, or fixes it by itself.
    Note,
    Broken,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    state: State,
    detail: String,
    /// The command that fixes it.
    mend: Option<String>,
}

#[derive(Serialize)]
struct Report {
    ok: bool,
    /// What `--fix` did, one line per problem.
    mended: Vec<String>,
    checks: Vec<Check>,
}

pub fn run(global: &Global, args: &DoctorArgs) -> Result<Exit, Failure> {
    let chosen = choose_cpu_path();
    let (context, settings_fault) = Context::despite_settings(global)?;
    let context = &context;
    let mended = if args.fix { mend::mend(context) } else { Vec::new() };
    let faults = mend::faults(context);
    let mut checks = vec![settings(context, settings_fault.as_ref()), corpus(context)];
    if !faults.iter().any(|fault| fault.about == "index") {
        checks.push(index(context));
    }
    checks.extend(faults.into_iter().map(Check::from));
    checks.extend([prompts(context), model(context), meaning(context)]);
    checks.extend(ways_out::checks(context));
    checks.extend([network(context), machine(chosen)]);
    let ok = checks.iter().all(|check| check.state != State::Broken);
    let mut out = io::stdout().lock();
    if args.output.json {
        json::pretty(&mut out, &Report { ok, mended, checks })?;
    } else {
        for line in &mended {
            writeln!(out, "fixed   {}", sanitise::line(line))?;
        }
        for Check {
            name,
            state,
            detail,
            mend,
        } in &checks
        {
            let word = match state {
                State::Ok => "ok",
                State::Note => "note",
                State::Broken => "BROKEN",
            };
            writeln!(out, "{word:7} {name:9} {}", sanitise::line(detail))?;
            if let Some(mend) = mend {
                writeln!(out, "{:17} fix: {}", "", sanitise::line(mend))?;
            }
        }
    }
    out.flush()?;
    Ok(if ok { Exit::Done } else { Exit::Failed })
}

/// The names and places of the settings, the corpus, the model and the embedding model.
pub fn places(context: &Context) -> Vec<(&'static str, String)> {
    let checks = [
        settings(context, None),
        corpus(context),
        model(context),
        meaning(context),
    ];
    checks.map(|check| (check.name, check.detail)).into()
}

fn check(name: &'static str, state: State, detail: impl Into<String>) -> Check {
    Check {
        name,
        state,
        detail: detail.into(),
        mend: None,
    }
}

/// A failed check, with the hint of the failure.
fn broken(name: &'static str, failure: &Failure) -> Check {
    let mut lines = failure.lines().into_iter();
    let strip = |line: String, prefix: &str| line.strip_prefix(prefix).map(str::to_string).unwrap_or(line);
    let detail = lines.next().map(|line| strip(line, "askpm: ")).unwrap_or_default();
    Check {
        name,
        state: State::Broken,
        detail,
        mend: lines.next().map(|line| strip(line, "hint: ")),
    }
}

impl From<mend::Fault> for Check {
    fn from(fault: mend::Fault) -> Check {
        let state = if fault.harmless { State::Note } else { State::Broken };
        Check {
            mend: Some(fault.mend),
            ..check(fault.about, state, fault.detail)
        }
    }
}

/// Checks the settings. If they are invalid, the other checks use the defaults.
fn settings(context: &Context, fault: Option<&Failure>) -> Check {
    let path = shown(&context.settings);
    match fault {
        Some(failure) => broken("settings", failure),
        None if context.settings.is_file() => check("settings", State::Ok, path),
        None => check("settings", State::Ok, format!("no file at {path}; using the defaults")),
    }
}

fn corpus(context: &Context) -> Check {
    let files = match context.corpus.files() {
        Ok(files) => files,
        Err(error) => return broken("corpus", &error.into()),
    };
    let faults: Vec<String> = files
        .iter()
        .filter_map(|file| match &file.text {
            Ok(text) => corpus::parse(&file.path, text).err().map(|error| error.to_string()),
            Err(why) => Some(format!("{}: {why}", file.path)),
        })
        .collect();
    let from = match &context.corpus {
        Corpus::Folder(dir) => shown(dir),
        Corpus::Builtin { imported } => format!("the built-in corpus and {}", shown(imported)),
    };
    match faults.first() {
        None => check("corpus", State::Ok, format!("{} editions from {from}", files.len())),
        Some(first) => Check {
            mend: Some("correct the file; until then askpm indexes the others".into()),
            ..check(
                "corpus",
                State::Broken,
                format!(
                    "{} of {} files are not valid editions: {first}",
                    faults.len(),
                    files.len()
                ),
            )
        },
    }
}

fn index(context: &Context) -> Check {
    let dir = context.index_dir();
    if !dir.is_dir() {
        let detail = format!("not built yet; the first question builds it in {}", shown(&dir));
        return Check {
            mend: Some("askpm refresh".into()),
            ..check("index", State::Note, detail)
        };
    }
    check(
        "index",
        State::Ok,
        format!("{}, updated before each question", shown(&dir)),
    )
}

fn prompts(context: &Context) -> Check {
    match context.prompts(&[]) {
        Ok(_) => check("prompts", State::Ok, "the prompts are valid"),
        Err(failure) => broken("prompts", &failure),
    }
}

fn model(context: &Context) -> Check {
    let (registry, places) = match (context.registry(), context.places()) {
        (Ok(registry), Ok(places)) => (registry, places),
        (Err(failure), _) | (_, Err(failure)) => return broken("model", &failure),
    };
    if context.config.generator.is_some() {
        return check(
            "model",
            State::Ok,
            "the server of [generator] writes answers, unless -m names a model",
        );
    }
    let choice = match &context.config.model {
        Some(name) => match registry.resolve(name) {
            Ok(choice) => choice,
            Err(error) => return broken("model", &error.into()),
        },
        None => match registry.default_for(available_memory_mb()) {
            Some(model) if !writes_unasked(model) => {
                let what = match better(&registry, None) {
                    Some(name) => format!(
                        "none: answers are quotes; {name} suits this machine and can add a lead sentence \
                         (`askpm models recommend`)"
                    ),
                    None => "none: answers are quotes, which suits this machine".into(),
                };
                return check("model", State::Ok, what);
            }
            Some(model) => Choice::Listed(model.clone().into()),
            None => return check("model", State::Note, "no model is marked as a default"),
        },
    };
    let model = match choice {
        Choice::NoModel => return check("model", State::Ok, "none, by the settings: answers are quotes"),
        Choice::File(path) => return check("model", State::Ok, shown(&path)),
        Choice::Listed(model) => model,
    };
    let better = match better(&registry, Some(&model)) {
        Some(name) => format!("; {name} suits this machine better (`askpm models recommend`)"),
        None => String::new(),
    };
    match models::path(&model, &places) {
        Ok(path) => check(
            "model",
            State::Ok,
            format!("{} at {}{better}", model.name, shown(&path)),
        ),
        Err(_) => Check {
            mend: Some(format!("askpm models pull {}", model.name)),
            ..check(
                "model",
                State::Note,
                format!(
                    "{} ({}) is downloaded at first use{better}",
                    model.name,
                    megabytes(model.size)
                ),
            )
        },
    }
}

/// The name of the recommended model, if `used` is not a model that suits this machine.
fn better(registry: &Registry, used: Option<&Model>) -> Option<String> {
    let candidates = judge(registry, Machine::measure());
    let fine = |candidate: &Candidate| used.is_some_and(|used| used.name == candidate.model.name);
    if candidates
        .iter()
        .any(|candidate| candidate.against.is_none() && fine(candidate))
    {
        return None;
    }
    best(&candidates).map(|chosen| chosen.model.name.clone())
}

fn meaning(context: &Context) -> Check {
    let (registry, places) = match (context.registry(), context.places()) {
        (Ok(registry), Ok(places)) => (registry, places),
        (Err(failure), _) | (_, Err(failure)) => return broken("meaning", &failure),
    };
    if context.config.embedder.is_some() {
        let detail = "the server of [embedder] finds passages by meaning, unless --by is words";
        return check("meaning", State::Ok, detail);
    }
    let Some(model) = registry.embedder() else {
        return check(
            "meaning",
            State::Note,
            "no embedding model is listed; passages are found by words only",
        );
    };
    if let Ok(path) = models::path(model, &places) {
        return check("meaning", State::Ok, format!("{} at {}", model.name, shown(&path)));
    }
    let (name, size) = (&model.name, megabytes(model.total_size()));
    let detail = match context.net {
        Net::Online => {
            format!("{name} ({size}) is downloaded at the first question, to find passages by meaning and words")
        }
        Net::Offline => format!("passages are found by words only: {name} ({size}) is not on this machine"),
    };
    Check {
        mend: Some(format!("askpm models pull {name}")),
        ..check("meaning", State::Note, detail)
    }
}

fn network(context: &Context) -> Check {
    let detail = match context.net {
        Net::Online => "used only for model downloads and for the feeds, the mailbox and the servers in the settings",
        Net::Offline => "not used: offline mode",
    };
    check("network", State::Ok, detail)
}

fn machine(chosen: Result<(), Failure>) -> Check {
    if let Err(failure) = chosen {
        return broken("machine", &failure);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = available_memory_mb().map_or("unknown".into(), |mb| format!("{mb} MB"));
    let detail = format!(
        "{} {}, {cores} cores, {memory} of memory free, computes with {}",
        std::env::consts::OS,
        std::env::consts::ARCH,
        cpu_path()
    );
    check("machine", State::Ok, detail)
}
