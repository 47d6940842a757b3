//! Defines the command line's grammar for clap. `context.rs` decides what the arguments mean.

mod filtering;
mod following;
mod keeping;
mod maintaining;
mod measuring;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

pub use filtering::*;
pub use following::*;
pub use keeping::*;
pub use maintaining::*;
pub use measuring::*;

/// Answers product managers' questions from a newsletter's discussions, on your machine, with citations
#[derive(Debug, Parser)]
#[command(
    name = "askpm",
    version,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  askpm \"How do I become an AI/ML PM?\"
  askpm search pricing
  askpm import letter.eml

`askpm QUESTION...` is short for `askpm ask QUESTION...`.

Exit status: 0 success, 1 error, 2 wrong command line, 3 the corpus does not answer the question."
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
    /// Read editions only from this folder
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath, env = "ASKPM_CORPUS")]
    pub corpus: Option<PathBuf>,
    /// Read settings from this file [default: askpm/config.toml in the configuration folder]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, env = "ASKPM_CONFIG")]
    pub config: Option<PathBuf>,
    /// Do not use the network
    #[arg(long, global = true)]
    pub offline: bool,
    /// Suppress progress and notes; warnings and errors are still printed
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print each step and its duration
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer a question from the corpus, with citations
    Ask(AskArgs),
    /// Ask questions in a conversation
    Chat(ChatArgs),
    /// Search the corpus without a language model
    Search(SearchArgs),
    /// Compare what contributors say about a question, one row each
    Compare(CompareArgs),
    /// Save a question, and learn later what is new for it
    Save(SaveArgs),
    /// List, run and remove saved questions
    Saved(SavedArgs),
    /// Show an edition, or a part of one, in full
    Show(ShowArgs),
    /// List editions and their discussions, newest first
    List(ListArgs),
    /// Summarize an edition, a part of one, or a file in five of its sentences
    Summarize(SummarizeArgs),
    /// Print what is new: a line of each contributor, and the themes
    Digest(DigestArgs),
    /// Show the themes of the corpus over time
    Topics(TopicsArgs),
    /// Write editions into a folder as notes for Obsidian
    Export(ExportArgs),
    /// Tag an imported edition
    Tag(TagArgs),
    /// Fetch feeds, import new files and update the index
    Refresh(RefreshArgs),
    /// Import newsletters into the corpus
    Import(ImportArgs),
    /// List the subscribed feeds, and import or export them as OPML
    Feeds(FeedsArgs),
    /// List, download, verify and remove models
    Models(ModelsArgs),
    /// Score retrieval or answers on a question set
    Eval(EvalArgs),
    /// Measure a model's speed on this machine
    Bench(BenchArgs),
    /// Serve an OpenAI-compatible API and a web page on this machine
    Serve(ServeArgs),
    /// Serve the corpus to AI assistants over the Model Context Protocol
    Mcp(McpArgs),
    /// Check the setup and report how to fix problems
    Doctor(DoctorArgs),
    /// Show or edit the settings
    Config(ConfigArgs),
    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  askpm completions bash > ~/.local/share/bash-completion/completions/askpm
  askpm completions zsh > ~/.zfunc/_askpm")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of askpm or of a command
    #[command(after_help = "\
Examples:
  askpm man | man -l -
  askpm man models pull")]
    Man {
        /// The command to document, such as `models pull`
        command: Vec<String>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm ask \"How do I ask for a raise?\"
  askpm ask -c \"What if they say the budget is fixed?\"
  askpm ask --since 2025 --format md \"How do I become an AI PM?\" > answer.md")]
pub struct AskArgs {
    /// The question; `-` or a pipe reads it from standard input
    #[arg(value_name = "QUESTION", trailing_var_arg = false)]
    pub question: Vec<String>,
    /// Answer each line of FILE (`-` for standard input) with one JSON object per line
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
    /// Also save the answer to FILE, in the format of its extension: .md, .html, .json or .txt
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub save: Option<PathBuf>,
    /// Print one JSON object on one line
    #[arg(long, conflicts_with_all = ["json", "format"])]
    pub jsonl: bool,
    /// Print the answer when it is complete, not sentence by sentence
    #[arg(long)]
    pub no_stream: bool,
    /// Do not offer a model at the first question: answer with quotes
    #[arg(short, long)]
    pub yes: bool,
    /// Also show sentences that the model wrote and no passage supports, marked [unsupported]
    #[arg(long)]
    pub keep_unsupported: bool,
    /// Print to standard error why askpm answers or abstains, and how well each sentence is supported
    #[arg(long, conflicts_with = "batch")]
    pub explain: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm chat
  askpm chat -c

In a chat, /help lists the commands. If standard input is not a terminal, each line is a question and no prompt is
printed.")]
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

/// Which conversation a question belongs to, and whether to save it.
#[derive(Debug, Args)]
pub struct ConversationArgs {
    /// Continue the last conversation, so that the question can refer to it
    #[arg(short = 'c', long = "continue")]
    pub resume: bool,
    /// Do not save questions and answers [default: save them on this machine for --continue]
    #[arg(long)]
    pub no_history: bool,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ModelChoice {
    /// The model: a name, the path of a GGUF file, or `none` to quote passages without a model
    #[arg(short, long, value_name = "NAME|PATH|none", env = "ASKPM_MODEL")]
    pub model: Option<String>,
    /// The device to run the model on
    #[arg(long, value_name = "cpu|cuda|metal|auto", env = "ASKPM_DEVICE")]
    pub device: Option<String>,
    /// A LoRA adapter of the model, as a GGUF file
    #[arg(long, value_name = "FILE", env = "ASKPM_ADAPTER")]
    pub adapter: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Retrieval {
    /// Number of passages to retrieve [default: 5, or 10 for search]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub top_k: Option<u16>,
    /// Minimum confidence to answer, from 0 to 1 [default: 0.5]; for search, minimum share of the query that a passage
    /// covers
    ///
    /// A higher value abstains more often. `--explain` prints the confidence of a question. At the default, with
    /// retrieval by words and meaning, 83% of the abstentions were right, and askpm abstained from 91% of the questions
    /// without an answer (79% and 68% with retrieval by words). `askpm eval` measures this.
    #[arg(long, visible_alias = "threshold", value_name = "SHARE", value_parser = share)]
    pub min_score: Option<f32>,
    /// How to find passages [default: both, or words without the embedding model]
    ///
    /// Meaning needs the embedding model, which the first question downloads (92 MB). `words` does not download it.
    #[arg(long, value_enum, env = "ASKPM_BY")]
    pub by: Option<By>,
}

/// How passages are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    Words,
    Meaning,
    Both,
}

#[derive(Debug, Args)]
pub struct SamplingArgs {
    /// Sampling temperature; 0 always takes the most likely token [default: 0]
    #[arg(long, value_name = "T", value_parser = temperature)]
    pub temperature: Option<f64>,
    /// Sample from the most likely tokens with this total probability [default: 1]
    #[arg(long, value_name = "P", value_parser = probability)]
    pub top_p: Option<f64>,
    /// Seed of the sampler; the same seed gives the same answer [default: 0]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Maximum number of tokens that the model writes [default: 256]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub max_tokens: Option<u32>,
}

#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The output format of an answer, of search results or of an edition.
#[derive(Debug, Args)]
pub struct ViewArgs {
    /// Print one JSON object
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Output format; html is a self-contained page
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
}

/// An output format.
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
#[command(after_help = "\
Examples:
  askpm search pricing
  askpm search -n 3 --since 2024-01 \"career change\"
  askpm search --json onboarding")]
pub struct SearchArgs {
    /// What to search for; `-` or a pipe reads it from standard input
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    #[command(flatten)]
    pub retrieval: Retrieval,
    #[command(flatten)]
    pub filters: FilterArgs,
    #[command(flatten)]
    pub output: ViewArgs,
    /// Print one JSON object per result, one per line
    #[arg(long, conflicts_with_all = ["json", "format"])]
    pub jsonl: bool,
    /// Print why each result matches
    #[arg(long, conflicts_with_all = ["json", "jsonl", "format"])]
    pub explain: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm show 1
  askpm show pricing-and-packaging/q1
  askpm show pricing-and-packaging/q1/a")]
pub struct ShowArgs {
    /// EDITION, EDITION/q1, EDITION/q1/a, EDITION/s1 or EDITION/r1, as `ask`, `search` and `list` print them; a number
    /// N opens source N of the last answer
    #[arg(value_name = "ID|N")]
    pub id: String,
    #[command(flatten)]
    pub output: ViewArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm list
  askpm list --since 2024-06
  askpm list --format html > editions.html")]
pub struct ListArgs {
    #[command(flatten)]
    pub filters: FilterArgs,
    #[command(flatten)]
    pub output: ViewArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm import letter.eml
  askpm import --dry-run --explain ~/newsletters
  curl -s https://example.org/feed.xml | askpm import -")]
pub struct ImportArgs {
    /// Newsletters: text, Markdown, HTML, mail (.eml, .mbox), feeds (RSS, Atom, JSON), PDF, Word (.docx), books (.epub),
    /// exports and other ZIP archives, folders of these, or `-` for standard input
    #[arg(value_name = "FILE|DIR|-", required = true, value_hint = ValueHint::AnyPath)]
    pub from: Vec<PathBuf>,
    /// Print what would be imported, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print why each title, date, discussion, answer and section was recognized
    #[arg(long)]
    pub explain: bool,
    /// Also keep boilerplate: menus, footers, calls to subscribe, readers' comments
    #[arg(long)]
    pub keep_all: bool,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm eval eval/questions.jsonl
  askpm eval --answers -m none eval/questions.jsonl
  askpm eval --beir scifact")]
pub struct EvalArgs {
    /// Questions, one JSON object per line, such as `eval/questions.jsonl` in the repository
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "beir")]
    pub file: Option<PathBuf>,
    /// Score retrieval on a BEIR collection instead: a folder with corpus.jsonl, queries.jsonl and qrels/test.tsv
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with_all = ["file", "min_score", "against"])]
    pub beir: Option<PathBuf>,
    /// Write the rankings to FILE in the format of trec_eval
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "beir")]
    pub run: Option<PathBuf>,
    /// Minimum confidence to answer, from 0 to 1
    #[arg(long, visible_alias = "threshold", value_name = "SHARE", value_parser = share)]
    pub min_score: Option<f32>,
    /// How to find passages [default: both, or words without the embedding model]
    #[arg(long, value_enum, env = "ASKPM_BY")]
    pub by: Option<By>,
    /// Compare with this way to find passages, using a paired randomization test
    #[arg(long, value_enum, value_name = "BY")]
    pub against: Option<By>,
    /// Score answers instead of rankings: citations, support, key points, abstention
    #[arg(long)]
    pub answers: bool,
    /// Print the features of discussions and sentences, one JSON object per question, as input for `eval/fit_*.py`
    #[arg(long, conflicts_with_all = ["answers", "against"])]
    pub features: bool,
    #[command(flatten)]
    pub answering: AnsweringArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

fn share(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| "expected a number from 0 to 1")?;
    (0.0..=1.0)
        .contains(&value)
        .then_some(value)
        .ok_or_else(|| "expected a number from 0 to 1".into())
}

fn probability(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "expected a number above 0 and up to 1")?;
    (value > 0.0 && value <= 1.0)
        .then_some(value)
        .ok_or_else(|| "expected a number above 0 and up to 1".into())
}

fn temperature(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "expected a number from 0 to 5")?;
    (0.0..=5.0)
        .contains(&value)
        .then_some(value)
        .ok_or_else(|| "expected a number from 0 to 5".into())
}
