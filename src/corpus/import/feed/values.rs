//! Reads the values of a feed's elements.

use mail_parser::decoders::base64::base64_decode;

use super::fields::Sort;

/// Returns the name in `dana@example.org (Dana Reyes)`, as RSS has it.
pub(super) fn author_name(author: &str) -> &str {
    let name = author
        .split_once(" (")
        .filter(|(address, _)| address.contains('@'))
        .and_then(|(_, name)| name.strip_suffix(')'));
    name.unwrap_or(author)
}

/// Returns the text that `code` is as base64, or no text if what it holds is none.
pub(super) fn decoded(code: String) -> (String, Sort) {
    let Some(bytes) = base64_decode(code.trim().as_bytes()) else {
        return (code, Sort::Plain);
    };
    let text = String::from_utf8(bytes).unwrap_or_default();
    let is_text = !text.contains(|c: char| c.is_control() && !c.is_whitespace());
    // Such a text does not say of what kind it is.
    let sort = if text.contains("</") || text.contains("&lt;/") {
        Sort::Html
    } else {
        Sort::Plain
    };
    (if is_text { text } else { String::new() }, sort)
}

/// Returns the longer of two texts.
pub(super) fn longer(held: Option<(String, Sort)>, new: Option<(String, Sort)>) -> Option<(String, Sort)> {
    match (&held, &new) {
        (Some((held_text, _)), Some((new_text, _))) if new_text.len() <= held_text.len() => held,
        (Some(_), None) => held,
        _ => new,
    }
}

#[cfg(test)]
mod tests {
    use crate::corpus::import::{Limits, import_bytes};

    #[test]
    fn content_in_base64_is_decoded_and_what_is_no_text_is_left_out() {
        let feed = "<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>\
             <entry><title>A</title><content type='application/octet-stream'>V2UgbW92ZWQgdGhlIGRlc2tzLg==</content></entry>\
             <entry><title>B</title><summary mode='base64'>PHA+V2UgPGI+c29sZDwvYj4gdGhlIGRlc2tzLjwvcD4=</summary></entry>\
             <entry><title>C</title><content type='image/png'>iVBORw0KGgoAAAANSUhEUg==</content></entry>\
             <entry><title>D</title><content type='application/json'>{\"desks\": 4}</content></entry></feed>";
        let report = import_bytes("feed.xml", feed.as_bytes(), &Limits::default());
        let bodies: Vec<_> = report
            .editions
            .iter()
            .map(|read| read.edition.sections[0].body.as_str())
            .collect();
        assert_eq!(
            bodies,
            ["We moved the desks.", "We sold the desks.", "{\"desks\": 4}"],
            "{report:?}"
        );
        assert_eq!(report.skipped[0].why, "this entry has no text");
    }
}
