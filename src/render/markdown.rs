//! Writes answers, hits and editions as Markdown, for notes and documents.
//!
//! Text of newsletters and models is escaped, so it cannot open a tag, image or link. The bodies of editions are
//! Markdown themselves and keep their lists and emphasis.

use std::io::{self, Write};

use super::dates::Dates;
use super::edition::View;
use super::list::List;
use super::{sanitise, sources, terminal};
use crate::answer::{Answer, gap, marks};
use crate::retrieve::Hit;

/// Writes an answer with its sources.
pub fn answer(out: &mut dyn Write, answer: &Answer) -> io::Result<()> {
    writeln!(out, "# {}\n", escape(&answer.question))?;
    if answer.abstained {
        return writeln!(out, "{}", escape(&answer.answer));
    }
    for (at, sentence) in answer.sentences.iter().enumerate() {
        // The marks are askpm's own; the sentences must be escaped.
        let speaker = sentence
            .speaker
            .iter()
            .map(|speaker| format!("**{}:** ", escape(speaker)));
        let heading = sentence
            .heading
            .iter()
            .map(|heading| format!("*{}*\n\n", escape(heading)));
        write!(
            out,
            "{}{}{}{}{}",
            gap(sentence, at == 0),
            heading.collect::<String>(),
            speaker.collect::<String>(),
            escape(&sentence.text),
            marks(sentence)
        )?;
    }
    writeln!(out, "\n")?;
    for (heading, named) in sources::lists(answer) {
        writeln!(out, "## {heading}\n")?;
        for one in named {
            writeln!(out, "- {}: `{}`", escape(&one.text), one.id)?;
            if let Some(short) = one.in_short {
                writeln!(out, "  \\\n  {}", escape(short))?;
            }
        }
        writeln!(out)?;
    }
    writeln!(out, "## Sources\n")?;
    for (id, citations) in sources::by_source(&answer.citations) {
        let marks: Vec<String> = citations.iter().map(|citation| format!("[{}]", citation.n)).collect();
        let first = citations[0];
        writeln!(
            out,
            "- {} {}, in {} ({}){}: `{id}`",
            marks.join(" "),
            escape(&first.discussion),
            escape(&first.edition),
            escape(first.date.as_deref().unwrap_or("undated")),
            escape(&terminal::also_in_line(&first.also_in)),
        )?;
        for citation in citations.iter().filter(|citation| !sources::is_read(answer, citation)) {
            let (by, quote) = (escape(citation.by()), escape(&citation.quote));
            writeln!(out, "\n  > [{}] **{by}**: {quote}\n", citation.n)?;
        }
    }
    writeln!(out)?;
    writeln!(out, "*{}*", escape(&terminal::freshness(&answer.corpus, Dates::Iso)))
}

/// Writes hits in order.
pub fn hits(out: &mut dyn Write, query: &str, hits: &[Hit]) -> io::Result<()> {
    writeln!(out, "# {}\n", escape(query))?;
    for hit in hits {
        let passage = &hit.passage;
        let by = passage.contributor.as_deref().unwrap_or("learning resource");
        let date = passage.date.as_deref().unwrap_or("undated");
        writeln!(
            out,
            "{}. **{}**, {} ({}){}: `{}`\n\n   {}\n",
            hit.rank,
            escape(by),
            escape(&passage.discussion),
            escape(date),
            escape(&terminal::also_in_line(&hit.also_in)),
            passage.id,
            escape(&terminal::snippet(&passage.text))
        )?;
    }
    Ok(())
}

/// Writes an edition or a part of it.
pub fn view(out: &mut dyn Write, view: &View) -> io::Result<()> {
    writeln!(out, "# {}\n", escape(&view.title))?;
    let date = view.date.as_deref().unwrap_or("undated");
    let source = view.source.iter().map(|source| format!(", {}", escape(source)));
    writeln!(out, "`{}`, {}{}", view.id, escape(date), source.collect::<String>())?;
    for discussion in &view.discussions {
        writeln!(out, "\n## {} (`{}`)\n", escape(&discussion.title), discussion.id)?;
        if let Some(asker) = &discussion.asked_by {
            writeln!(out, "Asked by {}.\n", escape(asker))?;
        }
        body(out, &discussion.question)?;
        if let Some(short) = &discussion.in_short {
            body(out, &format!("In short: {short}"))?;
        }
        for answer in &discussion.answers {
            writeln!(out, "### {} (`{}`)\n", escape(&answer.contributor), answer.id)?;
            body(out, &answer.text)?;
        }
    }
    for section in &view.sections {
        writeln!(out, "\n## {} (`{}`)\n", escape(&section.title), section.id)?;
        body(out, &section.text)?;
    }
    for resource in &view.resources {
        writeln!(out, "\n## {} (`{}`)\n", escape(&resource.title), resource.id)?;
        for about in [&resource.kind, &resource.link].into_iter().flatten() {
            writeln!(out, "{}\n", escape(about))?;
        }
        body(out, &resource.summary)?;
    }
    Ok(())
}

/// Writes editions and their discussions.
pub fn list(out: &mut dyn Write, list: &List) -> io::Result<()> {
    writeln!(out, "# Editions")?;
    for edition in &list.editions {
        let date = edition.date.as_deref().unwrap_or("undated");
        let title = escape(&edition.title);
        writeln!(out, "\n## `{}`, {}: {title}\n", edition.slug, escape(date))?;
        let discussions = edition.discussions.iter().map(|one| (&one.id, &one.title));
        let sections = edition.sections.iter().map(|one| (&one.id, &one.title));
        for (id, title) in discussions.chain(sections) {
            writeln!(out, "- `{id}` {}", escape(title))?;
        }
    }
    Ok(())
}

/// Returns `text` on one line, with Markdown syntax escaped.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in sanitise::line(text).chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#' | '|' | '~' | '!'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Writes the Markdown of an edition with tags and images escaped, so that nothing is fetched when it is viewed.
fn body(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let text = sanitise::clean(text).replace('<', "\\<").replace("![", "\\!\\[");
    match text.trim() {
        "" => Ok(()),
        text => writeln!(out, "{text}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns what a reader of `markdown` sees, or `None` if it is more than text. It handles only backslash escapes
    /// (CommonMark 0.31, section 2.4).
    fn only_text(markdown: &str) -> Option<String> {
        let mut out = String::new();
        let mut chars = markdown.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => out.push(chars.next().filter(char::is_ascii_punctuation)?),
                '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#' | '|' | '~' | '!' | '\n' => return None,
                c => out.push(c),
            }
        }
        Some(out)
    }

    #[test]
    fn a_body_keeps_its_lists_and_loses_tags_and_images() {
        let mut out = Vec::new();
        body(
            &mut out,
            "- one\n- *two*\n\n<script>x</script> ![pixel](http://t.example/p.png)",
        )
        .unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.starts_with("- one\n- *two*\n\n\\<script>") && text.contains("\\!\\[pixel]"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn escaped_text_reads_back_as_itself_and_as_nothing_else(text in "\\PC{0,80}") {
            prop_assert_eq!(only_text(&escape(&text)), Some(sanitise::line(&text)));
        }
    }
}
