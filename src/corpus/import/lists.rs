//! Writes list items in Markdown.
//!
//! Keeps the numbers that a page gives its items, and finds items that are not in a list element but begin with a
//! bullet.

use dom_query::NodeRef;

use super::tags;

/// Deepest list that keeps its numbering. Deeper items are numbered or bulleted like those of the list around them.
const MAX_LISTS: usize = 64;

/// Characters that begin an item.
pub(super) const BULLETS: [char; 14] = ['•', '·', '‣', '◦', '▪', '●', '■', '□', '➤', '►', '▶', '✓', '✔', '➜'];

/// The open lists.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// For each list, the number of the next item and the step to the one after. `None` means bullets.
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

    /// Begins an item, which may set its number.
    pub(super) fn item(&mut self, item: &NodeRef) {
        if let (Some(Some((next, _))), Some(value)) = (self.open.last_mut(), number(item, "value")) {
            *next = value;
        }
    }

    /// Returns `text` as an item of the open list.
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

/// Returns a number of at most four digits, as people number lists.
fn number(node: &NodeRef, name: &str) -> Option<i64> {
    let value: i64 = node.attr(name)?.trim().parse().ok()?;
    (0..=9_999).contains(&value).then_some(value)
}

/// Returns the text of an item that begins with a bullet.
pub(super) fn bulleted(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(BULLETS)?;
    let item = rest.trim_start();
    (item.len() < rest.len() && !item.is_empty()).then_some(item)
}
