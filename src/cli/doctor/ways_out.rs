//! The servers that the settings name: whether they are named right, and whether they can be asked.
//!
//! In: `[generator]` and `[retriever]`. Out: a check of each that is there. Online, a server is reached for once, for a
//! few seconds, and nothing is sent that it would keep or be paid for; offline, only the settings are looked at.

use std::time::Duration;

use super::super::cluster::RetrieverTable;
use super::super::context::{Context, shown};
use super::super::generator::Generator;
use super::{Check, State, broken, check};
use crate::engine::Engine as _;
use crate::index::Store;
use crate::models::Net;
use crate::retrieve::cluster::Held;
use crate::served::ServedEngine;

/// Longest that a server is waited for.
const REACH: Duration = Duration::from_secs(5);

/// Most names of models that are told.
const NAMES: usize = 5;

/// A check for each server that the settings name.
pub fn checks(context: &Context) -> Vec<Check> {
    let generator = context.config.generator.as_ref();
    let retriever = context.config.retriever.as_ref();
    let generator = generator.map(|generator| generator_check(generator, context.net));
    let retriever = retriever.map(|retriever| retriever_check(retriever, context));
    generator.into_iter().chain(retriever).collect()
}

fn generator_check(generator: &Generator, net: Net) -> Check {
    const NAME: &str = "generator";
    // Made as if online: offline, too, what is wrong with the settings is told.
    let engine = match generator.engine(Net::Online) {
        Ok(engine) => engine,
        Err(failure) => return broken(NAME, &failure),
    };
    let at = shown(&engine.info().file);
    if net == Net::Offline {
        return Check {
            mend: Some("ask with -m NAME for a model of this machine, or with -m none".into()),
            ..check(NAME, State::Note, format!("{at}: offline, no server is asked"))
        };
    }
    match engine.models(REACH) {
        Err(error) => broken(NAME, &error.into()),
        Ok(listed) => listed_check(NAME, &engine, &at, listed),
    }
}

/// What follows from the models that a server lists.
fn listed_check(name: &'static str, engine: &ServedEngine, at: &str, listed: Option<Vec<String>>) -> Check {
    let model = &engine.info().name;
    let Some(listed) = listed else {
        return Check {
            mend: Some(
                "if questions fail, check `url` of [generator]: it ends with the API's version, as in /v1".into(),
            ),
            ..check(
                name,
                State::Note,
                format!("{at}: the server answers, and lists no models"),
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
        format!(", but {names}")
    };
    Check {
        mend: Some("set `model` of [generator] to a name that the server knows".into()),
        ..check(
            name,
            State::Note,
            format!("{at}: the server answers, and does not list {model}{others}"),
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
                ..check(NAME, State::Note, "offline, no cluster is asked")
            },
        };
    }
    // An index that cannot be opened is a fault of its own, told elsewhere.
    let store = Store::open(&context.index_dir()).ok().flatten();
    match retriever.look(store.as_ref(), REACH) {
        Err(failure) => broken(NAME, &failure),
        Ok(held) => held_check(NAME, &held),
    }
}

/// What follows from how much of the corpus a cluster has.
fn held_check(name: &'static str, held: &Held) -> Check {
    let Held {
        address,
        index,
        there,
        wanted,
    } = held;
    if *wanted > 0 && there >= wanted {
        let detail = format!("{address}: the cluster answers, and has all {wanted} passages as {index}");
        return check(name, State::Ok, detail);
    }
    let has = match (*there, *wanted) {
        (_, 0) => "what the corpus has is sent with the first question".to_string(),
        (there, wanted) => format!("has {there} of {wanted} passages; the rest is sent with the next question"),
    };
    Check {
        mend: Some("askpm refresh".into()),
        ..check(name, State::Note, format!("{address}: the cluster answers; {has}"))
    }
}
