//! Writes the themes of a corpus over time: bars in text, a table in Markdown. The plot of the page is in `html.rs`.

pub mod html;

use std::io::{self, Write};

use super::markdown::escape;
use super::sanitise;
use super::terminal::{BOLD, DIM, Look, MARK, also_in, also_in_line, count};
use crate::themes::report::{Entry, Topic, Topics};
use crate::themes::time::Unit;

/// The most columns of a name, and of the bar of the largest theme.
const NAME: usize = 40;
const BAR: usize = 20;

/// Levels of a count within a column, from few to many.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Writes `topics` as text: for each theme its name, a bar, its count, and a column for each period.
pub fn text(out: &mut dyn Write, topics: &Topics, look: Look) -> io::Result<()> {
    writeln!(out, "{}", look.style(BOLD, &look.wrap(&summary(topics), "")))?;
    if !topics.themes.is_empty() {
        writeln!(out)?;
    }
    let width = unicode_width::UnicodeWidthStr::width;
    let names: Vec<String> = topics.themes.iter().map(|theme| sanitise::line(&theme.name)).collect();
    let column = names
        .iter()
        .map(|name| width(name.as_str()))
        .max()
        .unwrap_or(0)
        .min(NAME);
    let most = topics
        .themes
        .iter()
        .map(|theme| theme.discussions.len())
        .max()
        .unwrap_or(1);
    let highest = highest(topics);
    for (theme, name) in topics.themes.iter().zip(&names) {
        let gap = " ".repeat(column.saturating_sub(width(name.as_str())));
        let size = theme.discussions.len();
        let bar = "█".repeat((size * BAR).div_ceil(most).max(1));
        let rest = " ".repeat(BAR - bar.chars().count());
        let over_time = levels(&theme.counts, highest);
        writeln!(
            out,
            "{name}{gap}  {}{rest} {size:>3}  {over_time}",
            look.style(MARK, &bar)
        )?;
    }
    if let Some(rest) = rest(topics) {
        writeln!(out, "\n{}", look.style(DIM, &look.wrap(&rest, "")))?;
    }
    Ok(())
}

/// Writes `topic` as text: its discussions, newest first.
pub fn one(out: &mut dyn Write, topic: &Topic, look: Look) -> io::Result<()> {
    writeln!(out, "{}", look.style(BOLD, &look.wrap(&summary_of_one(topic), "")))?;
    if topic.periods.len() > 1 {
        let most = topic.counts.iter().copied().max().unwrap_or(1);
        let (first, last) = ends(&topic.periods);
        writeln!(out, "{first} {} {last}", look.style(MARK, &levels(&topic.counts, most)))?;
    }
    writeln!(out)?;
    for entry in &topic.discussions {
        let date = look.date(entry.date.as_deref());
        let text = sanitise::line(&format!("{date}  {}  {}", entry.id, entry.title));
        writeln!(out, "{}", look.wrap(&text, "    ").trim_start())?;
        also_in(out, &entry.also_in, look)?;
    }
    Ok(())
}

/// Writes `topics` as Markdown: a table with a row for each theme.
pub fn markdown(out: &mut dyn Write, topics: &Topics) -> io::Result<()> {
    writeln!(out, "# {}\n", escape(&summary(topics)))?;
    if !topics.themes.is_empty() {
        let periods: String = topics.periods.iter().map(|period| format!(" {period} |")).collect();
        writeln!(out, "| theme | discussions |{periods}")?;
        writeln!(out, "|---|---|{}", "---|".repeat(topics.periods.len()))?;
    }
    for theme in &topics.themes {
        let counts: String = theme.counts.iter().map(|count| format!(" {count} |")).collect();
        writeln!(out, "| {} | {} |{counts}", escape(&theme.name), theme.discussions.len())?;
    }
    match rest(topics) {
        Some(rest) => writeln!(out, "\n*{}*", escape(&rest)),
        None => Ok(()),
    }
}

/// Writes `topic` as Markdown: a list of its discussions.
pub fn one_markdown(out: &mut dyn Write, topic: &Topic) -> io::Result<()> {
    writeln!(out, "# {}\n", escape(&summary_of_one(topic)))?;
    for entry in &topic.discussions {
        let Entry { id, title, date, .. } = entry;
        let date = date.as_deref().unwrap_or("undated");
        let also = escape(&also_in_line(&entry.also_in));
        writeln!(out, "- {}: {} `{id}`{also}", escape(date), escape(title))?;
    }
    Ok(())
}

fn summary(topics: &Topics) -> String {
    let over = match (topics.unit, topics.periods.len()) {
        (Some(unit), 2..) => {
            let (first, last) = ends(&topics.periods);
            format!(", by {} from {first} to {last}", name(unit))
        }
        _ => String::new(),
    };
    let (discussions, editions) = (
        count(topics.discussions, "discussion"),
        count(topics.editions, "edition"),
    );
    format!("Themes of {discussions} in {editions}{over}")
}

fn summary_of_one(topic: &Topic) -> String {
    let (discussions, editions) = (
        count(topic.discussions.len(), "discussion"),
        count(topic.editions, "edition"),
    );
    format!("On {}: {discussions} in {editions}", sanitise::line(&topic.topic))
}

fn name(unit: Unit) -> &'static str {
    match unit {
        Unit::Month => "month",
        Unit::Quarter => "quarter",
        Unit::Year => "year",
    }
}

fn ends(periods: &[String]) -> (&str, &str) {
    (
        periods.first().map_or("", String::as_str),
        periods.last().map_or("", String::as_str),
    )
}

/// What the themes do not have.
fn rest(topics: &Topics) -> Option<String> {
    let parts = [
        (topics.left_out, "smaller theme", "left out"),
        (topics.alone, "discussion", "in no theme"),
    ];
    let parts = parts
        .into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, noun, what)| format!("{} {what}", count(n, noun)));
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| format!("{}.", parts.join("; ")))
}

/// The highest count of a theme in a period.
fn highest(topics: &Topics) -> usize {
    topics
        .themes
        .iter()
        .flat_map(|theme| &theme.counts)
        .copied()
        .max()
        .unwrap_or(0)
        .max(1)
}

/// A column for each count. A dot stands for none.
fn levels(counts: &[usize], most: usize) -> String {
    let level = |count: &usize| match count {
        0 => '·',
        count => LEVELS[(count * LEVELS.len()).div_ceil(most.max(1)).clamp(1, LEVELS.len()) - 1],
    };
    counts.iter().map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_show_few_and_many_and_none() {
        assert_eq!(levels(&[0, 1, 4, 8], 8), "·▁▄█");
        assert_eq!(levels(&[2], 0), "█");
    }
}
