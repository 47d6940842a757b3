//! The sign that nobody waits for an answer any more, and an engine that heeds it.
//!
//! In: an [`Engine`] and a [`Cancel`]. Out: the same engine, which stops at the next piece of text, or between two parts
//! of a prompt that it reads, once the sign is set.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::{Engine, EngineError, Generation, Message, ModelInfo, Sampling};

/// A sign that is set once and seen by all its clones.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// To go on, or to break where the sign is set.
    pub fn flow(&self) -> ControlFlow<()> {
        match self.is_set() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// An engine that stops when its sign is set.
pub struct Cancellable<'a> {
    pub engine: &'a mut dyn Engine,
    pub cancel: &'a Cancel,
}

impl Cancellable<'_> {
    /// Works with the engine while it heeds the sign.
    fn heeding<T>(&mut self, work: impl FnOnce(&mut dyn Engine, &Cancel) -> T) -> T {
        let sign = self.cancel.clone();
        self.engine.heed(Some(Box::new(move || sign.is_set())));
        let done = work(&mut *self.engine, self.cancel);
        self.engine.heed(None);
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
