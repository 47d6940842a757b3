//! Runs `askpm mcp`: serves the corpus as tools of the Model Context Protocol, over standard input and output.

use std::sync::Arc;

use super::args::McpArgs;
use super::context::Context;
use super::error::{Exit, Failure};
use super::service::{self, ServiceArgs};
use crate::mcp;

/// The most waiting calls. One assistant makes few at a time.
const PLACES: usize = 16;

/// Serves until standard input ends.
pub fn run(context: Context, args: McpArgs) -> Result<Exit, Failure> {
    let args = ServiceArgs {
        model: args.model,
        retrieval: args.retrieval,
        sampling: args.sampling,
    };
    let service = service::open(&Arc::new(context), args, PLACES)?;
    mcp::run(service.queue).map_err(|error| {
        Failure::new("cannot serve the Model Context Protocol", error)
            .hinted("let a client of the protocol start `askpm mcp` and write to its standard input")
    })?;
    Ok(Exit::Done)
}
