//! Imports new newsletters before a refresh: files in the drop folder, feeds, and mail.

mod mail;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::context::Context;
use super::error::Failure;
use super::import;
use crate::corpus::Corpus;
use crate::corpus::import::{ImportReport, Seen, import_feed, import_new, store};
use crate::feeds::{self, Feed, FeedError, Fetched, Known, Memory};
use crate::index::Skipped;
use crate::models::Permit;

/// Imports new files, feeds and mail into the current corpus.
pub struct Incoming<'a> {
    context: &'a Context,
    drop: Option<PathBuf>,
    seen: Seen,
}

impl<'a> Incoming<'a> {
    /// Uses the folder `drop`, else that of the settings, and the feeds and the mailbox of the settings.
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
        let report = import_new(dir, &import::limits(), &mut self.seen, &mut tell);
        if let Err(failure) = self.keep(&report) {
            // Files that could not be saved must be read again.
            self.seen = Seen::default();
            return Err(failure);
        }
        Ok(skipped(report))
    }

    /// Fetches feeds and mail, unless offline. Returns what could not be fetched.
    pub fn fetched(&self) -> Result<Vec<Skipped>, Failure> {
        let mut failed = self.feeds()?;
        failed.extend(self.mail()?);
        Ok(failed)
    }

    /// Fetches the feeds that have changed and imports them, unless offline. Returns those that could not be fetched.
    fn feeds(&self) -> Result<Vec<Skipped>, Failure> {
        let Some(permit) = self.context.net.permit().filter(|_| self.has_corpus()) else {
            return Ok(Vec::new());
        };
        let mut memory = Memory::read(&self.context.feed_memory());
        let mut failed = Vec::new();
        for Feed { address, .. } in &self.context.config.feeds {
            let known = memory.of(address);
            let (now, result) = self.feed(&permit, address, &known)?;
            failed.extend(result);
            if now != known {
                memory.set(address, now);
                if let Err(error) = memory.write() {
                    self.context
                        .warn(&format!("the next refresh will fetch all feeds again: {error}"));
                }
            }
        }
        Ok(failed)
    }

    /// Fetches and imports one feed. Returns what is known of it now, and what could not be fetched or imported.
    fn feed(&self, permit: &Permit, address: &str, known: &Known) -> Result<(Known, Vec<Skipped>), Failure> {
        let name = feeds::shown(address);
        let missed = |why: String| {
            vec![Skipped {
                file: name.clone(),
                why,
            }]
        };
        if let Some(until) = known.wait_until.filter(|until| *until > Timestamp::now()) {
            return Ok((known.clone(), missed(format!("its server asked to wait until {until}"))));
        }
        let mut now = Known {
            wait_until: None,
            ..known.clone()
        };
        let place = known.moved_to.as_deref().unwrap_or(address);
        self.context.detail(&format!("fetching {}", feeds::shown(place)));
        let reply = match feeds::fetch(permit, place, &known.validators, &feeds::Limits::default()) {
            Ok(reply) => reply,
            Err(error) => {
                if let FeedError::Busy { until, .. } = &error {
                    now.wait_until = Some(*until);
                } else {
                    // The next refresh asks the address of the settings again.
                    now.moved_to = None;
                }
                return Ok((now, missed(error.to_string())));
            }
        };
        match reply.fetched {
            Fetched::Unchanged => {
                self.context.detail(&format!("{name} is unchanged"));
                self.follow(&mut now, &name, reply.moved_to);
                Ok((now, Vec::new()))
            }
            Fetched::Feed { bytes, validators } => {
                let report = import_feed(&name, &bytes, &import::limits());
                self.keep(&report)?;
                if report.editions.is_empty() {
                    // The page of a network's sign-in redirects for good too. Only a feed shows where the feed is.
                    now.moved_to = None;
                } else {
                    // Only now: a feed that was not saved must be fetched again.
                    now.validators = validators;
                    self.follow(&mut now, &name, reply.moved_to);
                }
                Ok((now, skipped(report)))
            }
        }
    }

    /// Remembers that the feed `name` has moved for good, and says so.
    fn follow(&self, known: &mut Known, name: &str, moved_to: Option<String>) {
        if let Some(to) = moved_to {
            let shown = feeds::shown(&to);
            self.context
                .note(&format!("{name} has moved to {shown}; change `feeds` in the settings"));
            known.moved_to = Some(to);
        }
    }

    fn keep(&self, report: &ImportReport) -> Result<(), Failure> {
        if !report.editions.is_empty() {
            let stored = store(&import::folder(self.context), report)?;
            let warnings = stored.iter().filter_map(|stored| stored.warning());
            warnings.for_each(|line| self.context.warn(&line));
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
