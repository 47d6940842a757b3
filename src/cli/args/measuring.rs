//! Defines the arguments of the commands that measure (`eval --answers`, `bench`) and serve (`serve`, `mcp`).

use clap::{Args, ValueEnum};

use super::*;

/// Which answers are scored.
#[derive(Debug, Args)]
pub struct AnsweringArgs {
    /// How to make the answers [default: all]
    #[arg(long, value_enum, requires = "answers")]
    pub mode: Option<AnswerMode>,
    /// The model: a name, the path of a GGUF file, or `none`; repeat to compare models
    #[arg(short, long, value_name = "NAME|PATH|none", requires = "answers")]
    pub model: Vec<String>,
    /// Only the questions of this split
    #[arg(long, value_enum)]
    pub split: Option<Half>,
    /// Only N of the questions, evenly spaced over the file
    #[arg(long, value_name = "N", requires = "answers", value_parser = clap::value_parser!(u16).range(1..))]
    pub limit: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerMode {
    /// The model writes the first sentence, checked against the quotes
    Llm,
    /// Quotes only
    Extractive,
    /// The discussion of the top result and the first two sentences of each of its answers: the baseline
    Control,
    /// The model's text, unchecked
    Ungrounded,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Half {
    Tune,
    Report,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm bench
  askpm bench -m qwen3-0.6b --runs 5

Prompts and answers are arbitrary tokens. Each figure is the median of the runs, after one warm-up run. The time to
first token is measured with a prompt of 512 tokens and a loaded model. Peak memory covers the whole run.")]
pub struct BenchArgs {
    #[command(flatten)]
    pub model: ModelChoice,
    /// Number of measured runs
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub runs: u8,
    /// Only measure one run: read FILE as a message and make the first token of the answer
    #[arg(long, value_name = "FILE", conflicts_with = "runs")]
    pub prompt: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm serve
  askpm serve --port 0 -m none
  curl http://127.0.0.1:7171/v1/models")]
pub struct ServeArgs {
    /// The port to listen on at 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 7171)]
    pub port: u16,
    /// Maximum number of waiting questions; further requests get status 503
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
#[command(after_help = "\
Examples:
  askpm mcp
  claude mcp add askpm -- askpm mcp")]
pub struct McpArgs {
    #[command(flatten)]
    pub model: ModelChoice,
    #[command(flatten)]
    pub retrieval: Retrieval,
    #[command(flatten)]
    pub sampling: SamplingArgs,
}
