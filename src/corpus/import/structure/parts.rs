//! Holds what all that writes parts of an edition share: the longest line, the name of nobody, and how texts are joined.

/// Longest title or name, in characters. A longer one is cut, and its full text opens the text below.
pub(in crate::corpus::import) const MAX_LINE: usize = 300;
/// The contributor of an answer without a signature.
pub(in crate::corpus::import) const UNSIGNED: &str = "Unsigned";
/// How the title of a section begins that has the text after a discussion. The number of the question follows.
pub(in crate::corpus::import) const NOTE_AFTER: &str = "Note after question";

/// Adds a paragraph to `body`: after a blank line if it is `loose`, else on the next line.
pub(in crate::corpus::import) fn append(body: &mut String, text: &str, loose: bool) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    if !body.is_empty() {
        // Markdown would take a line directly below a quotation as a part of it.
        let quoted = body.rsplit('\n').next().is_some_and(|line| line.starts_with("> ")) && !text.starts_with("> ");
        body.push_str(if loose || quoted { "\n\n" } else { "\n" });
    }
    body.push_str(text);
}
