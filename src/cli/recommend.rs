//! Runs `askpm models recommend`: names the model that this machine should write with, and why.
//!
//! The choice rests on free memory, on an estimate of the time of one answer, and on how often a model states what its
//! source does not support. The first two are of this machine. The last one was published by others: this project has run
//! only the smallest model of the list.

use std::io::{self, Write};

use serde::Serialize;

use super::args::OutputArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::memory::{available_memory_mb, megabytes};
use super::model::{supported, writes_unasked};
use crate::engine::MachineSpeed;
use crate::models::{Model, ModelKind, Registry};
use crate::render::json;

/// A usual prompt and a usual lead, in tokens.
const PROMPT: u32 = 500;
const LEAD: u32 = 40;

/// The longest that a reader should wait for a lead, in seconds.
const PATIENCE: f64 = 10.0;

/// What decides about the models of this machine.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// In MiB. `None` if the system does not say.
    memory: Option<u64>,
    /// `None` if it could not be measured.
    speed: Option<MachineSpeed>,
}

impl Machine {
    /// Measures this machine, in about a tenth of a second.
    pub fn measure() -> Self {
        Self {
            memory: available_memory_mb(),
            speed: MachineSpeed::measure(),
        }
    }
}

/// A model that writes, judged for a machine.
#[derive(Debug)]
pub struct Candidate<'a> {
    pub model: &'a Model,
    /// Estimated seconds of an answer, after the model is loaded.
    pub seconds: Option<f64>,
    /// Why the model is not recommended, if so.
    pub against: Option<&'static str>,
}

/// Judges every model that writes for `machine`, the best first. The first one is recommended if nothing speaks against
/// it.
pub fn judge(registry: &Registry, machine: Machine) -> Vec<Candidate<'_>> {
    let writes = |model: &&Model| model.kind == ModelKind::Generation;
    let one = |model| candidate(model, machine);
    let mut all: Vec<Candidate> = registry.models().iter().filter(writes).map(one).collect();
    let rate = |candidate: &Candidate| candidate.model.hallucinated.unwrap_or(f32::INFINITY);
    all.sort_by(|a, b| {
        let suits = |candidate: &Candidate| candidate.against.is_some();
        suits(a).cmp(&suits(b)).then(rate(a).total_cmp(&rate(b)))
    });
    all
}

fn candidate(model: &Model, machine: Machine) -> Candidate<'_> {
    let seconds = machine
        .speed
        .zip(model.parameters)
        .map(|(speed, parameters)| speed.seconds(parameters, model.size, PROMPT, LEAD));
    // The registry counts in units of 1,000,000 bytes.
    let short = machine
        .memory
        .is_some_and(|mib| (mib << 20) / 1_000_000 < model.min_memory_mb);
    let against = if !supported(model) {
        Some("this build cannot run it")
    } else if !writes_unasked(model) {
        Some("too small: its leads make answers worse")
    } else if short {
        Some("too little memory is free")
    } else if seconds.is_some_and(|seconds| seconds > PATIENCE) {
        Some("too slow on this machine")
    } else if model.hallucinated.is_none() {
        Some("nobody published how faithful it is")
    } else {
        None
    };
    Candidate {
        model,
        seconds,
        against,
    }
}

/// Returns the recommended model, if one suits the machine.
pub fn best<'a>(candidates: &'a [Candidate<'a>]) -> Option<&'a Candidate<'a>> {
    candidates.first().filter(|candidate| candidate.against.is_none())
}

/// `about 3 s`, or `time not known`.
pub fn time(seconds: Option<f64>) -> String {
    match seconds {
        Some(seconds) => format!("about {:.0} s", seconds.ceil()),
        None => "time not known".into(),
    }
}

/// The JSON output.
#[derive(Serialize)]
struct Report<'a> {
    /// `null` if answers are better without a model on this machine.
    recommended: Option<&'a str>,
    machine: MachineRow,
    /// Models that write, the best first.
    models: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct MachineRow {
    available_memory_mb: Option<u64>,
    cores: usize,
    multiply_adds_per_second: Option<f64>,
    weight_bytes_per_second: Option<f64>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    min_memory_mb: u64,
    size: u64,
    licence: &'a str,
    /// Estimated seconds of an answer.
    seconds: Option<f64>,
    /// In percent, as published by others.
    hallucinated: Option<f32>,
    /// Why it is not recommended.
    against: Option<&'static str>,
}

pub fn run(context: &Context, registry: &Registry, output: &OutputArgs) -> Result<Exit, Failure> {
    context.detail("measuring matrix products");
    let machine = Machine::measure();
    let candidates = judge(registry, machine);
    let mut out = io::stdout().lock();
    if output.json {
        json::pretty(&mut out, &report(machine, &candidates))?;
        return Ok(Exit::Done);
    }
    match best(&candidates) {
        Some(chosen) => {
            let model = chosen.model;
            let rate = model.hallucinated.unwrap_or_default();
            writeln!(out, "{}, which writes a lead sentence above the quotes.\n", model.name)?;
            writeln!(out, "memory    {}", memory(model, machine))?;
            writeln!(
                out,
                "time      {} an answer, estimated from this machine's matrix products",
                time(chosen.seconds)
            )?;
            writeln!(out, "download  {}, {}", megabytes(model.total_size()), model.licence)?;
            writeln!(
                out,
                "evidence  {rate}% of its summaries say what the source does not (Vectara, October 2025)\n\
                 {:10}this project did not run the model\n",
                ""
            )?;
            writeln!(
                out,
                "Try it with `-m {0}`. `model = \"{0}\"` in the settings file keeps it (`askpm config edit`).",
                model.name
            )?;
        }
        None => writeln!(
            out,
            "No model: on this machine, answers of quotes are the best. They need no model that writes."
        )?,
    }
    writeln!(out, "\nThe models that write:")?;
    for candidate in &candidates {
        writeln!(
            out,
            "{:14} {:>9} memory, {:>14}  {}",
            candidate.model.name,
            format!("{} MB", candidate.model.min_memory_mb),
            time(candidate.seconds),
            candidate.against.unwrap_or("suits this machine")
        )?;
    }
    Ok(Exit::Done)
}

fn memory(model: &Model, machine: Machine) -> String {
    let free = match machine.memory {
        Some(mib) => format!("{} are free", megabytes(mib << 20)),
        None => "how much is free is not known".into(),
    };
    format!("needs about {} MB; {free}", model.min_memory_mb)
}

fn report<'a>(machine: Machine, candidates: &'a [Candidate]) -> Report<'a> {
    Report {
        recommended: best(candidates).map(|chosen| chosen.model.name.as_str()),
        machine: MachineRow {
            available_memory_mb: machine.memory,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            multiply_adds_per_second: machine.speed.map(|speed| speed.multiply_adds),
            weight_bytes_per_second: machine.speed.map(|speed| speed.bytes),
        },
        models: candidates
            .iter()
            .map(|candidate| Row {
                name: &candidate.model.name,
                min_memory_mb: candidate.model.min_memory_mb,
                size: candidate.model.total_size(),
                licence: &candidate.model.licence,
                seconds: candidate.seconds,
                hallucinated: candidate.model.hallucinated,
                against: candidate.against,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(memory: u64, multiply_adds: f64, bytes: f64) -> Machine {
        Machine {
            memory: Some(memory),
            speed: Some(MachineSpeed { multiply_adds, bytes }),
        }
    }

    fn choice(machine: Machine) -> Option<String> {
        let registry = Registry::built_in().unwrap();
        let candidates = judge(&registry, machine);
        best(&candidates).map(|chosen| chosen.model.name.clone())
    }

    #[test]
    fn the_most_faithful_model_that_fits_and_is_quick_enough_is_recommended() {
        assert_eq!(choice(machine(32_000, 1e12, 1e11)).as_deref(), Some("qwen3-4b"));
        assert_eq!(
            choice(machine(4_000, 1e12, 1e11)).as_deref(),
            Some("qwen3-0.6b"),
            "memory"
        );
        assert_eq!(
            choice(machine(32_000, 1e11, 1e10)).as_deref(),
            Some("qwen3-0.6b"),
            "time"
        );
        assert_eq!(choice(machine(1_000, 1e12, 1e11)), None);
        assert_eq!(choice(machine(32_000, 1e9, 1e8)), None);
    }

    #[test]
    fn every_other_model_says_what_speaks_against_it() {
        let registry = Registry::built_in().unwrap();
        let candidates = judge(&registry, machine(4_000, 1e12, 1e11));
        let against = |name: &str| candidates.iter().find(|c| c.model.name == name).unwrap().against;
        assert_eq!(against("smollm2-135m"), Some("too small: its leads make answers worse"));
        assert_eq!(against("qwen3-4b"), Some("too little memory is free"));
        assert_eq!(against("lfm2-1.2b-rag"), Some("nobody published how faithful it is"));
        assert!(candidates.iter().all(|c| c.model.kind == ModelKind::Generation));
    }
}
