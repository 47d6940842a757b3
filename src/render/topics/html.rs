//! Writes the themes of a corpus as a page with a plot (SVG) of their counts over time.

use std::io::{self, Write};

use super::super::html::{begin, end, escape};
use super::super::sanitise;
use super::super::terminal::also_in_line;
use super::{ends, highest, rest, summary, summary_of_one};
use crate::themes::report::{Entry, Topic, Topics};

/// Sizes of the plot, in its own units.
const NAME: usize = 260;
const ROW: usize = 30;
const COLUMNS: usize = 400;
const COUNT: usize = 40;

/// Writes `topics` as a page: the plot, then the discussions of each theme.
pub fn page(out: &mut dyn Write, topics: &Topics) -> io::Result<()> {
    begin(out, &summary(topics))?;
    if !topics.themes.is_empty() {
        let rows: Vec<(&str, &[usize], usize)> = topics
            .themes
            .iter()
            .map(|theme| (theme.name.as_str(), theme.counts.as_slice(), theme.discussions.len()))
            .collect();
        plot(out, &rows, &topics.periods, highest(topics))?;
    }
    for theme in &topics.themes {
        writeln!(out, "<h2>{}</h2>", one_line(&theme.name))?;
        entries(out, &theme.discussions)?;
    }
    if let Some(rest) = rest(topics) {
        writeln!(out, "<p class=\"about\">{}</p>", escape(&rest))?;
    }
    end(out)
}

/// Writes `topic` as a page: the plot, then its discussions.
pub fn one(out: &mut dyn Write, topic: &Topic) -> io::Result<()> {
    begin(out, &summary_of_one(topic))?;
    let most = topic.counts.iter().copied().max().unwrap_or(1).max(1);
    plot(
        out,
        &[(&topic.topic, &topic.counts, topic.discussions.len())],
        &topic.periods,
        most,
    )?;
    entries(out, &topic.discussions)?;
    end(out)
}

/// Draws a row of bars for each name, counts and total. The bars of all rows have the same scale.
fn plot(out: &mut dyn Write, rows: &[(&str, &[usize], usize)], periods: &[String], most: usize) -> io::Result<()> {
    let (width, height) = (NAME + COLUMNS + COUNT, ROW * rows.len() + ROW);
    writeln!(
        out,
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Discussions over time\" \
         font-size=\"13\" fill=\"currentColor\">"
    )?;
    let step = COLUMNS as f32 / periods.len().max(1) as f32;
    for (at, (name, counts, total)) in rows.iter().enumerate() {
        let base = ROW * (at + 1);
        writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            NAME - 10,
            base - 6,
            one_line(name)
        )?;
        for (period, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let tall = (ROW - 6) * count / most;
            writeln!(
                out,
                "<rect x=\"{:.1}\" y=\"{}\" width=\"{:.1}\" height=\"{}\"><title>{}: {count}</title></rect>",
                NAME as f32 + step * period as f32 + 1.0,
                base - tall.max(2),
                (step - 2.0).max(1.0),
                tall.max(2),
                escape(periods.get(period).map_or("", String::as_str)),
            )?;
        }
        let (from, to) = (NAME, NAME + COLUMNS);
        writeln!(
            out,
            "<path d=\"M{from} {base}H{to}\" stroke=\"currentColor\" stroke-opacity=\".3\"/>"
        )?;
        writeln!(out, "<text x=\"{}\" y=\"{}\">{total}</text>", to + 8, base - 6)?;
    }
    let (first, last) = ends(periods);
    let below = height - 8;
    writeln!(out, "<text x=\"{NAME}\" y=\"{below}\">{}</text>", escape(first))?;
    if periods.len() > 1 {
        writeln!(
            out,
            "<text x=\"{}\" y=\"{below}\" text-anchor=\"end\">{}</text>",
            NAME + COLUMNS,
            escape(last)
        )?;
    }
    writeln!(out, "</svg>")
}

fn entries(out: &mut dyn Write, entries: &[Entry]) -> io::Result<()> {
    writeln!(out, "<ul>")?;
    for entry in entries {
        let date = entry.date.as_deref().unwrap_or("undated");
        writeln!(
            out,
            "<li>{}: {} <code>{}</code>{}</li>",
            escape(date),
            one_line(&entry.title),
            escape(&entry.id),
            one_line(&also_in_line(&entry.also_in))
        )?;
    }
    writeln!(out, "</ul>")
}

fn one_line(text: &str) -> String {
    escape(&sanitise::line(text))
}
