//! Finds names within a question or an answer: `How many? (Ana, Cork)`, `Ask twice. — Ana Lima`.
//!
//! This comes last, where nothing else has named who asks or answers.

use super::clean::{bounded_line, words};
use super::marks;
use super::names::{self, Trust};
use super::sayings;
use super::structure::Builder;
use super::structure::parts::{MAX_LINE, UNSIGNED};
use crate::corpus::edition::Discussion;

/// Most words of a name with its role or place.
const NAME_WORDS: usize = 12;

impl Builder {
    /// Names the askers and contributors whose names stand behind what they say.
    pub(super) fn name_behind(&mut self) {
        self.askers_behind();
        self.answers_behind();
        self.interviewed();
    }

    /// Names the person who gives all answers of an interview, if the title names one and the introduction too.
    fn interviewed(&mut self) {
        let edition = &mut self.built.edition;
        let alone = |d: &Discussion| d.answers.len() == 1 && d.answers[0].contributor == UNSIGNED;
        if edition.discussions.len() < 3 || !edition.discussions.iter().all(alone) {
            return;
        }
        let apart = [": ", " with ", " with… ", "… ", " – ", " — ", ", ", " | "];
        let mut parts: Vec<&str> = vec![&edition.title];
        for sign in apart {
            parts = parts.into_iter().flat_map(|part| part.split(sign)).collect();
        }
        let people: Vec<&str> = parts
            .into_iter()
            .map(str::trim)
            .filter(|part| names::is_person(part) && names::trust(part) >= Trust::Shape)
            .collect();
        let Some(introduction) = edition.sections.first() else {
            return;
        };
        let [name] = people[..] else { return };
        let given = name.split(' ').next().unwrap_or(name);
        if !introduction.body.contains(given) {
            return;
        }
        let name = name.to_string();
        for answer in edition.discussions.iter_mut().flat_map(|d| &mut d.answers) {
            answer.contributor.clone_from(&name);
            self.made_up += words(&name) - 1;
        }
    }

    /// Names the askers whose names stand before or behind their words.
    fn askers_behind(&mut self) {
        for discussion in &mut self.built.edition.discussions {
            if discussion.asked_by.is_some() || discussion.answers.is_empty() {
                continue;
            }
            let Some(asked) = asked(&discussion.title, &discussion.body) else {
                continue;
            };
            let had = words(&discussion.title) + words(&discussion.body);
            (discussion.title, discussion.body) = (asked.title, asked.body);
            let mut kept = words(&discussion.title) + words(&discussion.body);
            if !names::is_nobody(&asked.name) {
                kept += words(&asked.name);
                discussion.asked_by = Some(bounded_line(&asked.name, MAX_LINE));
            }
            self.label_words += had.saturating_sub(kept);
            // Scripts without spaces have more words once a text is split.
            self.made_up += kept.saturating_sub(had);
        }
    }

    /// Signs answers without a name, if all of them end in one, at least two.
    fn answers_behind(&mut self) {
        let discussions = &mut self.built.edition.discussions;
        let unsigned = || {
            discussions
                .iter()
                .flat_map(|d| &d.answers)
                .filter(|answer| answer.contributor == UNSIGNED)
        };
        let named = |name: &str| names::trust(name) >= Trust::Shape;
        let signed: Vec<&str> = unsigned()
            .filter_map(|answer| behind(&answer.body))
            .map(|(_, name)| name)
            .collect();
        let all = unsigned().count();
        if all < 2 || signed.len() < all || signed.iter().filter(|name| named(name)).count() * 3 < 2 * all {
            return;
        }
        for answer in discussions
            .iter_mut()
            .flat_map(|d| &mut d.answers)
            .filter(|answer| answer.contributor == UNSIGNED)
        {
            if let Some((said, name)) = behind(&answer.body) {
                answer.contributor = bounded_line(name, MAX_LINE);
                answer.body = said.to_string();
                self.made_up -= 1;
            }
        }
    }
}

/// A question without the name of who asks it.
struct Asked {
    title: String,
    body: String,
    name: String,
}

/// Finds the asker's name in a title and a text: on the first or the last line, behind or before the title.
fn asked(title: &str, body: &str) -> Option<Asked> {
    let made = |title: &str, body: &str, name: &str| {
        Some(Asked {
            title: names::bare(title).to_string(),
            body: body.trim().to_string(),
            name: name.to_string(),
        })
    };
    let first = body.split('\n').next().unwrap_or_default();
    let last = body.rsplit('\n').next().unwrap_or_default();
    let several = first.len() < body.len();
    let byline = |line: &str| {
        let (name, _) = line.split_once(',')?;
        (names::is_person(name) && names::is_sure_byline(line)).then_some(())
    };
    let bare = names::after_dash(first).map_or(names::bare(first), |(name, _)| name);
    let from = ["From ", "from ", "Raised by ", "Posed by "]
        .iter()
        .find_map(|word| bare.strip_prefix(word));
    let from = from.filter(|name| words(name) <= NAME_WORDS && names::trust(name) >= Trust::Shape);
    let own = Some(bare).filter(|line| several && byline(line).is_some());
    let sent = || sayings::sent_from(first);
    if let Some(name) = marks::asked_by(first).or(from).or_else(sent).or(own) {
        return made(title, &body[first.len()..], name);
    }
    if let Some((who, said)) = names::spoken_line(title)
        && names::trust(who) >= Trust::Known
        && said.ends_with('?')
    {
        return made(said, body, who);
    }
    if several && byline(names::bare(last)).is_some() {
        return made(title, &body[..body.len() - last.len()], names::bare(last));
    }
    if let Some((said, name)) = behind(title).filter(|(_, name)| is_asker(name)) {
        return made(said, body, name);
    }
    if let Some((said, name)) = behind(body).filter(|(_, name)| is_asker(name)) {
        return made(title, said, name);
    }
    let name = bracketed(body).filter(|name| is_asker(name))?;
    made(title, "", name)
}

/// Returns what is between the brackets that stand around all of `text`.
fn bracketed(text: &str) -> Option<&str> {
    let inner = names::bare(text).strip_prefix('(')?.strip_suffix(')')?;
    (!inner.contains(['(', ')', '\n']) && words(inner) <= NAME_WORDS).then_some(inner)
}

/// Splits a text that ends in a name in brackets or after a dash.
fn behind(text: &str) -> Option<(&str, &str)> {
    let end = text.trim_end().trim_end_matches(['*', '_']);
    let ended = |said: &str| {
        said.trim_end()
            .trim_end_matches(['*', '_'])
            .ends_with(['?', '.', '!', '…', '"', '”', '»', '。'])
    };
    let bracketed = [('(', ')'), ('[', ']'), ('（', '）')]
        .iter()
        .find_map(|(open, close)| end.strip_suffix(*close)?.rsplit_once(*open));
    let (said, name) = match bracketed {
        Some(found) => found,
        None => {
            let at = [" – ", " — ", "\n– ", "\n— ", " -- "]
                .iter()
                .filter_map(|dash| end.rfind(dash))
                .max()?;
            (&end[..at], names::after_dash(&end[at..])?.0)
        }
    };
    let said = said.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_'));
    let name = names::bare(name);
    let fits =
        (1..=NAME_WORDS).contains(&words(name)) && !name.contains(['?', '!', '\n', ':', ';', '(']) && ended(said);
    (fits && !said.is_empty()).then_some((said, name))
}

/// Reports whether some words could say who asks: a name, a name and a place, or that nobody is named.
fn is_asker(name: &str) -> bool {
    let described = ["a ", "an "]
        .iter()
        .any(|article| name.to_lowercase().starts_with(article))
        && words(name) <= 8;
    let placed = name
        .split_once(", ")
        .is_some_and(|(name, _)| names::is_name(name) && words(name) <= 3);
    names::is_nobody(name)
        || described
        || placed
        || names::trust(name) >= Trust::Known
        || words(name) == 1 && names::trust(name) == Trust::Word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_behind_what_people_say() {
        for (text, found) in [
            ("How many? (Ana, Cork)", Some(("How many?", "Ana, Cork"))),
            ("Why? – *anonymous*", Some(("Why?", "anonymous"))),
            ("Ask twice. — Ana Lima, PM", Some(("Ask twice.", "Ana Lima, PM"))),
            (
                "How many are enough?** *(Henrike, Oslo)",
                Some(("How many are enough?", "Henrike, Oslo")),
            ),
            ("We shipped (in May).", None),
            ("We ship it – sometimes twice", None),
            ("It rose by a third (see above)", None),
        ] {
            assert_eq!(behind(text), found, "{text}");
        }
        for name in [
            "Ana, Cork",
            "anonymous",
            "a PM in Porto",
            "Ana Lima",
            "Declan, B2B accounting software",
        ] {
            assert!(is_asker(name), "{name}");
        }
        for name in ["see above", "in May", "sometimes twice"] {
            assert!(!is_asker(name), "{name}");
        }
    }
}
