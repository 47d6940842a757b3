//! Runs `askpm refresh`: updates the index and prints what changed.

use std::io::{self, Write};

use super::args::RefreshArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::incoming::Incoming;
use super::meaning::open_cluster;
use super::report::{Form, tell};
use super::watch;
use crate::models::Net;

pub fn run(context: &Context, args: &RefreshArgs) -> Result<Exit, Failure> {
    let mut incoming = Incoming::new(context, args.drop.clone());
    if args.watch {
        return watch::run(context, args, incoming);
    }
    let mut skipped = incoming.feeds()?;
    skipped.extend(incoming.dropped()?);
    context.tell_skipped(&skipped);
    let (store, mut report) = context.refreshed()?;
    if let Some(table) = &context.config.retriever {
        match context.net {
            Net::Online => drop(open_cluster(context, table, &store)?),
            _ => context.note("offline: the cluster of [retriever] was not updated"),
        }
    }
    report.skipped.extend(skipped);
    let mut out = io::stdout().lock();
    tell(&mut out, &report, if args.json { Form::Json } else { Form::Text })?;
    out.flush()?;
    Ok(Exit::Done)
}
