//! Reads the names in a block, wherever they stand: above the text, before it, behind it or below it.

use std::borrow::Cow;

use super::super::openings::plain;
use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::{capitalised, key, words};
use crate::corpus::import::names::{self, Trust};
use crate::corpus::import::{asides, resources};

/// Most words of a name with its role.
const NAME_WORDS: usize = 16;

/// Words before a name below a letter.
const REGARDS: [&str; 12] = [
    "best",
    "best wishes",
    "best regards",
    "kind regards",
    "regards",
    "warmly",
    "cheers",
    "yours",
    "sincerely",
    "all the best",
    "thanks",
    "love",
];

/// Words between a name and a colon.
const SAYS: [&str; 12] = [
    "says",
    "answers",
    "replies",
    "responds",
    "writes",
    "adds",
    "said",
    "answered",
    "replied",
    "responded",
    "wrote",
    "thinks",
];

/// Words before the name of who answers, in the languages that letters come in.
const ANSWER_BY: &[&str] = &[
    "answer from",
    "answer by",
    "reply from",
    "antwort von",
    "antwort",
    "réponse de",
    "réponse d'",
    "réponse d’",
    "respuesta de",
    "respuesta",
    "resposta de",
    "resposta",
    "risposta di",
    "antwoord van",
    "svar från",
    "svar fra",
    "odpowiedź od",
    "odpowiedź:",
];

/// How a name stands to the text of its bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// On lines of its own, above or below.
    Line,
    /// Before the text, with a colon.
    Colon,
    /// Before the text, with a dash.
    Dash,
    /// Before the text, in square brackets.
    Bracket,
    /// Before the text, as if it were a sentence: `Ana Lima, PM. Ask twice.`
    Sentence,
    /// Behind the text, in brackets or after a dash.
    Behind,
}

/// How a name looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Plain,
    Italic,
    Bold,
    Heading(u8),
    /// After a dash.
    Dashed,
    Quoted,
}

/// Names that look the same in one letter mean the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub kind: Kind,
    pub mark: Mark,
    pub item: bool,
}

/// A name in a block.
#[derive(Debug, Clone)]
pub(super) struct Cue {
    pub form: Form,
    pub who: String,
    pub trust: Trust,
    /// The text before the name in the same block.
    pub before: String,
    /// The text after it.
    pub after: String,
    /// Whether a line says outright that its bearer answers.
    pub answers: bool,
}

/// Removes what says that somebody answers: `Answer from Ana Lima`, `Ana Lima says`, `R (Ana Lima)`. Returns the name, and
/// whether there was such a word.
fn speaker(who: &str) -> (&str, bool) {
    let who = names::bare(who);
    let lower = who.to_lowercase();
    let by = ANSWER_BY.iter().find(|word| {
        let rest = lower.strip_prefix(**word);
        rest.is_some_and(|rest| word.ends_with(['\'', '’']) || rest.starts_with([' ', '(']))
    });
    let short = lower
        .strip_prefix("r (")
        .or(lower.strip_prefix("a ("))
        .map(|_| &who[2..]);
    let rest = by
        .and_then(|word| who.get(word.len()..))
        .or(short)
        .unwrap_or(who)
        .trim();
    // `Two answers` names nobody.
    let counts = |rest: &&str| !(words(rest) == 1 && names::opens_sentence(rest));
    let says = SAYS
        .iter()
        .find_map(|verb| rest.strip_suffix(verb)?.strip_suffix([' ', ',']))
        .filter(counts);
    let rest = says.unwrap_or(rest).trim_end_matches([',', ' ']);
    let inner = rest.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
    (inner.unwrap_or(rest), by.is_some() || short.is_some() || says.is_some())
}

impl Cue {
    /// Returns whether it may name somebody. In brackets or after a dash the shape of a name is enough.
    pub(super) fn names(&self) -> bool {
        let name = self.who.split([',', '(']).next().unwrap_or_default();
        let capital = |word: &str| word.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase());
        let shaped = (2..=4).contains(&words(name)) && name.split_whitespace().all(capital);
        let set_off = matches!(self.form.kind, Kind::Behind | Kind::Bracket);
        self.trust >= Trust::Word || self.answers || set_off && shaped
    }
}

/// Returns how surely `who` is somebody, and the name without decoration.
fn person(who: &str) -> (String, Trust) {
    let who = plain(who);
    let who = who
        .trim()
        .trim_matches(['[', ']', '"', '“', '”'])
        .trim_end_matches([',', ':'])
        .trim();
    let who = who.strip_prefix("From ").unwrap_or(who).to_string();
    let shouted = who.chars().any(char::is_alphabetic) && !who.chars().any(char::is_lowercase);
    let read = if shouted && who.len() > 3 {
        capitalised(&who)
    } else {
        who.clone()
    };
    // `Ana Lima, who runs a bakery` and `Ana Lima | PM at Acme`
    let clause = [
        ", who ",
        ", which ",
        ", formerly ",
        " who ",
        " | ",
        " · ",
        " – ",
        " — ",
        " - ",
    ];
    let name = clause
        .iter()
        .find_map(|word| read.split_once(word))
        .map_or(read.as_str(), |(name, _)| name);
    let handle = who.starts_with("u/") && words(&who) == 1;
    let trust = if handle || names::is_nobody(name) {
        Trust::Known
    } else {
        // Two or three capitals are initials.
        let initials = shouted && (2..=3).contains(&who.len()) && who.bytes().all(|b| b.is_ascii_uppercase());
        let whole = names::trust(&read).max(names::trust(name));
        // `LETTERS TO THE EDITOR` has the word for a role, and nobody's name.
        let heading = shouted && words(&who) > 2 && !names::is_person(name.split([',', '(']).next().unwrap_or(name));
        match (initials, heading) {
            (true, _) => Trust::Word,
            (_, true) => Trust::Not,
            _ => whole,
        }
    };
    (who, trust)
}

/// Removes pictures and arrows before a name: `🥘 Ana Lima`, `--> Ana Lima`.
fn undecorated(text: &str) -> &str {
    let text = text.strip_prefix("> ").unwrap_or(text);
    let bare = text.trim_start_matches(|c: char| {
        !c.is_alphanumeric()
            && !matches!(
                c,
                '[' | '(' | '*' | '_' | '-' | '–' | '—' | '"' | '“' | '@' | '>' | '«' | '¿'
            )
    });
    bare.strip_prefix("--> ")
        .or_else(|| bare.strip_prefix("-> "))
        .unwrap_or(bare)
}

fn mark(block: &Block, text: &str) -> Mark {
    match block.look {
        Look::Heading(7) => Mark::Bold,
        Look::Heading(level) => Mark::Heading(level),
        _ if block.text.starts_with("> ") => Mark::Quoted,
        _ if text.starts_with("**") || text.starts_with("__") => Mark::Bold,
        _ if text.starts_with(['*', '_']) => Mark::Italic,
        _ => Mark::Plain,
    }
}

/// Removes the marks of a quotation, `> `, from its lines.
pub(super) fn unmarked(text: &str) -> Cow<'_, str> {
    match text.strip_prefix("> ") {
        Some(rest) => rest.replace("\n> ", "\n").replace("\n>", "\n").into(),
        None => text.into(),
    }
}

/// Returns the names that `block` may have, each in another form.
pub(super) fn cues(block: &Block) -> Vec<Cue> {
    let whole = unmarked(&block.text);
    let whole = match block.look {
        Look::Item => resources::unnumbered(whole.strip_prefix("- ").unwrap_or(&whole)),
        _ => &whole,
    };
    let text = undecorated(whole);
    let mark = mark(block, text);
    let mut out = Vec::new();
    if asides::is_labelled(text) || asides::is_ours(text.split([':', '\n']).next().unwrap_or_default()) {
        return out;
    }
    let add = |out: &mut Vec<Cue>, kind, mark, who: &str, before: &str, after: &str, answers: bool| {
        let (who, trust) = person(who);
        if (1..=NAME_WORDS).contains(&words(&who)) {
            let form = Form {
                kind,
                mark,
                item: block.look == Look::Item,
            };
            let trim = |text: &str| {
                text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_'))
                    .to_string()
            };
            out.push(Cue {
                form,
                who,
                trust,
                before: before.trim().to_string(),
                after: trim(after),
                answers,
            });
        }
    };
    if let Some((who, after)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        && after.starts_with(' ')
    {
        add(&mut out, Kind::Bracket, mark, who, "", after, false);
        return out;
    }
    let lines: Vec<&str> = text.lines().collect();
    // A name on a line or two, perhaps below a farewell.
    let regards = lines.first().is_some_and(|line| REGARDS.contains(&key(line).as_str()));
    let named = &lines[usize::from(regards)..];
    if let Some(who) = line_of(named) {
        let dashed = names::after_dash(&who).map(|(name, _)| name.to_string());
        let mark = if dashed.is_some() { Mark::Dashed } else { mark };
        let (who, answers) = speaker(&who);
        let who = who.to_string();
        add(
            &mut out,
            Kind::Line,
            mark,
            dashed.as_deref().unwrap_or(&who),
            "",
            "",
            answers,
        );
    } else {
        // A name in bold on the first line, above its text.
        if let [first, rest @ ..] = &lines[..]
            && first.starts_with("**")
            && let Some(who) = line_of(&[first]).filter(|who| person(who).1 >= Trust::Shape)
        {
            let (who, answers) = speaker(&who);
            add(&mut out, Kind::Line, Mark::Bold, who, "", &rest.join("\n"), answers);
        }
        // The last line or two of a block, below its text.
        for count in [2, 1] {
            let Some(at) = lines.len().checked_sub(count).filter(|&at| at > 0) else {
                continue;
            };
            let above = lines[..at].join("\n");
            let ended = above
                .trim_end_matches(['*', '_', '"', '”', ')'])
                .ends_with(['.', '!', '?', ',', '…']);
            if let Some(who) = line_of(&lines[at..]).filter(|_| ended)
                && person(names::after_dash(&who).map_or(who.as_str(), |(name, _)| name)).1 >= Trust::Shape
            {
                let dashed = names::after_dash(&who).map(|(name, _)| name.to_string());
                let mark = if dashed.is_some() { Mark::Dashed } else { Mark::Plain };
                add(
                    &mut out,
                    Kind::Line,
                    mark,
                    dashed.as_deref().unwrap_or(&who),
                    &above,
                    "",
                    false,
                );
                break;
            }
        }
        if let Some((above, who)) = behind(text) {
            add(&mut out, Kind::Behind, Mark::Plain, who, above, "", false);
        }
    }
    if let Some((who, said)) = names::spoken_line(text) {
        let (who, answers) = speaker(who);
        let kind = if said.is_empty() { Kind::Line } else { Kind::Colon };
        if kind == Kind::Colon || !out.iter().any(|cue| cue.form.kind == Kind::Line) {
            add(&mut out, kind, mark, who, "", said, answers);
        }
    }
    let line = lines.first().copied().unwrap_or_default();
    let above = out
        .iter()
        .any(|cue| cue.form.kind == Kind::Line && !cue.after.is_empty());
    if let Some((who, said)) = sentence(text).filter(|_| !above) {
        add(&mut out, Kind::Sentence, mark, who, "", said, false);
    }
    if let Some((at, dash)) = [" – ", " — ", " - "]
        .iter()
        .filter_map(|dash| Some((line.find(dash)?, dash)))
        .min()
        && words(&text[at + dash.len()..]) > 6
    {
        add(
            &mut out,
            Kind::Dash,
            mark,
            &text[..at],
            "",
            &text[at + dash.len()..],
            false,
        );
    }
    out
}

/// Returns the name on one line, or on two with the role below, if these lines can be that.
fn line_of(lines: &[&str]) -> Option<String> {
    let line = |line: &str| {
        let bare = names::bare(line);
        let bare = bare
            .strip_prefix('(')
            .and_then(|inner| inner.strip_suffix(')'))
            .unwrap_or(bare)
            .trim_end_matches([',', ':'])
            .to_string();
        let fits = (1..=NAME_WORDS).contains(&words(&bare)) && !bare.ends_with(['?', '!', ';']);
        let sentence = bare.ends_with('.') && words(&bare) > 4 || !names::sentence_free(&bare);
        (fits && !sentence).then_some(bare)
    };
    match lines {
        [one] => line(one),
        [name, role] => {
            let (name, role) = (line(name)?, line(role)?);
            (words(&name) <= 6 && person(names::after_dash(&name).map_or(name.as_str(), |(n, _)| n)).1 >= Trust::Word)
                .then(|| format!("{name}, {role}"))
        }
        _ => None,
    }
}

/// Splits `**Ana Lima, PM.** Ask twice.` and the same without emphasis, if a name with a role is the first sentence.
fn sentence(text: &str) -> Option<(&str, &str)> {
    let (who, said) = match text.strip_prefix("**").and_then(|rest| rest.split_once("**")) {
        Some((who, said)) => (who.trim_end().strip_suffix('.').unwrap_or(who), said),
        None => text.split_once(". ")?,
    };
    let bold = text.starts_with("**");
    let trust = names::trust(who);
    let role = who.contains(',') && names::says_role(who);
    let fits = words(who) <= NAME_WORDS && words(said) >= 3 && !said.trim_start().starts_with([':', ',']);
    let alone = names::is_person(who) && trust >= Trust::Shape;
    (fits && (trust == Trust::Sure && role || bold && trust >= Trust::Known || alone)).then_some((who, said.trim()))
}

/// Splits `Ask twice. (Ana Lima, Acme)` and `Ask twice. — Ana Lima` into the text and the name.
fn behind(text: &str) -> Option<(&str, &str)> {
    let ended = |above: &str| {
        above
            .trim_end()
            .trim_end_matches(['*', '_'])
            .ends_with(['.', '!', '?', '”', '"', '…', '»'])
    };
    if let Some((above, who)) = text
        .trim_end()
        .trim_end_matches(['*', '_'])
        .strip_suffix(')')
        .and_then(|t| t.rsplit_once('('))
    {
        return (ended(above) && !who.contains(['\n', ')'])).then_some((above.trim_end(), who));
    }
    let at = [" — ", " – ", "\n— ", "\n– "]
        .iter()
        .filter_map(|dash| text.rfind(dash))
        .max()?;
    let (above, who) = (&text[..at], names::after_dash(&text[at..])?.0);
    (ended(above) && !who.contains('\n')).then_some((above.trim_end(), who))
}
