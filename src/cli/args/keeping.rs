//! Defines the arguments of `compare`, `save`, `saved`, `feeds` and `refresh`.

use clap::{Args, Subcommand};

use super::*;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm compare \"product owner or product manager?\"
  askpm compare --format csv \"How do I become an AI PM?\" > positions.csv")]
pub struct CompareArgs {
    /// The question; `-` or a pipe reads it from standard input
    #[arg(value_name = "QUESTION")]
    pub question: Vec<String>,
    #[command(flatten)]
    pub filters: FilterArgs,
    /// Minimum confidence to answer, from 0 to 1 [default: 0.5]
    #[arg(long, visible_alias = "threshold", value_name = "SHARE", value_parser = share)]
    pub min_score: Option<f32>,
    /// How to find passages [default: both, or words without the embedding model]
    #[arg(long, value_enum, env = "ASKPM_BY")]
    pub by: Option<By>,
    /// Print one JSON object
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Output format; html is a self-contained page
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<TableFormat>,
}

/// The output format of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    Text,
    #[value(alias = "markdown")]
    Md,
    Csv,
    Json,
    Html,
}

impl CompareArgs {
    pub fn format(&self) -> TableFormat {
        match self.json {
            true => TableFormat::Json,
            false => self.format.unwrap_or(TableFormat::Text),
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm save \"How do I price an AI feature?\" --name pricing
  askpm refresh --saved")]
pub struct SaveArgs {
    /// The question; `-` or a pipe reads it from standard input
    #[arg(value_name = "QUESTION")]
    pub question: Vec<String>,
    /// The question's name: letters, digits, `-` and `_` [default: made from its words]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm saved list
  askpm saved run
  askpm saved remove pricing")]
pub struct SavedArgs {
    #[command(subcommand)]
    pub action: SavedAction,
}

#[derive(Debug, Subcommand)]
pub enum SavedAction {
    /// List the saved questions
    #[command(after_help = "Examples:\n  askpm saved list\n  askpm saved list --json")]
    List(OutputArgs),
    /// Print what is new since the last run, for each saved question or for one
    #[command(after_help = "Examples:\n  askpm saved run\n  askpm saved run pricing --json")]
    Run(SavedRunArgs),
    /// Remove a saved question
    #[command(after_help = "Examples:\n  askpm saved remove pricing")]
    Remove {
        /// The question's name, as `askpm saved list` prints it
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct SavedRunArgs {
    /// The question's name, as `askpm saved list` prints it
    pub name: Option<String>,
    /// How to find passages [default: both, or words without the embedding model]
    #[arg(long, value_enum, env = "ASKPM_BY")]
    pub by: Option<By>,
    /// Print one JSON object per question with news, one per line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm refresh --drop ~/newsletters
  askpm refresh --saved
  askpm refresh --watch")]
pub struct RefreshArgs {
    /// Keep running, and refresh when a file in the corpus or the drop folder changes
    #[arg(long)]
    pub watch: bool,
    /// Import new newsletters from this folder first [default: `drop` in the settings]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub drop: Option<PathBuf>,
    /// Print only what is new for the saved questions since their last run
    #[arg(long)]
    pub saved: bool,
    /// With --saved: how to find passages [default: both, or words without the embedding model]
    #[arg(long, value_enum, env = "ASKPM_BY")]
    pub by: Option<By>,
    /// Print a systemd user timer and a cron line that refresh every hour with --saved
    #[arg(long, conflicts_with_all = ["watch", "drop", "saved", "json"])]
    pub install_timer: bool,
    /// With --install-timer: write the timer
    #[arg(long, requires = "install_timer")]
    pub yes: bool,
    /// Print one JSON object; with --watch, one per line for each refresh; with --saved, one per line for each question
    /// with news
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm feeds list
  askpm feeds import subscriptions.opml
  askpm feeds export > subscriptions.opml")]
pub struct FeedsArgs {
    #[command(subcommand)]
    pub action: FeedsAction,
}

#[derive(Debug, Subcommand)]
pub enum FeedsAction {
    /// List the subscribed feeds: address, folder and name
    #[command(after_help = "Examples:\n  askpm feeds list")]
    List,
    /// Subscribe to the feeds of an OPML file: add them to the settings
    #[command(after_help = "Examples:\n  askpm feeds import subscriptions.opml")]
    Import {
        /// The file, as other feed readers export it; `-` reads standard input
        #[arg(value_name = "FILE|-", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Print the subscribed feeds as OPML 2.0, for other feed readers
    #[command(after_help = "Examples:\n  askpm feeds export > subscriptions.opml")]
    Export,
}
