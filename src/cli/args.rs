//! The command line's grammar, for clap: what the user typed and nothing of what it means.
//!
//! In: nothing. Out: [`Cli`] and the arguments of each command. `context.rs` turns these into what is meant.

mod measuring;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::retrieve::Since;
pub use measuring::*;

/// Answers product managers' questions from a newsletter's discussions, on your own machine, with citations.
#[derive(Debug, Parser)]
#[command(
    name = "askpm",
    version,
    disable_help_subcommand = true,
    after_help = "`askpm QUESTION…` is short for `askpm ask QUESTION…`.\n\n\
        Exit status: 0 done, 1 failed, 2 wrong command line, 3 nothing in the corpus answers the question."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

/// Arguments of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Read editions from this folder, and from nowhere else
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath, env = "ASKPM_CORPUS")]
    pub corpus: Option<PathBuf>,
    /// Read settings from this file instead of askpm/config.toml in the configuration folder
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, env = "ASKPM_CONFIG")]
    pub config: Option<PathBuf>,
    /// Open no connection and start no downloader
    #[arg(long, global = true)]
    pub offline: bool,
    /// Print no progress and no notes, only errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print each step and how long it takes
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer a question from the corpus, with citations
    Ask(AskArgs),
    /// Ask turn by turn: a question may refer to earlier ones
    Chat(ChatArgs),
    /// List the passages that speak of something, without a model
    Search(SearchArgs),
    /// Show an edition, a discussion, an answer, a resource or a source of the last answer, whole
    Show(ShowArgs),
    /// List editions and their discussions, newest first
    List(ListArgs),
    /// Bring the index up to date with the corpus, after importing what feeds and the drop folder have
    Refresh(RefreshArgs),
    /// Turn newsletters as they come into editions of the corpus
    Import(ImportArgs),
    /// List, fetch, verify and remove models
    Models(ModelsArgs),
    /// Score retrieval and abstention, or answers, on a set of questions
    Eval(EvalArgs),
    /// Measure how fast a model is on this machine
    Bench(BenchArgs),
    /// Answer over HTTP on this machine: OpenAI's API, and a page to ask from
    Serve(ServeArgs),
    /// Offer search, ask and show to assistants, by the Model Context Protocol over standard input and output
    Mcp(McpArgs),
    /// Say what is set up, what is missing, and how to repair it
    Doctor(DoctorArgs),
    /// Show the settings and where each comes from, say where their file is, or edit it
    Config(ConfigArgs),
    /// Print a completion script for a shell
    Completions { shell: clap_complete::Shell },
    /// Print the manual page, or that of a command
    Man {
        /// Whose page: `askpm man models pull`
        command: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub struct AskArgs {
    /// The question; `-`, or a pipe, reads it from standard input
    #[arg(value_name = "QUESTION", trailing_var_arg = false)]
    pub question: Vec<String>,
    /// Answer each line of FILE (`-`: standard input), one JSON object a line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["question", "json", "format", "save", "no_stream", "resume"])]
    pub batch: Option<PathBuf>,
    #[command(flatten)]
    pub conversation: ConversationArgs,
    #[command(flatten)]
    pub model: ModelChoice,
    #[command(flatten)]
    pub retrieval: Retrieval,
    #[command(flatten)]
    pub filters: FilterArgs,
    #[command(flatten)]
    pub sampling: SamplingArgs,
    #[command(flatten)]
    pub output: ViewArgs,
    /// Keep the answer in this file too, as its ending says: .md, .html, .json or .txt
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub save: Option<PathBuf>,
    /// Print one JSON object on one line
    #[arg(long, conflicts_with_all = ["json", "format"])]
    pub jsonl: bool,
    /// Print the answer at its end, not sentence by sentence
    #[arg(long)]
    pub no_stream: bool,
    /// Show what a model wrote and no passage backs too, marked [unsupported]
    #[arg(long)]
    pub keep_unsupported: bool,
    /// Say on standard error why there is an answer or none, and how far each sentence is backed
    #[arg(long, conflicts_with = "batch")]
    pub explain: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "In a chat, /help lists the commands. Where standard input is no terminal, each line is a turn, \
    and no prompt is printed."
)]
pub struct ChatArgs {
    #[command(flatten)]
    pub conversation: ConversationArgs,
    #[command(flatten)]
    pub model: ModelChoice,
    #[command(flatten)]
    pub retrieval: Retrieval,
    #[command(flatten)]
    pub filters: FilterArgs,
    #[command(flatten)]
    pub sampling: SamplingArgs,
    /// Print each answer as one JSON object on one line
    #[arg(long)]
    pub json: bool,
}

/// Which conversation a question belongs to, and whether it is kept.
#[derive(Debug, Args)]
pub struct ConversationArgs {
    /// Go on with the last conversation: the question may refer to it
    #[arg(short = 'c', long = "continue")]
    pub resume: bool,
    /// Keep neither questions nor answers; otherwise they are kept on this machine, for you alone, for --continue
    #[arg(long)]
    pub no_history: bool,
}

#[derive(Debug, Args)]
pub struct ModelChoice {
    /// A model's name, a path to a GGUF file, or `none` to quote without a model
    #[arg(short, long, value_name = "NAME|PATH|none", env = "ASKPM_MODEL")]
    pub model: Option<String>,
    /// Where the model runs
    #[arg(long, value_name = "cpu|cuda|metal|auto", env = "ASKPM_DEVICE")]
    pub device: Option<String>,
}

#[derive(Debug, Args)]
pub struct Retrieval {
    /// How many passages to retrieve [default: 5, for search 10]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub top_k: Option<u16>,
    /// Least confidence to answer at, 0 to 1 [default: 0.5]; for search, least share of the query that a passage must cover
    ///
    /// Higher abstains more often. `--explain` tells the confidence of one question. At the default, by words and meaning,
    /// 83% of the abstentions were right and 91% of the questions without an answer were abstained from (by words alone
    /// 79% and 68%); `askpm eval` measures it.
    #[arg(long, visible_alias = "threshold", value_name = "SHARE", value_parser = share)]
    pub min_score: Option<f32>,
    /// What passages are found by [default: both, or words without the embedding model]
    ///
    /// Meaning needs the embedding model, which the first question fetches (92 MB). With `words` it is not fetched.
    #[arg(long, value_enum, env = "ASKPM_BY")]
    pub by: Option<By>,
}

/// What passages are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    Words,
    Meaning,
    Both,
}

/// The part of the corpus that is searched.
#[derive(Debug, Args)]
pub struct FilterArgs {
    /// Only editions since this day, month or year; undated ones are left out
    #[arg(long, value_name = "YYYY[-MM[-DD]]")]
    pub since: Option<Since>,
    /// Only this edition
    #[arg(long, value_name = "SLUG", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub edition: Option<String>,
    /// Only answers of contributors whose name has this in it, case and accents apart
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub contributor: Option<String>,
}

#[derive(Debug, Args)]
pub struct SamplingArgs {
    /// Randomness of the model's choice; 0 always takes the likeliest token [default: 0]
    #[arg(long, value_name = "T", value_parser = temperature)]
    pub temperature: Option<f64>,
    /// Choose among the likeliest tokens that together have this probability [default: 1]
    #[arg(long, value_name = "P", value_parser = probability)]
    pub top_p: Option<f64>,
    /// Seed of the randomness: the same seed gives the same answer [default: 0]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Most tokens that the model may write [default: 256]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub max_tokens: Option<u32>,
}

#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// How an answer, hits or an edition are printed.
#[derive(Debug, Args)]
pub struct ViewArgs {
    /// Print one JSON object
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Print as text, Markdown, JSON, or a page of HTML that needs nothing else
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
}

/// What things are printed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Md,
    Json,
    Html,
}

impl ViewArgs {
    pub fn format(&self) -> Format {
        match self.json {
            true => Format::Json,
            false => self.format.unwrap_or(Format::Text),
        }
    }
}

#[derive(Debug, Args)]
pub struct SearchArgs {
    /// What to look for; `-`, or a pipe, reads it from standard input
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    #[command(flatten)]
    pub retrieval: Retrieval,
    #[command(flatten)]
    pub filters: FilterArgs,
    #[command(flatten)]
    pub output: ViewArgs,
    /// Print one JSON object a hit, one a line
    #[arg(long, conflicts_with_all = ["json", "format"])]
    pub jsonl: bool,
    /// Say why each hit is there
    #[arg(long, conflicts_with_all = ["json", "jsonl", "format"])]
    pub explain: bool,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// EDITION, EDITION/q1, EDITION/q1/a or EDITION/r1, as answers, search and list print them; a number opens that source of the
    /// last answer
    #[arg(value_name = "ID|N")]
    pub id: String,
    #[command(flatten)]
    pub output: ViewArgs,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub filters: FilterArgs,
    #[command(flatten)]
    pub output: ViewArgs,
}

#[derive(Debug, Args)]
pub struct RefreshArgs {
    /// Go on: refresh whenever a file of the corpus or of the drop folder changes
    #[arg(long)]
    pub watch: bool,
    /// Import newsletters from this folder first, as `import` does [default: `drop` in the settings]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub drop: Option<PathBuf>,
    /// Print one JSON object, with --watch one on a line for each refresh
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Text, Markdown, HTML, mail (.eml, .mbox) and feeds (RSS, Atom), folders of them, or `-` for standard input
    #[arg(value_name = "FILE|DIR|-", required = true, value_hint = ValueHint::AnyPath)]
    pub from: Vec<PathBuf>,
    /// Show what was read, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Say for the title, the date, each discussion, answer and section why it was read so
    #[arg(long)]
    pub explain: bool,
    /// Keep what looks like furniture too: menus, footers, calls to subscribe, comments of readers
    #[arg(long)]
    pub keep_all: bool,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Questions, one JSON object a line, as `eval/questions.jsonl` of the repository
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "beir")]
    pub file: Option<PathBuf>,
    /// Score retrieval on a public collection instead: a folder with corpus.jsonl, queries.jsonl and qrels/test.tsv
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with_all = ["file", "min_score", "against"])]
    pub beir: Option<PathBuf>,
    /// Write the rankings to FILE as trec_eval reads them
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "beir")]
    pub run: Option<PathBuf>,
    /// Least confidence to answer at, 0 to 1
    #[arg(long, visible_alias = "threshold", value_name = "SHARE", value_parser = share)]
    pub min_score: Option<f32>,
    /// What passages are found by [default: both, or words without the embedding model]
    #[arg(long, value_enum, env = "ASKPM_BY")]
    pub by: Option<By>,
    /// Search this other way too, and test the difference (paired randomisation)
    #[arg(long, value_enum, value_name = "BY")]
    pub against: Option<By>,
    /// Score answers, not rankings: citations, support, key points, abstention
    #[arg(long)]
    pub answers: bool,
    /// Print what is measured of discussions and sentences, an object a question: what `eval/fit_*.py` fit constants to
    #[arg(long, conflicts_with_all = ["answers", "against"])]
    pub features: bool,
    #[command(flatten)]
    pub answering: AnsweringArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Repair what is safe to repair: make the index again, remove what killed programs left, set permissions right
    #[arg(long)]
    pub fix: bool,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub action: ConfigAction,
}

#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// What is set, and by what: flag, variable, file or default
    Show(ConfigShowArgs),
    /// Print the path of the settings file
    Path,
    /// Open the settings in VISUAL or EDITOR, and put them in place if they are valid
    Edit,
}

#[derive(Debug, Args)]
pub struct ConfigShowArgs {
    #[command(flatten)]
    pub model: ModelChoice,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    pub action: ModelsAction,
}

#[derive(Debug, Subcommand)]
pub enum ModelsAction {
    /// The models that are known, and which are on this machine
    List(OutputArgs),
    /// Fetch a model [default: the one for this machine]
    Pull { name: Option<String> },
    /// Check a model's file, whole, against its checksum [default: every model that is here]
    Verify { name: Option<String> },
    /// Delete a model's file
    Remove { name: String },
    /// Print the path of a model's file [default: the one for this machine]
    Path { name: Option<String> },
}

fn share(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "a number from 0 to 1 is wanted")?;
    (0.0..=1.0)
        .contains(&value)
        .then_some(value)
        .ok_or_else(|| "a number from 0 to 1 is wanted".into())
}

fn probability(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "a number above 0 and up to 1 is wanted")?;
    (value > 0.0 && value <= 1.0)
        .then_some(value)
        .ok_or_else(|| "a number above 0 and up to 1 is wanted".into())
}

fn temperature(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "a number from 0 to 5 is wanted")?;
    (0.0..=5.0)
        .contains(&value)
        .then_some(value)
        .ok_or_else(|| "a number from 0 to 5 is wanted".into())
}
