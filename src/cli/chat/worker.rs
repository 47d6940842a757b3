//! Answers in a thread of its own, so that a chat can leave an answer behind at once.
//!
//! In: what was found for a question, and by what sentences are compared. Out: sentences and notes as they come, then
//! the answer. The model stays loaded between questions; one that was left behind ends at its next word or part of its
//! prompt, and the next question waits for that.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::super::meaning::Finder;
use super::super::model::Loaded;
use crate::answer::{Answer, Sentence};
use crate::ask::{self, AskError, Found, Listener, Settings, Writer};
use crate::desk::{Cancel, Cancellable};

/// What is told of an answer.
pub enum Event {
    Sentence(Sentence),
    Note(String),
    Done(Box<Result<Answer, AskError>>),
}

struct Job {
    found: Found,
    settings: Settings,
    finder: Arc<Finder>,
    events: Sender<Event>,
    left: Cancel,
}

/// The thread, with the model that answers in it.
pub struct Worker(Sender<Job>);

/// An answer that is being written; dropped, it is left behind.
pub struct Pending {
    pub events: Receiver<Event>,
    left: Cancel,
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.left.set();
    }
}

impl Worker {
    /// With a model or, without one, quoting.
    pub fn new(mut loaded: Option<Loaded>) -> Worker {
        let (jobs, received) = channel::<Job>();
        thread::spawn(move || {
            for job in received {
                answer(job, loaded.as_mut());
            }
        });
        Worker(jobs)
    }

    /// Begins an answer. A thread that has died sends no event.
    pub fn begin(&self, found: Found, settings: Settings, finder: Arc<Finder>) -> Pending {
        let (events, received) = channel();
        let left = Cancel::default();
        let job = Job {
            found,
            settings,
            finder,
            events,
            left: left.clone(),
        };
        // The job and its end of the channel are dropped where nobody takes them, and that is seen at the other end.
        let _ = self.0.send(job);
        Pending { events: received, left }
    }
}

fn answer(job: Job, loaded: Option<&mut Loaded>) {
    let Job {
        found,
        settings,
        finder,
        events,
        left,
    } = job;
    if left.is_set() {
        return;
    }
    let mut listener = Telling {
        events: &events,
        left: &left,
    };
    let answered = match loaded {
        None => ask::write(&found, None, finder.meaning(), &settings, &mut listener),
        Some(loaded) => {
            let Writer {
                engine,
                sha256,
                prompts,
                load,
            } = loaded.writer();
            let mut engine = Cancellable { engine, cancel: &left };
            let writer = Writer {
                engine: &mut engine,
                sha256,
                prompts,
                load,
            };
            ask::write(&found, Some(writer), finder.meaning(), &settings, &mut listener)
        }
    };
    // Nobody may listen any more.
    let _ = events.send(Event::Done(Box::new(answered)));
}

struct Telling<'a> {
    events: &'a Sender<Event>,
    left: &'a Cancel,
}

impl Listener for Telling<'_> {
    fn sentence(&mut self, sentence: &Sentence) -> ControlFlow<()> {
        let told = self.events.send(Event::Sentence(sentence.clone()));
        if told.is_err() || self.left.is_set() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn note(&mut self, text: &str) {
        let _ = self.events.send(Event::Note(text.to_string()));
    }
}
