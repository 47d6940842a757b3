//! Finds the day in a short text in any spelling: a feed's date, front matter, a masthead, a date line.
//!
//! Returns `YYYY-MM-DD` as written, whatever the time zone. Ambiguous text (`3/4/2024`) has no day. `jiff` decides
//! which days exist. Its parsers, and those of other crates, each reject some spellings that feeds and newsletters use:
//! a wrong weekday, a full month name in RFC 2822's format, a named time zone. So this module only looks for the day
//! among the words.

mod months;
mod tokens;

use std::ops::Range;

use self::months::month;
use self::tokens::{Token, tokens};
use super::clean::{head, words};
use crate::corpus::markdown::is_day;

/// How much of a text is searched, in characters. A date is near the beginning.
const LONGEST: usize = 200;

/// Returns the first day in a field that is meant for a date.
///
/// A two-digit year below 70 is in the 2000s, others are in the 1900s. A field with only a month (`2026-01`) counts as
/// the first of that month.
pub(super) fn day(text: &str) -> Option<String> {
    let text = head(text, LONGEST);
    found(&text, true)
        .into_iter()
        .next()
        .map(|(day, _)| day)
        .or_else(|| month_alone(&text))
}

/// Returns the first day of a month like `2026-01` (ISO 8601-1, reduced precision).
fn month_alone(text: &str) -> Option<String> {
    let text = text.trim();
    let day = format!("{text}-01");
    (text.len() == 7 && is_day(&day)).then_some(day)
}

/// Returns the day in a line, or `None` if the line has none or several different ones.
///
/// The day of an update counts only if there is no other.
pub(super) fn day_in(line: &str) -> Option<String> {
    let line = &*head(line, LONGEST);
    let days = found(before_update(line), false);
    let days = if days.is_empty() { found(line, false) } else { days };
    let mut days = days.into_iter().map(|(day, _)| day);
    let first = days.next()?;
    days.all(|day| day == first).then_some(first)
}

/// Reports whether `line` has the month of an issue rather than a day: `No. 8, March 2026`.
pub(super) fn is_month_of_issue(line: &str) -> bool {
    let line = &*head(line, LONGEST);
    let tokens = tokens(line);
    (0..tokens.len()).any(|at| month_of_issue(line, &tokens, at).is_some())
}

/// Returns the day of publication in a line near the top of a page: a date line, a byline with a date, a masthead.
///
/// A sentence about a day has none (`Tickets from 9 May 2026`, `On 14 March 1987 the archive burnt down.`). The second
/// value is false if the line only says when the page was changed.
pub(super) fn line_day(line: &str) -> Option<(String, bool)> {
    let line = &*head(line, LONGEST);
    let days = found(line, false);
    let (_, at) = days.first()?;
    let rest = without_days(line);
    let ends = line.trim_end().ends_with(['.', '!', '?', ';']);
    if ends && words(&rest) >= 3 || words(&rest) > 14 {
        return None;
    }
    let lower = line[..at.start].to_lowercase();
    let before = lower
        .split(|c: char| !c.is_alphanumeric())
        .rfind(|word| !word.is_empty())
        .unwrap_or_default();
    if matches!(
        before,
        "from" | "until" | "till" | "since" | "before" | "after" | "to" | "opens" | "starts" | "ends"
    ) {
        return None;
    }
    let all = line.to_lowercase();
    let posted = ["published", "posted"].iter().filter_map(|word| all.find(word)).min();
    let posted = posted.and_then(|word| days.iter().find(|(_, at)| at.start > word));
    if let Some((day, _)) = posted {
        return Some((day.clone(), true));
    }
    let day = day_in(line)?;
    let changed = found(before_update(line), false).is_empty();
    Some((day, !changed))
}

/// Returns the part of `line` before it says when the text was changed.
///
/// Example: `Published on 3 February 2026 · Last updated: 11 March 2026`.
fn before_update(line: &str) -> &str {
    let lower = line.to_ascii_lowercase();
    let at = ["last updated", "updated", "last modified", "modified"]
        .iter()
        .filter_map(|word| lower.find(word))
        .min();
    &line[..at.unwrap_or(line.len())]
}

/// Returns the day in a line that says nothing else. The day of an update may follow.
pub(super) fn only_day(line: &str) -> Option<String> {
    if line.len() > 100 || line.contains('\n') {
        return None;
    }
    let all = line;
    let line = before_update(line);
    if line.len() > 60 || line.len() < all.len() && found(all, false).len() < 2 {
        return None;
    }
    let mut days = found(line, false).into_iter();
    let (day, at) = days.next()?;
    let rest = format!("{} {}", &line[..at.start], &line[at.end..]);
    let mut other = rest.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    (days.next().is_none() && other.all(goes_with_a_date)).then_some(day)
}

/// Returns `line` without its days and the separators around the rest.
pub(super) fn without_days(line: &str) -> String {
    let mut out = String::new();
    let mut from = 0;
    for (_, at) in found(line, false) {
        out.push_str(line.get(from..at.start).unwrap_or_default());
        from = at.end;
    }
    out.push_str(line.get(from..).unwrap_or_default());
    let joins =
        |c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | '|' | '·' | '•' | ',' | ':' | '/' | '(' | ')');
    out.trim_matches(joins).to_string()
}

/// Returns `line`, which has no day, without the day of the week at its beginning or end.
pub(super) fn without_weekday(line: &str) -> &str {
    let joins = |c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | '|' | '·' | '•' | ',' | '/' | '(' | ')');
    let is_day = |word: &str| is_weekday(&word.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase());
    let line = line.trim_matches(joins);
    match (line.rsplit_once(joins), line.split_once(joins)) {
        (Some((rest, last)), _) if is_day(last) => rest.trim_matches(joins),
        (_, Some((first, rest))) if is_day(first) => rest.trim_matches(joins),
        _ => line,
    }
}

fn goes_with_a_date(word: &str) -> bool {
    let word = word.to_lowercase();
    is_weekday(&word)
        || super::names::among(
            "published date dated posted on sent the of am pm г года р року r roku",
            &word,
        )
}

pub(super) fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    word.chars().count() >= 3 && DAYS.iter().any(|day| day.starts_with(word))
}

/// Finds every day in `text`, with its range.
fn found(text: &str, short_years: bool) -> Vec<(String, Range<usize>)> {
    let tokens = tokens(text);
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if let Some(day) = month_of_issue(text, &tokens, at) {
            out.push((day, tokens[at + 1].at.start..tokens[at + 2].at.end));
            at += 3;
            continue;
        }
        match day_at(text, &tokens[at..], short_years) {
            Some((day, count)) => {
                let end = tokens[at + count - 1].at.end;
                out.push((day, tokens[at].at.start..end));
                at += count;
            }
            None => at += 1,
        }
    }
    out
}

/// Returns the day that begins at the first of `tokens`, and how many tokens it takes.
fn day_at(text: &str, tokens: &[Token], short_years: bool) -> Option<(String, usize)> {
    let number = |at: usize| tokens.get(at).and_then(|t| t.number);
    let digits = |at: usize| {
        tokens
            .get(at)
            .map_or(0, |t| if t.number.is_some() { t.text.len() } else { 0 })
    };
    let gap = |at: usize| match (tokens.get(at), tokens.get(at + 1)) {
        (Some(a), Some(b)) => text[a.at.end..b.at.start].trim(),
        _ => "?",
    };
    let month = |at: usize| tokens.get(at).and_then(|t| month(t.text));
    let year = |at: usize| match (number(at), digits(at)) {
        (Some(y), 4) if (1900..=2100).contains(&y) => Some(y),
        (Some(y), 2) if short_years => Some(if y < 70 { 2000 + y } else { 1900 + y }),
        _ => None,
    };
    let made = |y: u32, m: u32, d: u32, count: usize| {
        Some((format!("{y:04}-{m:02}-{d:02}"), count)).filter(|(day, _)| is_day(day))
    };
    // 20260105, possibly followed by T090000Z.
    if digits(0) == 8 {
        let n = number(0)?;
        return made(n / 10_000, n / 100 % 100, n % 100, 1).filter(|_| (1900..=2100).contains(&(n / 10_000)));
    }
    let joins = |g: &str| matches!(g, "-" | "/" | "." | "年" | "月" | "년" | "월");
    // 2026-01-05, 2026/1/5, 2026年1月5日.
    if digits(0) == 4 && joins(gap(0)) && joins(gap(1)) && (1..=2).contains(&digits(2)) {
        return made(number(0)?, number(1)?, number(2)?, 3);
    }
    // 5 January 2026, 5th of January, 2026, 05-Jan-2026, 5. Januar 2026, 5 de enero de 2026.
    if (1..=2).contains(&digits(0)) {
        let skip = |mut at: usize, words: &[&str]| {
            while tokens
                .get(at)
                .is_some_and(|t| words.contains(&t.text.to_lowercase().as_str()))
            {
                at += 1;
            }
            at
        };
        let at = skip(1, &["st", "nd", "rd", "th", "er", "of", "de"]);
        if let Some(m) = month(at).filter(|_| near(gap(at - 1))) {
            let at = skip(at + 1, &["de", "del", "of"]);
            return made(year(at)?, m, number(0)?, at + 1).filter(|_| near(gap(at - 1)));
        }
        return in_numbers(text, tokens, gap(0), gap(1)).and_then(|(y, m, d)| made(y, m, d, 3));
    }
    // January 5, 2026, Jan 5th 2026; Jan 5 09:00:00 2026 as C's `asctime` writes it.
    let m = month(0)?;
    let d = number(1).filter(|_| digits(1) <= 2 && near(gap(0)))?;
    let suffix = tokens
        .get(2)
        .is_some_and(|t| ["st", "nd", "rd", "th"].contains(&t.text.to_lowercase().as_str()));
    let at = 2 + usize::from(suffix);
    if let Some(y) = year(at).filter(|_| digits(at) == 4 && near(gap(at - 1))) {
        return made(y, m, d, at + 1);
    }
    let clock = gap(at) == ":";
    let at = at + if clock && gap(at + 1) == ":" { 3 } else { 2 };
    // `Thu Apr 09 07:05:00 CEST 2026`, as Java writes it.
    let zone = tokens
        .get(at)
        .is_some_and(|t| t.number.is_none() && t.text.len() <= 5 && t.text.chars().all(char::is_uppercase));
    let at = at + usize::from(clock && zone);
    year(at)
        .filter(|_| clock && digits(at) == 4)
        .and_then(|y| made(y, m, d, at + 1))
}

/// Returns the first day of the month in `No. 2, February 2026` or `n° 8 mars 2026`, where the number is that of the issue.
fn month_of_issue(text: &str, tokens: &[Token], at: usize) -> Option<String> {
    let (number, name, year) = (tokens.get(at)?, tokens.get(at + 1)?, tokens.get(at + 2)?);
    number.number.filter(|_| number.text.len() <= 2)?;
    let year = year
        .number
        .filter(|y| year.text.len() == 4 && (1900..=2100).contains(y))?;
    let apart = |a: &Token, b: &Token| near(&text[a.at.end..b.at.start]);
    let day = format!("{year:04}-{:02}-01", month(name.text)?);
    let joined = apart(number, name) && apart(name, &tokens[at + 2]);
    (joined && numbers_issue(&text[..number.at.start])).then_some(day)
}

/// Words before the number of an issue.
const SIGNS: &str = "no nr n num number numéro numero número nummer issue ausgabe edition vol volume núm выпуск";

/// Reports whether `before` ends in a word or a sign that the number of an issue follows.
fn numbers_issue(before: &str) -> bool {
    let before = before.trim_end();
    if before.ends_with(['#', '№']) {
        return true;
    }
    let before = before.trim_end_matches(['.', '°', 'º', ':', ' ']);
    let word = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    super::names::among(SIGNS, &word.to_lowercase())
}

/// Reports whether the text between two parts of a date is only separators.
fn near(gap: &str) -> bool {
    gap.chars().all(|c| matches!(c, ' ' | ',' | '.' | '-' | '/' | '\u{a0}'))
}

/// Reads a numeric date with the year last: `13/1/2026`, `1/13/2026`, `5.1.2026`, `1/5/2026 9:00 AM`.
fn in_numbers(text: &str, tokens: &[Token], one: &str, two: &str) -> Option<(u32, u32, u32)> {
    let (a, b, y) = (tokens.first()?, tokens.get(1)?, tokens.get(2)?);
    if one != two || !matches!(one, "/" | "." | "-") || y.text.len() != 4 || b.text.len() > 2 {
        return None;
    }
    let (a, b, y) = (a.number?, b.number?, y.number.filter(|y| (1900..=2100).contains(y))?);
    // A 12-hour clock implies that the month is first. Dots imply that the day is first.
    let american = tokens.iter().any(|t| matches!(t.text, "AM" | "PM" | "am" | "pm")) && text.contains(':');
    match (a > 12, b > 12) {
        (true, false) => Some((y, b, a)),
        (false, true) => Some((y, a, b)),
        (false, false) if a == b || one == "." => Some((y, b, a)),
        (false, false) if american => Some((y, a, b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_field_is_read_in_every_spelling() {
        for text in [
            "Mon, 05 Jan 2026 09:00:00 +0000",
            "Tue, 05 Jan 2026 09:00:00 +0000",
            "Monday, 05 January 2026 09:00:00 CET",
            "05 Jan 2026",
            "Mon, 05 Jan 2026 24:00:00 GMT",
            "Mon Jan  5 09:00:00 2026",
            "2026/01/05 09:00",
            "2026-01-05 09:00:00",
            "2026-01-05T09:00:00.000+01:00",
            "Mon, 05 Jan 26 9:00:00 GMT",
            "mon, 05 jan 2026 09:00:00 gmt",
            "20260105T090000Z",
            "January 5, 2026",
            "lun., 05 janv. 2026 08:00:00 +0100",
            "5 stycznia 2026 r.",
            "5 января 2026 г.",
            "5 Ocak 2026",
            "No. 12, 5 January 2026",
            "1/5/2026 9:00:00 AM",
            "Mon,05 Jan 2026 09:00:00 GMT",
            "Mon, 05-Jan-2026 09:00:00 GMT",
            "January 5th, 2026 at 9:00",
            "the 5th of January, 2026",
            "5. Januar 2026",
            "5 de enero de 2026",
            "le 5 janvier 2026",
            "5.1.2026",
            "2026年1月5日",
            "2026년 1월 5일",
        ] {
            assert_eq!(day(text).as_deref(), Some("2026-01-05"), "{text}");
        }
        for text in [
            "3/4/2024",
            "May we come in?",
            "2026-13-01",
            "30 February 2026",
            "",
            "12:30",
            "3.10.1",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn a_line_is_a_date_only_where_it_says_nothing_else() {
        for text in [
            "March 5, 2024",
            "Tuesday, 5 March 2024",
            "Published: Mar 5th, 2024",
            "2024/03/05",
            "Posted on 5 March 2024 · Updated 11 March 2024",
        ] {
            assert_eq!(only_day(text).as_deref(), Some("2024-03-05"), "{text}");
        }
        for text in [
            "5 March 2024 was a good day",
            "March 5, 2024 to March 9, 2024",
            "March 2024",
            "Issue 12 - 3 March 2026",
        ] {
            assert_eq!(only_day(text), None, "{text}");
        }
    }

    #[test]
    fn a_masthead_names_its_day_among_other_words() {
        for text in [
            "#14 — January 5, 2026",
            "By Dana Reyes • 5 Jan 2026 • View in browser",
            "Published on 5 January 2026 · Last updated: 11 March 2026 · 4 min read",
            "No. 31 | 5 January 2026",
            "Two-Sided, no. 54 · Monday, 5\u{a0}January 2026",
            "Letter 19, January 5th, 2026",
            "**January 2026, published on 2026-01-05**",
        ] {
            assert_eq!(day_in(text).as_deref(), Some("2026-01-05"), "{text}");
        }
        assert_eq!(day_in("from January 5, 2026 to January 9, 2026"), None);
        assert_eq!(day_in("We sold 5 of 2026 seats"), None);
        assert_eq!(without_days("Issue 12 - 3 March 2026"), "Issue 12");
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at_without_harm(text in "(?s)[0-9a-zA-Z年月日.,:/ -]{0,60}|.{0,60}") {
            for found in [day(&text), day_in(&text), only_day(&text)].into_iter().flatten() {
                prop_assert!(is_day(&found));
            }
            let _ = without_days(&text);
        }
    }
}
