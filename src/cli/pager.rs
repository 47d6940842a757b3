//! Shows text that does not fit the terminal in the user's pager (`PAGER`).

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};

use super::context::variable;

/// The default pager. Its flags print short text directly, keep colours and links, and do not clear the screen at the
/// end.
const USUAL: &str = "less -FRX";

/// Writes `text` to standard output, through a pager if that is a terminal with too few lines.
pub fn show(text: &[u8]) -> io::Result<()> {
    let size = terminal_size::terminal_size_of(io::stdout()).map(|(_, height)| usize::from(height.0));
    let height = size.filter(|_| io::stdout().is_terminal() && io::stdin().is_terminal());
    match pager(text, height, variable("PAGER")) {
        Some(pager) if page(&pager, text) => Ok(()),
        _ => {
            let mut out = io::stdout().lock();
            out.write_all(text)?;
            out.flush()
        }
    }
}

/// The pager to use: none if there is no terminal, if the text fits, or if the user chose none.
fn pager(text: &[u8], height: Option<usize>, chosen: Option<OsString>) -> Option<OsString> {
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    if lines < height? {
        return None;
    }
    let pager = chosen.unwrap_or_else(|| USUAL.into());
    (!pager.is_empty() && pager != "cat").then_some(pager)
}

/// Whether the pager ran. A user who quits it early has read enough.
fn page(pager: &OsString, text: &[u8]) -> bool {
    let mut command = if cfg!(unix) {
        // The variable may hold arguments, so a shell runs it.
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(pager);
        shell
    } else {
        Command::new(pager)
    };
    let Ok(mut child) = command.stdin(Stdio::piped()).spawn() else {
        return false;
    };
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(text);
    }
    // The shell returns 126 or 127 if it cannot run the program.
    child
        .wait()
        .is_ok_and(|status| !matches!(status.code(), Some(126 | 127)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_is_for_text_that_a_terminal_cannot_show_at_once() {
        let text = b"one\ntwo\nthree\n";
        let chosen = |height, chosen: Option<&str>| pager(text, height, chosen.map(OsString::from));
        assert_eq!(chosen(None, None), None);
        assert_eq!(chosen(Some(4), None), None);
        assert_eq!(chosen(Some(3), None), Some(USUAL.into()));
        assert_eq!(chosen(Some(3), Some("more")), Some("more".into()));
        assert_eq!((chosen(Some(3), Some("")), chosen(Some(3), Some("cat"))), (None, None));
    }
}
