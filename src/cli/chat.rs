//! `askpm chat`: questions turn by turn, each of which may lean on those before it.
//!
//! In: lines, from a line editor or a pipe. Out: answers as `ask` gives them, on standard output, and whatever commands
//! ask for. One model stays loaded; it is loaded for the first question that the corpus can answer.

mod complete;
mod history;
mod input;
mod interrupt;
mod session;
mod worker;

use super::args::ChatArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::{ask, conversation};
use input::{Input, Typed};
use session::{Flow, Session};

pub fn run(context: &Context, args: &ChatArgs) -> Result<Exit, Failure> {
    ask::refuse_what_quoting_cannot_honour(context, &args.model, &args.sampling, false)?;
    let keeps = conversation::keeps(context, &args.conversation);
    let mut input = Input::new(context, keeps, args.json)?;
    let mut session = Session::new(context, args, input.is_terminal())?;
    if input.is_terminal() {
        context.note("ask away; /help lists the commands, Ctrl-D leaves");
    }
    loop {
        let flow = match input.next(context)? {
            Typed::End => break,
            Typed::Interrupted => {
                context.note("Ctrl-D or /quit leaves");
                continue;
            }
            Typed::Bad(failure) => session.failed(None, &failure)?,
            Typed::Line(line) => session.line(&line)?,
        };
        if flow == Flow::Leave {
            break;
        }
    }
    Ok(session.end())
}
