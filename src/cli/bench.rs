//! Runs `askpm bench`: measures a model's speed on this machine.
//!
//! Each figure is the median of some runs, after one warm-up run. Prompts and answers are arbitrary tokens. An answer
//! starts with an empty context, as in llama.cpp's `llama-bench`.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::args::{BenchArgs, ModelChoice};
use super::context::Context;
use super::error::{Exit, Failure};
use super::memory::available_memory_mb;
use super::model;
use crate::answer::ModelUsed;
use crate::ask;
use crate::engine::{Engine, EngineError, Message, Role, Sampling, cpu_features};
use crate::render::{json, sanitise};

/// The figures, as `--json` prints them. A prompt that is longer than the model's context has none.
#[derive(Serialize)]
struct Report {
    prefill_128: Option<Speed>,
    prefill_512: Option<Speed>,
    prefill_2048: Option<Speed>,
    decode: Option<Speed>,
    /// Time from a prompt of 512 tokens to its first token, with a loaded model.
    first_token_ms: Option<f64>,
    load_ms: f64,
    load_parts: LoadParts,
    peak_memory_bytes: Option<u64>,
    cpu_features: &'static [&'static str],
    threads: usize,
    model: ModelUsed,
}

/// The parts of the load time: first the header, then the vocabulary and the weights in parallel.
#[derive(Serialize)]
struct LoadParts {
    header_ms: f64,
    vocabulary_ms: f64,
    weights_ms: f64,
}

#[derive(Serialize)]
struct Speed {
    /// The median of the runs.
    tokens_per_second: f64,
    runs: Vec<f64>,
}

/// The length of the timed answer, in tokens.
const ANSWER: usize = 64;
/// The length of the prompt before the timed first token, in tokens.
const PROMPT: usize = 512;

pub fn run(context: &Context, args: &BenchArgs) -> Result<Exit, Failure> {
    let wanted = model::wanted(context, &measured(context, &args.model)?)?;
    if wanted.is_none() {
        return Err(Failure::usage("`bench` needs a model, but the model is `none`"));
    }
    let Some(local) = wanted.local(context)? else {
        return Err(Failure::usage(
            "`bench` needs a model on this machine: choose one with `-m`",
        ));
    };
    let mut out = io::stdout().lock();
    if let Some(file) = &args.prompt {
        let first = first_token(local, file)?;
        if args.output.json {
            json::pretty(&mut out, &first)?;
        } else {
            first.print(&mut out)?;
        }
        return Ok(Exit::Done);
    }
    let report = measure(context, local, usize::from(args.runs))?;
    if args.output.json {
        json::pretty(&mut out, &report)?;
    } else {
        table(&mut out, &report)?;
    }
    Ok(Exit::Done)
}

/// The requested model, else the default of the list, even if it is too small to be used for answers by default.
fn measured(context: &Context, args: &ModelChoice) -> Result<ModelChoice, Failure> {
    let registry = context.registry()?;
    let default = || {
        registry
            .default_for(available_memory_mb())
            .map(|model| model.name.clone())
    };
    let named = args.model.clone().or_else(|| context.config.model.clone());
    Ok(ModelChoice {
        model: named.or_else(default),
        ..args.clone()
    })
}

fn measure(context: &Context, local: model::Local, runs: usize) -> Result<Report, Failure> {
    let used = ask::used(local.engine.info(), local.sha256.as_deref());
    let load_ms = local.load.as_secs_f64() * 1e3;
    let ms = |time: Duration| round(time.as_secs_f64() * 1e3);
    let parts = local.engine.load_times();
    let mut engine = local.engine;
    let mut prompts = [None, None, None];
    let mut first_token_ms = None;
    for (speed, tokens) in prompts.iter_mut().zip([128, PROMPT, 2048]) {
        if !engine.has_room_for(tokens) {
            context.note(&format!(
                "skipping the prompt of {tokens} tokens: it is longer than the model's context"
            ));
            continue;
        }
        context.detail(&format!("reading {tokens} tokens"));
        let times = repeat(runs, || engine.time_prompt(tokens))?;
        if tokens == PROMPT {
            first_token_ms = Some(round(median(times.iter().map(|time| time.as_secs_f64() * 1e3))));
        }
        *speed = Some(per_second(tokens, &times));
    }
    let mut decode = None;
    if engine.has_room_for(ANSWER) {
        context.detail(&format!("generating {ANSWER} tokens"));
        decode = Some(per_second(ANSWER, &repeat(runs, || engine.time_answer(ANSWER))?));
    }
    let [prefill_128, prefill_512, prefill_2048] = prompts;
    Ok(Report {
        prefill_128,
        prefill_512,
        prefill_2048,
        decode,
        first_token_ms,
        load_ms: round(load_ms),
        load_parts: LoadParts {
            header_ms: ms(parts.header),
            vocabulary_ms: ms(parts.vocabulary),
            weights_ms: ms(parts.weights),
        },
        peak_memory_bytes: peak_memory(),
        cpu_features: cpu_features(),
        threads: engine.threads(),
        model: used,
    })
}

/// The first token of one prompt, as `--prompt` prints it. There is no warm-up run: together with the start of the
/// process, this is how long a user waits.
#[derive(Serialize)]
struct First {
    prompt_tokens: usize,
    load_ms: f64,
    prefill_ms: f64,
    /// Time from the message to the first token, with a loaded model.
    first_token_ms: f64,
    first_token: String,
}

fn first_token(local: model::Local, file: &Path) -> Result<First, Failure> {
    let content = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("cannot read {}", file.display()), error))?;
    let message = Message {
        role: Role::User,
        content: content.trim_end().to_string(),
    };
    let sampling = Sampling {
        max_tokens: 1,
        ..Sampling::default()
    };
    let ms = |time: Duration| round(time.as_secs_f64() * 1e3);
    let mut engine = local.engine;
    let done = engine.generate(&[message], &sampling, &mut |_| ControlFlow::Continue(()))?;
    Ok(First {
        prompt_tokens: done.prompt_tokens,
        load_ms: ms(local.load),
        prefill_ms: ms(done.prefill),
        first_token_ms: ms(done.first_token),
        first_token: done.text,
    })
}

impl First {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{:24}{:9}", "prompt tokens", self.prompt_tokens)?;
        writeln!(out, "{:24}{:9.1} ms", "loading", self.load_ms)?;
        writeln!(out, "{:24}{:9.1} ms", "reading the prompt", self.prefill_ms)?;
        let first = sanitise::line(&format!("{:?}", self.first_token));
        writeln!(
            out,
            "{:24}{:9.1} ms         ({first})",
            "first token", self.first_token_ms
        )
    }
}

/// Returns the times of `runs` runs, after one warm-up run.
fn repeat(runs: usize, mut once: impl FnMut() -> Result<Duration, EngineError>) -> Result<Vec<Duration>, EngineError> {
    once()?;
    (0..runs).map(|_| once()).collect()
}

fn per_second(tokens: usize, times: &[Duration]) -> Speed {
    let runs: Vec<f64> = times
        .iter()
        .map(|time| round(tokens as f64 / time.as_secs_f64().max(1e-9)))
        .collect();
    Speed {
        tokens_per_second: round(median(runs.iter().copied())),
        runs,
    }
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.len() % 2, sorted.get(middle)) {
        (1, Some(number)) => *number,
        (0, Some(number)) => (sorted[middle - 1] + number) / 2.0,
        _ => 0.0,
    }
}

fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// The peak memory of this process, if the system reports it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}

fn table(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let model = &report.model;
    let title = format!(
        "{} ({}) on {}, {} threads",
        model.name, model.quantization, model.device, report.threads
    );
    writeln!(out, "{}", sanitise::line(&title))?;
    writeln!(out, "{:24}{}", "CPU features", report.cpu_features.join(" "))?;
    let rows = [
        ("prompt of 128 tokens", &report.prefill_128),
        ("prompt of 512 tokens", &report.prefill_512),
        ("prompt of 2048 tokens", &report.prefill_2048),
        ("answer of 64 tokens", &report.decode),
    ];
    for (name, speed) in rows {
        match speed {
            Some(Speed {
                tokens_per_second,
                runs,
            }) => {
                let all: Vec<String> = runs.iter().map(|run| format!("{run:.1}")).collect();
                writeln!(
                    out,
                    "{name:24}{tokens_per_second:9.1} tokens/s   (runs: {})",
                    all.join(", ")
                )?;
            }
            None => writeln!(out, "{name:24}        - (longer than the model's context)")?,
        }
    }
    if let Some(first) = report.first_token_ms {
        writeln!(
            out,
            "{:24}{first:9.1} ms         (after a prompt of {PROMPT} tokens)",
            "first token"
        )?;
    }
    let LoadParts {
        header_ms,
        vocabulary_ms,
        weights_ms,
    } = report.load_parts;
    writeln!(
        out,
        "{:24}{:9.1} ms         (header {header_ms:.1}, then vocabulary {vocabulary_ms:.1} and weights {weights_ms:.1} in parallel)",
        "loading", report.load_ms
    )?;
    if let Some(bytes) = report.peak_memory_bytes {
        writeln!(out, "{:24}{:9.1} MB", "peak memory", bytes as f64 / 1e6)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_or_between_the_two_middle_ones() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert_eq!(median(std::iter::empty()), 0.0);
    }

    #[test]
    fn the_first_run_is_not_counted() {
        let mut times = [9, 1, 3].into_iter();
        let runs = repeat(2, || Ok(Duration::from_secs(times.next().unwrap_or(0)))).unwrap();
        let speed = per_second(12, &runs);
        assert_eq!((speed.runs, speed.tokens_per_second), (vec![12.0, 4.0], 8.0));
    }
}
