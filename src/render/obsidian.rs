//! Writes an edition as a note for Obsidian: properties, the text, and wiki links to editions that share something with it.
//!
//! A vault runs plugins that act on the text of its notes, so text of newsletters is written such that it opens no code
//! block, tag, comment, embed, template or wiki link, and links only to the web. The properties have the hash of the rest
//! of the note, which shows whether a person has changed it since.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::sanitise;
use crate::corpus::Edition;
use crate::corpus::shared::{Link, Shared};
use crate::hex::hex;

/// The most editions that a note links to.
const MOST: usize = 20;

/// The property that holds the slug of the edition.
const OWN: &str = "askpm: ";

/// The property that holds the hash of everything else.
const HASH: &str = "askpm-hash: ";

/// What can be known of a file that has the name of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// askpm wrote it, and nobody has changed it.
    Askpm,
    /// askpm wrote it, and somebody has changed it.
    Changed,
    Other,
}

/// The editions of an export, so that a note can name the others.
pub struct Notes<'a> {
    pub editions: &'a [&'a Edition],
}

impl Notes<'_> {
    /// The note of `edition`, which has these links.
    pub fn note(&self, edition: &Edition, links: &[Link]) -> String {
        let (properties, body) = (properties(edition), self.body(edition, links));
        let hash = hash(&properties, &body);
        format!("---\n{properties}{HASH}{hash}\n---\n{body}")
    }

    fn body(&self, edition: &Edition, links: &[Link]) -> String {
        let mut out = format!("\n# {}\n", line(&edition.title));
        for discussion in &edition.discussions {
            let _ = write!(out, "\n## {}\n", line(&discussion.title));
            if let Some(asker) = &discussion.asked_by {
                let _ = write!(out, "\nAsked by {}.\n", line(asker));
            }
            paragraphs(&mut out, &discussion.body);
            if let Some(short) = &discussion.in_short {
                paragraphs(&mut out, &format!("In short: {short}"));
            }
            for answer in &discussion.answers {
                let _ = write!(out, "\n### {}\n", line(&answer.contributor));
                paragraphs(&mut out, &answer.body);
            }
        }
        for section in &edition.sections {
            let _ = write!(out, "\n## {}\n", line(&section.title));
            paragraphs(&mut out, &section.body);
        }
        if !edition.resources.is_empty() {
            out += "\n## Resources\n";
        }
        for resource in &edition.resources {
            let _ = write!(out, "\n### {}\n", line(&resource.title));
            let about: Vec<String> = [&resource.kind, &resource.link]
                .into_iter()
                .flatten()
                .map(|text| line(text))
                .collect();
            paragraphs_as_they_are(&mut out, &about.join(", "));
            paragraphs(&mut out, &resource.summary);
        }
        if !links.is_empty() {
            out += "\n## Linked editions\n\n";
        }
        for link in links.iter().take(MOST) {
            let other = self.editions[link.other];
            let date = other.date.as_deref().unwrap_or("undated");
            let shared: Vec<String> = link.shared.iter().map(said).collect();
            let _ = writeln!(
                out,
                "- [[{}|{}]] ({}): {}",
                other.slug,
                alias(&other.title),
                line(date),
                shared.join("; ")
            );
        }
        out
    }
}

/// Returns who wrote the file with this text, which has the name of the note of `slug`.
pub fn origin(text: &str, slug: &str) -> Origin {
    let parts = || {
        let (properties, body) = text.strip_prefix("---\n")?.split_once("\n---\n")?;
        let (properties, hash) = properties.rsplit_once(&format!("\n{HASH}"))?;
        Some((format!("{properties}\n"), hash, body))
    };
    let own = format!("{OWN}{slug}");
    let is_own = |properties: &str| properties.lines().any(|line| line == own);
    match parts() {
        Some((properties, hash, body)) if is_own(&properties) => {
            if self::hash(&properties, body) == hash {
                Origin::Askpm
            } else {
                Origin::Changed
            }
        }
        // Obsidian orders properties as its user wishes, so the mark may be anywhere in them.
        _ => {
            let front = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---"));
            match front {
                Some((properties, _)) if is_own(properties) => Origin::Changed,
                _ => Origin::Other,
            }
        }
    }
}

fn hash(properties: &str, body: &str) -> String {
    hex(&Sha256::digest(format!("{properties}\n{body}")))
}

/// The properties without the hash, each on a line of YAML.
fn properties(edition: &Edition) -> String {
    let mut out = format!("{OWN}{}\n", edition.slug);
    let mut put = |name: &str, value: Value| {
        let _ = writeln!(out, "{name}: {}", yaml(&value));
    };
    let text = |text: &str| Value::from(sanitise::line(text));
    put("title", text(&edition.title));
    // Obsidian finds a note by its aliases too, and the name of the file is the slug.
    put("aliases", vec![text(&edition.title)].into());
    if let Some(date) = &edition.date {
        put("date", text(date));
    }
    if let Some(source) = &edition.source {
        put("source", text(source));
    }
    if !edition.tags.is_empty() {
        put(
            "tags",
            edition.tags.iter().map(|tag| text(tag)).collect::<Vec<_>>().into(),
        );
    }
    let answers = edition.discussions.iter().flat_map(|discussion| &discussion.answers);
    let mut contributors: Vec<Value> = Vec::new();
    for answer in answers {
        let name = text(&answer.contributor);
        if !contributors.contains(&name) {
            contributors.push(name);
        }
    }
    if !contributors.is_empty() {
        put("contributors", contributors.into());
    }
    out
}

/// A value as JSON, which is YAML too. Signs that mean something to plugins are written by their number.
fn yaml(value: &Value) -> String {
    let mut text = value.to_string();
    for (sign, number) in [('<', "\\u003c"), ('%', "\\u0025"), ('`', "\\u0060"), ('$', "\\u0024")] {
        text = text.replace(sign, number);
    }
    // In a list of texts, two brackets would be a link.
    text.replace("[[", "\\u005b\\u005b").replace("]]", "\\u005d\\u005d")
}

fn said(shared: &Shared) -> String {
    match shared {
        Shared::Copy(title) => format!("has a copy of “{}”", line(title)),
        Shared::Resource(title) => format!("also recommends {}", line(title)),
        Shared::Contributor(name) => line(name),
    }
}

/// Returns a title for the inside of a wiki link, which knows no escapes.
fn alias(title: &str) -> String {
    let text = sanitise::line(title).replace(['[', '<', '`', '%', '$'], "(");
    text.replace([']', '>'], ")").replace(['|', '#', '^', '\\'], "/")
}

/// Returns `text` on one line, as text.
fn line(text: &str) -> String {
    super::markdown::escape(text).replace('$', "\\$").replace('%', "\\%")
}

/// Writes a body, which is Markdown itself, and keeps its lists, emphasis and links to the web.
fn paragraphs(out: &mut String, body: &str) {
    paragraphs_as_they_are(out, &harmless(&sanitise::clean(body)));
}

fn paragraphs_as_they_are(out: &mut String, body: &str) {
    if !body.trim().is_empty() {
        let _ = write!(out, "\n{}\n", body.trim_matches('\n').trim_end());
    }
}

/// Puts a backslash before what would begin more than text, emphasis, lists and links to the web.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = '\n';
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let next = rest.chars().next().unwrap_or('\n');
        let escaped = match c {
            // Tags, code with its queries and scripts, comments, templates, formulas.
            '<' | '`' | '~' | '%' | '$' => true,
            // Embeds and wiki links.
            '!' => next == '[',
            '[' => next == '[' || before == '[',
            // A tag of the vault.
            '#' => !next.is_whitespace() && next != '#',
            // A link to something that is not on the web, and the definition of one.
            '(' => before == ']' && !is_web(rest),
            ':' => before == ']',
            // Fields of plugins, such as `due:: today`.
            _ => false,
        };
        if escaped && before != '\\' {
            out.push('\\');
        }
        out.push(c);
        before = if before == '\\' && c == '\\' { '\n' } else { c };
    }
    out
}

fn is_web(address: &str) -> bool {
    let address = address.trim_start().to_ascii_lowercase();
    ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| address.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::parse;
    use proptest::prelude::*;

    #[test]
    fn text_that_acts_on_a_vault_is_only_text() {
        for (text, safe) in [
            ("```dataviewjs\nx\n```", "\\`\\`\\`dataviewjs\nx\n\\`\\`\\`"),
            (
                "![[secret]] [[x]] ![p](http://t.example/)",
                "\\!\\[\\[secret]] \\[\\[x]] \\![p](http://t.example/)",
            ),
            ("<%* run %> <img>", "\\<\\%* run \\%> \\<img>"),
            (
                "[a](obsidian://x) [b](https://b.example)",
                "[a]\\(obsidian://x) [b](https://b.example)",
            ),
            ("[a]: file:///etc", "[a]\\: file:///etc"),
            ("costs $9, or $8 #urgent # head", "costs \\$9, or \\$8 \\#urgent # head"),
            ("- one\n- *two*", "- one\n- *two*"),
            ("\\<b>", "\\<b>"),
        ] {
            assert_eq!(harmless(text), safe);
        }
        assert_eq!(
            yaml(&Value::from("<% [[x]] `a`")),
            "\"\\u003c\\u0025 \\u005b\\u005bx\\u005d\\u005d \\u0060a\\u0060\""
        );
        assert_eq!(alias("A [[b]]|c#d <%e"), "A ((b))/c/d ((e");
    }

    #[test]
    fn a_note_tells_who_changed_it() {
        let text = "---\nslug: one\ntitle: \"One: <two>\"\ndate: 2025-01-01\ntags: [a]\n---\n\n## Q1. Why?\n\n### A. Ann Lee\n\nSo.\n";
        let edition = parse("one", text).unwrap();
        let note = Notes { editions: &[] }.note(&edition, &[]);
        assert_eq!(origin(&note, "one"), Origin::Askpm);
        assert_eq!(origin(&note, "two"), Origin::Other);
        assert_eq!(origin(&(note.clone() + "Mine.\n"), "one"), Origin::Changed);
        assert_eq!(origin(&note.replace("tags: ", "tags:  "), "one"), Origin::Changed);
        assert_eq!(origin(&note.replace(HASH, "other: "), "one"), Origin::Changed);
        assert_eq!(origin("# Mine\n", "one"), Origin::Other);
        assert_eq!(origin("", "one"), Origin::Other);
    }

    proptest! {
        #[test]
        fn no_text_begins_code_or_a_tag(text in "[<`%$!\\[\\]()\\\\#a :~\n]{0,24}") {
            let safe = harmless(&text);
            let mut free = true;
            for c in safe.chars() {
                prop_assert!(!free || !matches!(c, '<' | '`' | '%' | '$' | '~'), "{safe}");
                free = !(free && c == '\\');
            }
        }
    }
}
