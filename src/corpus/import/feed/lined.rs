//! Marks the paragraphs of a text that is declared HTML and has blank lines instead of tags.
//!
//! WordPress stores the texts of its old editor so and adds the tags when it shows them. Some feeds are plain text.

use std::borrow::Cow;

/// Tags with which HTML itself parts paragraphs.
const PARAGRAPHS: [&str; 6] = ["<p>", "<p ", "<br", "<div", "<td", "<!-- wp:"];
/// Tags of other blocks. A text with them is HTML, unless a program is known to leave out the tags of paragraphs.
const BLOCKS: [&str; 7] = ["<li", "<h1", "<h2", "<h3", "<h4", "<blockquote", "<pre"];

/// Returns `text` with a tag at each blank line, if only these part its paragraphs. `wordpress` means that it is from a
/// WordPress export, where each line end counts too.
pub(super) fn marked(text: &str, wordpress: bool) -> Cow<'_, str> {
    let has = |tags: &[&str]| tags.iter().any(|tag| text.contains(tag));
    if !text.contains('\n') || has(&PARAGRAPHS) || !wordpress && has(&BLOCKS) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut lines = text.lines().peekable();
    let mut in_code = false;
    while let Some(line) = lines.next() {
        out.push_str(line);
        in_code = (in_code || line.contains("<pre")) && !line.contains("</pre");
        let Some(next) = lines.peek() else { break };
        let (blank, over) = (line.trim().is_empty(), next.trim().is_empty());
        let within = !blank && !over && !line.trim_end().ends_with('>') && !next.trim_start().starts_with('<');
        out.push_str(match (in_code, over) {
            (false, true) if !blank => "\n<p>",
            (false, false) if wordpress && within => "<br>\n",
            _ => "\n",
        });
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_part_paragraphs_where_no_tag_does() {
        for (text, wordpress, left) in [
            ("One\ntwo.\n\n<b>Three</b>.", false, "One\ntwo.\n<p>\n<b>Three</b>."),
            ("One\ntwo.\n\n\nThree.", true, "One<br>\ntwo.\n<p>\n\nThree."),
            (
                "One.\n\n<ul>\n<li>A</li>\n</ul>",
                true,
                "One.\n<p>\n<ul>\n<li>A</li>\n</ul>",
            ),
            (
                "One.\n\n<ul>\n<li>A</li>\n</ul>",
                false,
                "One.\n\n<ul>\n<li>A</li>\n</ul>",
            ),
            ("<pre>a\n\nb</pre>\n\nOne.", true, "<pre>a\n\nb</pre>\n<p>\nOne."),
            ("<p>One\n\ntwo.</p>", true, "<p>One\n\ntwo.</p>"),
        ] {
            assert_eq!(marked(text, wordpress), left);
        }
    }
}
