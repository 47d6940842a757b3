//! Defines the arguments that narrow the corpus: periods, editions, senders, tags and contributors.

use clap::Args;

use crate::corpus::edition;
use crate::retrieve::{Ago, On, Since, Until};

/// The part of the corpus to search.
#[derive(Debug, Args)]
pub struct FilterArgs {
    /// Only editions since this day, month or year, or since a time ago such as 7d; excludes undated editions
    #[arg(long, value_name = "YYYY[-MM[-DD]]|7d")]
    pub since: Option<Since>,
    #[command(flatten)]
    pub period: PeriodArgs,
    #[command(flatten)]
    pub editions: EditionArgs,
}

/// The end of a period, and short forms of both ends.
#[derive(Debug, Args)]
pub struct PeriodArgs {
    /// Only editions until the end of this day, month or year; excludes undated editions
    #[arg(long, value_name = "YYYY[-MM[-DD]]")]
    pub until: Option<Until>,
    /// Only editions of this time before today, such as 30d, 2w, 6m or 1y
    #[arg(long, value_name = "TIME", conflicts_with_all = ["since", "until", "on"])]
    pub last: Option<Ago>,
    /// Only editions of this day, month or year
    #[arg(long, value_name = "YYYY[-MM[-DD]]", conflicts_with_all = ["since", "until"])]
    pub on: Option<On>,
}

/// Which editions to use, in addition to their dates.
#[derive(Debug, Args)]
pub struct EditionArgs {
    /// Only editions from senders whose name or mail address contains NAME: who sent the mail, the feed or the author
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub sender: Option<String>,
    /// Only editions whose source contains TEXT: their sender, or their address on the web
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub source: Option<String>,
    /// Only editions with this tag, see `askpm tag`; with several, only editions that have all
    #[arg(long, value_name = "TAG", value_parser = tag)]
    pub tag: Vec<String>,
    /// Only this edition
    #[arg(long, value_name = "SLUG", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub edition: Option<String>,
    /// Only answers by contributors whose name contains NAME, ignoring case and accents
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub contributor: Option<String>,
}

pub(super) fn tag(text: &str) -> Result<String, String> {
    edition::tag(text).ok_or_else(|| "expected a word of letters, digits and hyphens, such as pricing".into())
}
