//! Runs `askpm refresh`: updates the index and prints what changed, or what is new for the saved questions.

use std::io::{self, Write};

use super::args::RefreshArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::incoming::Incoming;
use super::publish::publish;
use super::report::{Form, note, tell};
use super::{saved, timer, vectors, watch};

pub fn run(context: &Context, args: &RefreshArgs) -> Result<Exit, Failure> {
    if args.install_timer {
        return timer::run(context, args.yes);
    }
    let mut incoming = Incoming::new(context, args.drop.clone());
    if args.watch {
        return watch::run(context, args, incoming);
    }
    let mut skipped = incoming.fetched()?;
    skipped.extend(incoming.dropped()?);
    context.tell_skipped(&skipped);
    let (store, mut report) = context.refreshed()?;
    vectors::send(context, &store)?;
    publish(context, &store)?;
    report.skipped.extend(skipped);
    if args.saved {
        drop(store);
        note(context, &report)?;
        return saved::report(context, None, args.by, args.json);
    }
    let mut out = io::stdout().lock();
    tell(&mut out, &report, if args.json { Form::Json } else { Form::Text })?;
    out.flush()?;
    Ok(Exit::Done)
}
