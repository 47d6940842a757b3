//! Cancels work that nobody waits for any more.
//!
//! A [`Cancellable`] engine stops at the next piece of text, or between two parts of a prompt that it reads, once its
//! [`Cancel`] is set.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::{Engine, EngineError, Generation, Message, ModelInfo, Sampling};

/// A flag that is set once and seen by all its clones.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Returns `Break` if the flag is set, else `Continue`.
    pub fn flow(&self) -> ControlFlow<()> {
        match self.is_set() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// An engine that stops when its flag is set.
pub struct Cancellable<'a> {
    pub engine: &'a mut dyn Engine,
    pub cancel: &'a Cancel,
}

impl Cancellable<'_> {
    /// Runs `work` while the engine checks the flag.
    fn heeding<T>(&mut self, work: impl FnOnce(&mut dyn Engine, &Cancel) -> T) -> T {
        let sign = self.cancel.clone();
        self.engine.set_stop_signal(Some(Box::new(move || sign.is_set())));
        let done = work(&mut *self.engine, self.cancel);
        self.engine.set_stop_signal(None);
        done
    }
}

impl Engine for Cancellable<'_> {
    fn info(&self) -> &ModelInfo {
        self.engine.info()
    }

    fn count_prompt(&self, messages: &[Message]) -> Result<usize, EngineError> {
        self.engine.count_prompt(messages)
    }

    fn generate(
        &mut self,
        messages: &[Message],
        sampling: &Sampling,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Generation, EngineError> {
        self.heeding(|engine, cancel| {
            engine.generate(messages, sampling, &mut |piece| {
                cancel.flow()?;
                on_piece(piece)
            })
        })
    }
}
