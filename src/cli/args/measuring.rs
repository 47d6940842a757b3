//! Arguments of what measures (`eval --answers`, `bench`) and of what serves other programs (`serve`, `mcp`).

use clap::{Args, ValueEnum};

use super::*;

/// Which answers are scored.
#[derive(Debug, Args)]
pub struct AnsweringArgs {
    /// How answers come about [default: all]
    #[arg(long, value_enum, requires = "answers")]
    pub mode: Option<AnswerMode>,
    /// A model's name, a path to a GGUF file, or `none`; may be given again, to compare
    #[arg(short, long, value_name = "NAME|PATH|none", requires = "answers")]
    pub model: Vec<String>,
    /// Only the questions of this half
    #[arg(long, value_enum, requires = "answers")]
    pub split: Option<Half>,
    /// So many of the questions, evenly spaced over the file
    #[arg(long, value_name = "N", requires = "answers", value_parser = clap::value_parser!(u16).range(1..))]
    pub limit: Option<u16>,
    /// What the model does, whatever its size [default: by its size]
    #[arg(long, value_enum, requires = "answers")]
    pub style: Option<AnswerStyle>,
    /// Most sentences that are quoted, or that the model may choose
    #[arg(long, value_name = "N", requires = "answers", value_parser = clap::value_parser!(u8).range(1..=7))]
    pub sentences: Option<u8>,
    /// Turn an aid off that is on by default, or on that is off, to measure it; may be given again
    #[arg(long, value_enum, value_name = "AID", requires = "answers")]
    pub toggle: Vec<Aid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerStyle {
    /// It chooses among sentences of the passages
    Choose,
    /// It writes, and what no passage backs is dropped
    Write,
}

/// See `crate::ask::Aids`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Aid {
    /// The best sentence opens what the model chooses
    Opening,
    /// Passages are cut to their best sentences even where they fit
    Trimming,
    /// The best passage or sentence stands last in the prompt
    BestLast,
    /// A sentence that does not hold is written anew once
    Again,
    /// Tokens of the last 64 are made less likely (1.15)
    Penalty,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerMode {
    /// The model, held to the passages
    Llm,
    /// The best sentences, quoted
    Extractive,
    /// The model as it writes, unchecked
    Ungrounded,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Half {
    Tune,
    Report,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Prompts and answers are made-up tokens. Each figure is the median of the runs, after one that is not \
    counted. First token: after a prompt of 512 tokens, the model being loaded. Peak memory: of the whole run."
)]
pub struct BenchArgs {
    #[command(flatten)]
    pub model: ModelChoice,
    /// How often each is measured
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub runs: u8,
    /// Only reads the text of this file as a message, once, and makes the first token of the answer
    #[arg(long, value_name = "FILE", conflicts_with = "runs")]
    pub prompt: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The port of 127.0.0.1 to listen on; 0 takes one that is free
    #[arg(long, value_name = "N", default_value_t = 7171)]
    pub port: u16,
    /// How many questions may wait; one more is told to come again later
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub queue: u16,
    #[command(flatten)]
    pub model: ModelChoice,
    #[command(flatten)]
    pub retrieval: Retrieval,
    #[command(flatten)]
    pub sampling: SamplingArgs,
}

#[derive(Debug, Args)]
pub struct McpArgs {
    #[command(flatten)]
    pub model: ModelChoice,
    #[command(flatten)]
    pub retrieval: Retrieval,
    #[command(flatten)]
    pub sampling: SamplingArgs,
}
