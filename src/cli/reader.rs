//! Runs the process that reads a PDF for `import`, with little memory and without access to files.

use std::ffi::OsString;
use std::panic;
use std::process::ExitCode;

use crate::corpus::import::{PDF_READER, read_pdf};

/// Reads a PDF from standard input if `args` ask for it. Returns `None` if they are those of any other command.
pub fn run(args: &[OsString]) -> Option<ExitCode> {
    let [_, command, most] = args else { return None };
    if command != PDF_READER {
        return None;
    }
    let most = most.to_str()?.parse().ok()?;
    // `import` reports a failure. A page that cannot be read is none.
    panic::set_hook(Box::new(|_| {}));
    Some(match read_pdf(most) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}
