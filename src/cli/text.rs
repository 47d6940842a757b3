//! Reads questions and queries as text, within a limit, from the command line or standard input.

use std::io::{self, IsTerminal, Read};

use super::error::Failure;

/// Reads a question or query from the command line, or from standard input for `-` or a pipe. Reads only a few bytes more
/// than `limit`, so that the caller can see that there are too many.
pub fn words_or_stdin(words: &[String], limit: usize, what: &str) -> Result<String, Failure> {
    let from_stdin = words.is_empty() || words == ["-"];
    if !from_stdin {
        return Ok(words.join(" "));
    }
    if words.is_empty() && io::stdin().is_terminal() {
        return Err(Failure::new(format!("cannot read the {what}"), "none was given")
            .hinted(format!("type the {what} after the command, or pipe it in")));
    }
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take((limit + BEYOND) as u64)
        .read_to_end(&mut bytes)
        .map_err(|e| Failure::new("cannot read standard input", e))?;
    drop_cut_character(&mut bytes, limit);
    text(bytes, &format!("the {what}"))
}

/// How many bytes to read beyond a limit. If the last character is cut and dropped, more than the limit is still left.
pub const BEYOND: usize = 4;

/// Drops the last character of input that was cut off after `limit` bytes if only a part of it was read.
pub fn drop_cut_character(bytes: &mut Vec<u8>, limit: usize) {
    if bytes.len() > limit
        && let Err(error) = std::str::from_utf8(bytes)
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
    }
}

/// Converts `bytes` of `what` to text.
///
/// # Errors
/// Bytes that are not UTF-8, with the position of the first.
pub fn text(bytes: Vec<u8>, what: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::new(
            format!("cannot read {what}"),
            format!("byte {} is not UTF-8 text", at + 1),
        )
        .hinted("convert it to UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_text_are_refused_with_their_place() {
        let lines = text(b"ab\xff".to_vec(), "the question").unwrap_err().lines();
        assert_eq!(lines[0], "askpm: cannot read the question: byte 3 is not UTF-8 text");
    }

    #[test]
    fn input_that_was_cut_within_a_character_stays_text_and_too_long() {
        for start in ["", "a", "ab"] {
            for letter in ["é", "€", "😀"] {
                let all = start.to_string() + &letter.repeat(50);
                let mut cut = all.as_bytes()[..20 + BEYOND].to_vec();
                drop_cut_character(&mut cut, 20);
                assert!(cut.len() > 20 && std::str::from_utf8(&cut).is_ok(), "{start}{letter}");
            }
        }
        let mut wrong = b"a\xc3".to_vec();
        drop_cut_character(&mut wrong, 20);
        assert_eq!(wrong, b"a\xc3");
    }
}
