//! Joins the marks of list items and footnotes to their text.

use super::Written;
use crate::corpus::import::block::Look;
use crate::corpus::import::lists::BULLETS;

/// Reports whether `text` is only a bullet, or only a number with a full stop or a bracket.
fn is_marker(text: &str) -> bool {
    let digits = text.trim_end_matches(['.', ')']);
    let number = digits.len() + 1 == text.len() && (1..=3).contains(&digits.len());
    number && digits.bytes().all(|b| b.is_ascii_digit()) || text.chars().count() == 1 && text.starts_with(BULLETS)
}

/// Reports whether `text` is only a footnote mark.
fn is_note(text: &str) -> bool {
    text.len() <= 8 && text.starts_with("[^") && text.ends_with(']')
}

/// Joins a marker in a separate cell or paragraph to the text after it.
pub(super) fn join_markers(written: &mut Written) {
    let mut kept = 0;
    let mut marker: Option<String> = None;
    for at in 0..written.blocks.len() {
        let follows = written.blocks.get(at + 1).is_some_and(|b| b.look == Look::Paragraph);
        let block = &mut written.blocks[at];
        if let Some(marker) = marker.take() {
            let sign = if marker.starts_with(BULLETS) { "-" } else { &marker };
            block.rich = block.rich.as_ref().map(|rich| format!("{sign} {rich}"));
            block.text = format!("{sign} {}", block.text);
            block.look = if is_note(&marker) { Look::Paragraph } else { Look::Item };
        } else if block.look == Look::Paragraph && follows && (is_marker(&block.text) || is_note(&block.text)) {
            marker = Some(std::mem::take(&mut block.text));
            continue;
        }
        written.blocks.swap(kept, at);
        written.inside.swap(kept, at);
        written.linked.swap(kept, at);
        written.title.swap(kept, at);
        kept += 1;
    }
    written.blocks.truncate(kept);
    written.inside.truncate(kept);
    written.linked.truncate(kept);
    written.title.truncate(kept);
}
