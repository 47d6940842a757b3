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
    #[arg(long, value_enum)]
    pub split: Option<Half>,
    /// So many of the questions, evenly spaced over the file
    #[arg(long, value_name = "N", requires = "answers", value_parser = clap::value_parser!(u16).range(1..))]
    pub limit: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerMode {
    /// The lead by the model, held to what is quoted
    Llm,
    /// All of it quoted
    Extractive,
    /// The discussion of the best hit, and the first two sentences of each of its answers: what anything must beat
    Control,
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
    /// How many questions may wait; askpm asks further clients to come again later
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
