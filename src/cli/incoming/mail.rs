//! Imports the new mail of the folder in `[imap]`.

use rayon::prelude::*;

use super::{Incoming, skipped};
use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::imap::ImapTable;
use crate::cli::import;
use crate::cli::progress::Counter;
use crate::corpus::import::{Filing, ImportReport, import_message};
use crate::imap::{self, Batch, ImapError, Memory, Stopped};
use crate::index::Skipped;
use crate::render::terminal::count;

impl Incoming<'_> {
    /// Fetches the mail that is new and imports it, unless offline. Returns what could not be read.
    pub(super) fn mail(&self) -> Result<Vec<Skipped>, Failure> {
        let context = self.context;
        let permit = context.net.permit().filter(|_| self.has_corpus());
        let (Some(table), Some(permit)) = (&context.config.imap, permit) else {
            return Ok(Vec::new());
        };
        let folder = table.shown();
        let account = match table.account() {
            Ok(account) => account,
            Err(failure) => return Ok(vec![missed(&folder, in_one_line(&failure))]),
        };
        context.detail(&format!("asking for new mail in {folder}"));
        let mut memory = Memory::read(&context.mail_memory());
        let known = memory.of(&account);
        let mut taking = Taking {
            context,
            table,
            filing: Filing::new(&import::folder(context)),
            counter: Counter::new(context, "fetching mail"),
            failed: Vec::new(),
            messages: 0,
        };
        let mut told = false;
        let read = imap::read(&permit, &account, known, &mut |batch| {
            let known = batch.known.clone();
            taking.take(batch)?;
            // Only now: a message that was not saved must be fetched again.
            if let Err(error) = memory.keep(&account, known)
                && !std::mem::replace(&mut told, true)
            {
                context.warn(&format!("the next refresh will fetch this mail again: {error}"));
            }
            Ok::<(), Failure>(())
        });
        taking.counter.end();
        let mut failed = taking.failed;
        match read {
            Ok(summary) => {
                if summary.renumbered {
                    context.note(&format!(
                        "the server has renumbered {folder}, so all of it was read again"
                    ));
                }
                let fetched = count(taking.messages, "message");
                let (received, sent) = (summary.received, summary.sent);
                context.detail(&format!("fetched {fetched}: {received} bytes received, {sent} sent"));
            }
            Err(Stopped::Caller(failure)) => return Err(failure),
            Err(Stopped::Mail(error)) => failed.push(missed(&folder, with_hint(&error))),
        }
        Ok(failed)
    }
}

/// Imports batches of messages.
struct Taking<'a> {
    context: &'a Context,
    table: &'a ImapTable,
    filing: Filing,
    counter: Counter<'a>,
    failed: Vec<Skipped>,
    messages: usize,
}

impl Taking<'_> {
    fn take(&mut self, batch: Batch) -> Result<(), Failure> {
        let folder = self.table.shown();
        let name = |number: u32| format!("{folder}, message {number}");
        let unread = batch.unread.iter();
        self.failed
            .extend(unread.map(|unread| missed(&name(unread.number), unread.why.clone())));
        self.messages += batch.messages.len();
        let limits = import::limits();
        let reports: Vec<ImportReport> = batch
            .messages
            .into_par_iter()
            .map(|(number, bytes)| import_message(&name(number), &bytes, &limits))
            .collect();
        let mut all = ImportReport::default();
        for mut report in reports {
            all.editions.append(&mut report.editions);
            all.skipped.append(&mut report.skipped);
        }
        if !all.editions.is_empty() {
            for stored in self.filing.file(&all)? {
                stored.warning().iter().for_each(|line| self.context.warn(line));
            }
        }
        self.failed.extend(skipped(all));
        if batch.total > 0 && self.context.draws() {
            self.counter.show(batch.done, batch.total);
        }
        Ok(())
    }
}

fn missed(what: &str, why: String) -> Skipped {
    Skipped {
        file: what.to_string(),
        why,
    }
}

/// An error with its hint.
fn with_hint(error: &ImapError) -> String {
    match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    }
}

/// A failure with its hint.
fn in_one_line(failure: &Failure) -> String {
    match failure {
        Failure::Told { message, hint } => {
            let hint = hint.as_ref().map(|hint| format!("; {hint}"));
            format!("{message}{}", hint.unwrap_or_default())
        }
        other => other.lines().join("; "),
    }
}
