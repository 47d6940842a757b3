//! Reads shortcodes of site generators: Hugo's `{{< … >}}`, and the tags of Jekyll, Eleventy and Hexo, `{% … %}`.
//!
//! Most of them are machinery, but some hold what a reader sees: a quotation and who said it, a book, a caption. Those
//! words become Markdown in place of the shortcode. So no sentence goes only because it was a parameter.

use super::clean::near;
use crate::corpus::script::is_cjk;

/// Parameters that hold a person, and what that person does.
const PERSON: &[&str] = &[
    "author",
    "by",
    "name",
    "cite",
    "attribution",
    "speaker",
    "from",
    "who",
    "person",
    "contributor",
];
const ROLE: &[&str] = &[
    "role",
    "position",
    "job",
    "company",
    "organisation",
    "organization",
    "affiliation",
];
const TEXT: &[&str] = &[
    "text",
    "quote",
    "content",
    "body",
    "answer",
    "message",
    "caption",
    "note",
    "description",
];
const TITLE: &[&str] = &["title", "heading", "book", "label"];
const LINK: &[&str] = &["url", "link", "href", "src"];
/// Shortcodes whose first value is a person, if there is but one value.
const QUOTES: &[&str] = &[
    "quote",
    "blockquote",
    "pullquote",
    "testimonial",
    "cite",
    "answer",
    "epigraph",
];

/// The shortcodes of a text, in their order.
#[derive(Default)]
pub(super) struct Shortcodes {
    /// Those that are open.
    open: Vec<Open>,
}

/// A shortcode around somebody's words.
struct Open {
    name: String,
    /// Where its text begins.
    from: usize,
    signature: String,
}

impl Shortcodes {
    /// Adds the Markdown for the shortcode with this `inner` text to `out`. `after` is what follows it.
    pub(super) fn show(&mut self, inner: &str, after: &str, out: &mut String) {
        let inner = inner.trim().trim_matches(['/', '-']).trim();
        let (name, parameters) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        let mut values = values(parameters);
        let mut name = name.to_string();
        if name.starts_with("include") && values.first().is_some_and(|value| value.key.is_none()) {
            // `{% include answer.html text="…" %}`
            let file = values.remove(0).text;
            let file = file.rsplit('/').next().unwrap_or(&file);
            name = file.split('.').next().unwrap_or(file).to_string();
        }
        let paired = closes(after, &name);
        let Parts { mut lines, signature } = parts(&name, &values, paired);
        match signature {
            Some(signature) if lines.is_empty() && paired => {
                let from = out.len();
                return self.open.push(Open { name, from, signature });
            }
            signature => lines.extend(signature),
        }
        if !lines.is_empty() {
            out.push_str(&format!("\n\n{}\n\n", lines.join("\n\n")));
        }
    }

    /// Ends the shortcode `name`. Its text in `out` becomes a quotation that ends with who said it.
    pub(super) fn close(&mut self, name: &str, out: &mut String) {
        if let Some(open) = self.open.pop_if(|open| open.name == name) {
            let text = out.split_off(open.from);
            out.push('\n');
            for line in text.trim().lines().chain(["", &open.signature]) {
                out.push_str("\n> ");
                out.push_str(line.trim_start_matches("> "));
            }
            out.push_str("\n\n");
        }
    }
}

/// Returns the name of the shortcode that `inner` ends: `/quote`, `endquote`.
pub(super) fn end(inner: &str) -> Option<&str> {
    let inner = inner.trim().trim_matches('-').trim();
    let name = inner.strip_prefix('/').or_else(|| inner.strip_prefix("end"))?;
    Some(name.trim())
}

/// Returns whether the shortcode `name` ends in `after`.
fn closes(after: &str, name: &str) -> bool {
    let ends = [format!("/{name}"), format!("/ {name}"), format!("end{name}")];
    let after = near(after);
    ends.iter().any(|end| after.contains(end.as_str()))
}

/// A parameter.
struct Value {
    key: Option<String>,
    text: String,
    quoted: bool,
}

/// What a reader sees of a shortcode: its paragraphs, and who said what it holds.
#[derive(Default)]
struct Parts {
    lines: Vec<String>,
    signature: Option<String>,
}

fn parts(name: &str, values: &[Value], paired: bool) -> Parts {
    let named = |keys: &[&str]| {
        let keyed = |value: &&Value| value.key.as_deref().is_some_and(|key| keys.contains(&key));
        let value = values.iter().filter(keyed).find(|value| !value.text.is_empty());
        value.map(|value| value.text.clone())
    };
    let quotes = QUOTES.contains(&name);
    let (mut text, mut title, mut link, mut person) = (named(TEXT), named(TITLE), named(LINK), named(PERSON));
    let free: Vec<&Value> = values.iter().filter(|value| value.key.is_none()).collect();
    match free
        .iter()
        .map(|value| value.text.clone())
        .collect::<Vec<_>>()
        .as_slice()
    {
        // `{% blockquote Ana Lima, PM https://example.org %}`
        words if quotes && !words.is_empty() && free.iter().all(|value| !value.quoted) => {
            person = Some(
                words
                    .iter()
                    .take_while(|word| !word.contains("://"))
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(" "),
            );
        }
        [only] if quotes && paired && !is_sentence(only) => person = Some(only.clone()),
        [one, other] if quotes && is_sentence(one) != is_sentence(other) => {
            let (said, by) = if is_sentence(one) { (one, other) } else { (other, one) };
            (text, person) = (Some(said.clone()), Some(by.clone()));
        }
        [first, rest @ .., last] if last.contains("://") && !first.contains("://") => {
            (title, link) = (Some(first.clone()), Some(last.clone()));
            person = rest.first().cloned().or(person);
        }
        _ => {}
    }
    if let Some(said_by) = &mut person {
        // `author="Ana Lima" title="PM"`
        let role = named(ROLE).or_else(|| title.take_if(|_| quotes || text.is_some()));
        said_by.extend(role.map(|role| format!(", {role}")).iter().map(String::as_str));
    }
    let mut parts = Parts::default();
    if let Some(alt) = named(&["alt"]) {
        parts
            .lines
            .push(format!("![{alt}]({})", link.take().unwrap_or_default()));
    }
    if let (Some(title), Some(link), None) = (&title, &link, &text) {
        let by = person.map(|person| format!(" by {person}")).unwrap_or_default();
        parts.lines.push(format!("- [{title}]({link}){by}"));
        return parts;
    }
    parts.lines.extend(title.into_iter().chain(text));
    // Any other sentence is shown as it is.
    let sentences = values.iter().filter(|value| value.quoted && is_sentence(&value.text));
    for Value { text, .. } in sentences {
        if !parts.lines.iter().any(|line| line.contains(text.as_str())) {
            parts.lines.push(text.clone());
        }
    }
    parts.signature = person
        .filter(|person| !person.is_empty())
        .map(|person| format!("— {person}"));
    parts
}

/// Whether a value reads as a sentence, not as a name, a file or a list of classes.
fn is_sentence(value: &str) -> bool {
    let words = value.split_whitespace().count();
    let ends = value.trim_end().ends_with(['.', '!', '?', '…', '。']);
    let spaced = words >= 6 || words >= 3 && ends;
    let unspaced = value.chars().filter(|c| is_cjk(*c)).count() >= 10;
    (spaced || unspaced) && !value.contains("://")
}

/// Reads parameters: `key="value"`, `"value"` or `value`.
fn values(text: &str) -> Vec<Value> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let length = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '=' | '"' | '\'' | '`'))
            .unwrap_or(rest.len());
        let value = rest[length..].trim_start().strip_prefix('=').filter(|_| length > 0);
        let key = value.map(|_| rest[..length].trim_end_matches(':').to_ascii_lowercase());
        let value = value.unwrap_or(rest).trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
        let (length, text) = match quote {
            Some(quote) => until(value, quote),
            None => {
                let length = value.find(char::is_whitespace).unwrap_or(value.len());
                (length, value[..length].to_string())
            }
        };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        out.push(Value {
            key,
            text,
            quoted: quote.is_some(),
        });
        rest = value[length..].trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    }
    out
}

/// Reads the text between `quote` and the next `quote`, with `\"` as `"`. Returns its length with both, and the text.
fn until(value: &str, quote: char) -> (usize, String) {
    let mut out = String::new();
    let mut chars = value.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => out.extend(chars.next().map(|(_, c)| c)),
            c if c == quote => return (at + 1, out),
            c => out.push(c),
        }
    }
    (value.len(), out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_parameters_are_shown() {
        for (inner, after, shown) in [
            (
                r#"quote "Ask the person who paid." "Ana Lima""#,
                "",
                "Ask the person who paid.|— Ana Lima",
            ),
            (
                r#"quote text="Ask who paid." author="Ana Lima" role="PM""#,
                "",
                "Ask who paid.|— Ana Lima, PM",
            ),
            (
                r#"include answer.html name="Ben Osei" text='We "asked" them.'"#,
                "",
                "We \"asked\" them.|— Ben Osei",
            ),
            (
                r#"book title="Slow Work" author="C. Dahl" url="https://example.org/b""#,
                "",
                "- [Slow Work](https://example.org/b) by C. Dahl",
            ),
            (
                r#"book "Slow Work" "C. Dahl" "https://example.org/b""#,
                "",
                "- [Slow Work](https://example.org/b) by C. Dahl",
            ),
            (
                r#"figure src="a.png" alt="A chart" caption="Prices rose." "#,
                "",
                "![A chart](a.png)|Prices rose.",
            ),
            (
                r#"callout type="warning" body="Never on Fridays, please.""#,
                "",
                "Never on Fridays, please.",
            ),
            (r#"ref "plans.md""#, "", ""),
            ("youtube w7Ft2ymGmfc", "", ""),
            ("if page.title == \"Home\"", "", ""),
            ("blockquote Ana Lima, PM", "We ask. {% endblockquote %}", ""),
        ] {
            let mut found = String::new();
            Shortcodes::default().show(inner, after, &mut found);
            assert_eq!(found.trim().replace("\n\n", "|"), shown, "{inner}");
        }
    }

    #[test]
    fn who_said_it_follows_what_was_said() {
        for (open, name) in [
            (r#"quote author="Ana Lima" role="PM""#, "quote"),
            (r#"quote "Ana Lima, PM""#, "quote"),
            ("blockquote Ana Lima, PM https://example.org", "blockquote"),
        ] {
            let (mut codes, mut out) = (Shortcodes::default(), "Before.".to_string());
            codes.show(open, &format!("We ask. {{{{< /{name} >}}}}"), &mut out);
            out.push_str("\nWe ask.\nTwice.\n");
            codes.close(name, &mut out);
            codes.close(name, &mut out);
            assert_eq!(
                out, "Before.\n\n> We ask.\n> Twice.\n> \n> — Ana Lima, PM\n\n",
                "{open}"
            );
        }
    }
}
