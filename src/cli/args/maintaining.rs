//! Defines the arguments of the commands that maintain the setup: `doctor`, `config` and `models`.

use clap::{Args, Subcommand};

use super::*;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm doctor
  askpm doctor --fix")]
pub struct DoctorArgs {
    /// Fix what is safe to fix: rebuild the index, delete leftover temporary files, correct permissions
    #[arg(long)]
    pub fix: bool,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  askpm config show
  askpm config edit")]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub action: ConfigAction,
}

#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Show each setting and its source: flag, variable, file or default
    #[command(after_help = "Examples:\n  askpm config show\n  askpm config show --json")]
    Show(ConfigShowArgs),
    /// Print the path of the settings file
    #[command(after_help = "Examples:\n  askpm config path")]
    Path,
    /// Edit the settings in VISUAL or EDITOR, and save them if they are valid
    #[command(after_help = "Examples:\n  askpm config edit")]
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
#[command(after_help = "\
Examples:
  askpm models list
  askpm models pull qwen3-0.6b
  askpm models verify")]
pub struct ModelsArgs {
    #[command(subcommand)]
    pub action: ModelsAction,
}

#[derive(Debug, Subcommand)]
pub enum ModelsAction {
    /// List the known models and which are on this machine
    #[command(after_help = "Examples:\n  askpm models list\n  askpm models list --json")]
    List(OutputArgs),
    /// Name the model that this machine should write with, and why
    #[command(after_help = "Examples:\n  askpm models recommend\n  askpm models recommend --json")]
    Recommend(OutputArgs),
    /// Download a model [default: the one for this machine]
    #[command(after_help = "Examples:\n  askpm models pull\n  askpm models pull qwen3-0.6b")]
    Pull {
        /// The model's name, as `askpm models list` prints it
        name: Option<String>,
    },
    /// Check a model's file against its checksum [default: every model on this machine]
    #[command(after_help = "Examples:\n  askpm models verify\n  askpm models verify qwen3-0.6b")]
    Verify {
        /// The model's name, as `askpm models list` prints it
        name: Option<String>,
    },
    /// Delete a model's file
    #[command(after_help = "Examples:\n  askpm models remove qwen3-0.6b")]
    Remove {
        /// The model's name, as `askpm models list` prints it
        name: String,
    },
    /// Print the path of a model's file [default: the one for this machine]
    #[command(after_help = "Examples:\n  askpm models path qwen3-0.6b")]
    Path {
        /// The model's name, as `askpm models list` prints it
        name: Option<String>,
    },
}
