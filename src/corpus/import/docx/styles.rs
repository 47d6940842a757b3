//! Finds what the styles of a Word file mean: headings, titles, quotations, tables of contents, lists.

use std::collections::HashMap;

use super::xml::{Element, Step, Steps};

/// Longest chain of styles that are based on each other.
const MAX_CHAIN: usize = 20;

/// What programs in other languages call a heading, without its number. Word writes the English name in every language.
const HEADINGS: [&str; 16] = [
    "heading",
    "überschrift",
    "titre",
    "título",
    "titulo",
    "titolo",
    "kop",
    "rubrik",
    "overskrift",
    "otsikko",
    "nagłówek",
    "nadpis",
    "заголовок",
    "标题",
    "標題",
    "見出し",
];

/// What a paragraph is, by its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    /// A heading of level 1 to 6.
    Heading(u8),
    /// A line of a table of contents.
    Contents,
    Quote,
    Text,
}

#[derive(Debug, Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    outline: Option<u8>,
    list: Option<String>,
    list_level: Option<u8>,
    bold: bool,
}

/// The styles of a file by their identifiers.
#[derive(Debug, Default)]
pub(super) struct Styles(HashMap<String, Style>);

impl Styles {
    pub(super) fn read(xml: &str) -> Result<Styles, String> {
        let mut styles = Styles::default();
        let mut open: Option<(String, Style)> = None;
        let mut steps = Steps::new(xml);
        while let Some(step) = steps.next()? {
            match step {
                Step::Enter(element) if element.name() == "style" => {
                    open = element.attribute("styleId").map(|id| (id, Style::default()));
                }
                Step::Enter(element) => {
                    if let Some((_, style)) = &mut open {
                        style.take(&element);
                    }
                }
                Step::Leave(name) if name == "style" => styles.0.extend(open.take()),
                _ => {}
            }
        }
        Ok(styles)
    }

    /// Returns the style `id` and those it is based on.
    fn chain<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Style> {
        let mut next = Some(id);
        std::iter::from_fn(move || {
            let style = self.0.get(next?)?;
            next = style.based_on.as_deref();
            Some(style)
        })
        .take(MAX_CHAIN)
    }

    /// Returns what a paragraph of the style `id` is.
    pub(super) fn role(&self, id: &str) -> Role {
        if !self.0.contains_key(id) {
            return role_of(id).unwrap_or(Role::Text);
        }
        for style in self.chain(id) {
            if let Some(role) = role_of(&style.name) {
                return role;
            }
            if let Some(level) = style.outline {
                return heading(level);
            }
        }
        Role::Text
    }

    /// Returns the list and the level of the style `id`, if its paragraphs are items.
    pub(super) fn list(&self, id: &str) -> Option<(String, u8)> {
        let level = self.chain(id).find_map(|style| style.list_level).unwrap_or(0);
        let list = self.chain(id).find_map(|style| style.list.clone())?;
        Some((list, level))
    }

    /// Reports whether the text of the style `id` is in bold.
    pub(super) fn is_bold(&self, id: &str) -> bool {
        self.0.get(id).is_some_and(|style| style.bold)
    }
}

impl Style {
    fn take(&mut self, property: &Element) {
        match property.name().as_str() {
            "name" => self.name = property.value().unwrap_or_default(),
            "basedOn" => self.based_on = property.value(),
            "outlineLvl" => self.outline = property.value().and_then(|level| level.parse().ok()),
            "numId" => self.list = property.value(),
            "ilvl" => self.list_level = property.value().and_then(|level| level.parse().ok()),
            "b" => self.bold = property.is_on(),
            _ => {}
        }
    }
}

/// Returns what the outline level `level` means: 0 is the highest, and 9 is text.
pub(super) fn heading(level: u8) -> Role {
    match level {
        0..=8 => Role::Heading((level + 1).min(6)),
        _ => Role::Text,
    }
}

/// Returns what a name of a style means by itself.
fn role_of(name: &str) -> Option<Role> {
    let name: String = name.to_lowercase().split_whitespace().collect();
    let (word, number) = name.split_at(name.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    let level = number.parse::<u8>().ok().filter(|level| (1..=9).contains(level));
    match (word, level) {
        ("title", None) => Some(Role::Title),
        ("toc" | "contents" | "tableofcontents", _) | ("tocheading" | "contentsheading", None) => Some(Role::Contents),
        ("quote" | "intensequote" | "quotations" | "blocktext", None) => Some(Role::Quote),
        (word, Some(level)) if HEADINGS.contains(&word) => Some(heading(level - 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_by_name_by_level_and_by_what_they_are_based_on() {
        let styles = Styles::read(
            "<w:styles xmlns:w='w'>\
             <w:style w:styleId='berschrift1'><w:name w:val='heading 1'/></w:style>\
             <w:style w:styleId='Mine'><w:name w:val='Chapter'/><w:basedOn w:val='berschrift1'/></w:style>\
             <w:style w:styleId='Own'><w:name w:val='Own'/><w:pPr><w:outlineLvl w:val='2'/></w:pPr></w:style>\
             <w:style w:styleId='Loop'><w:name w:val='x'/><w:basedOn w:val='Loop'/></w:style>\
             <w:style w:styleId='V1'><w:name w:val='toc 1'/></w:style>\
             <w:style w:styleId='LB'><w:name w:val='List Bullet'/><w:pPr><w:numPr><w:numId w:val='4'/></w:numPr></w:pPr>\
             </w:style></w:styles>",
        )
        .unwrap();
        for (id, role) in [
            ("berschrift1", Role::Heading(1)),
            ("Mine", Role::Heading(1)),
            ("Own", Role::Heading(3)),
            ("Loop", Role::Text),
            ("V1", Role::Contents),
            ("Heading2", Role::Heading(2)),
            ("Überschrift 3", Role::Heading(3)),
            ("Title", Role::Title),
            ("Normal", Role::Text),
        ] {
            assert_eq!(styles.role(id), role, "{id}");
        }
        assert_eq!(styles.list("LB"), Some(("4".into(), 0)));
    }
}
