//! Reads front matter: title, day and authors above the text of a Markdown file (Jekyll, Hugo, Obsidian, Pelican,
//! Notion).
//!
//! The lines are not parsed as YAML or TOML. `title: Issue 12: Pricing` is not valid YAML, but whole archives are
//! written that way.

use super::clean::one_line;
use super::dates;

/// Most lines of front matter.
const MOST_LINES: usize = 200;
/// Longest value that is kept, in characters.
const LONGEST: usize = 300;

/// The front matter of a file, and its text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Front {
    pub title: Option<String>,
    pub date: Option<String>,
    pub author: Option<String>,
    /// The front matter as it is in the file.
    pub lines: String,
    /// The text below the front matter.
    pub body: String,
}

/// Returns the front matter of `text`, if it has any.
pub(super) fn read(text: &str) -> Option<Front> {
    json(text)
        .or_else(|| percent(text))
        .or_else(|| fenced(text))
        .or_else(|| key_lines(text, ""))
        .or_else(|| properties(text))
}

/// Reads an object of JSON at the beginning (Hugo), or between `---json` and `---` (Eleventy).
fn json(text: &str) -> Option<Front> {
    let text = text.trim_start_matches(['\n', ' ']);
    let (fence, inner) = match text.strip_prefix("---json") {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    if !inner.trim_start().starts_with('{') {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(inner).into_iter::<serde_json::Value>();
    let object = values.next()?.ok()?;
    let end = values.byte_offset();
    let rest = &inner[end..];
    let rest = match fence {
        true => rest.trim_start().strip_prefix("---")?,
        false => rest,
    };
    // A file that is all data has no text.
    let told = object.get("title").is_some_and(serde_json::Value::is_string) && !rest.trim().is_empty();
    let value = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Some(one_line(text)),
        serde_json::Value::Array(list) => {
            let texts: Vec<&str> = list.iter().filter_map(serde_json::Value::as_str).collect();
            Some(texts.join(", "))
        }
        serde_json::Value::Object(of) => of.get("name")?.as_str().map(one_line),
        _ => None,
    };
    let lines: Vec<String> = object
        .as_object()
        .filter(|_| told)?
        .iter()
        .filter_map(|(key, of)| Some(format!("{key}: {}", value(of)?)))
        .collect();
    Some(Front {
        lines: text[..text.len() - rest.len()].to_string(),
        ..front(&lines.join("\n"), rest.to_string())
    })
}

/// Reads up to three lines that begin with `%` (Pandoc): title, authors and day.
fn percent(text: &str) -> Option<Front> {
    let text = text.trim_start_matches('\n');
    let lines: Vec<&str> = text.lines().take_while(|line| line.starts_with("% ")).collect();
    let end: usize = text.split_inclusive('\n').take(lines.len()).map(str::len).sum();
    let part = |at: usize| {
        lines
            .get(at)
            .map(|line| bounded(&line[2..]))
            .filter(|line| !line.is_empty())
    };
    (1..=3).contains(&lines.len()).then(|| Front {
        title: part(0),
        author: part(1).map(|names| names.replace("; ", ", ")),
        date: part(2).and_then(|day| dates::day(&day)),
        lines: text[..end].to_string(),
        body: text[end..].to_string(),
    })
}

/// Reads lines between two lines of `---` (YAML) or `+++` (TOML).
fn fenced(text: &str) -> Option<Front> {
    let text = text.trim_start_matches(['\n', ' ']);
    let fence = text
        .lines()
        .next()
        .map(str::trim_end)
        .filter(|line| matches!(*line, "---" | "+++"))?;
    let start = text.find('\n')? + 1;
    let mut end = start;
    for line in text.get(start..)?.split_inclusive('\n').take(MOST_LINES) {
        let bare = line.trim_end();
        if bare == fence || fence == "---" && bare == "..." {
            let lines = &text[start..end];
            // A paragraph between two rules is not front matter.
            let keyed = lines.lines().filter(|l| key_value(l).is_some()).count();
            let known = lines.lines().all(|l| {
                let nested = l.starts_with([' ', '-', '#', ']', '}', '[', '"', '\'']) || l.trim().is_empty();
                nested || key_value(l).is_some()
            });
            return (keyed > 0 && known).then(|| front(lines, text[end + line.len()..].to_string()));
        }
        end += line.len();
    }
    None
}

/// Reads lines such as `Title: …` and `Date: …` at the beginning of the text, up to a blank line.
fn key_lines(text: &str, above: &str) -> Option<Front> {
    let text = text.trim_start_matches('\n');
    let end = text.find("\n\n").unwrap_or(text.len());
    let lines = &text[..end];
    // An indented line goes on with the value above it.
    let goes_on = |(at, line): &(usize, &str)| *at > 0 && line.starts_with([' ', '\t']) && !line.trim().is_empty();
    let keys: Vec<&str> = lines
        .lines()
        .enumerate()
        .filter(|line| !goes_on(line))
        .map(|(_, line)| line)
        .map(|l| key_value(l).map(|(k, _)| k))
        .collect::<Option<_>>()?;
    let says = |wanted: &[&str]| keys.iter().any(|key| wanted.contains(&plain(key).as_str()));
    let title_and_more = above.is_empty() && says(&["title"]) && keys.len() > 1;
    let about_a_page = says(&[
        "created",
        "date",
        "published",
        "date created",
        "created time",
        "created at",
        "publish date",
        "publication date",
        "published at",
        "published on",
        "date published",
        "last edited time",
        "updated",
    ]) && says(&[
        "tags",
        "author",
        "authors",
        "category",
        "status",
        "created by",
        "last edited time",
        "last edited by",
        "slug",
        "title",
        "owner",
        "type",
        "topic",
        "topics",
        "url",
    ]);
    if !(2..=40).contains(&keys.len()) || !(title_and_more || about_a_page) {
        return None;
    }
    Some(front(lines, format!("{above}{}", &text[end..])))
}

/// Reads the properties that note-taking programs write below the title.
fn properties(text: &str) -> Option<Front> {
    let text = text.trim_start_matches('\n');
    let end = text.find('\n')?;
    text.starts_with("# ")
        .then(|| key_lines(&text[end..], &format!("{}\n", &text[..end])))?
}

/// Splits `key: value` or `key = value` at the beginning of a line.
fn key_value(line: &str) -> Option<(&str, &str)> {
    let at = line.find([':', '='])?;
    let (key, value) = (line[..at].trim_end(), &line[at + 1..]);
    let quoted = ['"', '\'']
        .iter()
        .find_map(|quote| key.strip_prefix(*quote)?.strip_suffix(*quote));
    let key = quoted.unwrap_or(key);
    // Logseq and Obsidian's Dataview write `key:: value`.
    let value = value.strip_prefix(':').unwrap_or(value);
    let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.');
    let named = !key.is_empty() && key.len() <= 40 && key.chars().all(name) && !key.starts_with([' ', '-']);
    let apart = value.is_empty() || value.starts_with(' ') || line[at..].starts_with('=');
    (named && apart && key.split(' ').count() <= 3).then(|| (key, value.trim()))
}

fn plain(key: &str) -> String {
    key.trim().to_lowercase().replace(['_', '-'], " ")
}

fn front(lines: &str, body: String) -> Front {
    let mut found = Front {
        lines: lines.to_string(),
        body,
        ..Front::default()
    };
    // The day of publication wins over the day of creation, and that over the day of the last change.
    let mut rank = u8::MAX;
    let all: Vec<&str> = lines.lines().collect();
    for (at, line) in all.iter().enumerate() {
        let Some((key, value)) = key_value(line) else { continue };
        let value = whole_value(value, all.get(at + 1..).unwrap_or_default());
        match plain(key).as_str() {
            "title" => found.title = found.title.or(Some(value)),
            "author" | "authors" | "by" | "byline" | "creator" | "writer" | "created by" => {
                found.author = found.author.or(Some(value))
            }
            key => {
                let this = match key {
                    "date" | "published" | "publishdate" | "publish date" | "pubdate" | "published at"
                    | "date published" | "datepublished" | "published on" | "publication date" | "post date"
                    | "published time" | "issued" | "sent" => 0,
                    "created" | "datecreated" | "created at" | "date created" | "created time" => 1,
                    "updated" | "lastmod" | "modified" | "last modified" | "date modified" | "last edited time" => 2,
                    _ => continue,
                };
                // The days may stand below `date:`, each with a key of its own.
                let nested = || {
                    let below = all.get(at + 1..).unwrap_or_default().iter();
                    let mut below = below.take_while(|line| line.starts_with(' '));
                    below.find_map(|line| dates::day(key_value(line.trim())?.1))
                };
                let day = dates::day(&value).or_else(|| nested().filter(|_| value.is_empty()));
                if let Some(day) = day.filter(|_| this < rank) {
                    rank = this;
                    found.date = Some(day);
                }
            }
        }
    }
    found.title = found.title.filter(|t| !t.is_empty());
    found.author = found.author.filter(|a| !a.is_empty());
    found
}

/// Returns a value without quotation marks.
///
/// A value on the lines below its key is joined into one line. The entries of a list are joined with commas.
fn whole_value(value: &str, below: &[&str]) -> String {
    let folded = matches!(value, "" | ">" | ">-" | "|" | "|-" | ">+" | "|+");
    if !folded {
        let list = value.strip_prefix('[').and_then(|v| v.strip_suffix(']'));
        let parts = list.map_or_else(|| vec![value], |list| list.split(',').collect());
        let parts: Vec<String> = parts.into_iter().map(unquoted).filter(|p| !p.is_empty()).collect();
        return bounded(&parts.join(", "));
    }
    let nested = below
        .iter()
        .take_while(|l| l.starts_with([' ', '-']) || l.trim().is_empty())
        .take(20);
    let items: Vec<String> = nested
        .filter_map(|line| {
            let line = line.trim();
            let item = line.strip_prefix("- ").unwrap_or(line);
            // Of the fields of an author, keep only the name.
            match key_value(item).filter(|_| value.is_empty()) {
                Some(("name", name)) => Some(unquoted(name)),
                Some(_) => None,
                None => Some(unquoted(item)),
            }
        })
        .filter(|item| !item.is_empty())
        .collect();
    bounded(&items.join(if value.is_empty() { ", " } else { " " }))
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    // `The bell # the title` has a comment. `Issue # 12` has a number.
    let comment = value
        .split_once(" # ")
        .filter(|(_, note)| note.starts_with(char::is_alphabetic));
    let value = match comment {
        Some((text, _)) if !value.starts_with(['"', '\'']) || text.trim_end().ends_with(['"', '\'']) => text.trim_end(),
        _ => value,
    };
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote)) {
            return inner.replace("\\\"", "\"").replace("''", "'");
        }
    }
    value.to_string()
}

fn bounded(value: &str) -> String {
    super::clean::bounded_line(&one_line(value), LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Told = (Option<String>, Option<String>, Option<String>, String);

    fn told(text: &str) -> Option<Told> {
        read(text).map(|f| (f.title, f.date, f.author, f.body.trim().to_string()))
    }

    #[test]
    fn each_program_says_title_day_and_author_in_its_own_way() {
        let expected = Some((
            Some("Issue 12: Pricing".to_string()),
            Some("2026-01-05".to_string()),
            Some("Dana Reyes".to_string()),
            "Text.".to_string(),
        ));
        for text in [
            "---\nlayout: post\ntitle: \"Issue 12: Pricing\"\ndate: 2026-01-05 09:00:00 +0000\nauthor: Dana Reyes\ntags: [a, b]\n---\n\nText.",
            "---\ntitle: Issue 12: Pricing\nauthors:\n  - name: Dana Reyes\n    url: https://example.org\npublished: 5 January 2026\n---\nText.",
            "---\ntitle: >-\n  Issue 12:\n  Pricing\ncreated: 2025-12-01\ndate: 2026-01-05\nauthor: ['Dana Reyes']\n...\nText.",
            "+++\ntitle = \"Issue 12: Pricing\"\ndate = 2026-01-05T09:00:00Z\nauthor = 'Dana Reyes'\ndraft = false\n+++\nText.",
            "Title: Issue 12: Pricing\nDate: 2026-01-05\nAuthor: Dana Reyes\n\nText.",
            "{\n  \"title\": \"Issue 12: Pricing\",\n  \"datePublished\": \"2026-01-05\",\n  \"author\": {\"name\": \"Dana Reyes\"}\n}\n\nText.",
            "---json\n{\"title\": \"Issue 12: Pricing\", \"date\": \"2026-01-05\", \"authors\": [\"Dana Reyes\"]}\n---\nText.",
            "% Issue 12: Pricing\n% Dana Reyes\n% January 5, 2026\n\nText.",
            "---\n\"title\": \"Issue 12: Pricing\"\n'post_date': 2026-01-05 09:00\nbyline: Dana Reyes # of Acme\n---\nText.",
            "---\ntitle: Issue 12: Pricing # the title\ndate:\n  created: 2026-01-05\n  updated: 2026-08-01\nauthor: Dana Reyes\n---\nText.",
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
        let notion =
            told("# Pricing pages\n\nCreated: January 5, 2026 9:00 AM\nTags: pricing\nAuthor: Dana Reyes\n\nText.")
                .unwrap();
        assert_eq!(notion.3, "# Pricing pages\n\n\nText.");
        assert_eq!((notion.0, notion.1.as_deref()), (None, Some("2026-01-05")));
    }

    #[test]
    fn text_that_merely_looks_like_it_is_text() {
        for text in [
            "---\nA paragraph between rules, and a long one.\n---\nMore.",
            "---\n",
            "Note: this is text.\nAnd this too.\n\nMore.",
            "Date: when is best?\n\nMore.",
            "Ana: Dates help.\nBen: They do not.\n\nMore.",
            "# Title\n\nOne thing: it helps.\n",
            "{\"title\": \"Only data\"}\n",
            "{ We } write so.",
            "%% a comment\nText.",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_of_the_text_is_lost(text in "(?s)(---\n|\\+\\+\\+\n)?([a-zA-Z]{0,6}[:=] ?[a-z\n -]{0,12}\n){0,6}(---\n)?.{0,60}") {
            if let Some(front) = read(&text) {
                let letters = |t: &str| t.chars().filter(|c| c.is_alphanumeric()).count();
                prop_assert_eq!(letters(&front.lines) + letters(&front.body), letters(&text));
            }
        }
    }
}
