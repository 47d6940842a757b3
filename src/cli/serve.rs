//! Runs `askpm serve`: answers over HTTP, on this machine only.

use std::io::{self, Write};
use std::sync::Arc;

use super::args::ServeArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::service::{self, ServiceArgs};
use crate::serve::{self, Limits, Server};

/// Serves until Ctrl-C. Prints the address as the only line on standard output, once it can answer questions.
pub fn run(context: Context, args: ServeArgs) -> Result<Exit, Failure> {
    let taken = |error: io::Error| {
        Failure::new(format!("cannot listen on 127.0.0.1:{}", args.port), error)
            .hinted("choose another port with --port N; 0 picks a free one")
    };
    let listener = serve::bind(args.port).map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    let context = Arc::new(context);
    let service_args = ServiceArgs {
        model: args.model,
        retrieval: args.retrieval,
        sampling: args.sampling,
    };
    let (queue, writes_with) = service::open(&context, service_args, usize::from(args.queue))?;
    let mut out = io::stdout().lock();
    writeln!(out, "http://{address}/")?;
    out.flush()?;
    drop(out);
    context.note(&format!(
        "serving on this machine only; the OpenAI-compatible API is at http://{address}/v1; press Ctrl-C to stop"
    ));
    let server = Server::new(queue, writes_with, Limits::default(), move |line| context.detail(line));
    serve::run(listener, server).map_err(|error| Failure::new(format!("cannot serve http://{address}/"), error))?;
    Ok(Exit::Done)
}
