//! Finds the article of a saved page in reader mode, using dom_smoothie (after Mozilla's Readability).
//!
//! dom_smoothie builds another tree, so each text node is marked with a private-use character. The marks in its result
//! identify the text nodes of the article.

use std::collections::{HashMap, HashSet};

use dom_query::{Document, NodeData, NodeId};
use dom_smoothie::{Config, Readability};

use super::tags::{Step, Walk};

/// Marks are the characters of Unicode's two private-use planes.
const PLANES: [(u32, u32); 2] = [(0xf_0000, 0xf_fffd), (0x10_0000, 0x10_fffd)];
/// Most elements in a page. A longer page is read without reader mode.
const MAX_ELEMENTS: usize = 50_000;

/// Returns the text nodes of the article, or `None` if none was found.
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
