//! Sets the footnotes of a PDF apart from the text in which their pages end.

use std::collections::{HashMap, HashSet};

use super::lines::Line;
use crate::corpus::import::footnotes::marks;

/// How much smaller the letters of a note are than those of the text.
const SMALLER: f64 = 0.95;

/// Moves the footnotes of `lines` behind the text. `size` is that of the text.
///
/// A note is in small letters, and begins with the number of a mark above it on its page. If a number recurs, all notes
/// stay where they are.
pub(super) fn behind(lines: Vec<Line>, size: f64) -> Vec<Line> {
    let mut marked: HashSet<(usize, u32)> = HashSet::new();
    let mut notes: HashMap<usize, u32> = HashMap::new();
    for (at, line) in lines.iter().enumerate() {
        if line.size < SMALLER * size
            && let Some((number, _)) = numbered(&line.text)
            && marked.contains(&(line.page, number))
        {
            notes.insert(at, number);
        }
        let numbers = marks(&line.text).filter_map(|label| label.parse().ok());
        marked.extend(numbers.map(|number| (line.page, number)));
    }
    let different: HashSet<u32> = notes.values().copied().collect();
    if notes.is_empty() || different.len() < notes.len() {
        return lines;
    }
    let (mut text, mut behind) = (Vec::with_capacity(lines.len()), Vec::new());
    let mut open: Option<Line> = None;
    for (at, mut line) in lines.into_iter().enumerate() {
        if let Some(number) = notes.get(&at) {
            let said = numbered(&line.text).map_or_else(String::new, |(_, said)| said.to_string());
            line.text = format!("[^{number}] {said}");
            (line.cells, line.parts) = (Vec::new(), Vec::new());
            open = Some(line.clone());
            behind.push(line);
            continue;
        }
        let goes_on = |note: &Line| {
            let same = (line.page, line.column) == (note.page, note.column);
            same && (line.size - note.size).abs() < 0.05 * size && line.y > note.y
        };
        if open.as_ref().is_some_and(goes_on) {
            behind.push(line);
        } else {
            open = None;
            text.push(line);
        }
    }
    text.extend(behind);
    text
}

/// Splits `1. Text`, `1) Text` or `1 Text` into the number and the text.
fn numbered(text: &str) -> Option<(u32, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text.get(..digits).filter(|_| (1..=2).contains(&digits))?.parse().ok()?;
    let rest = text[digits..].trim_start_matches(['.', ')']);
    let said = rest.strip_prefix(' ').map(str::trim)?;
    (!said.is_empty()).then_some((number, said))
}
