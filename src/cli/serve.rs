//! Runs `askpm serve`: answers over HTTP, on this machine or for a team.

mod log;
mod options;
pub mod table;
mod tokens;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use super::args::ServeArgs;
use super::context::{self, Context};
use super::error::{Exit, Failure};
use super::service::{self, ServiceArgs};
use crate::serve::{self, Server, Setup, Sink};
use log::Log;
use options::Options;

/// Serves until Ctrl-C or SIGTERM. Prints the address as the only line on standard output, once it can answer questions.
pub fn run(context: Context, args: ServeArgs) -> Result<Exit, Failure> {
    let table = context.config.serve.clone().unwrap_or_default();
    let get = |name: &str| context::variable(name).and_then(|value| value.into_string().ok());
    let options = Options::new(args.team, table, get)?;
    let listener = serve::bind(options.address).map_err(|error| taken(options.address, error))?;
    let address = listener.local_addr().map_err(|error| taken(options.address, error))?;
    let context = Arc::new(context);
    let log = match &options.log {
        Some(path) => {
            let context = Arc::clone(&context);
            Some(Log::open(path, Arc::new(move |line| context.warn(line)))?)
        }
        None => None,
    };
    let service_args = ServiceArgs {
        model: args.model,
        retrieval: args.retrieval,
        sampling: args.sampling,
    };
    let service = service::open(&context, service_args, options.queue)?;
    let mut out = io::stdout().lock();
    writeln!(out, "http://{address}/")?;
    out.flush()?;
    drop(out);
    announce(&context, address, &options);
    let failed = |error| Failure::new(format!("cannot serve http://{address}/"), error);
    let detail = Arc::clone(&context);
    let setup = Setup {
        writes_with: service.writes_with,
        tokens: options.tokens,
        per_token: options.per_token,
        hosts: options.hosts,
        grace: options.grace,
        detail: Some(Box::new(move |line| detail.detail(line))),
        log: log.as_ref().map(|log| Box::new(log.sink()) as Sink),
        log_questions: options.log_questions,
        corpus: service.figures,
        ..Setup::default()
    };
    let server = Server::new(service.queue, address, setup).map_err(failed)?;
    serve::run(listener, server).map_err(failed)?;
    if let Some(log) = log {
        log.finish();
    }
    Ok(Exit::Done)
}

fn taken(address: SocketAddr, error: io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::AddrNotAvailable => "choose an address of this machine with --listen ADDRESS:PORT",
        _ => "choose another port with --port N or --listen ADDRESS:PORT; port 0 picks a free one",
    };
    Failure::new(format!("cannot listen on {address}"), error).hinted(hint)
}

/// Says who can ask.
fn announce(context: &Context, address: SocketAddr, options: &Options) {
    let api = format!("the OpenAI-compatible API is at http://{address}/v1; press Ctrl-C to stop");
    let tokens = options.tokens.len();
    let loopback = address.ip().to_canonical().is_loopback();
    match tokens {
        0 => context.note(&format!("serving on this machine only; {api}")),
        1 => context.note(&format!("serving those who have the token; {api}")),
        _ => context.note(&format!("serving those who have one of {tokens} tokens; {api}")),
    }
    if tokens == 0 && !options.hosts.is_empty() {
        context.warn("no token is needed: everyone whom the proxy lets through can ask");
    }
    if !loopback {
        context.note("tokens and questions are not encrypted: put a proxy with TLS before this address");
    }
}
