//! Decodes files that old mail programs put into the text as uuencode.

/// Returns the name and the bytes of the file that `text` is, or `None` if it is none.
///
/// Text may stand around it: `begin 644 NAME`, the lines of code, `end`.
pub(super) fn file(text: &str) -> Option<(String, Vec<u8>)> {
    let (name, _, code) = split(text)?;
    Some((name.to_string(), decoded(code)))
}

/// Takes the files out of `text`. Returns the rest and the files.
pub(super) fn taken_out(text: &str) -> (String, Vec<(String, Vec<u8>)>) {
    let (mut rest, mut files) = (text.to_string(), Vec::new());
    while files.len() < MOST
        && let Some((name, at, code)) = split(&rest)
    {
        files.push((name.to_string(), decoded(code)));
        rest.replace_range(at, "");
    }
    (rest, files)
}

/// Most files in one text.
const MOST: usize = 20;

/// Finds the first file: its name, its place with both lines around it, and its code.
fn split(text: &str) -> Option<(&str, std::ops::Range<usize>, &str)> {
    let (start, head) = lines(text, 0).find(|(_, line)| name(line).is_some())?;
    let from = start + head.len();
    let mut end = from;
    for (at, line) in lines(text, from) {
        if line.trim_end() == "end" {
            return Some((name(head)?, start..at + line.len(), &text[from..at]));
        }
        if !line.trim_end().is_empty() && self::line(line.trim_end_matches(['\r', '\n'])).is_none() {
            return None;
        }
        end = at + line.len();
    }
    // The last line may be missing.
    (end > from).then_some((name(head)?, start..end, &text[from..end]))
}

/// Returns the lines of `text` from `from` on, with their places and their ends.
fn lines(text: &str, from: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut at = from;
    text[from..].split_inclusive('\n').map(move |line| {
        at += line.len();
        (at - line.len(), line)
    })
}

/// Reads `begin 644 NAME`.
fn name(line: &str) -> Option<&str> {
    let (mode, name) = line.strip_prefix("begin ")?.trim_end().split_once(' ')?;
    let is_mode = (3..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    (is_mode && !name.trim().is_empty()).then_some(name.trim())
}

fn decoded(code: &str) -> Vec<u8> {
    code.lines().filter_map(line).flatten().collect()
}

/// Decodes a line: its number of bytes, and four characters for each three of them.
fn line(line: &str) -> Option<Vec<u8>> {
    let bytes = line.as_bytes();
    let value = |byte: u8| (b' '..=b'`').contains(&byte).then(|| (byte - b' ') & 63);
    let length = usize::from(value(*bytes.first()?)?);
    let code: Vec<u8> = bytes[1..].iter().map(|&byte| value(byte)).collect::<Option<_>>()?;
    // Programs strip the spaces at the end of a line, and some add a character.
    let whole = length.div_ceil(3) * 4;
    if code.len() > whole + 2 || code.len() + 4 < whole {
        return None;
    }
    let mut out = Vec::with_capacity(length);
    for at in (0..whole).step_by(4) {
        let digit = |n: usize| u32::from(code.get(at + n).copied().unwrap_or(0));
        let three = digit(0) << 18 | digit(1) << 12 | digit(2) << 6 | digit(3);
        out.extend(&three.to_be_bytes()[1..]);
    }
    out.truncate(length);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: &str = "begin 644 desks.txt\n.3FEN92!D97-K<RX*+BX`\n`\nend\n";

    #[test]
    fn files_are_decoded_and_taken_out_of_the_text() {
        let (name, bytes) = file(FILE).unwrap();
        assert_eq!(
            (name.as_str(), bytes.as_slice()),
            ("desks.txt", &b"Nine desks.\n.."[..])
        );
        let (rest, files) = taken_out(&format!("Above.\n\n{FILE}\nBelow.\n"));
        assert_eq!((rest.as_str(), files.len()), ("Above.\n\n\nBelow.\n", 1));
        for text in [
            "We begin 644 days late.\nend\n",
            "begin 644 desks.txt\nAnd a sentence of the text.\nend\n",
        ] {
            assert_eq!(taken_out(text).0, text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(begin 644 a\n|end\n|`\n|M[ -`]{0,62}\n|é|[ -~]{0,9}\n){0,12}") {
            let (rest, files) = taken_out(&text);
            prop_assert!(rest.len() <= text.len() && files.len() <= MOST);
        }
    }
}
