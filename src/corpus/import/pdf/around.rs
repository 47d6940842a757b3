//! Finds the headers, footers and numbers of pages: lines at the top or the bottom that recur over the pages.

use std::collections::HashMap;

use super::glyphs::Page;
use super::lines::Line;
use crate::corpus::import::clean::key;

/// How much of a page is its top, and how much its bottom.
const MARGIN: f64 = 0.12;
/// Most lines of a header or a footer.
const LINES: usize = 3;
/// Most kinds of headers and footers that are compared with the text.
const MOST_KINDS: usize = 40;
/// Longest line of a header or a footer, in characters.
const LONGEST: usize = 160;

/// Takes the lines around the text out of `pages`. Returns one text for each kind of line, with its repetitions.
pub(super) fn take(pages: &mut [Vec<Line>], sizes: &[Page]) -> Vec<String> {
    let mut places: HashMap<(bool, String), usize> = HashMap::new();
    for (lines, page) in pages.iter().zip(sizes) {
        let mut keys: Vec<_> = around(lines, page).into_iter().map(|(_, key)| key).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            *places.entry(key).or_default() += 1;
        }
    }
    let count = pages.len();
    // Left and right pages may differ, and the first has often none.
    let recurs = |seen: usize| seen >= 2 && (3 * seen >= count || seen >= 5);
    places.retain(|_, seen| recurs(*seen));
    if places.len() <= MOST_KINDS {
        places.retain(|(is_top, shape), _| !in_body(*is_top, shape, pages, sizes));
    }
    let mut taken: Vec<((bool, String), Vec<String>)> = Vec::new();
    for (at, (lines, page)) in pages.iter_mut().zip(sizes).enumerate() {
        let found = around(lines, page);
        let is_taken = |key: &(bool, String), line: &Line| {
            places.get(key).is_some_and(|seen| recurs(*seen)) || numbers_page(&line.text, at + 1, count)
        };
        let gone: Vec<(usize, (bool, String))> = found
            .into_iter()
            .filter(|(index, key)| is_taken(key, &lines[*index]))
            .collect();
        for (index, key) in &gone {
            let text = lines[*index].text.clone();
            match taken.iter_mut().find(|(known, _)| known == key) {
                Some((_, texts)) => texts.push(text),
                None => taken.push((key.clone(), vec![text])),
            }
        }
        let mut index = 0;
        lines.retain(|_| {
            index += 1;
            !gone.iter().any(|(at, _)| *at == index - 1)
        });
    }
    taken.into_iter().map(|(_, texts)| texts.join("\n")).collect()
}

/// Reports whether a line of this text belongs to the body, though it often begins or ends a page: a name above an
/// answer, for example.
///
/// It also stands within a page. Or its letters are as large as the body's, and on another page, text of the body stands
/// as high at the top, or as low at the bottom.
fn in_body(is_top: bool, wanted: &str, pages: &[Vec<Line>], sizes: &[Page]) -> bool {
    let mut letters: HashMap<i64, usize> = HashMap::new();
    for line in pages.iter().flatten() {
        *letters.entry((line.size * 10.0).round() as i64).or_default() += line.text.len();
    }
    let usual = letters
        .into_iter()
        .max_by_key(|(size, count)| (*count, *size))
        .map_or(0, |(size, _)| size);
    let (mut own, mut others, mut is_large) = (Vec::new(), Vec::new(), false);
    for (lines, page) in pages.iter().zip(sizes) {
        let ends = around(lines, page);
        let place = (is_top, wanted.to_string());
        let found: Vec<usize> = ends
            .iter()
            .filter(|(_, key)| *key == place)
            .map(|(at, _)| *at)
            .collect();
        let within = |at: usize| !ends.iter().any(|(end, _)| *end == at);
        if (0..lines.len()).any(|at| within(at) && shape(&lines[at].text) == wanted) {
            return true;
        }
        is_large |= found.iter().any(|&at| (lines[at].size * 10.0).round() as i64 >= usual);
        let first = |lines: &[Line]| {
            let heights = lines.iter().map(|line| line.y);
            if is_top {
                heights.min_by(f64::total_cmp)
            } else {
                heights.max_by(f64::total_cmp)
            }
        };
        match found.first() {
            Some(&at) => own.push(lines[at].y),
            None => others.extend(first(lines)),
        }
    }
    let reaches = |y: f64| {
        own.iter()
            .all(|own| if is_top { y <= own + 2.0 } else { y >= own - 2.0 })
    };
    is_large && !own.is_empty() && others.into_iter().any(reaches)
}

/// Returns the lines at the top and the bottom of a page: their index, where they are, and their text without numbers.
fn around(lines: &[Line], page: &Page) -> Vec<(usize, (bool, String))> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by(|a, b| lines[*a].y.total_cmp(&lines[*b].y));
    let margin = MARGIN * page.height;
    let top = order
        .iter()
        .take(LINES)
        .filter(|at| lines[**at].y < margin)
        .map(|at| (*at, true));
    let bottom = order.iter().rev().take(LINES);
    let bottom = bottom
        .filter(|at| lines[**at].y > page.height - margin)
        .map(|at| (*at, false));
    top.chain(bottom)
        .filter(|(at, _)| lines[*at].text.chars().count() <= LONGEST)
        .map(|(at, is_top)| (at, (is_top, shape(&lines[at].text))))
        .collect()
}

/// Returns the text with one sign for every number, so that `Page 3` and `Page 4` are the same.
fn shape(text: &str) -> String {
    let mut out = String::new();
    for word in key(text).split(' ') {
        out.push_str(if word.chars().all(|c| c.is_ascii_digit()) {
            "#"
        } else {
            word
        });
        out.push(' ');
    }
    out
}

/// The word before the number of a page, and the word before the number of pages.
const PAGE: [&str; 9] = [
    "page", "seite", "p", "pagina", "página", "sida", "side", "strona", "стр",
];
const OF: [&str; 8] = ["of", "von", "sur", "de", "di", "van", "av", "из"];

/// Reports whether `text` is the number of page `number`, as in `3`, `- 3 -` and `Page 3 of 9`.
fn numbers_page(text: &str, number: usize, count: usize) -> bool {
    let words = key(text);
    let words: Vec<&str> = words.split(' ').collect();
    let (number, count) = (number.to_string(), count.to_string());
    let is = |word: &str, what: &str| word == what;
    match words.as_slice() {
        [one] => is(one, &number),
        [page, one] if PAGE.contains(page) => is(one, &number),
        [page, one, of, all] if PAGE.contains(page) && OF.contains(of) => is(one, &number) && is(all, &count),
        [page, one, all] if PAGE.contains(page) => is(one, &number) && is(all, &count),
        [one, of, all] if OF.contains(of) => is(one, &number) && is(all, &count),
        [one, all] => is(one, &number) && is(all, &count),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_numbers_are_known_by_their_page() {
        for (text, number, is) in [
            ("3", 3, true),
            ("- 3 -", 3, true),
            ("Page 3 of 9", 3, true),
            ("3 / 9", 3, true),
            ("Page 3 sur 9", 3, true),
            ("Página 3 de 9", 3, true),
            ("p. 3/9", 3, true),
            ("Page 3 sur 8", 3, false),
            ("4", 3, false),
            ("3 teams", 3, false),
        ] {
            assert_eq!(numbers_page(text, number, 9), is, "{text}");
        }
        assert_eq!(shape("Letters, issue 12, page 3"), shape("Letters, issue 12, page 4"));
    }
}
