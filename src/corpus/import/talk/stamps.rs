//! Reads the speaker and the time at the beginning of a turn: `Ana Lima (00:00:04): text`, `Ana Lima  [9:12 AM]`.

use crate::corpus::import::names;

/// Reports whether `line` begins a turn with a speaker and a time.
pub(in crate::corpus::import) fn is_stamped(line: &str) -> bool {
    stamped(line).is_some() || is_notice(line)
}

/// Reports whether a line of a chat has a day and a time and is nobody's: `12/05/26, 09:00 - Ana created the group`.
pub(super) fn is_notice(line: &str) -> bool {
    let line = line.trim_start_matches('[');
    day(line).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) && stamped(line).is_none()
}

/// Returns what follows a day in digits, and the comma or space behind it.
fn day(text: &str) -> Option<&str> {
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-');
    let length = text.bytes().take_while(part).count();
    let fields: Vec<&str> = text[..length].split(['/', '.', '-']).collect();
    let number = |field: &str| matches!(field.len(), 1 | 2 | 4) && field.bytes().all(|b| b.is_ascii_digit());
    let month = |field: &str| field.len() == 3 && field.bytes().all(|b| b.is_ascii_alphabetic());
    let is_day = match fields[..] {
        [a, b, c] => number(a) && (number(b) || month(b)) && number(c),
        _ => false,
    };
    let rest = text[length..].strip_prefix(['T', ',', ' '])?.trim_start();
    is_day.then_some(rest)
}

/// Returns the speaker and the text of a turn with a time.
///
/// The forms are `Ana Lima (00:00:04): text`, `[00:04] Ana Lima: text`, and `Ana Lima 0:04` above the text. The time may
/// be a time of day, as in a copied chat.
pub(super) fn stamped(text: &str) -> Option<(&str, &str)> {
    let line = text.split('\n').next().unwrap_or(text);
    let near = &line[..line.char_indices().nth(90).map_or(line.len(), |(at, _)| at)];
    let first = near.find(|c: char| c.is_ascii_digit())?;
    // A day may stand before the time.
    let start = day(&line[first..]).map_or(first, |rest| line.len() - rest.len());
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
    let before = line[..first].trim_matches(joins);
    let before = named(before[..before.len() - day_name(before)].trim_end_matches(joins));
    let after = after_half(line[start + time.len()..].trim_start()).trim_start_matches(joins);
    if before.is_empty() {
        let after = &text[line.len() - after.len()..];
        if let Some((who, said)) = names::spoken_line(after) {
            return speaker(who).map(|who| (who, said));
        }
        let (who, said) = after.split_once('\n').unwrap_or((after, ""));
        return speaker(names::bare(who)).map(|who| (who, said.trim()));
    }
    let said = text[line.len() - after.len()..].trim();
    // A sentence may mention a time of day.
    let set_off = line[..first].ends_with(['(', '[', '|', '\t']) || after.is_empty();
    (set_off && names::is_speaker(before)).then_some((before, said))
}

/// Returns the length of a name of a day at the end of `text`: `Today`, `Yesterday at`, `Ana Lima — Monday`.
fn day_name(text: &str) -> usize {
    let bare = text.trim_end();
    let bare = bare.strip_suffix(" at").unwrap_or(bare);
    let days = "today yesterday monday tuesday wednesday thursday friday saturday sunday";
    let last = bare.rsplit([' ', '[', '(']).next().unwrap_or_default();
    match days.split(' ').any(|day| last.eq_ignore_ascii_case(day)) {
        true => text.len() - (bare.len() - last.len()),
        false => 0,
    }
}

/// Returns the speaker in a line of a chat, where the form of a name is freer: `Lima, Ana (External)`, `old_ana#7781`.
fn speaker(who: &str) -> Option<&str> {
    let who = ["(External)", "(Guest)", "(Unverified)"]
        .iter()
        .find_map(|mark| who.strip_suffix(mark))
        .unwrap_or(who)
        .trim();
    let bare = who
        .rsplit_once('#')
        .filter(|(_, code)| code.len() == 4 && code.bytes().all(|b| b.is_ascii_digit()));
    let name = bare.map_or(who, |(name, _)| name);
    let handle = bare.is_some() && !name.contains(char::is_whitespace);
    let listed = who
        .split_once(", ")
        .is_some_and(|(last, first)| names::is_name(&format!("{first} {last}")) && !first.contains(','));
    (names::is_speaker(name) || handle || listed).then_some(name)
}

/// Returns what follows `AM` or `PM` at the beginning of `text`.
fn after_half(text: &str) -> &str {
    let half = text
        .get(..2)
        .filter(|half| ["am", "pm"].iter().any(|one| half.eq_ignore_ascii_case(one)));
    let rest = &text[half.map_or(0, str::len)..];
    if rest.starts_with(char::is_alphanumeric) {
        text
    } else {
        rest
    }
}

/// Returns the name in `text`, without what a chat shows after it: a status such as `:palm_tree:`, pronouns, `APP`.
fn named(text: &str) -> &str {
    let mut name = text.trim_end();
    loop {
        let code = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+');
        let status = name.rsplit_once(" :").filter(|(_, status)| {
            let status = status.trim_end_matches(':');
            !status.is_empty() && status.chars().all(code)
        });
        let pronouns = name
            .strip_suffix(')')
            .unwrap_or(name)
            .rsplit_once(" (")
            .filter(|(_, inner)| {
                let they = |word: &str| {
                    matches!(
                        word.trim(),
                        "he" | "him" | "his" | "she" | "her" | "hers" | "they" | "them" | "theirs"
                    )
                };
                inner.contains('/') && inner.to_lowercase().split('/').all(they)
            });
        let rest = status
            .or(pronouns)
            .map(|(name, _)| name)
            .or_else(|| name.strip_suffix(" APP"));
        match rest {
            Some(rest) => name = rest.trim_end(),
            None => return name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_times_open_turns() {
        for (line, found) in [
            ("Ana Lima (00:00:04): We ask.", Some(("Ana Lima", "We ask."))),
            ("[00:04] Ana Lima: We ask.", Some(("Ana Lima", "We ask."))),
            ("Ana Lima 0:04\nWe ask.", Some(("Ana Lima", "We ask."))),
            ("Ana Lima  [9:04 AM]\nWe ask.", Some(("Ana Lima", "We ask."))),
            ("Ana Lima  9:04 PM\nAm I late?", Some(("Ana Lima", "Am I late?"))),
            (
                "Ana Lima :palm_tree:  [9:04 AM]\nWe ask.",
                Some(("Ana Lima", "We ask.")),
            ),
            ("Ben Osei (he/him)  [9:04 AM]\nWe ask.", Some(("Ben Osei", "We ask."))),
            ("Polly  APP  [9:04 AM]\nVote.", Some(("Polly", "Vote."))),
            ("[12/05/2026 09:04] Ana Lima: We ask.", Some(("Ana Lima", "We ask."))),
            (
                "[2026-05-12, 9:04:10 PM] Ana Lima: We ask.",
                Some(("Ana Lima", "We ask.")),
            ),
            ("12/05/26, 09:04 - Ana Lima: We ask.", Some(("Ana Lima", "We ask."))),
            ("Ana Lima — 05/12/2026 9:04 AM\nWe ask.", Some(("Ana Lima", "We ask."))),
            ("Ana Lima — Today at 9:04 AM\nWe ask.", Some(("Ana Lima", "We ask."))),
            (
                "[30-Jun-26 06:12 PM] old_ana#4410\nWe ask.",
                Some(("old_ana", "We ask.")),
            ),
            (
                "[Yesterday 14:03] Lima, Ana (External)\nWe ask.",
                Some(("Lima, Ana", "We ask.")),
            ),
            ("Ana Lima, [20.11.2025 10:02]\nWe ask.", Some(("Ana Lima", "We ask."))),
            ("[12/05/26, 09:00] PM Circle: We ask.", Some(("PM Circle", "We ask."))),
            ("12/05/26, 09:00 - Ana created the group", None),
            ("We meet at 9:04 AM on Mondays", None),
            ("Ana Lima came at 9:04 and left", None),
        ] {
            assert_eq!(stamped(line), found, "{line}");
        }
        assert!(is_notice("12/05/26, 09:00 - Ana created the group"));
        assert!(
            !is_notice("12/05/26, 09:00 - Ana: We ask.")
                && !is_notice("9:04 in the morning")
                && !is_notice("2026-05-12 was late")
        );
    }
}
