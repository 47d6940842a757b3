//! Reads and writes the text of a conversation: one JSON object a line. The first line says what the file is.
//!
//! Faults are reported with their line. [`store`](super::store) decides where files are.
//!
//! ```text
//! {"askpm":"conversation","version":1}
//! {"at":"2026-11-24T10:00:00Z","question":"…","query":null,"answer":"…","abstained":false,"mode":"extractive",…}
//! ```
//!
//! A last line without a line end was cut off by a crash or a full disk. It counts only if it is still valid.

use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Citation, Mode};

/// The version that is written. Other versions are rejected.
const VERSION: u32 = 1;

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// RFC 3339, UTC.
    pub at: String,
    /// As typed.
    pub question: String,
    /// What was searched for, if the question depended on those before it.
    #[serde(default)]
    pub query: Option<String>,
    /// Markdown with `[n]` marks, or the line that says that there is no answer.
    pub answer: String,
    #[serde(default)]
    pub abstained: bool,
    pub mode: Mode,
    #[serde(default)]
    pub citations: Vec<Citation>,
    /// The model's name, if one was used.
    #[serde(default)]
    pub model: Option<String>,
}

impl Turn {
    /// Creates a turn with the current time. `query` is what was searched for, if it differs from `question` as typed.
    pub fn new(question: &str, query: Option<String>, answer: &Answer) -> Turn {
        Turn {
            at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            question: question.trim().to_string(),
            query,
            answer: answer.answer.clone(),
            abstained: answer.abstained,
            mode: answer.mode,
            citations: answer.citations.clone(),
            model: answer.model.as_ref().map(|model| model.name.clone()),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    askpm: String,
    version: u32,
}

/// What is wrong with a transcript.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct TranscriptError {
    /// Counted from 1.
    pub line: usize,
    pub what: String,
}

/// Returns the first line of a file, with its line end.
pub fn header() -> String {
    let header = Header {
        askpm: "conversation".into(),
        version: VERSION,
    };
    line(&header)
}

/// Returns the line of a turn, with its line end.
pub fn line(value: &impl Serialize) -> String {
    // Strings, numbers and lists always serialise.
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Returns the turns of a file, oldest first, and how many of its bytes hold them. Anything after those was cut off.
///
/// # Errors
/// The first line is not a valid header, or a later line is not a turn.
pub fn read(bytes: &[u8]) -> Result<(Vec<Turn>, usize), TranscriptError> {
    let mut turns = Vec::new();
    let mut whole = 0;
    for (n, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let torn = !line.ends_with(b"\n");
        let fault = |what: String| TranscriptError { line: n + 1, what };
        let text = match std::str::from_utf8(line) {
            Ok(text) => text.trim(),
            Err(_) if torn => break,
            Err(error) => return Err(fault(format!("byte {} is not UTF-8 text", error.valid_up_to() + 1))),
        };
        if n == 0 {
            match serde_json::from_str::<Header>(text) {
                Ok(header) if header.askpm == "conversation" && header.version == VERSION => {}
                Ok(header) => {
                    return Err(fault(format!(
                        "it is a {} of version {}, which this askpm cannot read",
                        header.askpm, header.version
                    )));
                }
                Err(_) if torn => break,
                Err(_) => return Err(fault("it is not an askpm conversation".into())),
            }
        } else if !text.is_empty() {
            match serde_json::from_str::<Turn>(text) {
                Ok(turn) => turns.push(turn),
                Err(_) if torn => break,
                Err(error) => return Err(fault(plain(&error))),
            }
        }
        whole += line.len();
    }
    Ok((turns, whole))
}

/// Returns what is wrong, without the line that `serde_json` counts within the text.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) => format!("{what}, at column {}", error.column()),
        None => text,
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    pub fn turn(question: &str) -> Turn {
        Turn {
            at: "2026-01-01T00:00:00Z".into(),
            question: question.into(),
            query: None,
            answer: "So. [1]".into(),
            abstained: false,
            mode: Mode::Extractive,
            citations: Vec::new(),
            model: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::turn;
    use super::*;
    use proptest::prelude::*;

    fn file(turns: &[Turn]) -> String {
        turns.iter().fold(header(), |text, turn| text + &line(turn))
    }

    #[test]
    fn what_is_written_is_read_back() {
        let turns = [turn("one\nquestion\u{1b}"), turn("two")];
        let text = file(&turns);
        assert_eq!(read(text.as_bytes()), Ok((turns.to_vec(), text.len())));
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn a_file_cut_at_any_byte_keeps_the_turns_before_the_cut() {
        let turns = [turn("one"), turn("zwölf"), turn("three")];
        let text = file(&turns);
        for cut in 0..text.len() {
            let (read, whole) = read(&text.as_bytes()[..cut]).unwrap();
            assert_eq!(read, turns[..read.len()]);
            assert!(whole <= cut && text.as_bytes()[whole..cut].iter().all(|&byte| byte != b'\n'));
        }
    }

    #[test]
    fn a_fault_is_told_with_its_line() {
        let broken = format!("{}{}{{\"at\": 3}}\n{}", header(), line(&turn("a")), line(&turn("b")));
        let error = read(broken.as_bytes()).unwrap_err();
        assert_eq!(error.line, 3);
        assert!(
            error.what.contains("expected a string") && !error.what.contains("line"),
            "{error}"
        );
        assert_eq!(read(b"# Notes\n").unwrap_err().line, 1);
        let newer = header().replace(":1", ":2");
        assert!(read(newer.as_bytes()).unwrap_err().what.contains("version 2"));
    }

    proptest! {
        #[test]
        fn any_bytes_give_turns_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut all = header().into_bytes();
            all.extend(&bytes);
            if let Ok((_, whole)) = read(&all) {
                prop_assert!(whole <= all.len());
            }
        }
    }
}
