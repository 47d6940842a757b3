//! Keeps links in text: an edition has `[the price page](https://…)`, and text that is compared has only the words.
//!
//! While the page is walked, two private-use characters mark where links begin and end. [`Links::read`] then returns
//! the words of a line, and its Markdown if it has links. No line keeps the marks.

use std::collections::VecDeque;

/// Marks of the beginning and the end of a link (Unicode's private use area).
const OPENS: char = '\u{e000}';
const CLOSES: char = '\u{e001}';

/// The links of the text that is being written.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Addresses of the open elements. `None` if the target is unknown.
    open: Vec<Option<String>>,
    /// Whether the innermost link is open and has no text yet.
    waits: bool,
    /// Addresses of closed links, for lines that are not read yet.
    closed: VecDeque<String>,
}

impl Links {
    pub(super) fn enter(&mut self, address: Option<String>) {
        self.waits = address.is_some();
        self.open.push(address);
    }

    /// Returns the mark that goes in front of visible text, if any.
    pub(super) fn before_text(&mut self) -> Option<char> {
        std::mem::take(&mut self.waits).then_some(OPENS)
    }

    pub(super) fn leave(&mut self) -> Option<char> {
        let address = self.open.pop().flatten()?;
        if std::mem::take(&mut self.waits) {
            return None;
        }
        self.closed.push_back(address);
        Some(CLOSES)
    }

    /// Returns the words of `line`, and its Markdown if it has links.
    pub(super) fn read(&mut self, line: &str) -> (String, Option<String>) {
        if !line.contains([OPENS, CLOSES]) {
            return (line.to_string(), None);
        }
        let (mut words, mut rich, mut start) = (String::new(), String::new(), None);
        let mut linked = false;
        for c in line.chars() {
            match c {
                OPENS => start = Some(rich.len()),
                CLOSES => {
                    let address = self.closed.pop_front();
                    if let (Some(from), Some(address)) = (start.take(), address) {
                        linked |= link(&mut rich, from, &address);
                    }
                }
                c => {
                    words.push(c);
                    rich.push(c);
                }
            }
        }
        (words, linked.then_some(rich))
    }
}

/// The lines of a paragraph with their links.
#[derive(Default)]
pub(super) struct Rich {
    text: String,
    linked: bool,
}

impl Rich {
    pub(super) fn line(&mut self, bare: &str, linked: Option<&str>) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        // A space before the end of a link is no part of it, and none is left at the end of the line.
        self.text.push_str(linked.unwrap_or(bare).trim_end());
        self.linked |= linked.is_some();
    }

    pub(super) fn taken(self) -> Option<String> {
        self.linked.then_some(self.text)
    }
}

/// Returns `rich` with the same marker that turned `bare` into `text`.
///
/// The marker was added or replaced the first character. Returns `None` if that cannot be determined.
pub(super) fn marked(bare: &str, text: &str, rich: &str) -> Option<String> {
    if let Some(marker) = text.strip_suffix(bare) {
        return Some(format!("{marker}{rich}"));
    }
    let own = bare.len().checked_sub(text.len().saturating_sub(2))?;
    let same = text.get(2..)? == bare.get(own..)? && rich.get(..own)? == bare.get(..own)?;
    same.then(|| format!("- {}", &rich[own..]))
}

/// Returns `text` without link marks.
pub(super) fn without(text: &str) -> String {
    text.replace([OPENS, CLOSES], "")
}

pub(super) fn is_place(c: char) -> bool {
    matches!(c, OPENS | CLOSES)
}

/// Names of networks that stand beside a name as a link.
const NETWORKS: [&str; 8] = [
    "linkedin",
    "twitter",
    "bluesky",
    "mastodon",
    "instagram",
    "threads",
    "website",
    "profile",
];

/// Returns a name without the links to its bearer: `Ana Lima (https://…), PM`, `[Ana Lima](https://…)`, `Ana Lima (@ana)`.
pub(super) fn unlinked(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find(['(', '[', '<']) {
        out.push_str(&rest[..at]);
        let close = match rest.as_bytes()[at] {
            b'(' => ')',
            b'[' => ']',
            _ => '>',
        };
        let group = &rest[at..];
        let Some(end) = group.find(close) else {
            out.push_str(group);
            rest = "";
            break;
        };
        let inner = &group[1..end];
        rest = &group[end + 1..];
        let address = |text: &str| text.contains("://") || text.starts_with("mailto:");
        let linked = close == ']' && rest.starts_with('(') && rest.find(')').is_some_and(|end| address(&rest[..end]));
        if linked {
            out.push_str(inner);
            rest = rest.find(')').map_or("", |end| &rest[end + 1..]);
        } else if address(inner) || inner.trim_start_matches('[').starts_with('@') {
            out.truncate(out.trim_end().len());
            rest = rest.strip_prefix(')').filter(|_| inner.contains('[')).unwrap_or(rest);
        } else {
            out.push_str(&group[..end + 1]);
        }
    }
    out.push_str(rest);
    let (before, last) = out.trim().rsplit_once(' ').unwrap_or(("", out.trim()));
    let network = before.contains(' ') && NETWORKS.contains(&last.to_lowercase().as_str());
    if network { before } else { out.trim() }
        .trim_end_matches(['·', '|', '-', '–', ' '])
        .to_string()
}

/// Turns `out` from `from` on into a link.
///
/// Returns `false` if Markdown cannot express the link, or if its text is the address.
fn link(out: &mut String, from: usize, address: &str) -> bool {
    let text = &out[from..];
    let name = text.trim();
    let plain = !name.contains(['[', ']', '\n', '`', '<', '\\']) && !address.contains(['<', '>']);
    if name.is_empty() || !plain || name.contains("://") {
        return false;
    }
    let at = from + (text.len() - text.trim_start().len());
    let (name, after) = (name.to_string(), text[text.trim_end().len()..].to_string());
    out.truncate(at);
    if address.contains(['(', ')']) {
        out.push_str(&format!("[{name}](<{address}>){after}"));
    } else {
        out.push_str(&format!("[{name}]({address}){after}"));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_its_links_and_keeps_its_role() {
        for (text, name) in [
            ("Ana Lima (https://a.example/ana), PM", "Ana Lima, PM"),
            ("Ana Lima [https://a.example/c/1], PM", "Ana Lima, PM"),
            ("Ana Lima, PM <https://a.example>", "Ana Lima, PM"),
            ("[Ana Lima](https://a.example/ana), PM", "Ana Lima, PM"),
            ("Ana Lima (@ana)", "Ana Lima"),
            ("Ana Lima ([@ana](https://a.example/@ana))", "Ana Lima"),
            ("Ana Lima LinkedIn", "Ana Lima"),
            ("Ana Lima (PM at a bank)", "Ana Lima (PM at a bank)"),
            ("Twitter", "Twitter"),
            ("Ana (open", "Ana (open"),
        ] {
            assert_eq!(unlinked(text), name);
        }
    }

    /// Reads a text where `{` and `}` mark a link to a page.
    fn read(text: &str) -> (String, Option<String>) {
        let mut links = Links::default();
        let mut written = String::new();
        for c in text.chars() {
            match c {
                '{' => links.enter(Some("https://a.example/p".into())),
                '}' => written.extend(links.leave()),
                c => {
                    written.extend(links.before_text());
                    written.push(c);
                }
            }
        }
        links.read(&written)
    }

    #[test]
    fn words_are_bare_and_markdown_has_the_links() {
        assert_eq!(
            read("Read {the page }first."),
            (
                "Read the page first.".into(),
                Some("Read [the page](https://a.example/p) first.".into())
            )
        );
        for text in ["No link.", "{}Empty.", "{https://a.example/p}", "{[1]}"] {
            let (words, rich) = read(text);
            assert_eq!((words, rich), (text.replace(['{', '}'], ""), None));
        }
    }

    #[test]
    fn a_marker_goes_before_the_links() {
        let rich = "• [one](https://a.example)";
        assert_eq!(
            marked("• one", "- one", rich).as_deref(),
            Some("- [one](https://a.example)")
        );
        assert_eq!(marked("one", "3. one", "[one](u)").as_deref(), Some("3. [one](u)"));
        assert_eq!(marked("• one", "- one", "[• one](u)"), None);
    }

    #[test]
    fn a_link_over_two_lines_is_no_link_and_the_next_one_keeps_its_own_address() {
        let mut links = Links::default();
        links.enter(Some("https://a.example/1".into()));
        let open = links.before_text().unwrap();
        let close = links.leave().unwrap();
        links.enter(Some("https://a.example/2".into()));
        let next = links.before_text().unwrap();
        let end = links.leave().unwrap();
        assert_eq!(links.read(&format!("{open}One")), ("One".into(), None));
        let (words, rich) = links.read(&format!("two{close} {next}three{end}"));
        assert_eq!(words, "two three");
        assert_eq!(rich.as_deref(), Some("two [three](https://a.example/2)"));
    }
}
