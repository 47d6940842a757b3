//! Saved questions: which ones a person keeps, and what is new for each since the last run.
//!
//! - `list` is the file of questions, `saved.toml`, which people keep in git and edit by hand.
//! - `state` is what was seen and reported, which is no setting and lives in the data folder.
//! - `news` finds the new discussions that answer a question.
//!
//! These modules work on text and values. The command line reads and writes the files.

mod among;
pub mod list;
pub mod news;
pub mod state;
