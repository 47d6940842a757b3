//! Runs `askpm mcp`: serves the corpus as tools of the Model Context Protocol, over standard input and output.

use std::sync::Arc;

use super::args::McpArgs;
use super::context::Context;
use super::desk::{self, Orders};
use super::error::{Exit, Failure};
use crate::mcp;

/// The most waiting calls. One assistant makes few at a time.
const PLACES: usize = 16;

/// Serves until standard input ends.
pub fn run(context: Context, args: McpArgs) -> Result<Exit, Failure> {
    let orders = Orders {
        model: args.model,
        retrieval: args.retrieval,
        sampling: args.sampling,
    };
    let (desk, _) = desk::open(&Arc::new(context), orders, PLACES)?;
    mcp::run(desk).map_err(|error| {
        Failure::new("cannot serve the Model Context Protocol", error)
            .hinted("let a client of the protocol start `askpm mcp` and write to its standard input")
    })?;
    Ok(Exit::Done)
}
