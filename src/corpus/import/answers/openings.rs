//! Splits a block that may open an answer into the name and what is said: `**Bob Jones:** Give them a buddy.`

use std::borrow::Cow;

use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::{key, words};
use crate::corpus::import::names::{self, Trust, trust};
use crate::corpus::import::resources;

/// Most bytes before the colon or the dash.
const NEAR: usize = 200;

/// Verbs that may stand between a name and the colon.
const SAYS: [&str; 16] = [
    "writes",
    "wrote",
    "answers",
    "replies",
    "says",
    "adds",
    "said",
    "added",
    "suggests",
    "recommends",
    "thinks",
    "agrees",
    "disagrees",
    "notes",
    "argues",
    "warns",
];

/// How a name is separated from the text that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Colon,
    Dash,
    /// It is a line of its own.
    Line,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Plain,
    Italic,
    Bold,
    Heading(u8),
}

/// How an opening looks. Openings of one letter that look the same mean the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub form: Form,
    pub mark: Mark,
    pub item: bool,
}

/// The words before a colon or a dash, or a short line, at the beginning of a block.
#[derive(Debug)]
pub(super) struct Opening {
    pub who: String,
    /// What follows on the same lines.
    pub said: String,
    pub layout: Layout,
    pub trust: Trust,
    /// Whether the line ends with a colon.
    pub announces: bool,
}

/// Reads the opening of `block`, if it has one.
pub(super) fn read(block: &Block) -> Option<Opening> {
    let body = block.body();
    let quoted = body.starts_with("> ");
    let body: Cow<'_, str> = if quoted {
        body[2..].replace("\n> ", "\n").into()
    } else {
        body.into()
    };
    let text = without_mark(resources::unnumbered(&body));
    // In a talk a dash may stand before each name.
    let dashed = text.trim_start_matches(['—', '–', '―', '-']);
    let text = if dashed.starts_with(' ') {
        dashed.trim_start()
    } else {
        text
    };
    let mark = match block.look {
        Look::Heading(7) => Mark::Bold,
        Look::Heading(level) => Mark::Heading(level),
        _ if text.starts_with("**") || text.starts_with("__") => Mark::Bold,
        _ if text.starts_with(['*', '_']) => Mark::Italic,
        _ => Mark::Plain,
    };
    let layout = |form| Layout {
        form,
        mark,
        item: block.look == Look::Item,
    };
    let opening = |form, who: String, said: &str, announces| {
        let said = said.trim();
        Some(Opening {
            trust: if said.is_empty() {
                trust(&who.replace(" – ", ", "))
            } else {
                judged(&who, said, form)
            },
            said: said.to_string(),
            layout: layout(form),
            who,
            announces,
        })
    };
    if let Some((who, said)) = at_colon(text) {
        let form = if said.trim().is_empty() {
            Form::Line
        } else {
            Form::Colon
        };
        return opening(
            form,
            spoken(&plain(who)).to_string(),
            said.trim_start_matches(['*', '_']),
            true,
        );
    }
    if let Some((who, said)) = at_dash(text) {
        let (first, rest) = said.split_once('\n').unwrap_or((said, ""));
        let first = plain(first);
        // `Bob Jones – designer at Acme` is a name with a role, above the text.
        if is_role(&first) {
            return opening(Form::Line, format!("{who} – {first}"), rest, false);
        }
        return opening(Form::Dash, who, said, false);
    }
    let (line, mut rest) = text.split_once('\n').unwrap_or((text, ""));
    let mut who = plain(line);
    // The role may have a line of its own.
    let (below, said) = rest.split_once('\n').unwrap_or((rest, ""));
    if !below.is_empty() && is_role(&plain(below)) && trust(&who) >= Trust::Shape {
        who = format!("{who}, {}", plain(below));
        rest = said;
    }
    let short = words(&who) <= 18 && !dashed.starts_with(' ');
    (short && !who.is_empty()).then(|| opening(Form::Line, who, rest, false))?
}

/// Judges a name by its form as well as its words. A text that goes on in lower case has no speaker before it.
fn judged(who: &str, said: &str, form: Form) -> Trust {
    let judged = trust(who);
    let goes_on = form == Form::Colon && said.starts_with(char::is_lowercase);
    if goes_on && judged < Trust::Known || is_bio(who, said) {
        Trust::Not
    } else {
        judged
    }
}

/// Reports whether `text` is only a role.
fn is_role(text: &str) -> bool {
    words(text) <= 10 && !text.ends_with(['.', '!', '?']) && (names::is_sure_byline(text) || says_alone(text))
}

/// Reports whether `text` begins with the word for a role: `designer at Acme`.
fn says_alone(text: &str) -> bool {
    text.split(' ').take(3).any(names::says_role) && names::sentence_free(text)
}

/// Reports whether what stands behind a name is about its bearer: `Bob Jones: designer at Acme`, `Bob Jones: Bob leads …`.
fn is_bio(who: &str, said: &str) -> bool {
    let first = key(said.split(' ').next().unwrap_or_default());
    is_role(said) || !first.is_empty() && key(who).split(' ').any(|part| part == first && part.len() > 1)
}

/// Splits `text` at the first colon that is not in the address of a link.
fn at_colon(text: &str) -> Option<(&str, &str)> {
    let mut in_link = false;
    for (at, c) in text.char_indices().take_while(|(at, _)| *at <= NEAR) {
        match c {
            '(' if text[..at].ends_with(']') => in_link = true,
            ')' => in_link = false,
            '\n' => return None,
            ':' | '：' if !in_link => {
                let said = &text[at + c.len_utf8()..];
                let apart = c == '：' || said.is_empty() || said.starts_with([' ', '\n', '*', '_']);
                return (apart && at > 0).then_some((&text[..at], said));
            }
            _ => {}
        }
    }
    None
}

/// Splits `text` at a dash with spaces around it, if a name stands before it.
fn at_dash(text: &str) -> Option<(String, &str)> {
    let line = text.split('\n').next().unwrap_or(text);
    let (at, dash) = [" — ", " – ", " - "]
        .iter()
        .filter_map(|dash| Some((line.find(dash)?, *dash)))
        .min()?;
    let who = plain(&text[..at]);
    let said = &text[at + dash.len()..];
    (at <= NEAR && trust(&who) >= Trust::Shape && !said.trim().is_empty()).then_some((who, said))
}

/// Removes `says` and the like from the end, and `From` from the beginning.
fn spoken(who: &str) -> &str {
    let who = ["From ", "By "]
        .iter()
        .find_map(|word| who.strip_prefix(word))
        .unwrap_or(who);
    let said = SAYS.iter().find_map(|verb| who.strip_suffix(verb)?.strip_suffix(' '));
    said.map_or(who, |who| who.trim_end_matches([',', ' ']))
}

/// Removes emphasis and the addresses of links.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let Some((_, after)) = after.split_once(')') else { break };
        let open = before.rfind('[').unwrap_or(0);
        out.push_str(&before[..open]);
        out.push_str(before[open..].trim_start_matches('['));
        rest = after;
    }
    out.push_str(rest);
    let out = unemphasised(&out.replace("__", ""));
    names::bare(out.trim_matches(['*', ' ']))
        .trim_end_matches(':')
        .trim()
        .to_string()
}

/// Removes asterisks, and underscores around words: `Ana Lima _(PM)_` → `Ana Lima (PM)`.
fn unemphasised(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let inside = |at: usize| {
        let lettered = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|c| c.is_alphanumeric());
        lettered(at.checked_sub(1)) && lettered(Some(at + 1))
    };
    let kept = |(at, c): (usize, &char)| (*c != '*' && (*c != '_' || inside(at))).then_some(*c);
    letters.iter().enumerate().filter_map(kept).collect()
}

/// Removes the answer mark: `A1. Hugo Brandt` → `Hugo Brandt`.
fn without_mark(text: &str) -> &str {
    let rest = text.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(text);
    let bare = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let marked = bare.len() < rest.len() && rest.len() < text.len();
    let name = bare.strip_prefix(['.', ')', ':']).filter(|name| name.starts_with(' '));
    name.filter(|_| marked).map_or(text, str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_from_what_is_said() {
        for (text, who, said, form, mark) in [
            ("**Bob Jones:** Give.", "Bob Jones", "Give.", Form::Colon, Mark::Bold),
            ("**Bob Jones**: Give.", "Bob Jones", "Give.", Form::Colon, Mark::Bold),
            (
                "**Bob Jones** (Acme): Give.",
                "Bob Jones (Acme)",
                "Give.",
                Form::Colon,
                Mark::Bold,
            ),
            ("**Bob**, PM: Give.", "Bob, PM", "Give.", Form::Colon, Mark::Bold),
            ("*Bob Jones:* Give.", "Bob Jones", "Give.", Form::Colon, Mark::Italic),
            ("Bob Jones says: Give.", "Bob Jones", "Give.", Form::Colon, Mark::Plain),
            ("From Bob Jones, PM:", "Bob Jones, PM", "", Form::Line, Mark::Plain),
            ("Bob Jones — Give.", "Bob Jones", "Give.", Form::Dash, Mark::Plain),
            ("**Bob Jones** – Give.", "Bob Jones", "Give.", Form::Dash, Mark::Bold),
            ("— Bob Jones: Give.", "Bob Jones", "Give.", Form::Colon, Mark::Plain),
            (
                "[Bob](https://b.example), PM: Give.",
                "Bob, PM",
                "Give.",
                Form::Colon,
                Mark::Plain,
            ),
            ("**Bob Jones**\nGive.", "Bob Jones", "Give.", Form::Line, Mark::Bold),
            (
                "> **Bob Jones:** Give\n> it.",
                "Bob Jones",
                "Give\nit.",
                Form::Colon,
                Mark::Bold,
            ),
        ] {
            let opening = read(&Block::new(Look::Paragraph, text)).unwrap();
            assert_eq!((opening.who.as_str(), opening.said.as_str()), (who, said), "{text}");
            assert_eq!((opening.layout.form, opening.layout.mark), (form, mark), "{text}");
        }
        assert!(read(&Block::new(Look::Paragraph, "– Bob Jones")).is_none());
    }
}
