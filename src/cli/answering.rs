//! The settings of an answer, from flags and the settings file. `ask`, `chat` and the servers share them.

use super::args::{AskArgs, ModelChoice, Retrieval, SamplingArgs};
use super::context::Context;
use super::error::Failure;
use crate::ask::Settings;
use crate::engine::Sampling;
use crate::retrieve::Filters;

/// The settings of one answer: from the flag, else the settings file, else the default.
pub fn settings(context: &Context, args: &AskArgs) -> Settings {
    Settings {
        keep_unsupported: args.keep_unsupported,
        ..settings_of(context, &args.retrieval, (&args.filters).into(), &args.sampling)
    }
}

/// [`settings`] from the argument groups that the servers also take.
pub fn settings_of(context: &Context, retrieval: &Retrieval, filters: Filters, sampling: &SamplingArgs) -> Settings {
    let default = Settings::default();
    let config = &context.config;
    Settings {
        top_k: retrieval.top_k.or(config.top_k).map_or(default.top_k, usize::from),
        min_confidence: retrieval
            .min_score
            .or(config.min_score)
            .unwrap_or(default.min_confidence),
        filters,
        keep_unsupported: default.keep_unsupported,
        shown: default.shown,
        sampling: Sampling {
            temperature: sampling
                .temperature
                .or(config.temperature)
                .unwrap_or(default.sampling.temperature),
            top_p: sampling.top_p.unwrap_or(default.sampling.top_p),
            seed: sampling.seed.unwrap_or(default.sampling.seed),
            max_tokens: sampling
                .max_tokens
                .or(config.max_tokens)
                .map_or(default.sampling.max_tokens, |n| n as usize),
            ..default.sampling
        },
    }
}

/// Refuses flags about a model with `-m none`, where no model runs.
pub fn refuse_what_quoting_cannot_honour(
    context: &Context,
    choice: &ModelChoice,
    sampling: &SamplingArgs,
    keep_unsupported: bool,
) -> Result<(), Failure> {
    let model = choice.model.as_ref().or(context.config.model.as_ref());
    if model.map(String::as_str) != Some("none") {
        return Ok(());
    }
    let given = [
        ("--device", choice.device.is_some()),
        ("--adapter", choice.adapter.is_some()),
        ("--temperature", sampling.temperature.is_some()),
        ("--top-p", sampling.top_p.is_some()),
        ("--seed", sampling.seed.is_some()),
        ("--max-tokens", sampling.max_tokens.is_some()),
        ("--keep-unsupported", keep_unsupported),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Failure::usage(&format!(
            "`{flag}` needs a model, but the model is `none`"
        ))),
        None => Ok(()),
    }
}
