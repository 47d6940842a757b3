//! Checks the servers in the settings: whether their settings are valid, and whether they answer.
//!
//! Online, askpm contacts each server once, for a few seconds. It sends a word or two to an embedder and a reranker, and
//! to the others nothing that the server would store or charge for. Offline, it checks only the settings.

use std::time::Duration;

use super::super::cluster::RetrieverTable;
use super::super::context::{Context, shown};
use super::super::embedder::EmbedderTable;
use super::super::error::Failure;
use super::super::generator::Generator;
use super::super::imap::ImapTable;
use super::super::reranker::RerankerTable;
use super::super::served::WITHOUT;
use super::{Check, State, broken, check};
use crate::engine::Engine as _;
use crate::imap::{self, Account};
use crate::models::Net;
use crate::render::terminal::count;
use crate::retrieve::cluster::Held;
use crate::served::ServedEngine;

/// The longest wait for a server.
const REACH: Duration = Duration::from_secs(5);

/// The longest wait for a mail server. It delays its answer to a wrong password.
const MAIL: Duration = Duration::from_secs(15);

/// The most model names to list.
const NAMES: usize = 5;

/// Returns a check for each server in the settings.
pub fn checks(context: &Context) -> Vec<Check> {
    let generator = context.config.generator.as_ref();
    let retriever = context.config.retriever.as_ref();
    let generator = generator.map(|generator| generator_check(generator, context.net));
    let retriever = retriever.map(|retriever| retriever_check(retriever, context));
    let embedder = context.config.embedder.as_ref();
    let reranker = context.config.reranker.as_ref();
    let embedder = embedder.map(|embedder| embedder_check(embedder, context.net));
    let reranker = reranker.map(|reranker| reranker_check(reranker, context.net));
    let imap = context.config.imap.as_ref().map(|imap| imap_check(imap, context.net));
    [generator, retriever, embedder, reranker, imap]
        .into_iter()
        .flatten()
        .collect()
}

fn embedder_check(embedder: &EmbedderTable, net: Net) -> Check {
    const NAME: &str = "embedder";
    let looked = match net {
        Net::Online => embedder.look(REACH).map(Some),
        Net::Offline => embedder.client(Net::Online).map(|_| None),
    };
    let (at, model) = (embedder.address(), &embedder.model);
    match looked {
        Err(failure) => broken(NAME, &failure),
        Ok(None) => unused(NAME, &at),
        Ok(Some(dimensions)) => {
            let detail = format!("{at}: the server answers; the vectors of {model} have {dimensions} numbers");
            check(NAME, State::Ok, detail)
        }
    }
}

fn reranker_check(reranker: &RerankerTable, net: Net) -> Check {
    const NAME: &str = "reranker";
    match net {
        Net::Online => match reranker.look(REACH) {
            Err(failure) => broken(NAME, &failure),
            Ok(at) => check(
                NAME,
                State::Ok,
                format!("{at}: the server answers, and {} scores", reranker.model),
            ),
        },
        Net::Offline => match reranker.client(Net::Online) {
            Err(failure) => broken(NAME, &failure),
            Ok(client) => unused(NAME, &client.address()),
        },
    }
}

/// The check of a server that search uses, in offline mode.
fn unused(name: &'static str, at: &str) -> Check {
    Check {
        mend: Some(WITHOUT.into()),
        ..check(name, State::Note, format!("{at}: not used in offline mode"))
    }
}

fn generator_check(generator: &Generator, net: Net) -> Check {
    const NAME: &str = "generator";
    // Built as if online, so that invalid settings are also reported offline.
    let engine = match generator.engine(Net::Online) {
        Ok(engine) => engine,
        Err(failure) => return broken(NAME, &failure),
    };
    let at = shown(&engine.info().file);
    if net == Net::Offline {
        return Check {
            mend: Some("use a model on this machine with -m NAME, or -m none".into()),
            ..check(NAME, State::Note, format!("{at}: not used in offline mode"))
        };
    }
    match engine.models(REACH) {
        Err(error) => broken(NAME, &error.into()),
        Ok(listed) => listed_check(NAME, &engine, &at, listed),
    }
}

/// The check of a server that answered with this list of models.
fn listed_check(name: &'static str, engine: &ServedEngine, at: &str, listed: Option<Vec<String>>) -> Check {
    let model = &engine.info().name;
    let Some(listed) = listed else {
        return Check {
            mend: Some(
                "if questions fail, check `url` in [generator]: it must end with the API version, such as /v1".into(),
            ),
            ..check(
                name,
                State::Note,
                format!("{at}: the server answers, but lists no models"),
            )
        };
    };
    // Ollama adds the tag that a name without one stands for.
    let latest = format!("{model}:latest");
    if listed.iter().any(|listed| listed == model || *listed == latest) {
        return check(name, State::Ok, format!("{at}: the server answers, and has {model}"));
    }
    let mut names = listed.iter().take(NAMES).cloned().collect::<Vec<_>>().join(", ");
    if listed.len() > NAMES {
        names.push_str(", …");
    }
    let others = if names.is_empty() {
        String::new()
    } else {
        format!(", only {names}")
    };
    Check {
        mend: Some("set `model` in [generator] to a model that the server lists".into()),
        ..check(
            name,
            State::Note,
            format!("{at}: the server answers, but does not list {model}{others}"),
        )
    }
}

fn retriever_check(retriever: &RetrieverTable, context: &Context) -> Check {
    const NAME: &str = "retriever";
    if context.net == Net::Offline {
        return match retriever.check() {
            Err(failure) => broken(NAME, &failure),
            Ok(()) => Check {
                mend: Some("search the local index with --by words or --by both".into()),
                ..check(NAME, State::Note, "not used in offline mode")
            },
        };
    }
    match retriever.look(REACH) {
        Err(failure) => broken(NAME, &failure),
        Ok(held) => held_check(NAME, &held),
    }
}

/// Logs in and opens the folder. Offline, it runs no command of the settings either.
fn imap_check(imap: &ImapTable, net: Net) -> Check {
    const NAME: &str = "imap";
    let folder = imap.shown();
    let Some(permit) = net.permit() else {
        return match imap.check() {
            Err(failure) => broken(NAME, &failure),
            Ok(()) => check(NAME, State::Note, format!("{folder}: not used in offline mode")),
        };
    };
    let account = match imap.account() {
        Ok(account) => account,
        Err(failure) => return broken(NAME, &failure),
    };
    let account = Account {
        patience: account.patience.min(MAIL),
        ..account
    };
    match imap::look(&permit, &account) {
        Ok(looked) => {
            let messages = count(looked.messages as usize, "message");
            check(
                NAME,
                State::Ok,
                format!("{folder}: the server answers, and has {messages}"),
            )
        }
        Err(error) => {
            let failure = Failure::new(folder, &error);
            broken(
                NAME,
                &match error.hint() {
                    Some(hint) => failure.hinted(hint),
                    None => failure,
                },
            )
        }
    }
}

/// The check of a cluster that answers.
fn held_check(name: &'static str, held: &Held) -> Check {
    let address = &held.address;
    let Some((index, stats)) = &held.there else {
        return Check {
            mend: Some("run `askpm refresh` where the newsletters are".into()),
            ..check(
                name,
                State::Note,
                format!("{address}: the cluster answers, but has no corpus"),
            )
        };
    };
    let detail = format!(
        "{address}: the cluster answers, and has {} passages of {} editions as {index}, of {}",
        stats.passages, stats.editions, stats.indexed_at
    );
    check(name, State::Ok, detail)
}
