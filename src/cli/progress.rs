//! Draws progress bars for downloads, checks, embedding and long readings, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

use super::context::Context;
use crate::answer::meaning::{Failure, Meaning, Scale};
use crate::corpus::Passage;
use crate::models::Progress;
use crate::render::sanitise;

/// A bar on standard error. Without a terminal, or with `--quiet`, it prints only notes.
pub struct Bar<'a> {
    context: &'a Context,
    bar: Option<ProgressBar>,
    /// Problems that were overcome are printed only with `-v`.
    calm: bool,
}

impl<'a> Bar<'a> {
    pub fn new(context: &'a Context) -> Self {
        Bar {
            context,
            bar: None,
            calm: false,
        }
    }

    /// A bar for a download that the user did not ask for. The caller reports a failure in one line, and earlier
    /// attempts are printed only with `-v`.
    pub fn calm(context: &'a Context) -> Self {
        Bar {
            calm: true,
            ..Bar::new(context)
        }
    }
}

impl Progress for Bar<'_> {
    fn begin(&mut self, what: &str, total: Option<u64>, already: u64) {
        if !self.context.draws() {
            return;
        }
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        // Decimal units, as in the note with the size of the download.
        let form = if total.is_some() {
            "{msg} {bar:24} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec}, {eta} left"
        } else {
            "{msg} {spinner} {decimal_bytes} {decimal_bytes_per_sec}"
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

    fn trouble(&mut self, text: &str) {
        if !self.calm || self.context.verbose > 0 {
            self.note(text);
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Draws a count of finished items. Without a terminal, it prints one note at the start.
pub struct Counter<'a> {
    context: &'a Context,
    what: &'static str,
    bar: Option<ProgressBar>,
    begun: bool,
}

impl<'a> Counter<'a> {
    pub fn new(context: &'a Context, what: &'static str) -> Self {
        Counter {
            context,
            what,
            bar: None,
            begun: false,
        }
    }

    pub fn show(&mut self, done: usize, total: usize) {
        if !self.begun {
            self.begun = true;
            if self.context.draws() {
                let bar = ProgressBar::new(total as u64);
                if let Ok(style) = ProgressStyle::with_template("{msg} {bar:24} {pos}/{len}, {eta} left") {
                    bar.set_style(style);
                }
                bar.set_message(self.what);
                self.bar = Some(bar);
            } else {
                self.context.note(&format!("{}: {total} texts", self.what));
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done as u64);
        }
    }

    pub fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// An embedding model that draws how many texts it has read, for commands that read much of the corpus.
pub struct Watched<'a> {
    meaning: &'a dyn Meaning,
    bar: ProgressBar,
}

impl<'a> Watched<'a> {
    pub fn new(context: &Context, meaning: &'a dyn Meaning) -> Self {
        let bar = match context.draws() {
            true => ProgressBar::new_spinner(),
            false => ProgressBar::hidden(),
        };
        if let Ok(style) = ProgressStyle::with_template("{msg} {spinner} {pos} texts") {
            bar.set_style(style);
        }
        bar.set_message("reading");
        Watched { meaning, bar }
    }
}

impl Meaning for Watched<'_> {
    fn vectors(&self, texts: &[&str]) -> Option<Vec<Vec<f32>>> {
        self.bar.inc(texts.len() as u64);
        self.meaning.vectors(texts)
    }

    fn indexed(&self, passage: &Passage) -> Option<Vec<f32>> {
        self.meaning.indexed(passage)
    }

    fn scale(&self) -> Scale {
        self.meaning.scale()
    }

    fn failure(&self) -> Option<Failure> {
        self.meaning.failure()
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
