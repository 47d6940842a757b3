//! Runs `askpm serve`: answers over HTTP, on this machine only.

use std::io::{self, Write};
use std::sync::Arc;

use super::args::ServeArgs;
use super::context::Context;
use super::desk::{self, Orders};
use super::error::{Exit, Failure};
use crate::serve::{self, House, Limits};

/// Serves until Ctrl-C. Prints the address as the only line on standard output, once it can answer questions.
pub fn run(context: Context, args: ServeArgs) -> Result<Exit, Failure> {
    let taken = |error: io::Error| {
        Failure::new(format!("cannot listen on 127.0.0.1:{}", args.port), error)
            .hinted("choose another port with --port N; 0 picks a free one")
    };
    let listener = serve::bind(args.port).map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    let context = Arc::new(context);
    let orders = Orders {
        model: args.model,
        retrieval: args.retrieval,
        sampling: args.sampling,
    };
    let (desk, writes_with) = desk::open(&context, orders, usize::from(args.queue))?;
    let mut out = io::stdout().lock();
    writeln!(out, "http://{address}/")?;
    out.flush()?;
    drop(out);
    context.note(&format!(
        "serving on this machine only; the OpenAI-compatible API is at http://{address}/v1; press Ctrl-C to stop"
    ));
    let house = House::new(desk, writes_with, Limits::default(), move |line| context.detail(line));
    serve::run(listener, house).map_err(|error| Failure::new(format!("cannot serve http://{address}/"), error))?;
    Ok(Exit::Done)
}
