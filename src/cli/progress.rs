//! Draws the progress of fetching and checking a model, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

use super::context::Context;
use crate::models::Progress;
use crate::render::sanitise;

/// A bar on standard error; off a terminal, or when quiet, notes alone.
pub struct Bar<'a> {
    context: &'a Context,
    bar: Option<ProgressBar>,
}

impl<'a> Bar<'a> {
    pub fn new(context: &'a Context) -> Self {
        Bar { context, bar: None }
    }
}

impl Progress for Bar<'_> {
    fn begin(&mut self, what: &str, total: Option<u64>, already: u64) {
        if !self.context.draws() {
            return;
        }
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let form = if total.is_some() {
            "{msg} {bar:24} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left"
        } else {
            "{msg} {spinner} {bytes} {bytes_per_sec}"
        };
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style);
        }
        bar.set_message(sanitise::line(what));
        bar.set_position(already);
        bar.reset_eta();
        self.bar = Some(bar);
    }

    fn advance(&mut self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }

    fn note(&mut self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.context.note(text)),
            None => self.context.note(text),
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
