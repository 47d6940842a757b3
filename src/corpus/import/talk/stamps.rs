//! Reads the speaker and the time at the beginning of a turn: `Ana Lima (00:00:04): text`.

use crate::corpus::import::names;

/// Reports whether `line` begins a turn with a speaker and a time.
pub(in crate::corpus::import) fn is_stamped(line: &str) -> bool {
    stamped(line).is_some()
}

/// Returns the speaker and the text of a turn with a time.
///
/// The forms are `Ana Lima (00:00:04): text`, `[00:04] Ana Lima: text`, and `Ana Lima 0:04` above the text.
pub(super) fn stamped(text: &str) -> Option<(&str, &str)> {
    let line = text.split('\n').next().unwrap_or(text);
    let near = &line[..line.char_indices().nth(90).map_or(line.len(), |(at, _)| at)];
    let start = near.find(|c: char| c.is_ascii_digit())?;
    let length = line[start..]
        .bytes()
        .take_while(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'))
        .count();
    let time = line[start..start + length].trim_end_matches([':', '.']);
    let fields: Vec<&str> = time.split([':', '.']).collect();
    let clock =
        time.contains(':') && (2..=4).contains(&fields.len()) && fields.iter().all(|f| (1..=3).contains(&f.len()));
    if !clock {
        return None;
    }
    let joins = |c: char| {
        matches!(
            c,
            '(' | ')' | '[' | ']' | ':' | '-' | '–' | '—' | '|' | ',' | ' ' | '*' | '_' | '>'
        )
    };
    let before = line[..start].trim_matches(joins);
    let after = line[start + time.len()..].trim_start_matches(joins);
    if before.is_empty() {
        let after = &text[line.len() - after.len()..];
        if let Some((who, said)) = names::spoken_line(after) {
            return names::is_speaker(who).then_some((who, said));
        }
        let (who, said) = after.split_once('\n').unwrap_or((after, ""));
        return names::is_speaker(names::bare(who)).then(|| (names::bare(who), said.trim()));
    }
    let said = text[line.len() - after.len()..].trim();
    // A sentence may mention a time of day.
    let set_off = line[..start].ends_with(['(', '[', '|', '\t']) || after.is_empty();
    (set_off && names::is_speaker(before)).then_some((before, said))
}
