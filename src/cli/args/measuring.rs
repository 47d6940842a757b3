//! Defines the arguments of the commands that measure (`eval --answers`, `bench`) and serve (`serve`, `mcp`).

use std::net::SocketAddr;

use clap::{Args, ValueEnum};

use super::*;
use crate::cli::serve::table::{MAX_GRACE, MAX_QUEUE, MAX_RATE};
use crate::serve::HostName;

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
  curl http://127.0.0.1:7171/v1/models
  askpm serve --host ask.example.org --token-command \"cat tokens\" --log -

Without --listen, only this machine can connect. The tokens are the lines of what --token-command prints, else of
ASKPM_SERVE_TOKEN: `TOKEN` or `NAME TOKEN`. SIGTERM lets the running answer end.")]
pub struct ServeArgs {
    #[command(flatten)]
    pub team: TeamArgs,
    #[command(flatten)]
    pub model: ModelChoice,
    #[command(flatten)]
    pub retrieval: Retrieval,
    #[command(flatten)]
    pub sampling: SamplingArgs,
}

/// Where to listen, who may ask and how much, and what is logged.
#[derive(Debug, Clone, Default, Args)]
pub struct TeamArgs {
    /// The port to listen on at 127.0.0.1; 0 picks a free one [default: 7171]
    #[arg(long, value_name = "N", conflicts_with = "listen")]
    pub port: Option<u16>,
    /// The address to listen on instead; one that other machines reach needs a token
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// A name under which a proxy serves it, in addition to localhost; repeat for more
    #[arg(long, value_name = "NAME")]
    pub host: Vec<HostName>,
    /// A shell command that prints the tokens that may ask
    #[arg(long, value_name = "COMMAND")]
    pub token_command: Option<String>,
    /// Maximum number of waiting questions; further requests get status 503 [default: 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=i64::from(MAX_QUEUE)))]
    pub queue: Option<u16>,
    /// Maximum number of questions of one token that wait or run; further ones get status 429 [default: 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_QUEUE)))]
    pub queue_per_token: Option<u16>,
    /// Maximum number of questions a minute, of one token if there are tokens; 0 for no limit [default: 60 with tokens]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_RATE)))]
    pub rate: Option<u32>,
    /// Write a JSON object for each request to FILE, or to standard error with `-`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub log: Option<PathBuf>,
    /// Also write the text of questions to the log
    #[arg(long)]
    pub log_questions: bool,
    /// Seconds for the running answer to end after SIGTERM or Ctrl-C [default: 10 after SIGTERM, 0 after Ctrl-C]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(0..=i64::from(MAX_GRACE)))]
    pub grace: Option<u16>,
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
