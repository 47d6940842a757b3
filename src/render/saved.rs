//! Writes what is new for a saved question as text.

use std::io::{self, Write};

use super::sanitise;
use super::terminal::{BOLD, DIM, Look};
use crate::saved::news::{Change, Evidence, Item, News};
use crate::saved::state::Said;

/// Writes the new discussions of a question with their quotes. Writes nothing if there are none.
pub fn news(out: &mut dyn Write, news: &News, look: Look) -> io::Result<()> {
    if news.discussions.is_empty() {
        return Ok(());
    }
    let what = if news.first { "what answers now" } else { "new" };
    let heading = format!("{} ({what}): {}", news.name, news.question);
    writeln!(out, "{}", look.style(BOLD, &look.wrap(&sanitise::line(&heading), "")))?;
    for item in &news.discussions {
        writeln!(out)?;
        discussion(out, item, look)?;
    }
    Ok(())
}

fn discussion(out: &mut dyn Write, item: &Item, look: Look) -> io::Result<()> {
    let change = match item.change {
        Change::New => "",
        Change::Changed => "With new answers: ",
    };
    let title = format!("{change}{}", item.discussion);
    writeln!(out, "{}", look.wrap(&sanitise::line(&title), "  "))?;
    let date = look.date(item.date.as_deref());
    let place = format!("{}, in {} ({date})", item.id, item.edition);
    writeln!(out, "{}", look.style(DIM, &look.wrap(&sanitise::line(&place), "  ")))?;
    item.evidence.iter().try_for_each(|one| evidence(out, one, look))
}

fn evidence(out: &mut dyn Write, one: &Evidence, look: Look) -> io::Result<()> {
    writeln!(out, "{}", look.wrap(&quoted(&one.said), "    "))?;
    match &one.contradicts {
        Some(other) => {
            let text = format!("This contradicts what was reported earlier: {}", quoted(other));
            writeln!(out, "{}", look.wrap(&text, "      "))
        }
        None => Ok(()),
    }
}

/// Who says what: `A PM, payments (e/q1/a): “It is so.”`
fn quoted(said: &Said) -> String {
    let by = said.contributor.as_deref().unwrap_or("Unsigned");
    sanitise::line(&format!("{by} ({}): “{}”", said.id, said.quote))
}
