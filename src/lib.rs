//! askpm answers product managers' questions from a newsletter's discussions, on the asker's own machine.
//!
//! ```
//! use askpm::answer::Sentence;
//! use askpm::ask::{self, Listener, Settings};
//! use askpm::corpus::Corpus;
//! use askpm::index::Store;
//! use std::ops::ControlFlow;
//!
//! struct Print;
//!
//! impl Listener for Print {
//!     fn sentence(&mut self, sentence: &Sentence) -> ControlFlow<()> {
//!         println!("{} {:?}", sentence.text, sentence.citations);
//!         ControlFlow::Continue(())
//!     }
//!     fn note(&mut self, text: &str) {
//!         eprintln!("{text}");
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let corpus = Corpus::Builtin { imported: folder.path().join("imported") };
//! let (store, _) = Store::open_or_refresh(&folder.path().join("index"), &corpus.files()?)?;
//!
//! let settings = Settings::default();
//! let found = ask::find(&store, "How does one become an AI/ML PM?", &settings)?;
//! // No model here: all of it is quoted. With one, pass a `Writer`.
//! let answer = ask::write(&found, None, None, &settings, &mut Print)?;
//! assert!(!answer.abstained && !answer.citations.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # The way the data goes
//!
//! Newsletter file → [`corpus::Edition`] → [`corpus::Passage`] → index ([`index::Store`]) → [`retrieve::Hit`] →
//! [`prompt::Prompt`] → pieces of text ([`engine::Engine`]) → [`answer::Answer`] → standard output ([`render`]).
//! One named type an arrow, and one direction: each step knows the types of the steps before it and none of those
//! after. [`ask`] is the whole way on one screen, and [`chat`] makes a question of each turn of a conversation;
//! [`models`] finds and fetches what the engine loads; [`feeds`] fetches newsletters by address; [`desk`] is one queue
//! before one engine, through which [`serve`] (HTTP, on this machine alone) and [`mcp`] (standard input and output)
//! answer other programs; [`eval`] measures; [`cli`] is the program around it all.
//!
//! Connections are opened by [`models`], by [`feeds`] and, where the settings name a server, by [`served::ServedEngine`]
//! and [`retrieve::cluster`]; offline by none of them.
//!
//! # Ideas that hold everywhere
//!
//! - **Whether to answer is decided before a model is loaded**: each discussion that was found answers, is related, or is
//!   off ([`answer::judge`]).
//! - **A sentence is shown only with the words that back it** ([`answer::grounding`]): a quote is a verbatim slice of a
//!   passage, and a passage is a verbatim slice of an edition.
//! - **Text is data.** No text of a passage or question can become a special token ([`engine`]) or a query operator
//!   ([`retrieve`]), and no control character of it reaches a terminal ([`render::sanitise`]).
//! - **Files are replaced whole or not at all**, and freshness is told by content, never by clock ([`index`],
//!   [`models`]).

pub mod answer;
pub mod ask;
pub mod chat;
pub mod cli;
pub mod corpus;
pub mod desk;
pub use askpm_engine as engine;
pub mod eval;
pub mod feeds;
pub mod index;
pub mod mcp;
pub mod models;
pub mod prompt;
pub mod reading;
mod remote;
pub mod render;
pub mod retrieve;
pub mod serve;
pub mod served;

#[cfg(test)]
mod testing;
