//! Moves footnotes to the answers whose text refers to them.
//!
//! Files have notes at the end of the text or of a page, where they would stand in a section or in somebody else's
//! answer.

use std::collections::{HashMap, HashSet};

use super::clean::words;
use super::structure::parts::append;
use crate::corpus::edition::Edition;

/// A text of an edition that can have marks or notes: an index into its sections, or into an answer of a discussion.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
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
    // Each text is read once, as an edition may have thousands of notes.
    let mut marked: HashMap<String, Vec<Place>> = HashMap::new();
    for &place in &places {
        for label in referred(text(edition, place)) {
            marked.entry(label.to_string()).or_default().push(place);
        }
    }
    let mut moves: Vec<(String, Place)> = Vec::new();
    let mut leaving: HashMap<Place, HashSet<String>> = HashMap::new();
    for (label, from) in notes {
        if let ([from], Some([to @ Place::Answer(..)])) = (&from[..], marked.get(&label).map(Vec::as_slice))
            && from != to
        {
            leaving.entry(*from).or_default().insert(label.clone());
            moves.push((label, *to));
        }
    }
    let mut taken: HashMap<String, String> = HashMap::new();
    for (from, labels) in leaving {
        let rest = without(text(edition, from), &labels, &mut taken);
        *text_mut(edition, from) = rest;
    }
    moves.sort_by_key(|(label, _)| (label.len(), label.clone()));
    for (label, to) in moves {
        append(
            text_mut(edition, to),
            taken.get(&label).map_or("", String::as_str),
            true,
        );
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

/// Returns the labels of the marks in `text`.
pub(super) fn marks(text: &str) -> impl Iterator<Item = &str> {
    let marks = text.split("[^").skip(1);
    marks.filter_map(|mark| Some(mark.split_once(']')?.0))
}

/// Returns the labels that `text` has marks of, other than at the beginning of their notes.
fn referred(text: &str) -> HashSet<&str> {
    let mut labels = HashSet::new();
    for paragraph in text.split("\n\n") {
        let own = label(paragraph);
        labels.extend(marks(paragraph).filter(|mark| own != Some(*mark)));
    }
    labels
}

/// Returns `text` without the notes that have one of `labels`, which it adds to `taken`.
fn without(text: &str, labels: &HashSet<String>, taken: &mut HashMap<String, String>) -> String {
    let mut rest = Vec::new();
    for paragraph in text.split("\n\n") {
        match label(paragraph).filter(|label| labels.contains(*label)) {
            Some(label) => _ = taken.insert(label.to_string(), paragraph.to_string()),
            None => rest.push(paragraph),
        }
    }
    rest.join("\n\n")
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

    /// It would take minutes if each note searched the whole text.
    #[test]
    fn thousands_of_notes_are_moved_in_one_pass() {
        let notes: String = (0..20_000).map(|n| format!("[^{n}] Counted in May.\n\n")).collect();
        let marks: String = (0..20_000).map(|n| format!("Nine[^{n}] of ten. ")).collect();
        let page = format!("# Desks\n\n## Q: How many desks?\n\n### A. Ana Lima, PM\n\n{marks}\n\n## Notes\n\n{notes}");
        let report = import_bytes("desks.md", page.as_bytes(), &Limits::default());
        assert_eq!(report.editions.len(), 1);
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
