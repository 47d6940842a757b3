//! Chooses the conversation of a question: a new one or, with `--continue`, the last one.

use super::args::ConversationArgs;
use super::context::Context;
use super::error::Failure;
use crate::answer::runs::Shown;
use crate::chat::{self, Conversation};

/// Starts a new conversation, or resumes the last one.
///
/// # Errors
/// `--continue` without an earlier conversation.
pub fn begin(context: &Context, args: &ConversationArgs) -> Result<Conversation, Failure> {
    if !args.resume {
        return Ok(new(context, args));
    }
    last(context, args)?.ok_or_else(|| {
        Failure::new("cannot continue", "there is no earlier conversation").hinted("ask a question without -c first")
    })
}

/// A new conversation.
pub fn new(context: &Context, args: &ConversationArgs) -> Conversation {
    let folder = context.folders.conversations();
    Conversation::new(keeps(context, args).then_some(&*folder))
}

/// The most recent conversation, if there is one.
pub fn last(context: &Context, args: &ConversationArgs) -> Result<Option<Conversation>, Failure> {
    Ok(Conversation::last(
        &context.folders.conversations(),
        keeps(context, args),
    )?)
}

/// Whether to save the conversation.
pub fn keeps(context: &Context, args: &ConversationArgs) -> bool {
    !args.no_history && context.config.history.unwrap_or(true)
}

/// The quotes that a follow-up must not repeat: all that the conversation has shown.
pub fn shown(conversation: &Conversation) -> Vec<Shown> {
    let shown = chat::shown(&conversation.turns).into_iter();
    shown.map(|(id, quote)| Shown { id: Some(id), quote }).collect()
}

/// Prints with `-v` what was searched for, if the question depends on earlier ones.
pub fn tell_leaning(context: &Context, leaning: Option<&str>) {
    if let Some(query) = leaning {
        context.detail(&format!("searching for: {query}"));
    }
}
