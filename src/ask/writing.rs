//! Lets a model put the answer together: prompts it, and keeps of its text what the passages back.
//!
//! In: what is asked, the passages, a loaded model. Out: a [`Draft`], sentence by sentence. A small model chooses among
//! sentences of the passages; a larger one writes. It must not know how passages are found, nor who listens.

use std::ops::ControlFlow;

use super::{AskError, Listener, Settings, Style, Writer, ms};
use crate::answer::compose::{Composer, Flow};
use crate::answer::extractive::{Asked, Limits, Pick};
use crate::answer::injection;
use crate::answer::{Draft, MAX_WORDS, Sentence, Timings};
use crate::corpus::Passage;
use crate::engine::{Choosing, Engine, Generation, Message, Next, Role};
use crate::prompt::{Prompt, Template};

/// How many tokens a prompt may take: prefill is what a reader waits for.
const PROMPT_TOKENS: usize = 1_536;

/// A model of fewer parameters makes things up when it writes; it is given sentences to choose from instead.
const SMALL_MODEL: u64 = 400_000_000;

/// What a small model chooses from: somewhat more than it may say, all of it worth saying and readable alone.
const TO_CHOOSE_FROM: Limits = Limits {
    sentences: 7,
    per_passage: 3,
    words: MAX_WORDS + 60,
    leaning: false,
};

/// Words that each passage is cut to where they do not all fit the prompt whole.
const CONDENSED: usize = 120;

/// Lets the model answer, and keeps the sentences that the passages in its prompt back.
pub(super) fn generate(
    asked: &Asked,
    passages: &[&Passage],
    writer: Writer,
    settings: &Settings,
    timings: &mut Timings,
    listener: &mut dyn Listener,
) -> Result<Draft, AskError> {
    let Writer { engine, prompts, .. } = writer;
    let small = match settings.style {
        Style::BySize => engine.info().parameters < SMALL_MODEL,
        Style::Choose => true,
        Style::Write => false,
    };
    let written = if small {
        choose(engine, &prompts.choose, asked, passages, settings, listener)?
    } else {
        compose(engine, &prompts.answer, asked, passages, settings, listener)?
    };
    let Some((draft, generation)) = written else {
        listener.note("the question leaves the model no room for passages: quoting them instead");
        return Ok(Draft::default());
    };
    timings.prompt_tokens = generation.prompt_tokens;
    timings.cached_tokens = generation.cached_tokens;
    timings.generated_tokens = generation.generated_tokens;
    timings.prefill_ms = ms(generation.prefill);
    timings.first_token_ms = ms(generation.first_token);
    timings.decode_ms = ms(generation.decode);
    if !draft.holds() {
        listener.note("no sentence that the model wrote is backed by a passage: quoting the passages instead");
    }
    Ok(draft)
}

/// What came of a prompt; `None` where no passage fits it.
type Written = Result<Option<(Draft, Generation)>, AskError>;

/// The model writes freely; what no passage backs is dropped, or marked.
fn compose(
    engine: &mut dyn Engine,
    template: &Template,
    asked: &Asked,
    passages: &[&Passage],
    settings: &Settings,
    listener: &mut dyn Listener,
) -> Written {
    let aids = settings.aids;
    let mut texts: Vec<String> = match aids.trimming {
        true => asked.condense(passages, CONDENSED),
        false => passages.iter().map(|p| injection::without(&p.text)).collect(),
    };
    let mut prompt = fill(engine, template, asked, &numbered(&texts), settings)?;
    if !prompt.whole && !aids.trimming {
        // Something of every passage says more than the first passages whole.
        texts = asked.condense(passages, CONDENSED);
        prompt = fill(engine, template, asked, &numbered(&texts), settings)?;
    }
    if prompt.passages == 0 {
        return Ok(None);
    }
    let mut shown = passages[..prompt.passages].to_vec();
    if aids.best_last && prompt.whole {
        shown.reverse();
        texts.reverse();
        prompt = fill(engine, template, asked, &numbered(&texts), settings)?;
    }
    let again = aids.again && engine.revises();
    let mut composer = Composer::new(&shown, asked.meaning, settings.keep_unsupported, again);
    let mut show = |sentence: &Sentence| listener.sentence(sentence);
    let messages = messages(&prompt.system, &prompt.user);
    let generation = engine.revise(
        &messages,
        &settings.sampling,
        &mut |piece| match composer.push(piece, &mut show) {
            Flow::GoOn => Next::GoOn,
            Flow::Stop => Next::Stop,
            Flow::Again(from) => Next::Again(from),
        },
    )?;
    Ok(Some((composer.finish(&mut show).0, generation)))
}

/// The best sentence of the passages, and what the model chooses of the others: they back the answer word for word.
fn choose(
    engine: &mut dyn Engine,
    template: &Template,
    asked: &Asked,
    passages: &[&Passage],
    settings: &Settings,
    listener: &mut dyn Listener,
) -> Written {
    let picks: Vec<Pick> = asked.pick(passages, TO_CHOOSE_FROM);
    let quote = |pick: &Pick| {
        let text = &passages[pick.passage].text[pick.quote.clone()];
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let sentences: Vec<String> = picks.iter().map(quote).collect();
    let mut read = sentences.clone();
    if settings.aids.best_last {
        read.reverse();
    }
    let prompt = fill(engine, template, asked, &read, settings)?;
    if prompt.passages == 0 {
        return Ok(None);
    }
    let mut draft = Draft::default();
    let messages = messages(&prompt.system, &prompt.user);
    let how = Choosing {
        most: settings.aids.most,
        opening: settings.aids.opening,
    };
    let generation = engine.choose(&messages, &sentences, how, &settings.sampling, &mut |choice| {
        if draft.words() + sentences[choice].split_whitespace().count() > MAX_WORDS {
            return ControlFlow::Break(());
        }
        let pick = &picks[choice];
        listener.sentence(draft.quote(passages[pick.passage], pick.quote.clone()))
    })?;
    Ok(Some((draft, generation)))
}

fn fill(
    engine: &dyn Engine,
    template: &Template,
    asked: &Asked,
    texts: &[String],
    settings: &Settings,
) -> Result<Prompt, AskError> {
    let room = engine
        .info()
        .context_length
        .saturating_sub(settings.sampling.max_tokens);
    let count = |system: &str, user: &str| engine.count_prompt(&messages(system, user));
    Ok(template.fill(asked.question, texts, room.min(PROMPT_TOKENS), &count)?)
}

/// `[1] …`, `[2] …`: so that a model can say which it means.
fn numbered(texts: &[String]) -> Vec<String> {
    let numbers = 1..;
    numbers
        .zip(texts)
        .map(|(n, text): (usize, _)| format!("[{n}] {text}"))
        .collect()
}

fn messages(system: &str, user: &str) -> [Message; 2] {
    [(Role::System, system), (Role::User, user)].map(|(role, content)| Message {
        role,
        content: content.to_string(),
    })
}
