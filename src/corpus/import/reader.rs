//! Reader mode: which text of a saved page is its article.
//!
//! In: the tree of a page. Out: the text nodes that dom_smoothie (after Mozilla's Readability) takes for the article.
//! It makes a tree of its own, so each text carries a mark through it: one character that no page uses.

use std::collections::{HashMap, HashSet};

use dom_query::{Document, NodeData, NodeId};
use dom_smoothie::{Config, Readability};

use super::tags::{Step, Walk};

/// Marks are the characters of two planes of Unicode for private use.
const PLANES: [(u32, u32); 2] = [(0xf_0000, 0xf_fffd), (0x10_0000, 0x10_fffd)];
/// Most elements that are looked at; a page of more is read whole.
const MAX_ELEMENTS: usize = 50_000;

/// The text nodes of the article; `None` where none is found.
pub(super) fn article(document: &Document) -> Option<HashSet<NodeId>> {
    let copy = document.clone();
    let mut marks: HashMap<char, NodeId> = HashMap::new();
    let mut free = PLANES
        .iter()
        .flat_map(|(first, last)| *first..=*last)
        .filter_map(char::from_u32);
    for step in Walk::new(copy.root()) {
        let Step::Enter(node) = step else { continue };
        let shown = super::tags::with_text(&node, |text| !text.trim().is_empty()).unwrap_or(false);
        if !shown
            || node.parent().is_some_and(|p| {
                super::tags::name_of(&p).is_some_and(|n| matches!(&*n, "script" | "style" | "title" | "noscript"))
            })
        {
            continue;
        }
        let mark = free.next()?;
        node.update(|node| {
            if let NodeData::Text { contents } = &mut node.data {
                let text = format!("{mark}{}", &**contents);
                *contents = text.into();
            }
        });
        marks.insert(mark, node.id);
    }
    let config = Config {
        max_elements_to_parse: MAX_ELEMENTS,
        ..Config::default()
    };
    let article = Readability::with_document(copy, None, Some(config))
        .ok()?
        .parse()
        .ok()?;
    let found: HashSet<NodeId> = article.content.chars().filter_map(|c| marks.get(&c).copied()).collect();
    (!found.is_empty()).then_some(found)
}
