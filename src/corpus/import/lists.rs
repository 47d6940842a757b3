//! Lists: the numbers that a page gives their items, and items that no list element holds.
//!
//! In: list elements, and blocks that begin with the sign of an item. Out: items in the form of Markdown.

use dom_query::NodeRef;

use super::block::Look;
use super::tags;
use super::writer::Written;

/// Deepest list whose numbering is kept; deeper items are plain bullets.
const MAX_LISTS: usize = 64;

/// Signs that set off an item.
const BULLETS: [char; 14] = ['•', '·', '‣', '◦', '▪', '●', '■', '□', '➤', '►', '▶', '✓', '✔', '➜'];

/// The lists that are open.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// For each the number of its next item and the step to the one after; `None` for bullets.
    open: Vec<Option<(i64, i64)>>,
    too_deep: usize,
}

impl Lists {
    pub(super) fn open(&mut self, list: &NodeRef, name: &str) {
        if self.open.len() >= MAX_LISTS {
            self.too_deep += 1;
            return;
        }
        let numbers = (name == "ol").then(|| {
            let reversed = list.has_attr("reversed");
            let count = || {
                let item = |child: &NodeRef| tags::name_of(child).is_some_and(|name| &*name == "li");
                list.children_it(false).filter(item).count() as i64
            };
            let start = number(list, "start").unwrap_or_else(|| if reversed { count() } else { 1 });
            (start, if reversed { -1 } else { 1 })
        });
        self.open.push(numbers);
    }

    pub(super) fn close(&mut self) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else {
            self.open.pop();
        }
    }

    /// An item begins, which may have a number of its own.
    pub(super) fn item(&mut self, item: &NodeRef) {
        if let (Some(Some((next, _))), Some(value)) = (self.open.last_mut(), number(item, "value")) {
            *next = value;
        }
    }

    /// `text` as an item of the open list.
    pub(super) fn marked(&mut self, text: &str) -> String {
        match self.open.last_mut() {
            Some(Some((next, step))) => {
                let number = *next;
                *next = number.saturating_add(*step);
                format!("{number}. {text}")
            }
            _ => format!("- {}", bulleted(text).unwrap_or(text)),
        }
    }
}

/// A number of at most four digits, as people number lists.
fn number(node: &NodeRef, name: &str) -> Option<i64> {
    let value: i64 = node.attr(name)?.trim().parse().ok()?;
    (0..=9_999).contains(&value).then_some(value)
}

/// The text of an item that begins with a sign for one.
pub(super) fn bulleted(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(BULLETS)?;
    let item = rest.trim_start();
    (item.len() < rest.len() && !item.is_empty()).then_some(item)
}

/// Whether `text` is a sign of an item and nothing else: a bullet, or a number with a full stop.
fn is_marker(text: &str) -> bool {
    let digits = text.trim_end_matches(['.', ')']);
    let number = digits.len() + 1 == text.len() && (1..=3).contains(&digits.len());
    number && digits.bytes().all(|b| b.is_ascii_digit()) || text.chars().count() == 1 && text.starts_with(BULLETS)
}

/// Whether `text` is the mark of a footnote and nothing else.
fn is_note(text: &str) -> bool {
    text.len() <= 8 && text.starts_with("[^") && text.ends_with(']')
}

/// Joins a sign that stands in a cell or a paragraph of its own to the text after it.
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
