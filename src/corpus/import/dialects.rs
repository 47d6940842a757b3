//! Rewrites Org, AsciiDoc and reStructuredText as Markdown.
//!
//! It rewrites what an edition stores: title, day, author, headings, links, code, quotations and lists. Title, day and
//! author become front matter. Other directives and settings are dropped; text is not.

use super::slug;

/// The metadata of a file, and its text in Markdown.
#[derive(Default)]
struct Page {
    front: Vec<(&'static str, String)>,
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Stores the value of `key` if it is a title, a day or an author. The first value wins.
    fn says(&mut self, key: &str, value: &str) {
        let key = match key.to_ascii_lowercase().as_str() {
            "title" => "title",
            "date" | "revdate" | "published" | "pubdate" => "date",
            "author" | "authors" => "author",
            _ => return,
        };
        if !value.trim().is_empty() && !self.front.iter().any(|(known, _)| *known == key) {
            self.front.push((key, value.trim().to_string()));
        }
    }

    fn finish(self) -> String {
        if self.front.is_empty() {
            return self.text;
        }
        let front: Vec<String> = self
            .front
            .iter()
            .map(|(key, value)| format!("{key}: {value}\n"))
            .collect();
        format!("---\n{}---\n\n{}", front.concat(), self.text)
    }
}

/// Returns `text` as Markdown if the file's `name` has the extension of one of these formats.
pub(super) fn markdown(name: &str, text: &str) -> Option<String> {
    let ending = slug::file_name(name).rsplit_once('.')?.1.to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    Some(match ending.as_str() {
        "org" => org(&text),
        "adoc" | "asciidoc" => asciidoc(&text),
        "rst" => rst(&text),
        _ => return None,
    })
}

fn heading(level: usize, title: &str) -> String {
    format!("\n{} {}\n", "#".repeat(level.clamp(1, 6)), title.trim())
}

fn org(text: &str) -> String {
    let mut page = Page::default();
    let (mut drawer, mut quote, mut code) = (false, false, false);
    for line in text.lines() {
        let bare = line.trim();
        let lower = bare.to_ascii_lowercase();
        if let Some(setting) = lower.strip_prefix("#+") {
            match setting.split([' ', ':']).next().unwrap_or_default() {
                "begin_quote" | "begin_verse" => quote = true,
                "end_quote" | "end_verse" => quote = false,
                "begin_src" | "begin_example" if !code => {
                    code = true;
                    page.line("```");
                }
                "end_src" | "end_example" if code => {
                    code = false;
                    page.line("```");
                }
                key => page.says(key, bare[2 + key.len()..].trim_start_matches(':')),
            }
            continue;
        }
        if code {
            page.line(line);
            continue;
        }
        if lower == ":properties:" || lower == ":logbook:" {
            drawer = true;
        }
        if drawer || bare == "#" || bare.starts_with("# ") {
            drawer &= lower != ":end:";
            continue;
        }
        let level = line.bytes().take_while(|&b| b == b'*').count();
        match line[level..].strip_prefix(' ').filter(|_| level > 0) {
            Some(title) => {
                let title = title.trim();
                let title = ["TODO ", "DONE "]
                    .iter()
                    .find_map(|state| title.strip_prefix(state))
                    .unwrap_or(title);
                let tagged = title
                    .rsplit_once(" :")
                    .filter(|(_, tags)| tags.ends_with(':') && !tags.contains(' '));
                let title = tagged.map_or(title, |(title, _)| title);
                page.text
                    .push_str(&heading(level + 1, &links(title, "[[", "]]", org_link)));
            }
            None => {
                let mark = if quote { "> " } else { "" };
                page.line(&format!("{mark}{}", links(line, "[[", "]]", org_link)));
            }
        }
    }
    page.finish()
}

fn org_link(inner: &str) -> String {
    match inner.split_once("][") {
        Some((address, name)) if address.contains("://") => format!("[{name}]({address})"),
        Some((_, name)) => name.to_string(),
        None => inner.to_string(),
    }
}

/// Returns `line` with the text between each `open` and `close` rewritten.
fn links(line: &str, open: &str, close: &str, rewrite: impl Fn(&str) -> String) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some(at) = rest.find(open) {
        let inner = &rest[at + open.len()..];
        let Some(end) = inner.find(close) else { break };
        out.push_str(&rest[..at]);
        out.push_str(&rewrite(&inner[..end]));
        rest = &inner[end + close.len()..];
    }
    out.push_str(rest);
    out
}

fn asciidoc(text: &str) -> String {
    let mut page = Page::default();
    let mut fence: Option<&str> = None;
    // 1 on the line below the title, where the author may be, and 2 below the author, where the day may be.
    let mut header = 0;
    // The person quoted, and whether a quotation is open. Its mark stays, so that it is not taken for the author's
    // text.
    let (mut quoted, mut quote) = (String::new(), false);
    for line in text.lines() {
        let bare = line.trim_end();
        let block = bare.len() >= 4 && ["-", "."].iter().any(|c| bare.chars().all(|b| c.starts_with(b)));
        if let Some(open) = fence {
            page.line(if bare == open { "```" } else { line });
            if bare == open {
                fence = None;
            }
            continue;
        }
        if block {
            fence = Some(bare);
            page.line("```");
            continue;
        }
        let drawn = bare.len() >= 4
            && ["_", "=", "*", "+"]
                .iter()
                .any(|c| bare.chars().all(|b| c.starts_with(b)));
        let setting = bare.strip_prefix(':').and_then(|rest| rest.split_once(':'));
        let attributes = bare.starts_with('[') && bare.ends_with(']') && !bare.contains("://") && !bare.contains("]]");
        let level = bare.bytes().take_while(|&b| b == b'=').count();
        let title = bare[level..].strip_prefix(' ').filter(|_| (1..=6).contains(&level));
        let was = std::mem::take(&mut header);
        if bare.len() >= 4 && bare.bytes().all(|b| b == b'_') {
            if quote && !quoted.is_empty() {
                page.line(&format!(">\n> – {}", std::mem::take(&mut quoted)));
            }
            quote = !quote;
            continue;
        }
        if quote {
            page.line(&format!("> {}", named_links(bare)));
            continue;
        }
        let by = bare.strip_prefix("[quote,").and_then(|rest| rest.strip_suffix(']'));
        quoted = by.map_or(quoted, |by| by.trim().to_string());
        match (title, setting) {
            _ if drawn || attributes || bare.starts_with("//") => {}
            (Some(title), _) if level == 1 => {
                page.says("title", title);
                header = 1;
            }
            (Some(title), _) => page.text.push_str(&heading(level, title)),
            (_, Some((key, value))) if !key.contains(' ') => {
                page.says(key, value);
                header = was;
            }
            _ if was == 1 && bare.contains('<') && bare.ends_with('>') => {
                page.says("author", bare.split(" <").next().unwrap_or(bare));
                header = 2;
            }
            _ if was > 0 && super::dates::only_day(bare.rsplit(", ").next().unwrap_or(bare)).is_some() => {
                page.says("date", bare.rsplit(", ").next().unwrap_or(bare));
            }
            _ => {
                // `** item` is a nested item.
                let stars = bare.bytes().take_while(|&b| b == b'*').count();
                let item = bare[stars..].strip_prefix(' ').filter(|_| stars > 1);
                let line = item.map_or_else(|| bare.to_string(), |item| format!("- {item}"));
                let line = match line.strip_prefix(". ") {
                    Some(item) => format!("1. {item}"),
                    None => line,
                };
                page.line(&named_links(&line.replace("link:", "")));
            }
        }
    }
    if fence.is_some() {
        page.line("```");
    }
    page.finish()
}

/// Rewrites links: `https://example.org[name]` → `[name](https://example.org)`.
fn named_links(line: &str) -> String {
    let mut out = String::new();
    for (at, word) in line.split(' ').enumerate() {
        if at > 0 {
            out.push(' ');
        }
        out.push_str(word);
        // A name may have spaces, so the bracket may close several words later.
        let Some(close) = out.rfind(']') else { continue };
        let Some(open) = out[..close].rfind('[') else { continue };
        let start = out[..open].rfind([' ', '(', ',']).map_or(0, |at| at + 1);
        let (address, name) = (&out[start..open], &out[open + 1..close]);
        if address.starts_with("http") && address.contains("://") {
            let name = name.trim_end_matches('^');
            let link = if name.is_empty() {
                address.to_string()
            } else {
                format!("[{name}]({address})")
            };
            out.replace_range(start..=close, &link);
        }
    }
    out
}

fn rst(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let targets: Vec<(&str, &str)> = lines
        .iter()
        .filter_map(|line| line.trim().strip_prefix(".. _")?.split_once(": "))
        .map(|(name, address)| (name.trim_matches('`'), address.trim()))
        .collect();
    let mut page = Page::default();
    let mut levels: Vec<(char, bool)> = Vec::new();
    let mut quotes = false;
    let mut at = 0;
    while let Some(&line) = lines.get(at) {
        let bare = line.trim_end();
        let under = lines.get(at + 1).and_then(|next| underline(next));
        let over = underline(bare);
        let framed = over.is_some() && over == lines.get(at + 2).and_then(|next| underline(next));
        let title = if framed {
            lines.get(at + 1).copied().unwrap_or_default()
        } else {
            bare
        };
        let drawn = if framed {
            over
        } else {
            under.filter(|_| over.is_none() && !bare.starts_with(' '))
        };
        let fits = |(_, length): &(char, usize)| length + 3 >= title.trim().chars().count() && !title.trim().is_empty();
        if let Some((sign, _)) = drawn.filter(fits) {
            let level = levels
                .iter()
                .position(|known| *known == (sign, framed))
                .unwrap_or_else(|| {
                    levels.push((sign, framed));
                    levels.len() - 1
                });
            let said = page.text.trim().is_empty() && !page.front.iter().any(|(key, _)| *key == "title");
            if level == 0 && said {
                page.says("title", title);
            } else {
                page.text.push_str(&heading(level + 1, title));
            }
            at += if framed { 3 } else { 2 };
            continue;
        }
        at += 1;
        let field = bare.strip_prefix(':').and_then(|rest| rest.split_once(": "));
        if let Some((key, value)) = field.filter(|_| page.text.trim().is_empty()) {
            page.says(key, value);
        } else if let Some(note) = bare.strip_prefix(".. [").and_then(|rest| rest.split_once("] ")) {
            page.line(&format!(
                "[^{}] {}",
                note.0.trim_start_matches('#'),
                rst_line(note.1, &targets)
            ));
        } else if let Some(directive) = bare.trim_start().strip_prefix(".. ") {
            let name = directive.split("::").next().unwrap_or_default();
            let is_text = directive.contains("::")
                && matches!(
                    name,
                    "note" | "tip" | "warning" | "epigraph" | "pull-quote" | "important" | "hint" | "admonition"
                );
            let body = lines[at..]
                .iter()
                .take_while(|next| next.starts_with("   ") || next.trim().is_empty());
            let body: Vec<&str> = body.copied().collect();
            at += body.len();
            if is_text {
                let mark = if matches!(name, "epigraph" | "pull-quote") {
                    "> "
                } else {
                    ""
                };
                let first = directive.split_once("::").map_or("", |(_, first)| first.trim());
                for said in std::iter::once(first).chain(body.iter().map(|said| said.trim())) {
                    if !said.starts_with(':') {
                        let mark = if said.is_empty() { "" } else { mark };
                        page.line(&format!("{mark}{}", rst_line(said, &targets)));
                    }
                }
                page.line("");
            } else if name == "code-block" || name == "code" {
                let code: Vec<&str> = body
                    .iter()
                    .copied()
                    .filter(|said| !said.trim().starts_with(':'))
                    .collect();
                page.line(&format!("```\n{}\n```\n", code.join("\n").trim_matches('\n')));
            }
        } else if bare != ".." {
            // An indented paragraph is a quotation, except below a list item or as an example.
            let item = |line: &str| {
                line.starts_with(['-', '*', '+', '#', '|']) || line.starts_with(|c: char| c.is_ascii_digit())
            };
            let inner = bare.starts_with("  ");
            if !inner && !bare.is_empty() {
                quotes = !item(bare) && !bare.ends_with("::") && !bare.starts_with(':');
            }
            let mark = if inner && quotes { "> " } else { "" };
            let line = bare
                .strip_suffix("::")
                .map_or_else(|| bare.to_string(), |said| format!("{}:", said.trim_end()));
            let line = rst_line(if bare.trim() == "::" { "" } else { line.trim() }, &targets);
            page.line(&format!("{mark}{line}"));
        }
    }
    page.finish()
}

/// Returns the character and the length of an underline.
fn underline(line: &str) -> Option<(char, usize)> {
    let line = line.trim_end();
    let first = line.chars().next().filter(char::is_ascii_punctuation)?;
    (line.len() >= 2 && line.chars().all(|c| c == first)).then_some((first, line.len()))
}

/// Rewrites links, code and footnotes in a line of reStructuredText.
fn rst_line(line: &str, targets: &[(&str, &str)]) -> String {
    let line = line.replace("``", "\u{e002}");
    let link = |inner: &str| match inner.rsplit_once(" <") {
        Some((name, address)) if address.ends_with('>') && address.contains("://") => {
            format!("[{}]({})", name.trim(), address.trim_end_matches('>'))
        }
        _ => match targets.iter().find(|(name, _)| name.eq_ignore_ascii_case(inner)) {
            Some((name, address)) if address.contains("://") => format!("[{name}]({address})"),
            _ => inner.to_string(),
        },
    };
    // The closing mark belongs to the last opening one.
    let last = |inner: &str, sign: char, rewrite: &dyn Fn(&str) -> String| match inner.rsplit_once(sign) {
        Some((before, last)) => format!("{sign}{before}{}", rewrite(last)),
        None => rewrite(inner),
    };
    let note = |label: &str| format!("[^{}]", label.trim_start_matches('#'));
    let line = links(&line, "`", "`__", |inner| last(inner, '`', &link));
    let line = links(&line, "`", "`_", |inner| last(inner, '`', &link));
    links(&line, "[", "]_", |inner| last(inner, '[', &note)).replace('\u{e002}', "`")
}

#[cfg(test)]
#[path = "dialects_tests.rs"]
mod tests;
