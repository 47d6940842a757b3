//! Decides whether readers see the text of an element, by its attributes, its style and the style sheet of a mail.
//!
//! Senders hide a preview of the mail above its text, and copies for small screens. Text that is hidden by mistake in
//! a way that does not hide it, such as `aria-hidden`, is seen.

use std::collections::{HashMap, HashSet};

use dom_query::{NodeId, NodeRef};

use super::tags::{self, Step, Walk};

/// Most elements below one that are looked at, to find what shows itself in a hidden one.
const LOOKED_AT: usize = 200;

/// Most elements around one that are looked at.
const LOOKED_AROUND: usize = 30;

/// Most different styles of hidden formatting elements that are remembered.
const MAX_FORMATS: usize = 100;

/// Most rules of a style sheet that are read.
const MAX_RULES: usize = 2_000;

/// Reports whether an element is hidden.
///
/// `font-size:0` is not enough, because mail templates set it on every table cell, and what is in the cell sets another
/// size. Neither is `opacity:0`, because pages fade in what they show.
pub(super) fn is_hidden(node: &NodeRef) -> bool {
    let class = node.attr("class").unwrap_or_default().to_ascii_lowercase();
    let id = node.attr("id").unwrap_or_default().to_ascii_lowercase();
    let preheader = |c: &str| matches!(c, "preheader" | "preview-text" | "previewtext");
    let spoken = |c: &str| matches!(c, "sr-only" | "screen-reader-text" | "visually-hidden");
    let named = |c: &str| preheader(c) || spoken(c);
    if node.has_attr("hidden") || class.split_whitespace().any(named) || preheader(&id) {
        return true;
    }
    let Some(style) = tags::style(node) else {
        return false;
    };
    let declared = |wanted: &[&str]| declares(&style, |d| wanted.contains(&d));
    let small = [
        "font-size:0",
        "font-size:0px",
        "font-size:1px",
        "line-height:0",
        "line-height:0px",
        "line-height:1px",
    ];
    let tiny = declared(&small);
    // `mso-hide:all` hides only in Outlook: a preview in a line, but a block has what other programs show. Of two
    // declarations the later one counts.
    let is_block = tags::name_of(node).is_some_and(|name| tags::is_block(&name));
    let overflows = value(&style, "overflow") == Some("visible");
    let clipped = value(&style, "clip").is_some_and(|clip| clip.starts_with("rect(0") || clip.starts_with("rect(1px"));
    value(&style, "display") == Some("none")
        || value(&style, "max-height").and_then(pixels) == Some(0.0) && !overflows
        || value(&style, "visibility") == Some("collapse")
        || declared(&["mso-hide:all"]) && !is_block
        || clipped && value(&style, "position") == Some("absolute")
        || declared(&["opacity:0"]) && tiny
        || declared(&["visibility:hidden"])
            && (tiny || !declared(&["opacity:0"]) && !fades_in(&class) && value(&style, "animation-name").is_none())
            && !shown_inside(node, |d| d == "visibility:visible")
        || has_no_size(&style)
        || is_off_screen(&style)
        || has_no_letters(node, &style)
        || has_colour_of_ground(node, &style)
}

/// Reports whether a style hides an element and keeps its space. Text that opens on a click takes no space before.
pub(super) fn is_invisible(node: &NodeRef) -> bool {
    tags::style(node).is_some_and(|style| declares(&style, |d| d == "visibility:hidden"))
}

fn declares(style: &str, is: impl Fn(&str) -> bool) -> bool {
    style.split(';').any(|d| is(d.trim_end_matches("!important")))
}

/// Returns the value of the last declaration of `name` in `style`.
fn value<'a>(style: &'a str, name: &str) -> Option<&'a str> {
    let mut values = style.split(';').filter_map(|d| d.strip_prefix(name)?.strip_prefix(':'));
    values.next_back().map(|value| value.trim_end_matches("!important"))
}

/// Returns a length in pixels, if it is given in pixels or without a unit.
fn pixels(length: &str) -> Option<f32> {
    length.trim_end_matches("px").trim_end_matches("pt").parse().ok()
}

/// Reports whether a style cuts off everything: a box without a height or a width.
fn has_no_size(style: &str) -> bool {
    let none = |name: &str| value(style, name).and_then(pixels) == Some(0.0);
    let cuts = ["overflow", "overflow-y", "overflow-x"]
        .iter()
        .any(|name| value(style, name).is_some_and(|value| value == "hidden"));
    cuts && ["height", "width", "max-width"].iter().any(|name| none(name))
}

/// Reports whether a style moves an element out of the page.
fn is_off_screen(style: &str) -> bool {
    let far = |name: &str| {
        value(style, name)
            .and_then(pixels)
            .is_some_and(|length| length <= -900.0)
    };
    let absolute = value(style, "position").is_some_and(|value| matches!(value, "absolute" | "fixed"));
    absolute && (far("left") || far("top")) || far("text-indent")
}

/// Reports whether letters have no size, and nothing inside sets another one.
fn has_no_letters(node: &NodeRef, style: &str) -> bool {
    let none = |size: &str| pixels(size).is_some_and(|size| size <= 1.0);
    value(style, "font-size").is_some_and(none)
        && !shown_inside(node, |d| {
            let size = d.strip_prefix("font-size:").or_else(|| d.strip_prefix("font:"));
            size.is_some_and(|size| !none(size))
        })
}

/// Reports whether letters have the colour of the ground that the same element, or the nearest one around it, states.
fn has_colour_of_ground(node: &NodeRef, style: &str) -> bool {
    let Some(letters) = value(style, "color").and_then(colour) else {
        return false;
    };
    // A class may set a ground too, so the search ends there.
    let mut unknown = false;
    let ground = std::iter::once(*node)
        .chain(node.ancestors_it(None))
        .take(LOOKED_AROUND)
        .take_while(|around| !std::mem::replace(&mut unknown, around.has_attr("class")))
        .find_map(|around| ground_of(&around));
    // A picture may be the ground.
    ground == Some(Some(letters)) && !shown_inside(node, |d| d.starts_with("color:") || d.starts_with("background"))
}

/// Returns the colour of an element's ground: `None` if it states none, `Some(None)` if it is not a plain colour.
fn ground_of(node: &NodeRef) -> Option<Option<[u8; 3]>> {
    let style = tags::style(node).unwrap_or_default();
    if value(&style, "background-image").is_some() || node.has_attr("background") {
        return Some(None);
    }
    let stated = value(&style, "background-color").or_else(|| value(&style, "background"));
    match stated {
        Some("transparent" | "none" | "inherit") => None,
        Some(stated) => Some(colour(stated)),
        None => node.attr("bgcolor").map(|stated| colour(&stated.to_ascii_lowercase())),
    }
}

/// Reads a colour: `#fff`, `#ffffff`, `rgb(255,255,255)`, `white`, `black`.
fn colour(text: &str) -> Option<[u8; 3]> {
    if let Some(hex) = text.strip_prefix('#').filter(|hex| hex.is_ascii()) {
        let digit = |at: usize| u8::from_str_radix(hex.get(at..at + 1)?, 16).ok();
        let pair = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
        return match hex.len() {
            3 => Some([digit(0)? * 17, digit(1)? * 17, digit(2)? * 17]),
            6 => Some([pair(0)?, pair(2)?, pair(4)?]),
            _ => None,
        };
    }
    if let Some(inner) = text.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')) {
        let mut parts = inner.split(',').map(|part| part.parse().ok());
        return Some([parts.next()??, parts.next()??, parts.next()??]);
    }
    match text {
        "white" => Some([255; 3]),
        "black" => Some([0; 3]),
        _ => None,
    }
}

/// Reports whether an element below `node` has a style with a declaration that fits. A class may have such a style too.
fn shown_inside(node: &NodeRef, fits: impl Fn(&str) -> bool) -> bool {
    let inner = Walk::new(*node).filter_map(|step| match step {
        Step::Enter(at) if at.id != node.id => Some(at),
        _ => None,
    });
    inner
        .take(LOOKED_AT)
        .any(|at| at.has_attr("class") || tags::style(&at).is_some_and(|style| declares(&style, &fits)))
}

/// Reports whether classes belong to a script that shows an element when a reader scrolls to it.
fn fades_in(class: &str) -> bool {
    let signs = ["fade", "reveal", "animat", "invisible", "scroll"];
    class
        .split_whitespace()
        .any(|c| c == "wow" || c.starts_with("aos") || signs.iter().any(|sign| c.contains(sign)))
}

/// For each style that hides formatting elements, the first of them.
#[derive(Default)]
pub(super) struct Formats(HashMap<String, NodeId>);

impl Formats {
    pub(super) fn note(&mut self, node: &NodeRef, name: &str) {
        if is_formatting(name) && self.0.len() < MAX_FORMATS && is_hidden(node) {
            self.0.entry(format(node, name)).or_insert(node.id);
        }
    }

    /// Reports whether `node` is a formatting element that opened again in a later paragraph, because its end is
    /// missing. Only the first one hides what its author meant to hide.
    pub(super) fn is_reopened(&self, node: &NodeRef, name: &str) -> bool {
        is_formatting(name) && self.0.get(&format(node, name)).is_some_and(|first| *first != node.id)
    }
}

/// Reports whether an element is one that the standard opens again in each later paragraph until it is closed.
fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b" | "big" | "code" | "em" | "font" | "i" | "nobr" | "s" | "small" | "strike" | "strong" | "tt" | "u"
    )
}

/// Returns the name and the style of a formatting element. When it opens again, both are the same.
fn format(node: &NodeRef, name: &str) -> String {
    let style = node.attr("style").unwrap_or_default();
    let class = node.attr("class").unwrap_or_default();
    std::format!("{name} {class} {style}")
}

/// The classes and identifiers that the style sheet of a mail hides on a wide screen.
pub(super) struct Rules {
    /// `.class` and `#id`, in small letters.
    hidden: HashSet<String>,
}

impl Rules {
    /// Reads the style sheets of a document without scripts. Returns `None` if they hide nothing.
    pub(super) fn of_mail(root: NodeRef) -> Option<Rules> {
        let mut sheets = String::new();
        for step in Walk::new(root) {
            let Step::Enter(node) = step else { continue };
            match tags::name_of(&node).as_deref() {
                Some("script") => return None,
                Some("style") => sheets.push_str(&node.text()),
                _ => {}
            }
        }
        let hidden = hidden_by(&sheets);
        (!hidden.is_empty()).then_some(Rules { hidden })
    }

    /// Reports whether a rule hides `node`, and its own style does not show it again.
    pub(super) fn hide(&self, node: &NodeRef) -> bool {
        let shows = tags::style(node).is_some_and(|style| declares(&style, |d| d.starts_with("display:")));
        let is = |sign: char, name: &str| self.hidden.contains(&format!("{sign}{}", name.to_ascii_lowercase()));
        let class = node.attr("class").unwrap_or_default();
        let id = node.attr("id").unwrap_or_default();
        !shows && (class.split_whitespace().any(|name| is('.', name)) || !id.is_empty() && is('#', &id))
    }
}

/// Returns the simple selectors that `sheet` hides. A later rule for the same selector may show it again.
///
/// Rules inside `@media` are for other screens.
fn hidden_by(sheet: &str) -> HashSet<String> {
    let mut hidden: HashSet<String> = HashSet::new();
    let mut rest = sheet;
    for _ in 0..MAX_RULES {
        let Some((selectors, after)) = rest.split_once('{') else {
            break;
        };
        let selectors = selectors.rsplit("*/").next().unwrap_or_default();
        let selectors = selectors.rsplit(['}', ';']).next().unwrap_or_default().trim();
        if selectors.starts_with('@') {
            rest = behind_block(after);
            continue;
        }
        let (body, next) = after.split_once('}').unwrap_or((after, ""));
        rest = next;
        let body: String = body.to_ascii_lowercase().split_whitespace().collect();
        let Some(display) = value(&body, "display") else {
            continue;
        };
        for selector in selectors
            .split(',')
            .map(|selector| selector.trim().to_ascii_lowercase())
        {
            let simple = |name: &str| {
                name.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            };
            let Some(at) = selector.find(['.', '#']).filter(|at| simple(&selector[..*at])) else {
                continue;
            };
            let name = &selector[at..];
            hidden.remove(name);
            if display == "none" && at == 0 && name.len() > 1 && simple(&name[1..]) {
                hidden.insert(name.to_string());
            }
        }
    }
    hidden
}

/// Returns what follows the block whose opening brace stands before `text`.
fn behind_block(text: &str) -> &str {
    let mut depth = 1usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_sheets_hide_by_simple_selectors_outside_of_media_queries() {
        let sheet = "/* .a{display:none} */ .preview, #top { display:none !important; } @media (max-width:600px) { .preview \
                     { display:block } .wide{display:none} } .again{display:none} .again{display:block} .a .b{display:none} \
                     p.small{display:none}";
        let found = hidden_by(sheet);
        assert!(found.contains(".preview") && found.contains("#top"), "{found:?}");
        for shown in [".wide", ".again", ".a", ".b", ".small"] {
            assert!(!found.contains(shown), "{shown}");
        }
        assert!(hidden_by(".a{display:none").contains(".a"));
    }

    #[test]
    fn colours_are_compared_in_any_spelling() {
        for text in ["#fff", "#ffffff", "rgb(255,255,255)", "white"] {
            assert_eq!(colour(text), Some([255; 3]), "{text}");
        }
        for text in ["#ff", "#ggg", "#é", "rgb(1,2)", "url(a.png)", ""] {
            assert_eq!(colour(text), None, "{text}");
        }
    }
}
