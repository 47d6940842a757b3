//! Reads a Word file or a book in a thread, for a limited time, so that one made to take long costs one file.
//!
//! A thread that takes too long is left alone, and ends with the program. Its memory is bounded by [`Limits`].

use std::sync::mpsc::{RecvTimeoutError, channel};

use super::super::{ImportReport, Limits, start};

/// What to say if the reader panics.
pub(in crate::corpus::import) const FAILED: &str =
    "the reader of Word files and books failed on it: open it, save it again, and import that";

/// Reads a document: adds its editions to a report, lowers how many bytes may still be unpacked, and returns whether it
/// is a document at all.
type Reader = fn(&str, &[u8], &Limits, &mut u64, &mut ImportReport) -> bool;

/// Runs `reader` on the file `bytes`, called `name`, for at most the time of `limits`.
pub(super) fn read(
    reader: Reader,
    name: &str,
    bytes: &[u8],
    limits: &Limits,
    left: &mut u64,
    report: &mut ImportReport,
) -> bool {
    let (sender, receiver) = channel();
    let (own_name, own_bytes, own_limits, own_left) = (name.to_string(), bytes.to_vec(), limits.clone(), *left);
    let run = move || {
        let (mut left, mut found) = (own_left, ImportReport::default());
        let is_one = reader(&own_name, &own_bytes, &own_limits, &mut left, &mut found);
        // If nobody waits any more, nobody needs it.
        let _ = sender.send((is_one, left, found));
    };
    if let Err(why) = start(run) {
        report.skip(name, why);
        return true;
    }
    match receiver.recv_timeout(limits.document_time) {
        Ok((is_one, rest, mut found)) => {
            *left = rest;
            report.editions.append(&mut found.editions);
            report.skipped.append(&mut found.skipped);
            is_one
        }
        Err(RecvTimeoutError::Timeout) => {
            let seconds = limits.document_time.as_secs();
            report.skip(
                name,
                format!("reading it takes more than {seconds} seconds: save it as text or HTML, and import that"),
            );
            true
        }
        Err(RecvTimeoutError::Disconnected) => {
            report.skip(name, FAILED);
            true
        }
    }
}
