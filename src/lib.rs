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
//! // Without a model, everything is quoted. With one, pass a `Writer`.
//! let answer = ask::write(&found, None, None, &settings, &mut Print)?;
//! assert!(!answer.abstained && !answer.citations.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # Data flow
//!
//! Newsletter file → [`corpus::Edition`] → [`corpus::Passage`] → index ([`index::Store`]) → [`retrieve::Hit`] →
//! [`prompt::Prompt`] → pieces of text ([`engine::Engine`]) → [`answer::Answer`] → standard output ([`render`]).
//!
//! - [`ask`] runs the whole pipeline.
//! - [`compare`] makes a table of who says what, and [`saved`] reports what is new for saved questions.
//! - [`chat`] turns each turn of a conversation into a question.
//! - [`models`] finds and downloads what the engine loads.
//! - [`feeds`] fetches newsletters by address, and [`imap`] from a mailbox.
//! - [`jobs`] queues questions before one engine. [`serve`] (HTTP, only on this machine) and [`mcp`] (standard input
//!   and output) answer other programs through it.
//! - [`eval`] measures.
//! - [`cli`] is the program.
//!
//! Only [`models`], [`feeds`], [`imap`] and, if the settings name a server, [`served::ServedEngine`] and
//! [`retrieve::cluster`] open outgoing connections. Offline, none of them does.
//!
//! # Invariants
//!
//! - **askpm decides whether to answer before it loads a model.** Each discussion that it finds answers the question,
//!   is related, or is off topic ([`answer::judge`]).
//! - **A sentence is shown only with the words that back it** ([`answer::grounding`]). A quote is a verbatim slice of a
//!   passage, and a passage is a verbatim slice of an edition.
//! - **Text is data.** No text of a passage or question can become a special token ([`engine`]) or a query operator
//!   ([`retrieve`]). None of its control characters reach a terminal ([`render::sanitise`]).
//! - **Files are replaced as a whole or not at all.** Freshness is judged by content, never by clock ([`index`],
//!   [`models`]).

pub mod answer;
pub mod ask;
pub mod chat;
pub mod cli;
pub mod compare;
pub mod corpus;
pub mod digest;
pub mod jobs;
pub use askpm_engine as engine;
pub mod eval;
pub mod feeds;
mod hex;
pub mod imap;
pub mod index;
pub mod mcp;
mod memory;
pub mod models;
pub mod prompt;
mod remote;
pub mod render;
pub mod retrieve;
pub mod saved;
mod scale;
pub mod serve;
pub mod served;
pub mod themes;

#[cfg(test)]
mod testing;
