//! Moves footnotes to the answers whose text refers to them.
//!
//! Files have notes at the end of the text or of a page, where they would stand in a section or in somebody else's
//! answer.

use std::collections::HashMap;

use super::clean::words;
use super::structure::parts::append;
use crate::corpus::edition::Edition;

/// A text of an edition that can have marks or notes: an index into its sections, or into an answer of a discussion.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Section(usize),
    Question(usize),
    Answer(usize, usize),
}

/// Moves each note that one answer alone refers to, to the end of that answer.
///
/// A section that has no other text goes. `made_up` stays the number of words that are not in the source.
pub(super) fn settle(edition: &mut Edition, made_up: &mut usize, notes_of: &str) {
    let places = places(edition);
    let mut notes: HashMap<String, Vec<Place>> = HashMap::new();
    for &place in &places {
        for label in movable(text(edition, place), place) {
            notes.entry(label).or_default().push(place);
        }
    }
    if notes.is_empty() {
        return;
    }
    let mut moves: Vec<(String, Place, Place)> = Vec::new();
    for (label, from) in notes {
        let mark = format!("[^{label}]");
        let refers = |place: &Place| refers(text(edition, *place), &mark);
        let mut marked = places.iter().copied().filter(refers);
        if let ([from], Some(to @ Place::Answer(..)), None) = (&from[..], marked.next(), marked.next())
            && *from != to
        {
            moves.push((label, *from, to));
        }
    }
    moves.sort_by_key(|(label, ..)| (label.len(), label.clone()));
    for (label, from, to) in moves {
        let (rest, note) = without(text(edition, from), &label);
        *text_mut(edition, from) = rest;
        append(text_mut(edition, to), &note, true);
    }
    edition.sections.retain(|section| {
        let is_empty = section.body.is_empty() && section.title.starts_with(notes_of);
        if is_empty {
            *made_up = made_up.saturating_sub(words(&section.title));
        }
        !is_empty
    });
}

fn places(edition: &Edition) -> Vec<Place> {
    let sections = (0..edition.sections.len()).map(Place::Section);
    let discussions = edition.discussions.iter().enumerate().flat_map(|(at, discussion)| {
        let answers = (0..discussion.answers.len()).map(move |answer| Place::Answer(at, answer));
        std::iter::once(Place::Question(at)).chain(answers)
    });
    sections.chain(discussions).collect()
}

fn text(edition: &Edition, place: Place) -> &str {
    match place {
        Place::Section(at) => &edition.sections[at].body,
        Place::Question(at) => &edition.discussions[at].body,
        Place::Answer(at, answer) => &edition.discussions[at].answers[answer].body,
    }
}

fn text_mut(edition: &mut Edition, place: Place) -> &mut String {
    match place {
        Place::Section(at) => &mut edition.sections[at].body,
        Place::Question(at) => &mut edition.discussions[at].body,
        Place::Answer(at, answer) => &mut edition.discussions[at].answers[answer].body,
    }
}

/// Returns the label of the note that a paragraph is. Letters mark the comments of others.
fn label(paragraph: &str) -> Option<&str> {
    let (label, rest) = paragraph.strip_prefix("[^")?.split_once(']')?;
    let is_note = |c: char| c.is_ascii_digit() || matches!(c, '*' | '†' | '‡' | '§');
    let named = !label.is_empty() && label.len() <= 8 && label.chars().all(is_note);
    (named && rest.starts_with([' ', ':'])).then_some(label)
}

/// Returns the labels of the notes in `text` that may be moved. Below a note in a section, other text may belong to it.
fn movable(text: &str, place: Place) -> Vec<String> {
    let paragraphs: Vec<Option<&str>> = text.split("\n\n").map(label).collect();
    let first = paragraphs.iter().position(Option::is_some).unwrap_or(paragraphs.len());
    let only_notes = paragraphs[first..].iter().all(Option::is_some);
    let may = only_notes || !matches!(place, Place::Section(_));
    let labels = paragraphs.into_iter().flatten().filter(|_| may);
    labels.map(str::to_string).collect()
}

/// Reports whether `text` has `mark` other than at the beginning of a note.
fn refers(text: &str, mark: &str) -> bool {
    text.split("\n\n").any(|paragraph| {
        let at = paragraph.find(mark);
        at.is_some_and(|at| at > 0 || label(paragraph).is_none())
    })
}

/// Splits the note `wanted` from `text`.
fn without(text: &str, wanted: &str) -> (String, String) {
    let is_it = |paragraph: &&str| label(paragraph) == Some(wanted);
    let (note, rest): (Vec<&str>, Vec<&str>) = text.split("\n\n").partition(is_it);
    (rest.join("\n\n"), note.join("\n\n"))
}

#[cfg(test)]
mod tests {
    use crate::corpus::import::{Limits, import_bytes};
    use crate::corpus::markdown;

    #[test]
    fn notes_go_to_the_answers_that_refer_to_them() {
        let page = "<h1>Desk letter</h1><h2>Q: How many desks do you need?</h2>\
            <p><b>Ana Lima, PM</b></p><p>Nine for ten people<sup><a href='#n1'>1</a></sup>, as one of us is always away.</p>\
            <p><b>Ben Osei, CFO</b></p><p>Fewer each year<sup><a href='#n2'>2</a></sup>, and nobody has missed one.</p>\
            <p id='n1'><a href='#m1'>1</a> Counted in May.</p><p id='n2'><a href='#m2'>2</a> Five by now.</p>";
        let report = import_bytes("desks.html", page.as_bytes(), &Limits::default());
        let edition = &report.editions[0].edition;
        let answers = &edition.discussions[0].answers;
        assert!(
            answers[0].body.ends_with("\n\n[^1] Counted in May."),
            "{}",
            markdown::write(edition)
        );
        assert!(answers[1].body.ends_with("\n\n[^2] Five by now."));
        assert!(edition.sections.is_empty());
        assert_eq!(report.editions[0].words_kept + 1, report.editions[0].words_in);
    }

    #[test]
    fn a_note_stays_where_its_place_is_not_clear() {
        for (text, mark) in [
            ("[^1] Counted in May.\n\nAnd a paragraph below it.", "[^1]"),
            ("[^1] Counted in May.", "[^2]"),
        ] {
            let page = format!(
                "Desk letter\n\nQ: How many desks?\n\nA. Ana Lima, PM\n\nNine{mark} of ten.\n\n## After\n\n{text}\n"
            );
            let report = import_bytes("desks.md", page.as_bytes(), &Limits::default());
            let edition = &report.editions[0].edition;
            assert_eq!(edition.sections[0].body, text, "{}", markdown::write(edition));
        }
    }
}
