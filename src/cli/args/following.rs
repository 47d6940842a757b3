//! Defines the arguments of the commands that read newsletters for you: `digest`, `summarize`, `topics`, `export` and
//! `tag`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum, ValueHint};

use super::{By, EditionArgs, FilterArgs, OutputArgs, PeriodArgs, ViewArgs};
use crate::retrieve::{NoDate, Since};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm digest
  askpm digest --since 2026-01 --for \"pricing, hiring\" --format html > digest.html
  askpm digest --mail digest.eml

Without a period, a digest has what came in since the last one. It remembers that after it was written whole, separately
for each set of filters. Nothing new is status 3. If the corpus has editions of your own, the built-in ones are left out.")]
pub struct DigestArgs {
    /// What came in since the `last` digest [default], or the editions since this day, month or year, or since a time
    /// ago such as 7d
    #[arg(long, value_name = "last|YYYY[-MM[-DD]]|7d")]
    pub since: Option<DigestSince>,
    #[command(flatten)]
    pub period: PeriodArgs,
    #[command(flatten)]
    pub editions: EditionArgs,
    /// Only discussions that bear on one of these interests, separated by commas
    #[arg(long = "for", value_name = "WORDS", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub interests: Option<String>,
    /// Show everything, not only what fits on a page
    #[arg(long)]
    pub all: bool,
    /// Write the digest to FILE (`-` for standard output) as a mail with text and HTML, ready to send
    #[arg(long, value_name = "FILE.eml", value_hint = ValueHint::FilePath, conflicts_with_all = ["json", "format"])]
    pub mail: Option<PathBuf>,
    /// How to compare discussions [default: both, or words without the embedding model]
    #[arg(long, value_enum, env = "ASKPM_BY")]
    pub by: Option<By>,
    #[command(flatten)]
    pub output: ViewArgs,
}

/// The beginning of a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DigestSince {
    /// The last digest.
    Last,
    Date(Since),
}

impl FromStr for DigestSince {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<DigestSince, NoDate> {
        match text {
            "last" => Ok(DigestSince::Last),
            date => date.parse().map(DigestSince::Date),
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm summarize pricing-and-packaging
  askpm summarize pricing-and-packaging/q1
  askpm summarize letter.eml")]
pub struct SummarizeArgs {
    /// An edition or a part of one, as `askpm list` prints it, or a newsletter's file [default: standard input]
    #[arg(value_name = "ID|FILE|-")]
    pub what: Option<String>,
    /// How to compare sentences [default: both, or words without the embedding model]
    #[arg(long, value_enum, env = "ASKPM_BY")]
    pub by: Option<By>,
    #[command(flatten)]
    pub output: ViewArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm topics
  askpm topics pricing
  askpm topics --since 2026 --format html > topics.html")]
pub struct TopicsArgs {
    /// Show the discussions that bear on this topic, by date
    #[arg(value_name = "TOPIC")]
    pub topic: Vec<String>,
    #[command(flatten)]
    pub filters: FilterArgs,
    /// Show all themes, not only the largest ones
    #[arg(long)]
    pub all: bool,
    /// How to compare discussions [default: both, or words without the embedding model]
    #[arg(long, value_enum, env = "ASKPM_BY")]
    pub by: Option<By>,
    #[command(flatten)]
    pub output: ViewArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm export ~/Vault/Newsletters
  askpm export --since 2026 --tag pricing ~/Vault/Pricing

Each edition becomes a note named after its slug. Run it again to add what is new. A note that you have changed, and a
file that is not askpm's, stay as they are. If the corpus has editions of your own, the built-in ones are left out.")]
pub struct ExportArgs {
    /// The folder, which is created if it is missing
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: PathBuf,
    /// The form of the notes: Markdown with properties, and wiki links between editions that share something
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "obsidian")]
    pub format: ExportFormat,
    #[command(flatten)]
    pub filters: FilterArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The form of exported editions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    Obsidian,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm tag march-letter pricing to-read
  askpm tag march-letter --remove to-read
  askpm tag march-letter

Filter by tags with --tag, as in `askpm list --tag pricing`. Tags are kept in the file of the edition.")]
pub struct TagArgs {
    /// The edition, as `askpm list` prints it
    #[arg(value_name = "EDITION")]
    pub id: String,
    /// The tags to add; without any, the tags of the edition are printed
    #[arg(value_name = "TAG", value_parser = super::filtering::tag)]
    pub tags: Vec<String>,
    /// Remove these tags
    #[arg(long, value_name = "TAG", num_args = 1.., value_parser = super::filtering::tag)]
    pub remove: Vec<String>,
    #[command(flatten)]
    pub output: OutputArgs,
}
