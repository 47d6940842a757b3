//! A conversation: questions one after the other, each of which may lean on those before it.
//!
//! In: what was asked and answered so far, and a new turn. Out: the turn as a question that stands alone
//! ([`followup`]), conversations kept in files ([`store`], [`transcript`]), and what a line typed asks for
//! ([`command`]). It knows what is asked and answered, and must not know of terminals, models or command lines.

pub mod command;
pub mod followup;
pub mod store;
pub mod transcript;

pub use store::{Conversation, StoreError};
pub use transcript::Turn;

/// `question` as it is to be searched for after `turns`, oldest first; `None` where it stands alone.
pub fn standalone(turns: &[Turn], question: &str) -> Option<String> {
    let past: Vec<&str> = turns.iter().rev().map(|turn| turn.question.as_str()).collect();
    followup::standalone(&past, question)
}
