//! Which conversation a question belongs to: a new one, or with `--continue` the last.
//!
//! In: arguments and settings. Out: a [`Conversation`] that keeps its turns, or keeps nothing if the user wants none kept.

use super::args::ConversationArgs;
use super::context::Context;
use super::error::Failure;
use crate::answer::runs::Shown;
use crate::chat::{self, Conversation};

/// A new conversation, or the last one; an error where there is no last one.
pub fn begin(context: &Context, args: &ConversationArgs) -> Result<Conversation, Failure> {
    if !args.resume {
        return Ok(new(context, args));
    }
    last(context, args)?.ok_or_else(|| {
        Failure::new("--continue", "there is no conversation to go on with").hinted("ask without -c first")
    })
}

/// A new conversation.
pub fn new(context: &Context, args: &ConversationArgs) -> Conversation {
    let folder = context.folders.conversations();
    Conversation::new(keeps(context, args).then_some(&*folder))
}

/// The conversation spoken in last, if there is one.
pub fn last(context: &Context, args: &ConversationArgs) -> Result<Option<Conversation>, Failure> {
    Ok(Conversation::last(
        &context.folders.conversations(),
        keeps(context, args),
    )?)
}

/// Whether anything of a conversation is to be kept.
pub fn keeps(context: &Context, args: &ConversationArgs) -> bool {
    !args.no_history && context.config.history.unwrap_or(true)
}

/// `question` as it is searched for where it leans on the turns before it, which is told with `-v`.
pub fn leaning(context: &Context, conversation: &Conversation, question: &str) -> Option<String> {
    let query = chat::standalone(&conversation.turns, question)?;
    context.detail(&format!("searching for: {query}"));
    Some(query)
}

/// What a follow-up is not to be answered with again: all that the conversation has quoted. A question that stands alone
/// may be asked again, and is then answered again.
pub fn shown(conversation: &Conversation, leaning: Option<&str>) -> Vec<Shown> {
    let turns = leaning.map_or(&[][..], |_| &conversation.turns);
    let shown = chat::shown(turns).into_iter();
    shown.map(|(id, quote)| Shown { id: Some(id), quote }).collect()
}
