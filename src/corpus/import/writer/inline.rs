//! Writes raised text, links and picture descriptions during the walk over a page.

use dom_query::NodeRef;

use super::super::block::{Look, web_address};
use super::super::clean::{clean, one_line, words};
use super::super::relative::resolved;
use super::super::tags::{self, Step, Walk};
use super::super::{links, notes};
use super::Writer;

/// Most notes on a page whose marks are remembered.
const MAX_NOTES: usize = 10_000;

impl Writer<'_> {
    /// Handles raised text. Returns `false` if it has been written.
    pub(super) fn raised(&mut self, node: &NodeRef) -> bool {
        if self.survey.count(node).bytes > 40 {
            return true;
        }
        let text = tags::text_of(*node);
        if one_line(&text).chars().count() > 12 {
            return true;
        }
        let within = |node: &NodeRef| node.attr("href").is_some_and(|href| href.contains('#'));
        let linked = self.links > 0 || Walk::new(*node).any(|step| matches!(step, Step::Enter(at) if within(&at)));
        let before = self.text.trim_end_matches(links::is_place);
        let written = self.notes.raised(&text, before, linked);
        self.string(&written, node);
        false
    }

    /// Handles a link. Returns `false` if it has been written.
    pub(super) fn anchor(&mut self, node: &NodeRef) -> bool {
        let href = node.attr("href").unwrap_or_default().to_string();
        let note = href.contains('#') && self.survey.count(node).bytes <= 40;
        let text = if note { tags::text_of(*node) } else { String::new() };
        if note && notes::is_way_back(&text) {
            return false;
        }
        let apart = self.text.is_empty() || self.text.ends_with(char::is_whitespace);
        // On the page, adjacent links are separated by their look.
        let beside = node
            .prev_sibling()
            .is_some_and(|p| tags::name_of(&p).is_some_and(|n| &*n == "a"));
        if beside && !apart {
            self.text.push(' ');
        }
        if note && let Some(mark) = self.notes.link(&text) {
            if let Some((_, id)) = href.split_once('#').filter(|_| self.marked.len() < MAX_NOTES) {
                self.marked.insert(id.to_string(), mark.clone());
            }
            let opens = self.text.trim().is_empty();
            self.string(&mark, node);
            self.text.push_str(if opens { " " } else { "" });
            return false;
        }
        let whole = self.base.as_deref().and_then(|base| resolved(base, &href));
        let address = web_address(whole.as_deref().unwrap_or(&href));
        if self.link.is_none() {
            self.link.clone_from(&address);
        }
        self.hrefs.enter(address);
        self.links += 1;
        true
    }

    /// Adds the description of a visible picture as unseen text, because it is not part of the newsletter.
    pub(super) fn image(&mut self, node: &NodeRef) {
        let tiny = ["width", "height"].iter().any(|side| {
            let value = node.attr(side).unwrap_or_default();
            matches!(value.trim().trim_end_matches("px"), "0" | "1")
        });
        let alt = node.attr("alt").map(|alt| one_line(&clean(&alt))).unwrap_or_default();
        if !tiny && words(&alt) > 0 {
            self.push(Look::Unseen("description of a picture"), alt);
        }
    }

    /// Ends what opens on a click. What follows is no part of it.
    pub(super) fn end_details(&mut self, node: &NodeRef) {
        self.flush();
        if !tags::followed_by_details(node) {
            self.push(Look::Rule, String::new());
        }
    }
}
