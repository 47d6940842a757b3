//! Runs the real binary in isolation: an empty home, a cleared environment, no network, and a test corpus.

pub mod accept;
pub mod completions;
#[cfg(unix)]
pub mod dovecot;
pub mod elastic;
pub mod feed_server;
pub mod http;
pub mod hub;
pub mod imap_server;
pub mod listed;
pub mod prometheus;
#[cfg(unix)]
pub mod terminal;
pub mod tiny_bert;
pub mod vectors;
#[cfg(unix)]
pub mod year;

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

pub use askpm_fixtures::{noted, skipped};
use tempfile::TempDir;

/// An address where nothing listens: the local discard port.
const NOWHERE: &str = "http://127.0.0.1:9";

/// A user's home folder. It is deleted at the end of the test.
pub struct Home {
    dir: TempDir,
}

impl Home {
    pub fn new() -> Home {
        Home {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, under: &str) -> PathBuf {
        self.dir.path().join(under)
    }

    /// Writes a file under the home folder and returns its path.
    pub fn write(&self, under: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(under);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, contents).unwrap();
        path
    }

    /// Returns `askpm` with the fixture corpus, as a command to extend.
    pub fn askpm(&self) -> Run {
        self.bare().env("ASKPM_CORPUS", fixture("corpus"))
    }

    /// Returns `askpm` with the built-in corpus. It searches by words, as without the embedding model, unless
    /// [`Run::by_default`] or `--by` changes that.
    pub fn bare(&self) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_askpm"));
        command
            .env_clear()
            .env("HOME", self.dir.path())
            .env("PATH", "")
            .env("HF_ENDPOINT", NOWHERE)
            .env("ASKPM_BY", "words")
            .current_dir(self.dir.path());
        Run {
            command,
            input: Vec::new(),
        }
    }
}

/// A command that is being built.
pub struct Run {
    command: Command,
    input: Vec<u8>,
}

impl Run {
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Run {
        self.command.env(name, value);
        self
    }

    /// Lets the program choose how to search.
    pub fn by_default(mut self) -> Run {
        self.command.env_remove("ASKPM_BY");
        self
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Run {
        self.command.args(args);
        self
    }

    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Run {
        self.input = input.into();
        self
    }

    /// Starts the command without input. Both of its outputs are pipes.
    pub fn spawn(mut self) -> Child {
        let command = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("the binary starts")
    }

    /// Returns the command itself, for tests that must run it by hand.
    pub fn command(self) -> Command {
        self.command
    }

    /// Returns the command, for changes that this type has no method for.
    pub fn command_mut(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Runs the command to its end.
    pub fn run(mut self) -> Ran {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        let input = std::mem::take(&mut self.input);
        // The program may end without reading its input. The write error is then not the test's fault.
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let Output { status, stdout, stderr } = child.wait_with_output().expect("the binary ends");
        let _ = writer.join();
        Ran {
            status: status.code(),
            stdout: String::from_utf8(stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(stderr).expect("standard error is UTF-8"),
        }
    }
}

/// The result of a run.
#[derive(Debug)]
pub struct Ran {
    /// `None` if a signal ended it.
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    #[track_caller]
    pub fn ok(self) -> Ran {
        assert_eq!(self.status, Some(0), "{self:#?}");
        self
    }

    /// Asserts that it ended with `status`, nothing on standard output, and a last line of `askpm: …` that contains
    /// `parts`.
    #[track_caller]
    pub fn fails(self, status: i32, parts: &[&str]) -> Ran {
        assert_eq!(self.status, Some(status), "{self:#?}");
        assert_eq!(self.stdout, "", "{self:#?}");
        let line = self
            .stderr
            .lines()
            .rfind(|line| line.starts_with("askpm: "))
            .unwrap_or("");
        for part in parts {
            assert!(line.contains(part), "{part:?} is not in {line:?} of {self:#?}");
        }
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        self
    }

    /// Returns the hint that came with a failure.
    pub fn hint(&self) -> &str {
        self.stderr
            .lines()
            .find_map(|line| line.strip_prefix("hint: "))
            .unwrap_or("")
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:#?}"))
    }
}

/// Returns a file or folder of `tests/fixtures/`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Returns the folder with the embedding model's files, which `ASKPM_TEST_EMBEDDER` names. If it is not set, reports
/// that the test is skipped.
pub fn embedder() -> Option<PathBuf> {
    let folder = std::env::var_os("ASKPM_TEST_EMBEDDER").map(PathBuf::from);
    if folder.is_none() {
        skipped("ASKPM_TEST_EMBEDDER names no folder with the files of all-MiniLM-L6-v2");
    }
    folder
}

/// Returns the default model's file, or reports why the tests that need it are skipped.
///
/// `ASKPM_TEST_MODEL` names the file. Without it, the binary downloads the model once into the build folder, which
/// needs a network.
pub fn real_model() -> Option<&'static Path> {
    static MODEL: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = MODEL.get_or_init(|| {
        if let Some(path) = std::env::var_os("ASKPM_TEST_MODEL") {
            return Ok(PathBuf::from(path));
        }
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("huggingface");
        let output = Command::new(env!("CARGO_BIN_EXE_askpm"))
            .args(["models", "pull", "smollm2-135m"])
            .env("HF_HOME", &cache)
            .env("XDG_CACHE_HOME", &cache)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_string());
        }
        Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
    });
    match found {
        Ok(path) => Some(path),
        Err(why) => {
            skipped(format!("no real model: {why}"));
            None
        }
    }
}
