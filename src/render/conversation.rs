//! Writes a conversation as Markdown.
//!
//! Text of questions, models and newsletters is escaped, so a viewer renders no link, image or markup from it.

use std::io::{self, Write};

use super::sanitise;
use crate::chat::Turn;

/// The first line of such a file. It identifies the file later.
pub const MARK: &str = "<!-- a conversation with askpm -->";

/// Writes `turns`, oldest first.
pub fn markdown(out: &mut dyn Write, turns: &[Turn]) -> io::Result<()> {
    writeln!(out, "{MARK}")?;
    for turn in turns {
        writeln!(out, "\n## {}\n", text(&turn.question))?;
        let by = turn.model.as_deref().map_or("quoted".into(), text);
        writeln!(out, "*{}, {by}*\n", text(&turn.at))?;
        writeln!(out, "{}", text(&turn.answer))?;
        for citation in &turn.citations {
            let who = citation.contributor.as_deref().unwrap_or("learning resource");
            let date = citation.date.as_deref().unwrap_or("undated");
            writeln!(
                out,
                "\n- \\[{}\\] {}, {}, in {} ({}; {})\n  > {}",
                citation.n,
                text(who),
                text(&citation.discussion),
                text(&citation.edition),
                text(date),
                text(&citation.id),
                text(&citation.quote)
            )?;
        }
    }
    Ok(())
}

/// Returns `text` on one line, with Markdown syntax escaped.
fn text(text: &str) -> String {
    let line = sanitise::line(text);
    let mut escaped = String::with_capacity(line.len() + 8);
    for (at, c) in line.char_indices() {
        let starts = at == 0 && matches!(c, '#' | '-' | '+' | '=' | '~');
        if starts || matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_markup_of_a_text_comes_to_life() {
        let hostile = "# ![x](http://e.example/a.png) <img src=x> **b** `c` \u{1b}[2J &amp;\n\n- list";
        let escaped = text(hostile);
        let escaped_each: Vec<bool> = escapes(&escaped);
        assert!(!escaped.contains(['\n', '\u{1b}']), "{escaped}");
        assert!(escaped_each.iter().all(|is| *is), "{escaped}");
    }

    /// Returns for each `[`, `]`, `<`, `>`, `*`, `` ` `` and `_` of `text` whether it is escaped.
    fn escapes(text: &str) -> Vec<bool> {
        let chars: Vec<char> = text.chars().collect();
        let acts = |c: char| matches!(c, '[' | ']' | '<' | '>' | '*' | '`' | '_');
        (0..chars.len())
            .filter(|&at| acts(chars[at]))
            .map(|at| at > 0 && chars[at - 1] == '\\')
            .collect()
    }
}
