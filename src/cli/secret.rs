//! Gets a secret from a command of the user, such as `pass show mail`. What the command prints is shown nowhere.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The longest wait for a command. It may ask the user to unlock a password store.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most bytes that a command may print.
const MAX_BYTES: u64 = 1 << 20;

/// Returns the first line that `command` prints.
///
/// # Errors
/// The rest of a sentence that begins with the command: it fails, takes too long, or prints no secret.
pub fn printed_by(command: &str) -> Result<String, String> {
    let text = output(command, Stdio::null())?;
    checked(text.lines().next().unwrap_or_default(), "what it printed").map_err(|why| format!("failed: {why}"))
}

/// Returns all that `command` prints. It runs in a shell, and what it writes to standard error goes to `errors`.
///
/// # Errors
/// The rest of a sentence that begins with the command: it fails, takes too long, or prints too much or no text.
pub fn output(command: &str, errors: Stdio) -> Result<String, String> {
    output_within(command, errors, PATIENCE)
}

fn output_within(command: &str, errors: Stdio, patience: Duration) -> Result<String, String> {
    let begun = Instant::now();
    let mut child = shell(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .map_err(|error| format!("cannot be run: {error}"))?;
    let late = || format!("took more than {} s", patience.as_secs());
    let out = child.stdout.take();
    let (sender, receiver) = mpsc::channel();
    // A child of the command may keep the pipe open after the command was killed. Then nobody waits for this thread.
    // The pipe is closed at its end, which ends a command that prints without end.
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = out.map(|out| out.take(MAX_BYTES).read_to_end(&mut bytes));
        let _ = sender.send(read.is_some_and(|read| read.is_ok()).then_some(bytes));
    });
    let Ok(bytes) = receiver.recv_timeout(patience) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(late());
    };
    // It printed everything, but may not have ended.
    let status = loop {
        match child.try_wait().map_err(|error| format!("failed: {error}"))? {
            Some(status) => break status,
            None if begun.elapsed() > patience => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(late());
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    if bytes.as_ref().is_some_and(|bytes| bytes.len() as u64 >= MAX_BYTES) {
        return Err(format!("printed {MAX_BYTES} bytes or more"));
    }
    if !status.success() {
        let code = status.code().map_or("a signal".into(), |code| format!("status {code}"));
        return Err(format!("ended with {code}"));
    }
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| "printed no UTF-8 text".to_string())
}

/// Returns `secret` if a server can be sent it.
pub fn checked(secret: &str, what: &str) -> Result<String, String> {
    match secret {
        "" => Err(format!("{what} is empty")),
        secret if secret.chars().any(char::is_control) => Err(format!("{what} has a control character")),
        secret => Ok(secret.to_string()),
    }
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_secret() {
        assert_eq!(printed_by("printf 'pass word\\nuser: me\\n'").unwrap(), "pass word");
        assert_eq!(printed_by("echo only").unwrap(), "only");
    }

    #[test]
    fn what_fails_is_told_without_what_was_printed() {
        for (command, says) in [
            ("echo hunter2; exit 3", "ended with status 3"),
            ("echo hunter2 >&2; false", "ended with status 1"),
            ("kill -9 $$", "ended with a signal"),
            ("true", "what it printed is empty"),
            ("printf 'hunter2\\033[2J\\n'", "has a control character"),
            ("printf 'hunter2\\377\\n'", "printed no UTF-8 text"),
            ("/no/such/program", "ended with status 127"),
            ("yes hunter2", "bytes or more"),
        ] {
            let told = printed_by(command).unwrap_err();
            assert!(told.contains(says) && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_command_that_hangs_is_given_up() {
        let begun = Instant::now();
        for command in ["sleep 60", "sleep 60 & echo x", "exec >&-; sleep 60"] {
            let told = output_within(command, Stdio::null(), Duration::from_millis(300)).unwrap_err();
            assert!(told.starts_with("took more than"), "{told}");
        }
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}
