//! Runs `askpm chat`: questions in a conversation, each of which may refer to earlier ones.
//!
//! Lines come from a line editor or a pipe. Answers and the output of commands go to standard output, as in `askpm
//! ask`. The model is loaded for the first question that the corpus answers, and stays loaded.

mod complete;
mod history;
mod input;
mod interrupt;
mod session;
mod worker;

use super::args::ChatArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::{answering, conversation};
use input::{Input, Typed};
use session::{Flow, Session};

pub fn run(context: &Context, args: &ChatArgs) -> Result<Exit, Failure> {
    answering::refuse_what_quoting_cannot_honour(context, &args.model, &args.sampling, false)?;
    let keeps = conversation::keeps(context, &args.conversation);
    let mut input = Input::new(context, keeps, args.json)?;
    let mut session = Session::new(context, args, input.is_terminal())?;
    if input.is_terminal() {
        context.note("type a question; /help lists the commands, Ctrl-D exits");
    }
    loop {
        let flow = match input.next(context)? {
            Typed::End => break,
            Typed::Interrupted => {
                context.note("press Ctrl-D or type /quit to exit");
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
