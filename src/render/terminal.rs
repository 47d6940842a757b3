//! Shows answers, hits and editions to a person.
//!
//! Text is wrapped if a width is given, and styled if colour is wanted. Everything from a newsletter or a model is
//! sanitised.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::dates::Dates;
use super::sanitise;
use crate::answer::{Answer, Freshness, Sentence, gap, marked};
use crate::corpus::copies::AlsoIn;
use crate::retrieve::{Hit, Signals};

/// How text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    pub colour: bool,
    /// Columns to wrap at. `None` leaves lines long, for pipes.
    pub width: Option<usize>,
    /// Whether the terminal supports OSC 8 links.
    pub links: bool,
    pub dates: Dates,
}

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const MARK: Style = AnsiColor::Cyan.on_default();

impl Look {
    /// Plain text.
    pub const PLAIN: Look = Look {
        colour: false,
        width: None,
        links: false,
        dates: Dates::Iso,
    };

    /// Formats a date, or says that there is none.
    pub fn date(self, iso: Option<&str>) -> String {
        iso.map_or_else(|| "undated".into(), |iso| self.dates.show(iso))
    }

    /// Makes `text` a link to `target` if the terminal supports it.
    ///
    /// A target that contains anything but printable ASCII is left out. It comes from a newsletter and must not end the
    /// escape sequence early.
    pub fn link(self, text: &str, target: &str) -> String {
        let safe = !target.is_empty() && target.bytes().all(|byte| byte.is_ascii_graphic());
        if self.links && safe {
            format!("\u{1b}]8;;{target}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\")
        } else {
            text.to_string()
        }
    }

    pub(super) fn style(self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_string()
        }
    }

    /// Wraps `text` at the width, with every line indented by `indent`.
    pub fn wrap(self, text: &str, indent: &str) -> String {
        match self.width {
            Some(width) => {
                let options = textwrap::Options::new(width.max(20))
                    .subsequent_indent(indent)
                    .initial_indent(indent);
                textwrap::fill(text, options)
            }
            None => format!("{indent}{text}"),
        }
    }
}

/// Writes sentences as they arrive. Each speaker starts a new paragraph.
pub struct Paragraph<'a> {
    out: &'a mut dyn Write,
    look: Look,
    column: usize,
    /// What the lines of the current item of a list begin with.
    indent: &'static str,
}

impl<'a> Paragraph<'a> {
    pub fn new(out: &'a mut dyn Write, look: Look) -> Self {
        Paragraph {
            out,
            look,
            column: 0,
            indent: "",
        }
    }

    /// Writes a sentence with its marks.
    pub fn sentence(&mut self, sentence: &Sentence) -> io::Result<()> {
        // Whether the next word is the first of its line.
        let mut fresh = false;
        if sentence.speaker.is_some() && self.column > 0 {
            self.out.write_all(b"\n\n")?;
            self.column = 0;
            self.indent = "";
        }
        let before = gap(sentence, false);
        if sentence.speaker.is_none() && before.starts_with('\n') && self.column > 0 {
            self.out.write_all(before.as_bytes())?;
            self.indent = if sentence.item { "  " } else { "" };
            self.column = before.trim_start_matches('\n').len();
            fresh = true;
        }
        if let Some(heading) = &sentence.heading {
            let heading = self.look.wrap(&sanitise::line(heading), "");
            write!(self.out, "{}\n\n", self.look.style(DIM, &heading))?;
        }
        let text = sanitise::line(&marked(sentence));
        // The speaker's words come first and are bold.
        let mut of_speaker = match &sentence.speaker {
            Some(speaker) => sanitise::line(speaker).split(' ').count(),
            None => 0,
        };
        for word in text.split(' ') {
            let width = unicode_width::UnicodeWidthStr::width(word);
            let full = self.look.width.is_some_and(|limit| self.column + 1 + width > limit);
            if self.column > 0 && full && !fresh {
                write!(self.out, "\n{}", self.indent)?;
                self.column = self.indent.len();
            } else if self.column > 0 && !fresh {
                self.out.write_all(b" ")?;
                self.column += 1;
            }
            fresh = false;
            let mark = word.starts_with('[') && word.ends_with(']');
            let shown = match (of_speaker, mark) {
                (1.., _) => self.look.style(BOLD, word),
                (0, true) => self.look.style(MARK, word),
                (0, false) => word.to_string(),
            };
            of_speaker = of_speaker.saturating_sub(1);
            self.out.write_all(shown.as_bytes())?;
            self.column += width;
        }
        self.out.flush()
    }

    /// Ends the paragraph, if anything was written.
    pub fn end(self) -> io::Result<()> {
        if self.column > 0 {
            self.out.write_all(b"\n")
        } else {
            Ok(())
        }
    }
}

/// Explains why there is an answer or none, and how far each sentence is backed.
pub fn why(out: &mut dyn Write, signals: &Signals, answer: &Answer, look: Look) -> io::Result<()> {
    let verdict = if answer.abstained { "abstaining" } else { "answering" };
    let sign = if answer.confidence < answer.threshold {
        "below"
    } else {
        "not below"
    };
    let near = signals
        .similarity
        .map(|near| format!("; the highest similarity in meaning is {near:.2}"));
    let line = format!(
        "{verdict}: confidence {:.3} is {sign} the threshold {:.3}; the best passage covers {:.0}% of the {}{}",
        answer.confidence,
        answer.threshold,
        signals.coverage * 100.0,
        count(signals.words, "content word"),
        near.unwrap_or_default()
    );
    writeln!(out, "{}", look.wrap(&line, ""))?;
    for sentence in &answer.sentences {
        let ids = sentence
            .citations
            .iter()
            .filter_map(|n| answer.citations.iter().find(|c| c.n == *n));
        let ids: Vec<&str> = ids.map(|citation| citation.id.as_str()).collect();
        let backed = if sentence.supported {
            ids.join(", ")
        } else {
            "no passage".into()
        };
        let line = format!(
            "support {:.2} by {backed}: {}",
            sentence.support,
            snippet(&sentence.text)
        );
        writeln!(out, "{}", look.wrap(&sanitise::line(&line), "  "))?;
    }
    Ok(())
}

/// Describes on one line how fresh the corpus is.
pub fn freshness(corpus: &Freshness, dates: Dates) -> String {
    let editions = count(corpus.editions, "edition");
    let newest = corpus
        .newest
        .as_deref()
        .map_or("undated".to_string(), |date| format!("newest of {}", dates.show(date)));
    let day = dates.show(corpus.indexed_at.get(..10).unwrap_or(&corpus.indexed_at));
    format!("Corpus: {editions}, {newest}; indexed {day}.")
}

/// Returns whether `text` is a web address and nothing else.
pub fn is_web_address(text: &str) -> bool {
    let web = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
    web && text.chars().all(|c| !c.is_whitespace() && !sanitise::is_hostile(c))
}

/// Formats a count: `1 edition`, `2 editions`.
pub fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// Writes ranked hits, each with the start of its text.
pub fn hits(out: &mut dyn Write, hits: &[Hit], look: Look, explain: bool) -> io::Result<()> {
    for hit in hits {
        let passage = &hit.passage;
        let by = passage.contributor.as_deref().unwrap_or("learning resource");
        let date = look.date(passage.date.as_deref());
        let id = look.style(BOLD, &sanitise::line(&passage.id.to_string()));
        writeln!(out, "{:>2}. {id}  {} ({date})", hit.rank, sanitise::line(by))?;
        writeln!(out, "{}", look.wrap(&sanitise::line(&passage.discussion), "    "))?;
        also_in(out, &hit.also_in, look)?;
        let text = look.wrap(&sanitise::line(&snippet(&passage.text)), "    ");
        writeln!(out, "{}", look.style(DIM, &text))?;
        if explain {
            let words = sanitise::line(&hit.matched.join(", "));
            let covers = format!("covers {:.0}% of the question: {words}", hit.coverage * 100.0);
            let reranked = hit
                .rerank
                .map(|score| format!("reranker {score:.3}; "))
                .unwrap_or_default();
            let why = match hit.similarity {
                Some(near) => format!(
                    "{reranked}score {:.3}: words {:.3} ({}), meaning {:.3} ({}); {covers}",
                    hit.score,
                    hit.words,
                    place(hit.words_rank),
                    near.value,
                    place(Some(near.rank))
                ),
                None => format!("{reranked}score {:.3}; {covers}", hit.score),
            };
            writeln!(out, "{}", look.wrap(&why, "    "))?;
        }
    }
    Ok(())
}

/// Writes one line for each other edition with a copy: `    also in e/q1, Edition (2024-01-01)`.
pub fn also_in(out: &mut dyn Write, others: &[AlsoIn], look: Look) -> io::Result<()> {
    for other in others {
        let date = look.date(other.date.as_deref());
        let line = format!("also in {}, {}{} ({date})", other.id, other.edition, from(other));
        writeln!(out, "{}", look.wrap(&sanitise::line(&line), "    "))?;
    }
    Ok(())
}

/// Returns what names the other editions with a copy, for a line: `; also in Edition (2024-01-01)`.
pub fn also_in_line(others: &[AlsoIn]) -> String {
    let one = |other: &AlsoIn| {
        let date = other.date.as_deref().unwrap_or("undated");
        format!("; also in {}{} ({date})", other.edition, from(other))
    };
    others.iter().map(one).collect()
}

/// Who sent an edition, to follow its title: ` from Ana Lima`.
pub fn from(other: &AlsoIn) -> String {
    let sender = other.sender.as_deref();
    sender.map(|sender| format!(" from {sender}")).unwrap_or_default()
}

/// Formats a passage's rank by one kind of evidence.
fn place(rank: Option<usize>) -> String {
    rank.map_or("not found".into(), |rank| format!("rank {rank}"))
}

/// The most characters of a snippet.
const SNIPPET: usize = 160;

/// Returns the start of a passage's text, cut at a word.
pub fn snippet(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(SNIPPET) else {
        return text.to_string();
    };
    let cut = text[..end].rfind(char::is_whitespace).unwrap_or(end);
    format!("{}…", text[..cut].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(text: &str, citations: &[usize]) -> Sentence {
        Sentence {
            text: text.into(),
            citations: citations.to_vec(),
            support: 1.0,
            supported: true,
            heading: None,
            speaker: None,
            shows_marks: true,
            item: false,
        }
    }

    fn paragraph(look: Look, sentences: &[Sentence]) -> String {
        let mut out = Vec::new();
        let mut paragraph = Paragraph::new(&mut out, look);
        for sentence in sentences {
            paragraph.sentence(sentence).unwrap();
        }
        paragraph.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_paragraph_is_one_line_for_a_pipe_and_wrapped_for_a_screen() {
        let sentences = [sentence("One two three.", &[1]), sentence("Four five.", &[2])];
        assert_eq!(
            paragraph(Look::PLAIN, &sentences),
            "One two three. [1] Four five. [2]\n"
        );
        let narrow = Look {
            width: Some(16),
            ..Look::PLAIN
        };
        assert_eq!(paragraph(narrow, &sentences), "One two three.\n[1] Four five.\n[2]\n");
        assert_eq!(paragraph(Look::PLAIN, &[]), "");
    }

    #[test]
    fn the_items_of_a_list_have_lines_of_their_own_and_hang() {
        let item = |text: &str| Sentence {
            item: true,
            shows_marks: false,
            ..sentence(text, &[1])
        };
        let next = Sentence {
            speaker: Some("Eve".into()),
            ..sentence("So.", &[2])
        };
        let sentences = [sentence("Ask:", &[1]), item("Who is it?"), item("2. What now?"), next];
        assert_eq!(
            paragraph(Look::PLAIN, &sentences),
            "Ask: [1]\n- Who is it?\n2. What now?\n\nEve: So. [2]\n"
        );
        let narrow = Look {
            width: Some(9),
            ..Look::PLAIN
        };
        assert_eq!(
            paragraph(narrow, &sentences),
            "Ask: [1]\n- Who is\n  it?\n2. What\n  now?\n\nEve: So.\n[2]\n"
        );
    }

    #[test]
    fn each_who_speaks_has_a_paragraph_and_is_named_before_it() {
        let by = |name: &str, text: &str| Sentence {
            speaker: Some(name.into()),
            ..sentence(text, &[1])
        };
        let sentences = [
            by("A PM, payments", "One."),
            sentence("Two.", &[2]),
            by("Eve\u{1b}[2J\nX", "Three."),
        ];
        let text = paragraph(Look::PLAIN, &sentences);
        assert!(text.starts_with("A PM, payments: One. [1] Two. [2]\n\nEve"), "{text:?}");
        assert!(!text.contains('\u{1b}') && text.lines().count() == 3, "{text:?}");
        let colour = Look {
            colour: true,
            ..Look::PLAIN
        };
        assert!(paragraph(colour, &sentences[..1]).contains("\u{1b}[1mpayments:"));
    }

    #[test]
    fn no_escape_sequence_of_a_text_reaches_the_screen() {
        let text = paragraph(Look::PLAIN, &[sentence("Red \u{1b}[31malert\u{9b}2J.", &[1])]);
        assert!(!text.contains(['\u{1b}', '\u{9b}']), "{text:?}");
    }

    #[test]
    fn colour_is_there_only_when_wanted() {
        let sentences = [sentence("One.", &[1])];
        let colour = Look {
            colour: true,
            ..Look::PLAIN
        };
        assert!(paragraph(colour, &sentences).contains("\u{1b}[36m[1]"));
        assert!(!paragraph(Look::PLAIN, &sentences).contains('\u{1b}'));
    }

    #[test]
    fn links_are_there_only_when_wanted_and_no_target_can_end_one() {
        let links = Look {
            links: true,
            ..Look::PLAIN
        };
        let linked = links.link("id", "file:///a");
        assert_eq!(linked, "\u{1b}]8;;file:///a\u{1b}\\id\u{1b}]8;;\u{1b}\\");
        assert_eq!(Look::PLAIN.link("id", "file:///a"), "id");
        for target in [
            "",
            "http://a.example/\u{7}",
            "http://a\u{1b}\\",
            "http://a b",
            "http://é.example",
        ] {
            assert_eq!(links.link("id", target), "id", "{target:?}");
        }
        assert!(is_web_address("https://a.example/x") && !is_web_address("ftp://a") && !is_web_address("http://a\nb"));
    }

    #[test]
    fn snippets_end_at_a_word() {
        assert_eq!(snippet("short"), "short");
        let long = "word ".repeat(60);
        let cut = snippet(&long);
        assert!(cut.ends_with("word…") && cut.chars().count() <= SNIPPET, "{cut}");
        assert!(snippet(&"é".repeat(500)).chars().count() <= SNIPPET + 1);
    }
}
