//! Imports new newsletters before a refresh: files in the drop folder, and feeds.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::error::Failure;
use super::import;
use crate::corpus::Corpus;
use crate::corpus::import::{ImportReport, Limits, Seen, import_feed, import_new, store};
use crate::feeds::{self, Fetched, Memory};
use crate::index::Skipped;

/// Imports new files and feeds into the current corpus.
pub struct Incoming<'a> {
    context: &'a Context,
    drop: Option<PathBuf>,
    seen: Seen,
}

impl<'a> Incoming<'a> {
    /// Uses the folder `drop`, else that of the settings, and the feeds of the settings.
    pub fn new(context: &'a Context, drop: Option<PathBuf>) -> Self {
        context.make_private_folders();
        Incoming {
            context,
            drop: drop.or_else(|| context.config.drop.clone()),
            seen: Seen::default(),
        }
    }

    /// The drop folder.
    pub fn folder(&self) -> Option<&Path> {
        self.drop.as_deref()
    }

    /// Whether the corpus folder exists. A missing one is not created: its disk may not be mounted.
    fn has_corpus(&self) -> bool {
        match &self.context.corpus {
            Corpus::Folder(dir) => dir.is_dir(),
            Corpus::Builtin { .. } => true,
        }
    }

    /// Imports the files that are new or changed since the last call. Returns those that could not be read.
    pub fn dropped(&mut self) -> Result<Vec<Skipped>, Failure> {
        let Some(dir) = self.drop.as_deref().filter(|_| self.has_corpus()) else {
            return Ok(Vec::new());
        };
        if !dir.is_dir() {
            return Ok(vec![Skipped {
                file: dir.display().to_string(),
                why: "the folder does not exist".into(),
            }]);
        }
        let mut tell = |file: &Path| self.context.detail(&format!("reading {}", file.display()));
        let report = import_new(dir, &Limits::default(), &mut self.seen, &mut tell);
        if let Err(failure) = self.keep(&report) {
            // Files that could not be saved must be read again.
            self.seen = Seen::default();
            return Err(failure);
        }
        Ok(skipped(report))
    }

    /// Fetches the feeds that have changed and imports them, unless offline. Returns those that could not be fetched.
    pub fn feeds(&self) -> Result<Vec<Skipped>, Failure> {
        let addresses = &self.context.config.feeds;
        let Some(permit) = self.context.net.permit().filter(|_| self.has_corpus()) else {
            return Ok(Vec::new());
        };
        let mut memory = Memory::read(&self.context.feed_memory());
        let mut failed = Vec::new();
        for address in addresses {
            let name = feeds::shown(address);
            self.context.detail(&format!("fetching {name}"));
            match feeds::fetch(&permit, address, &memory.of(address), &feeds::Limits::default()) {
                Err(error) => failed.push(Skipped {
                    file: name,
                    why: error.to_string(),
                }),
                Ok(Fetched::Unchanged) => self.context.detail(&format!("{name} is unchanged")),
                Ok(Fetched::Feed { bytes, validators }) => {
                    let report = import_feed(&name, &bytes, &Limits::default());
                    self.keep(&report)?;
                    if !report.editions.is_empty() {
                        // Only now: a feed that was not saved must be fetched again.
                        memory.set(address, validators);
                        if let Err(error) = memory.write() {
                            self.context
                                .warn(&format!("the next refresh will fetch all feeds again: {error}"));
                        }
                    }
                    failed.extend(skipped(report));
                }
            }
        }
        Ok(failed)
    }

    fn keep(&self, report: &ImportReport) -> Result<(), Failure> {
        if !report.editions.is_empty() {
            store(&import::folder(self.context), report)?;
        }
        Ok(())
    }
}

fn skipped(report: ImportReport) -> Vec<Skipped> {
    let rows = report.skipped.into_iter();
    rows.map(|item| Skipped {
        file: item.file,
        why: item.why,
    })
    .collect()
}
