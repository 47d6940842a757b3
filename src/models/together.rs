//! Fetches several models under one progress display.
//!
//! The display begins once, with the bytes of all files, and never goes backwards.

use std::path::PathBuf;

use super::error::ModelError;
use super::model::Model;
use super::places::{Net, Places};
use super::store::CacheEntry;
use super::{Progress, ensure_part};

/// The size of a fetch, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount {
    /// Bytes of all files.
    pub total: u64,
    /// How many of them are on this machine, in finished and in interrupted downloads.
    pub here: u64,
}

/// Returns how much there is to fetch for `models`. Reads only metadata of files, not their contents.
pub fn amount(models: &[&Model], places: &Places) -> Amount {
    let parts = models.iter().flat_map(|model| model.parts());
    parts.fold(Amount::default(), |sum, part| {
        let entry = CacheEntry::of(&part, places);
        let come = || std::fs::metadata(entry.partial()).map_or(0, |meta| meta.len());
        Amount {
            total: sum.total + part.size,
            here: sum.here + entry.present().map_or_else(come, |_| part.size).min(part.size),
        }
    })
}

/// Ensures all files of each of `models`, as [`super::ensure_all`] does, and returns their paths.
///
/// There is one result for each model, in order, so one failure does not affect the other models. `progress` begins
/// once, with the bytes of all models. Bytes that have to be fetched again are not counted again.
pub fn ensure_together(
    models: &[&Model],
    places: &Places,
    net: Net,
    progress: &mut dyn Progress,
) -> Vec<Result<Vec<PathBuf>, ModelError>> {
    let Amount { total, here } = amount(models, places);
    progress.begin("fetching", Some(total), here);
    let mut sum = Sum {
        shown: here,
        here: Vec::new(),
        at: 0,
        all: &mut *progress,
    };
    let parts: Vec<Vec<Model>> = models.iter().map(|model| model.parts()).collect();
    for part in parts.iter().flatten() {
        let come = amount(&[part], places).here;
        sum.here.push(Part {
            size: part.size,
            come,
            counted: come,
        });
    }
    let mut before = 0;
    let each = parts.iter().map(|parts| {
        let one = |at: usize| {
            sum.at = before + at;
            let path = ensure_part(parts, at, places, net, &mut sum)?;
            sum.whole();
            Ok(path)
        };
        let paths = (0..parts.len()).map(one).collect();
        before += parts.len();
        paths
    });
    let paths = each.collect();
    progress.end();
    paths
}

/// The progress of one file.
struct Part {
    size: u64,
    /// Bytes by the last report. It drops when the download starts over.
    come: u64,
    /// The highest value of `come` so far, at most `size`. This is what the sum includes.
    counted: u64,
}

/// Adds up the progress of one file after another.
struct Sum<'a> {
    all: &'a mut dyn Progress,
    shown: u64,
    here: Vec<Part>,
    /// Index of the current file.
    at: usize,
}

impl Sum<'_> {
    fn come(&mut self, come: impl Fn(&Part) -> u64) {
        if let Some(part) = self.here.get_mut(self.at) {
            part.come = come(part);
            part.counted = part.counted.max(part.come.min(part.size));
        }
        let now = self.here.iter().map(|part| part.counted).sum::<u64>();
        if now > self.shown {
            self.all.advance(now - self.shown);
            self.shown = now;
        }
    }

    fn whole(&mut self) {
        self.come(|part| part.size);
    }
}

impl Progress for Sum<'_> {
    fn begin(&mut self, _what: &str, _total: Option<u64>, already: u64) {
        self.come(|_| already);
    }

    fn advance(&mut self, bytes: u64) {
        self.come(|part| part.come.saturating_add(bytes));
    }

    fn note(&mut self, text: &str) {
        self.all.note(text);
    }

    fn trouble(&mut self, text: &str) {
        self.all.trouble(text);
    }

    fn end(&mut self) {}
}
