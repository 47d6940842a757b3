//! Finds what opens a question, and who asks it.

use super::super::regions;
use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::{key, one_line, words};
use crate::corpus::import::marks;
use crate::corpus::import::names;
use crate::corpus::import::resources;

/// Labels of a question whose text is below them or behind them.
const LABELS: &[&str] = &[
    "the question",
    "the second question",
    "the third question",
    "the first question",
    "question",
    "question of the month",
    "question of the week",
    "this weeks question",
    "this months question",
    "this weeks letter",
    "the letter",
    "our question",
    "your question",
    "reader question",
    "frage",
    "die frage",
    "pregunta",
    "la pregunta",
    "pergunta",
    "a pergunta",
    "question du mois",
    "la question",
    "domanda",
    "la domanda",
    "vraag",
    "de vraag",
    "letter",
    "reader letter",
    "readers ask",
    "a reader asks",
    "you asked",
    "spørgsmål",
    "spørsmål",
    "fråga",
    "pytanie",
];

/// Numbers behind a label.
const NUMBERS: [&str; 8] = ["one", "two", "three", "four", "five", "i", "ii", "iii"];

/// What opens a question.
#[derive(Debug, Clone)]
pub(super) struct Opener {
    /// Empty if the text below has to give it.
    pub title: String,
    pub body: String,
    pub asker: Option<String>,
    pub number: u32,
    /// 0 for a line that is not a heading.
    pub level: u8,
}

fn level(block: &Block) -> u8 {
    match block.look {
        Look::Heading(level) => level,
        _ if block.text.starts_with("**") && block.text.trim_end().ends_with("**") => 7,
        _ => 0,
    }
}

/// Reads what `block` opens, if it opens a question.
pub(super) fn opener(block: &Block) -> Option<Opener> {
    if block.look == Look::Item || block.text.starts_with("> ") {
        return None;
    }
    let (level, text) = (level(block), block.text.trim());
    let made = |number, title: &str| {
        let (title, asker) = asker_behind(title);
        let (line, body) = split(title);
        Opener {
            title: line,
            body,
            asker,
            number,
            level,
        }
    };
    if let Some(q) = marks::question(text).filter(|q| q.sure && (!q.short || q.title.contains('?'))) {
        return Some(made(q.number, q.title));
    }
    if let Some((who, said)) = marks::question_from(text) {
        return Some(Opener {
            asker: Some(who.to_string()),
            ..made(0, said)
        });
    }
    if let Some(title) = marks::asks(text) {
        return Some(made(0, title));
    }
    if let Some((number, rest)) = labelled(text) {
        return Some(made(number, rest));
    }
    // `A reader in Galway asks: "How …?"`, set off
    let bare = names::bare(resources::unnumbered(text));
    if level > 0 {
        let number = bare_number(text);
        if let Some((who, said)) = bare.split_once(" asks: ") {
            return Some(Opener {
                asker: Some(who.to_string()),
                ..made(number, said)
            });
        }
        let (title, _) = asker_behind(bare);
        if unquoted(title).ends_with('?') && words(title) <= 60 && !regions::is_about(bare) {
            return Some(made(number, bare));
        }
    }
    None
}

fn bare_number(text: &str) -> u32 {
    let bare = names::bare(text);
    let digits: String = bare.chars().take_while(char::is_ascii_digit).collect();
    let after = bare[digits.len()..].starts_with(['.', ')']);
    digits.parse().ok().filter(|_| after).unwrap_or(0)
}

/// Reads `The question`, `FRAGE 2`, `Pregunta 1: …`. Returns the number, and what follows.
fn labelled(text: &str) -> Option<(u32, &str)> {
    let start = uncounted(text.trim_start_matches(|c: char| !c.is_alphanumeric()));
    let at = start.find([':', '.', '\n', '–', '—']).unwrap_or(start.len());
    let label = start[..at].trim_end_matches(['*', '_', ' ', ']']);
    let digits: String = label.chars().filter(char::is_ascii_digit).collect();
    let word = key(label.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, ' ' | '#' | '°')));
    let word = word
        .strip_suffix(" nr")
        .or_else(|| word.strip_suffix(" no"))
        .or_else(|| word.strip_suffix(" n"))
        .unwrap_or(&word);
    let counted = word.rsplit_once(' ').filter(|(_, number)| NUMBERS.contains(number));
    let word = counted.map_or(word, |(word, _)| word);
    // `Letter 9` is the title of a letter.
    let titled = word == "letter" && !digits.is_empty();
    let known = LABELS.contains(&word) && !titled && (digits.is_empty() || digits.len() <= 2);
    let rest = start[at..]
        .trim_start_matches([':', '.', '–', '—'])
        .trim_start_matches(['*', '_']);
    // A sentence may begin with `The question`.
    let apart = at == start.len() || rest.is_empty() || rest.starts_with([' ', '\n']);
    known
        .then_some((digits.parse().unwrap_or(0), rest.trim()))
        .filter(|_| apart)
}

/// Removes the Roman number that counts the parts of a letter: `II. THE ANSWERS`.
pub(super) fn uncounted(text: &str) -> &str {
    let rest = text.trim_start_matches(['I', 'V', 'X']);
    let counted = rest.len() < text.len() && text.len() - rest.len() <= 4;
    let rest = rest.strip_prefix(['.', ')']).filter(|rest| rest.starts_with(' '));
    rest.filter(|_| counted).map_or(text, str::trim_start)
}

/// Splits a question in one text into a title and the rest.
fn split(text: &str) -> (String, String) {
    let text = unquoted(text);
    let (line, below) = text.split_once('\n').unwrap_or((text, ""));
    if words(line) <= 40 {
        return (one_line(names::bare(line)), below.trim().to_string());
    }
    match title_in(text) {
        Some(title) => (title, text.to_string()),
        None => (String::new(), text.to_string()),
    }
}

/// Returns the last question in a text.
pub(super) fn title_in(text: &str) -> Option<String> {
    // Who asks may stand before it: `**Ana:** How many?`
    let text = text.rsplit_once(":** ").map_or(text, |(_, said)| said);
    let end = text.rfind('?')? + 1;
    let start = text[..end - 1]
        .rmatch_indices(['.', '!', '?', '\n'])
        .find(|(at, sign)| *sign == "\n" || text[at + sign.len()..].starts_with([' ', '"', '”']));
    let title = one_line(&text[start.map_or(0, |(at, sign)| at + sign.len())..end]);
    let title = title
        .trim_start_matches(['"', '”', '“', '*', '_', ' ', '>', '«'])
        .to_string();
    (1..=40).contains(&words(&title)).then_some(title)
}

/// Verbs between a name and what its bearer asks, in the languages that letters come in.
const ASKS: [&str; 12] = [
    "asks",
    "asked",
    "wants to know",
    "wonders",
    "fragt",
    "möchte wissen",
    "demande",
    "pregunta",
    "pergunta",
    "chiede",
    "vraagt",
    "writes",
];

/// Reads `Ana Lima asks: …`. Returns the asker, and the question.
pub(super) fn asks(text: &str) -> Option<(&str, &str)> {
    let (who, said) = names::spoken_line(text)?;
    let who = ASKS
        .iter()
        .find_map(|verb| who.strip_suffix(verb))?
        .trim()
        .trim_end_matches(',');
    let fits = (1..=14).contains(&words(who)) && !who.contains(['?', '.', '!']);
    fits.then_some((who, said))
}

/// Removes quotation marks around a text.
pub(super) fn unquoted(text: &str) -> &str {
    let bare = names::bare(text);
    let inner = [('"', '"'), ('“', '”'), ('«', '»'), ('„', '“')]
        .iter()
        .find_map(|(open, close)| bare.strip_prefix(*open)?.strip_suffix(*close));
    inner.map_or(bare, str::trim)
}

/// Splits `How many? [Declan, Cork]`, `How many? (name withheld)`, `“How many?” — Ottilie, Basel` and `How many? Asked by
/// Declan`.
pub(super) fn asker_behind(text: &str) -> (&str, Option<String>) {
    if let Some((asked, name)) = marks::asked_behind(text) {
        return (asked, Some(name.to_string()));
    }
    let bare = text.trim_end();
    let end = bare.trim_end_matches(['*', '_']);
    for (open, close) in [('[', ']'), ('(', ')')] {
        if let Some((said, who)) = end.strip_suffix(close).and_then(|inner| inner.rsplit_once(open))
            && ends(said)
            && words(who) <= 12
            && !who.contains(['?', '\n'])
        {
            return (said.trim_end(), Some(who.trim().to_string()));
        }
    }
    let at = [" – ", " — ", "\n– ", "\n— "]
        .iter()
        .filter_map(|dash| end.rfind(dash))
        .max();
    if let Some(at) = at
        && ends(&end[..at])
        && let Some((who, _)) = names::after_dash(&end[at..])
        && words(who) <= 12
        && !who.contains(['?', '\n'])
    {
        return (end[..at].trim_end(), Some(names::bare(who).to_string()));
    }
    (text, None)
}

fn ends(text: &str) -> bool {
    text.trim_end()
        .trim_end_matches(['*', '_'])
        .ends_with(['?', '.', '!', '"', '”', '»'])
}
