//! Finds the letters of a column and their answers: `Dear Abby, … – Puzzled`, then `Dear Puzzled, …`.

use super::asking::question_in;
use crate::corpus::import::block::{Block, Look};
use crate::corpus::import::clean::{bounded_line, head, key, one_line, words};
use crate::corpus::import::names;
use crate::corpus::import::turns::turn::{Asked, Said, Turn};

/// Finds the letters and who answers them. Returns whether there are any.
pub(super) fn find(blocks: &[Block], of: &mut [Option<Turn>]) -> bool {
    let greetings: Vec<(usize, &str)> = (0..blocks.len())
        .filter(|&at| blocks[at].look == Look::Paragraph)
        .filter_map(|at| Some((at, greeted(&blocks[at].text)?)))
        .collect();
    let mut any = false;
    let mut from = 0;
    for pair in greetings.windows(2) {
        let ((letter, _), (answer, addressee)) = (pair[0], pair[1]);
        let signed = (letter + 1..answer).rev().find(|&at| blocks[at].is_seen());
        let signed = signed.filter(|&at| signs_letter(&blocks[at].text, addressee));
        let Some(signed) = signed.filter(|_| letter >= from) else {
            continue;
        };
        let heading = (from..letter).rev().find(|&at| blocks[at].is_seen());
        let heading = heading.filter(|&at| matches!(blocks[at].look, Look::Heading(2..=7)));
        let why = "a letter that is answered below";
        let text: Vec<&str> = blocks[letter..signed].iter().map(|b| b.text.as_str()).collect();
        let asked = text.iter().find_map(|text| question_in(text));
        match heading {
            Some(at) => {
                let title = one_line(names::bare(&blocks[at].text));
                of[at] = Some(Turn::Question(Asked {
                    title,
                    why,
                    ..Asked::default()
                }));
            }
            None => {
                let title =
                    asked.unwrap_or_else(|| format!("Letter from {}", bounded_line(name_of(&blocks[signed].text), 80)));
                let body = blocks[letter].text.clone();
                of[letter] = Some(Turn::Question(Asked {
                    title,
                    body,
                    why,
                    ..Asked::default()
                }));
            }
        }
        of[signed] = Some(Turn::Asker(name_of(&blocks[signed].text).to_string(), String::new()));
        of[answer] = Some(Turn::Answer(Said {
            text: blocks[answer].text.clone(),
            why: "it greets the one who signed the letter above",
            ..Said::default()
        }));
        (any, from) = (true, answer + 1);
    }
    if any {
        sign_answers(blocks, of);
    }
    any
}

/// Names who answers a letter, if the answer's last line is a name after a dash.
fn sign_answers(blocks: &[Block], of: &mut [Option<Turn>]) {
    let mut open: Option<usize> = None;
    let mut last: Option<usize> = None;
    for at in 0..=blocks.len() {
        let ends = at == blocks.len()
            || matches!(of[at], Some(Turn::Question(_)))
            || matches!(blocks[at].look, Look::Rule | Look::Heading(_));
        if ends {
            if let (Some(answer), Some(last)) = (open.take(), last)
                && last > answer
                && let Some((name, _)) = names::after_dash(&blocks[last].text).filter(|(name, _)| names::is_name(name))
                && let Some(Turn::Answer(said)) = &mut of[answer]
            {
                said.by = Some(name.to_string());
                of[last] = Some(Turn::Label(words(name)));
            }
        } else if matches!(of[at], Some(Turn::Answer(_))) {
            open = Some(at);
        }
        if at < blocks.len() && blocks[at].is_seen() {
            last = Some(at);
        }
    }
}

/// Returns the person that a text such as `Dear Abby, …` greets.
fn greeted(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(['*', '_', '>', ' ']);
    let rest = text.strip_prefix("Dear ").or_else(|| text.strip_prefix("DEAR "))?;
    let end = rest.find([',', ':', '\n', '—', '–', '!'])?;
    let name = rest[..end].trim().trim_end_matches(['*', '_']);
    (!name.is_empty() && words(name) <= 6).then_some(name)
}

/// Reports whether `text` signs the letter whose answer greets `addressee`.
fn signs_letter(text: &str, addressee: &str) -> bool {
    let (name, wanted) = (key(&head(name_of(text), 120)), key(addressee));
    let fits = words(text) <= 12 && !text.contains('\n');
    fits && !wanted.is_empty()
        && (name == wanted || name.starts_with(&format!("{wanted} ")) || wanted.starts_with(&format!("{name} ")))
}

/// Returns the name in a signature, with or without a dash or `Signed,`.
fn name_of(text: &str) -> &str {
    let text = names::after_dash(text).map_or_else(|| names::bare(text), |(name, _)| name);
    let text = text
        .strip_prefix("Signed")
        .map_or(text, |rest| rest.trim_start_matches([',', ':', ' ']));
    text.trim_end_matches(['.', ','])
}
