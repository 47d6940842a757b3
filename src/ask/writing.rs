//! Writes the answer from the discussions that answer the question.
//!
//! It chooses the runs, lets a model write the lead if one is loaded, and adds one voice for each contributor. Each
//! sentence goes to the listener as soon as it is final.

use std::ops::ControlFlow;

use super::{AskError, DISCUSSIONS, Found, Listener, Settings, Writer, ms, used};
use crate::answer::lead::{Lead, LeadReader};
use crate::answer::meaning::Meaning;
use crate::answer::runs::detail::{self, detail};
use crate::answer::runs::{self, Run, Shown};
use crate::answer::topic::{Topic, Verdict};
use crate::answer::{Draft, MAX_WORDS, Mode, ModelUsed, Related, Timings};
use crate::corpus::Passage;
use crate::engine::{Engine, Message, Role, Sampling, Stop};

/// The most tokens of a prompt. Readers wait for the prefill.
const PROMPT_TOKENS: usize = 1_536;

/// The most tokens of a lead. The model is asked for 25 words.
const LEAD_TOKENS: usize = 96;

/// The most voices of an answer that may not be one. Blind readers found two better than all (2.27 of 5 against 1.97), and
/// one as good where nothing answers but worse elsewhere (benches/runs/2026-11-29-epyc-2-cores/readings-9).
const UNSURE_VOICES: usize = 2;

/// The most related discussions that an abstention names.
pub(super) const RELATED: usize = 3;

/// The result of writing an answer.
pub(super) struct Written {
    pub draft: Draft,
    pub model: Option<ModelUsed>,
    pub mode: Mode,
    /// Whether a limit cut off the model's text.
    pub cut: bool,
}

impl Default for Written {
    fn default() -> Self {
        Written {
            draft: Draft::default(),
            model: None,
            mode: Mode::Extractive,
            cut: false,
        }
    }
}

/// Writes the answer to `found`, and passes each sentence to `listener` as soon as it is ready.
pub(super) fn write(
    found: &Found,
    writer: Option<Writer>,
    meaning: Option<&dyn Meaning>,
    settings: &Settings,
    timings: &mut Timings,
    listener: &mut dyn Listener,
) -> Result<Written, AskError> {
    let answering = found.topics.iter().filter(|topic| topic.verdict == Verdict::Answers);
    let topics: Vec<&Topic> = answering.take(DISCUSSIONS).collect();
    let in_short = |at: usize| in_short(topics.get(at)?, &settings.shown);
    let words = in_short(0).map_or(0, |text| text.split_whitespace().count());
    let mut runs = runs::choose(&found.query, &topics, &settings.shown, MAX_WORDS - words.min(MAX_WORDS));
    if !found.is_sure() {
        let nearest = runs.first().map_or(0, |run| run.topic);
        runs.retain(|run| run.topic == nearest);
        runs.truncate(UNSURE_VOICES);
    }
    let mut written = Written {
        draft: Draft::of(&found.query, found.is_sure()),
        ..Written::default()
    };
    if runs.is_empty() {
        return Ok(written);
    }
    if let Some(writer) = writer {
        written.model = Some(used(writer.engine.info(), writer.sha256.as_deref()));
        timings.load_ms = ms(writer.load);
        let texts: Vec<Passage> = runs.iter().map(|run| run.cut(&topics)).collect();
        let (lead, rejected, cut) = lead(found, &texts, writer, meaning, settings, timings)?;
        written.cut = cut;
        if let Some(lead) = lead {
            written.mode = Mode::Llm;
            let sentence = written
                .draft
                .add_lead(&lead.text, &texts[lead.run], lead.quote, lead.support);
            if listener.sentence(sentence).is_break() {
                return Ok(written);
            }
        } else {
            listener.note("no passage supports the model's text; the answer consists of quotes only");
        }
        for (text, share) in rejected.into_iter().filter(|_| settings.keep_unsupported) {
            if listener
                .sentence(written.draft.add_unsupported(&text, share))
                .is_break()
            {
                return Ok(written);
            }
        }
    }
    // What shows how belongs to the discussion that answers.
    let detail = match found.is_sure() {
        true => detail(topics[runs[0].topic], runs[0].topic, &runs, &settings.shown),
        false => None,
    };
    if let Some(detail) = detail {
        detail::add(&mut runs, detail, &topics);
    }
    // A model's lead takes the place of the summary.
    let sums_up = written.mode == Mode::Extractive;
    let mut last = None;
    for run in &runs {
        let passage = run.passage(&topics);
        if last.replace(run.topic) != Some(run.topic)
            && let Some(short) = in_short(run.topic).filter(|_| sums_up)
        {
            let sentences = written.draft.add_short(passage, short);
            if sentences.iter().any(|sentence| listener.sentence(sentence).is_break()) {
                break;
            }
        }
        let sentences = written.draft.add_run(passage, &run.sentences, run.stance, run.lead);
        if sentences.iter().any(|sentence| listener.sentence(sentence).is_break()) {
            break;
        }
    }
    Ok(written)
}

/// Returns the newsletter's own summary of `topic`, if it was not shown before.
fn in_short<'a>(topic: &'a Topic, shown: &[Shown]) -> Option<&'a str> {
    let short = topic.in_short.as_deref()?;
    let before = |s: &Shown| s.quote == short;
    (!shown.iter().any(before)).then_some(short)
}

/// What a model made of the runs: a lead, if one holds, what does not hold, and whether a limit cut the text off.
type Read = (Option<Lead>, Vec<(String, f32)>, bool);

/// Lets the model write the lead from the runs.
fn lead(
    found: &Found,
    texts: &[Passage],
    writer: Writer,
    meaning: Option<&dyn Meaning>,
    settings: &Settings,
    timings: &mut Timings,
) -> Result<Read, AskError> {
    let Writer { engine, prompts, .. } = writer;
    let sampling = Sampling {
        max_tokens: settings.sampling.max_tokens.min(LEAD_TOKENS),
        ..settings.sampling.clone()
    };
    let room = engine.info().context_length.saturating_sub(sampling.max_tokens);
    let numbers = 1..;
    let notes: Vec<String> = numbers
        .zip(texts)
        .map(|(n, passage): (usize, _)| format!("[{n}] {}", passage.text))
        .collect();
    let prompt = {
        let engine: &dyn Engine = engine;
        let count = |system: &str, user: &str| engine.count_prompt(&messages(system, user));
        prompts
            .answer
            .fill(&found.query, &notes, room.min(PROMPT_TOKENS), &count)?
    };
    if prompt.passages == 0 {
        return Ok((None, Vec::new(), false));
    }
    let mut reader = LeadReader::new(&texts[..prompt.passages], meaning);
    let mut listen = |piece: &str| -> ControlFlow<()> { reader.push(piece) };
    let generation = engine.generate(&messages(&prompt.system, &prompt.user), &sampling, &mut listen)?;
    timings.prompt_tokens = generation.prompt_tokens;
    timings.cached_tokens = generation.cached_tokens;
    timings.generated_tokens = generation.generated_tokens;
    timings.prefill_ms = ms(generation.prefill);
    timings.first_token_ms = ms(generation.first_token);
    timings.decode_ms = ms(generation.decode);
    let (lead, rejected) = reader.finish();
    let cut = matches!(generation.stop, Stop::MaxTokens | Stop::ContextFull);
    Ok((lead, rejected, cut))
}

fn messages(system: &str, user: &str) -> [Message; 2] {
    [(Role::System, system), (Role::User, user)].map(|(role, content)| Message {
        role,
        content: content.to_string(),
    })
}

/// Returns the discussions that come nearest to an answer, each with its summary or its best line.
pub(super) fn related(found: &Found) -> Vec<Related> {
    // The judge has put the most confident first.
    let near = found.topics.iter().filter(|topic| topic.verdict != Verdict::Off);
    let line = |topic: &Topic| {
        let runs: Vec<Run> = runs::choose(&found.query, &[topic], &[], MAX_WORDS);
        let best = runs.first()?;
        let span = best.sentences.get(best.lead)?.clone();
        Some(best.passage(&[topic]).text[span].to_string())
    };
    let one = |topic: &Topic| {
        Some(Related {
            id: topic.id.to_string(),
            discussion: topic.title.clone(),
            edition: topic.edition.clone(),
            quote: topic.in_short.clone().or_else(|| line(topic))?,
        })
    };
    near.take(RELATED).filter_map(one).collect()
}
