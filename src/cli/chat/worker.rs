//! Answers in a separate thread, so that a chat can abandon an answer at once.
//!
//! The model stays loaded between questions. An abandoned answer ends at its next token or part of its prompt, and the
//! next question waits for that.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::super::meaning::Finder;
use super::super::model::Loaded;
use crate::answer::{Answer, Sentence};
use crate::ask::{self, AskError, Found, Listener, Settings, Writer};
use crate::jobs::{Cancel, Cancellable};

/// An event of an answer.
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

/// An answer that is being written. Dropping it abandons the answer.
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
    /// Starts the thread. Without a model it only quotes.
    pub fn new(mut loaded: Option<Loaded>) -> Worker {
        let (jobs, received) = channel::<Job>();
        thread::spawn(move || {
            for job in received {
                answer(job, loaded.as_mut());
            }
        });
        Worker(jobs)
    }

    /// Starts an answer. A thread that has died sends no event.
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
        // If the thread is gone, the job and its sender are dropped, which the receiver notices.
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
    // The receiver may be gone.
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
