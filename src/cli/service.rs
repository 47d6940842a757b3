//! Answers the questions of `askpm serve` and `askpm mcp`, one at a time, in a thread that owns the index, the embedder
//! and the model.
//!
//! Before each question it checks the corpus for changes, as often as that is cheap, so that a changed or deleted
//! edition is not quoted.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::args::{ModelChoice, Retrieval, SamplingArgs};
use super::context::Context;
use super::error::Failure;
use super::meaning::Finder;
use super::model::{self, Loaded};
use super::{answering, editions, search as search_command, show};
use crate::answer::Answer;
use crate::answer::runs::Shown;
use crate::ask::{self, AskError, Found, Listener, Reading, Settings, Writer};
use crate::chat::followup::{self, Past};
use crate::index::{Stats, Store};
use crate::jobs::{
    AnswerService, Ask, Cancel, Cancellable, CorpusFigures, EditionEntry, Fault, Figures, JobQueue, Refusal, Role,
    Search, Turn, as_json,
};
use crate::render::edition::View;
use crate::render::list::List;
use crate::render::markdown;
use crate::retrieve::Filters;

/// Checks of the corpus may take this fraction of the time: one part in 20.
const LOOK_SHARE: u32 = 20;

/// The arguments that a server was started with.
pub struct ServiceArgs {
    pub model: ModelChoice,
    pub retrieval: Retrieval,
    pub sampling: SamplingArgs,
}

/// A service that is ready.
pub struct Opened {
    pub queue: JobQueue<dyn AnswerService>,
    /// The name of the model that writes; `none` if sentences are only quoted.
    pub writes_with: String,
    /// What it answers from.
    pub figures: Figures,
}

/// Starts the service, with a queue in which `places` questions can wait.
///
/// # Errors
/// Any problem that would keep the first question from being answered. It is found at the start, not at that question.
pub fn open(context: &Arc<Context>, args: ServiceArgs, places: usize) -> Result<Opened, Failure> {
    answering::refuse_what_quoting_cannot_honour(context, &args.model, &args.sampling, false)?;
    let (queue, worker) = JobQueue::<dyn AnswerService>::open(places);
    let (tell, told) = channel();
    let context = Arc::clone(context);
    let figures = Figures::default();
    let shared = figures.clone();
    // The thread is not joined. Ending it with the program leaves nothing half written.
    thread::Builder::new().name("service".into()).spawn(move || {
        if let Some(mut service) = start(context, args, shared, &tell) {
            worker.work(&mut service);
        }
    })?;
    let writes_with = told
        .recv()
        .map_err(|_| Failure::new("cannot start the answering thread", "it ended at once"))??;
    Ok(Opened {
        queue,
        writes_with,
        figures,
    })
}

/// Prepares the service and reports the result.
fn start(
    context: Arc<Context>,
    args: ServiceArgs,
    figures: Figures,
    tell: &Sender<Result<String, Failure>>,
) -> Option<LocalService> {
    let (told, here) = match LocalService::new(context, args, figures) {
        Ok(here) => (Ok(here.writes_with()), Some(here)),
        Err(failure) => (Err(failure), None),
    };
    tell.send(told).ok()?;
    here
}

/// Everything that answering needs.
struct LocalService {
    context: Arc<Context>,
    settings: Settings,
    /// The default number of search results.
    hits: Option<usize>,
    store: Store,
    /// What others may see of the store.
    figures: Figures,
    finder: Finder,
    loaded: Option<Loaded>,
    /// When the corpus was last checked, and how long that took.
    looked: Instant,
    look: Duration,
}

impl LocalService {
    fn new(context: Arc<Context>, args: ServiceArgs, figures: Figures) -> Result<LocalService, Failure> {
        let ServiceArgs {
            model,
            retrieval,
            sampling,
        } = args;
        let wanted = model::wanted(&context, &model)?;
        let started = Instant::now();
        let (store, finder) = Finder::open(&context, retrieval.by, Some(&wanted))?;
        let look = started.elapsed();
        figures.set(figures_of(store.stats()));
        Ok(LocalService {
            settings: answering::settings_of(&context, &retrieval, Default::default(), &sampling),
            hits: retrieval.top_k.or(context.config.top_k).map(usize::from),
            finder,
            loaded: wanted.load(&context)?,
            store,
            figures,
            looked: Instant::now(),
            look,
            context,
        })
    }

    fn view(&self, id: &str) -> Result<View, Refusal> {
        show::view(&self.context, id).map_err(|failure| Refusal {
            fault: Fault::Missing,
            ..refusal(failure)
        })
    }

    fn writes_with(&self) -> String {
        self.loaded.as_ref().map_or("none".into(), Loaded::name)
    }

    /// Refreshes the index if the corpus has changed, and opens it again if any process has refreshed it. If that
    /// fails, the server keeps answering from the index that it has and prints a warning.
    fn look_again(&mut self) {
        // A cluster is asked for its newest state with each question.
        if self.finder.is_remote() || self.looked.elapsed() < self.look * LOOK_SHARE {
            return;
        }
        let started = Instant::now();
        let outdated =
            |store: &Store| !store.is_same_state(&self.store) || self.finder.is_outdated(&self.context, store);
        match self.context.refreshed() {
            Ok((store, _)) if outdated(&store) => match self.finder.again(&self.context, &store) {
                Ok(finder) => (self.store, self.finder) = (store, finder),
                Err(failure) => self.context.warn(&failure.lines().join(" ")),
            },
            Ok(_) => {}
            Err(failure) => self.context.warn(&failure.lines().join(" ")),
        }
        self.looked = Instant::now();
        self.look = started.elapsed();
    }

    /// Finds passages for `query`, the standalone form of the question.
    fn find(&self, ask: &Ask, settings: &mut Settings) -> Result<Found, AskError> {
        let retriever = self.finder.retriever(&self.store);
        let search = ask::Search {
            store: &self.store,
            retriever: &*retriever,
            meaning: self.finder.meaning(),
        };
        let found = search.find_turn(&ask.question, reading(ask), settings);
        self.figures.set(figures_of(retriever.stats(&self.store)));
        Ok(found?.0)
    }
}

fn figures_of(stats: Stats) -> CorpusFigures {
    let midnight = |date: String| {
        TimeZone::UTC
            .to_timestamp(date.parse::<Date>().ok()?.at(0, 0, 0, 0))
            .ok()
    };
    CorpusFigures {
        editions: stats.editions,
        passages: stats.passages,
        newest: stats.newest.and_then(midnight).map(|day| day.as_second()),
        indexed_at: stats.indexed_at.parse::<Timestamp>().ok().map(|at| at.as_second()),
    }
}

/// Reads the question after the earlier ones, as `askpm chat` does.
fn reading(ask: &Ask) -> Reading {
    let asked = ask.history.iter().rev().filter(|turn| turn.role == Role::User);
    let past: Vec<Past> = asked.map(|turn| Past::of(&turn.text)).collect();
    followup::read(&past, &ask.question)
}

/// The earlier replies. A question that refers to them is not answered with the same quotes again.
fn shown(ask: &Ask) -> Vec<Shown> {
    let replies = ask.history.iter().filter(|turn| turn.role == Role::Assistant);
    let shown = |turn: &Turn| Shown {
        id: None,
        quote: turn.text.clone(),
    };
    replies.map(shown).collect()
}

impl AnswerService for LocalService {
    fn ask(&mut self, ask: &Ask, cancel: &Cancel, listener: &mut dyn Listener) -> Result<Answer, Refusal> {
        self.look_again();
        let mut settings = with(&self.settings, ask);
        settings.shown = shown(ask);
        let found = self.find(ask, &mut settings).map_err(fault)?;
        let mut loaded = self.loaded.as_mut().map(Loaded::writer);
        let mut cancellable;
        let writer = match &mut loaded {
            None => None,
            Some(writer) => {
                cancellable = Cancellable {
                    engine: writer.engine,
                    cancel,
                };
                Some(Writer {
                    engine: &mut cancellable,
                    sha256: writer.sha256.take(),
                    prompts: writer.prompts,
                    load: writer.load,
                })
            }
        };
        let answer = ask::write(&found, writer, self.finder.meaning(), &settings, listener).map_err(fault)?;
        if cancel.is_set() {
            return Err(Refusal::new(Fault::Cancelled, "the answer was cancelled"));
        }
        Ok(answer)
    }

    fn search(&mut self, search: &Search) -> Result<Value, Refusal> {
        self.look_again();
        let top_k = search.top_k.or(self.hits).unwrap_or(search_command::TOP_K);
        let retriever = self.finder.retriever(&self.store);
        let found = search_command::find(&*retriever, search.query.trim(), top_k, &search.filters).map_err(refusal)?;
        as_json(&search_command::Results::new(search.query.trim(), &found))
    }

    fn show(&mut self, id: &str) -> Result<Value, Refusal> {
        as_json(&self.view(id)?)
    }

    fn page(&mut self, id: &str) -> Result<String, Refusal> {
        let mut text = Vec::new();
        markdown::view(&mut text, &self.view(id)?).map_err(|error| Refusal::new(Fault::Internal, error))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn editions(&mut self) -> Result<Vec<EditionEntry>, Refusal> {
        let editions = match self.finder.is_remote() {
            true => editions::answering(&self.context),
            false => editions::read(&self.context),
        };
        let list = List::new(editions.map_err(refusal)?, &Filters::default());
        let editions = list.editions.into_iter().map(|edition| EditionEntry {
            slug: edition.slug,
            title: edition.title,
            date: edition.date,
            discussions: edition.discussions.into_iter().map(|entry| entry.title).collect(),
        });
        Ok(editions.collect())
    }
}

/// The settings of one question.
fn with(settings: &Settings, ask: &Ask) -> Settings {
    let mut settings = settings.clone();
    settings.filters = ask.filters.clone();
    let sampling = &mut settings.sampling;
    sampling.temperature = ask.temperature.unwrap_or(sampling.temperature);
    sampling.top_p = ask.top_p.unwrap_or(sampling.top_p);
    sampling.seed = ask.seed.unwrap_or(sampling.seed);
    sampling.max_tokens = ask.max_tokens.unwrap_or(sampling.max_tokens);
    settings
}

fn fault(error: AskError) -> Refusal {
    let of_request = matches!(error, AskError::Empty | AskError::TooLong(_));
    let refusal = refusal(Failure::from(error));
    match of_request {
        true => Refusal {
            fault: Fault::Request,
            hint: None,
            ..refusal
        },
        false => refusal,
    }
}

fn refusal(failure: Failure) -> Refusal {
    match failure {
        Failure::Told { message, hint } => Refusal {
            fault: Fault::Internal,
            message,
            hint,
        },
        Failure::Usage { message, .. } => Refusal::new(Fault::Request, message),
        Failure::ClosedPipe => Refusal::new(Fault::Internal, "the output was closed"),
    }
}
