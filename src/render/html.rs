//! Writes answers, hits and editions as a self-contained HTML page.
//!
//! The page has its own style, no script, and fetches nothing. Its Content-Security-Policy forbids both. All text is
//! escaped, and only `http` and `https` addresses become links.

use std::io::{self, Write};

use super::dates::Dates;
use super::edition::View;
use super::list::List;
use super::{sanitise, sources, terminal};
use crate::answer::{Answer, Sentence, marks};
use crate::retrieve::Hit;

const HEAD: &str = "\
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<style>
body { font: 1.05rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff }
blockquote { margin: .3rem 0 0; padding-left: .8rem; border-left: 3px solid #bbb; color: #444 }
li { margin-bottom: 1rem }
table { border-collapse: collapse }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #bbb }
code, .about { color: #555; font-size: .9rem }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } blockquote { color: #bbb }
  code, .about { color: #aaa } a { color: #8bf } }
@media print { body { font-size: 10pt; max-width: none; margin: 0; color: #000; background: #fff }
  h2, h3 { break-after: avoid } li { break-inside: avoid; margin-bottom: .4rem } }
</style>";

/// What ends a paragraph, and a list.
const PARAGRAPH: &str = "</p>";
const LIST: &str = "</li>\n</ul>";

/// Writes sentences as paragraphs, with the lists in them.
fn paragraphs(out: &mut dyn Write, sentences: &[Sentence]) -> io::Result<()> {
    let mut open = PARAGRAPH;
    for (at, sentence) in sentences.iter().enumerate() {
        let heading = sentence
            .heading
            .iter()
            .map(|heading| format!("<p class=\"about\">{}</p>\n", escape(heading)));
        let heading: String = heading.collect();
        match (at, &sentence.speaker) {
            (0, _) => write!(out, "{heading}<p>")?,
            (_, Some(_)) => {
                write!(out, "{open}\n{heading}<p>")?;
                open = PARAGRAPH;
            }
            (_, None) if sentence.item => {
                let before = if open == LIST { "</li>" } else { "</p>\n<ul>" };
                write!(out, "{before}\n<li>")?;
                open = LIST;
            }
            (_, None) => writeln!(out)?,
        }
        if let Some(speaker) = &sentence.speaker {
            write!(out, "<b>{}:</b> ", escape(speaker))?;
        }
        let links = match sentence.supported {
            false => marks(sentence),
            true => {
                let shown = sentence.citations.iter().filter(|_| sentence.shows_marks);
                shown.map(|n| format!(" <a href=\"#source-{n}\">[{n}]</a>")).collect()
            }
        };
        write!(out, "{}{links}", escape(&sentence.text))?;
    }
    writeln!(out, "{open}")
}

/// Writes an answer with its sources. The citation marks link to them.
pub fn answer(out: &mut dyn Write, answer: &Answer) -> io::Result<()> {
    begin(out, &answer.question)?;
    if answer.abstained {
        writeln!(out, "<p>{}</p>", escape(&answer.answer))?;
        return end(out);
    }
    paragraphs(out, &answer.sentences)?;
    for (heading, named) in sources::lists(answer) {
        writeln!(out, "<h2>{heading}</h2>\n<ul>")?;
        for one in named {
            let short = one.in_short.map(|short| format!("<br>{}", escape(short)));
            let (text, id) = (escape(&one.text), escape(one.id));
            writeln!(out, "<li>{text} <code>{id}</code>{}</li>", short.unwrap_or_default())?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "<h2>Sources</h2>\n<ul>")?;
    for (id, citations) in sources::by_source(&answer.citations) {
        let mark = |n: usize| format!("<span id=\"source-{n}\">[{n}]</span>");
        let marks: Vec<String> = citations.iter().map(|citation| mark(citation.n)).collect();
        let first = citations[0];
        write!(
            out,
            "<li>{} {}, in {} ({}){} <code>{}</code>",
            marks.join(" "),
            escape(&first.discussion),
            escape(&first.edition),
            escape(first.date.as_deref().unwrap_or("undated")),
            escape(&terminal::also_in_line(&first.also_in)),
            escape(&id)
        )?;
        for citation in citations.iter().filter(|citation| !sources::is_read(answer, citation)) {
            let (n, by, quote) = (citation.n, escape(citation.by()), escape(&citation.quote));
            write!(out, "\n<blockquote>[{n}] <b>{by}</b>: {quote}</blockquote>")?;
        }
        writeln!(out, "</li>")?;
    }
    writeln!(
        out,
        "</ul>\n<p class=\"about\">{}</p>",
        escape(&terminal::freshness(&answer.corpus, Dates::Iso))
    )?;
    end(out)
}

/// Writes hits in order.
pub fn hits(out: &mut dyn Write, query: &str, hits: &[Hit]) -> io::Result<()> {
    begin(out, query)?;
    writeln!(out, "<ol>")?;
    for hit in hits {
        let passage = &hit.passage;
        let by = passage.contributor.as_deref().unwrap_or("learning resource");
        writeln!(
            out,
            "<li value=\"{}\"><b>{}</b>, {} ({}){} <code>{}</code><br>\n{}</li>",
            hit.rank,
            escape(by),
            escape(&passage.discussion),
            escape(passage.date.as_deref().unwrap_or("undated")),
            escape(&terminal::also_in_line(&hit.also_in)),
            escape(&passage.id.to_string()),
            escape(&terminal::snippet(&passage.text))
        )?;
    }
    writeln!(out, "</ol>")?;
    end(out)
}

/// Writes an edition or a part of it.
pub fn view(out: &mut dyn Write, view: &View) -> io::Result<()> {
    begin(out, &view.title)?;
    let date = view.date.as_deref().unwrap_or("undated");
    let source = view.source.iter().map(|source| format!(", {}", link(source)));
    let about = (escape(&view.id), escape(date), source.collect::<String>());
    writeln!(
        out,
        "<p class=\"about\"><code>{}</code>, {}{}</p>",
        about.0, about.1, about.2
    )?;
    for discussion in &view.discussions {
        heading(out, 2, &discussion.title, &discussion.id)?;
        if let Some(asker) = &discussion.asked_by {
            writeln!(out, "<p class=\"about\">Asked by {}</p>", escape(asker))?;
        }
        body(out, &discussion.question)?;
        if let Some(short) = &discussion.in_short {
            body(out, &format!("In short: {short}"))?;
        }
        for answer in &discussion.answers {
            heading(out, 3, &answer.contributor, &answer.id)?;
            body(out, &answer.text)?;
        }
    }
    for section in &view.sections {
        heading(out, 2, &section.title, &section.id)?;
        body(out, &section.text)?;
    }
    for resource in &view.resources {
        heading(out, 2, &resource.title, &resource.id)?;
        for about in [&resource.kind, &resource.link].into_iter().flatten() {
            writeln!(out, "<p class=\"about\">{}</p>", link(about))?;
        }
        body(out, &resource.summary)?;
    }
    end(out)
}

/// Writes editions and their discussions.
pub fn list(out: &mut dyn Write, list: &List) -> io::Result<()> {
    begin(out, "Editions")?;
    for edition in &list.editions {
        heading(out, 2, &edition.title, &edition.slug)?;
        let date = edition.date.as_deref().unwrap_or("undated");
        writeln!(out, "<p class=\"about\">{}</p>\n<ul>", escape(date))?;
        let discussions = edition.discussions.iter().map(|one| (&one.id, &one.title));
        let sections = edition.sections.iter().map(|one| (&one.id, &one.title));
        for (id, title) in discussions.chain(sections) {
            writeln!(out, "<li><code>{}</code> {}</li>", escape(id), escape(title))?;
        }
        writeln!(out, "</ul>")?;
    }
    end(out)
}

pub(super) fn begin(out: &mut dyn Write, title: &str) -> io::Result<()> {
    let title = escape(&sanitise::line(title));
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>{title}</title>\n{HEAD}\n</head>\n<body>\n<h1>{title}</h1>"
    )
}

pub(super) fn end(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "</body>\n</html>")
}

fn heading(out: &mut dyn Write, level: u8, title: &str, id: &str) -> io::Result<()> {
    let (title, id) = (escape(title), escape(id));
    writeln!(out, "<h{level}>{title} <code>{id}</code></h{level}>")
}

/// Writes paragraphs, line by line.
fn body(out: &mut dyn Write, text: &str) -> io::Result<()> {
    for paragraph in text.split("\n\n").filter(|p| !p.trim().is_empty()) {
        let lines: Vec<String> = paragraph.trim().lines().map(escape).collect();
        writeln!(out, "<p>{}</p>", lines.join("<br>\n"))?;
    }
    Ok(())
}

/// Returns `text` as a link if it is a web address, else as text. A `javascript:` address is not one.
pub(super) fn link(text: &str) -> String {
    let shown = escape(text);
    if terminal::is_web_address(text) {
        format!("<a href=\"{shown}\" rel=\"noopener noreferrer nofollow\">{shown}</a>")
    } else {
        shown
    }
}

/// Escapes text for use between tags and in attributes in double quotes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in sanitise::clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_web_addresses_are_links() {
        assert!(link("https://a.example/?a=1&b=\"").starts_with("<a href=\"https://a.example/?a=1&amp;b=&quot;\""));
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "Https//x",
            "https://a b",
        ] {
            assert!(!link(text).contains("<a"), "{text}");
        }
    }

    #[test]
    fn a_page_may_run_and_fetch_nothing() {
        let mut out = Vec::new();
        begin(&mut out, "a</title><script>alert(1)</script>").unwrap();
        body(&mut out, "<img src=http://t.example/p.png>\n\n<b onclick='x'>").unwrap();
        end(&mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        assert!(page.contains("default-src 'none'"));
        for tag in ["<script", "<img", "<b ", "src=\"", "@import", "url("] {
            assert!(!page.contains(tag), "{tag} is in {page}");
        }
    }

    proptest! {
        #[test]
        fn no_text_opens_a_tag_or_ends_an_attribute(text in any::<String>()) {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            prop_assert!(!escaped.contains(sanitise::is_hostile));
        }
    }

    #[test]
    fn a_list_is_a_list_and_the_next_voice_a_paragraph() {
        let sentence = |text: &str, speaker: Option<&str>, item: bool| Sentence {
            text: text.into(),
            citations: vec![1],
            support: 1.0,
            supported: true,
            heading: None,
            speaker: speaker.map(String::from),
            shows_marks: false,
            item,
        };
        let sentences = [
            sentence("Ask:", Some("Ann"), false),
            sentence("<Who?>", None, true),
            sentence("Or whom?", None, false),
            sentence("When?", None, true),
            sentence("So.", Some("Ben"), false),
        ];
        let mut out = Vec::new();
        paragraphs(&mut out, &sentences).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "<p><b>Ann:</b> Ask:</p>\n<ul>\n<li>&lt;Who?&gt;\nOr whom?</li>\n<li>When?</li>\n</ul>\n<p><b>Ben:</b> So.</p>\n"
        );
    }
}
