//! A paragraph of a Word file while it is read: its properties, and its text as HTML.

use super::styles::{Role, Styles, heading};
use super::xml::{Element, escape};

/// A paragraph that is being read.
#[derive(Default)]
pub(super) struct Paragraph {
    style: Option<String>,
    outline: Option<u8>,
    list: Option<String>,
    level: Option<u8>,
    pub html: String,
    pub has_text: bool,
    /// Whether a line is drawn above or below it.
    pub ruled: bool,
    /// Open links.
    links: usize,
    /// The text boxes that are anchored in it.
    pub boxes: String,
}

/// How the text of a run looks.
#[derive(Default, Clone)]
pub(super) struct Run {
    bold: bool,
    raised: bool,
    hidden: bool,
    struck: bool,
}

impl Run {
    pub fn set(&mut self, name: &str, element: &Element, styles: &Styles) {
        match name {
            "rStyle" => self.bold |= element.value().is_some_and(|id| styles.is_bold(&id)),
            "b" => self.bold = element.is_on(),
            "strike" | "dstrike" => self.struck = element.is_on(),
            "vanish" => self.hidden = element.is_on(),
            "vertAlign" => self.raised = element.value().as_deref() == Some("superscript"),
            _ => {}
        }
    }
}

impl Paragraph {
    pub fn set(&mut self, name: &str, element: &Element) {
        match name {
            "pStyle" => self.style = element.value(),
            "outlineLvl" => self.outline = element.value().and_then(|level| level.parse().ok()),
            "numId" => self.list = element.value(),
            "ilvl" => self.level = element.value().and_then(|level| level.parse().ok()),
            "top" | "bottom" => self.ruled |= element.is_on(),
            _ => {}
        }
    }

    pub fn role(&self, styles: &Styles) -> Role {
        match self.outline {
            Some(level @ 0..=8) => heading(level),
            _ => self.style.as_deref().map_or(Role::Text, |style| styles.role(style)),
        }
    }

    /// Returns the list that it is in, and the level there.
    pub fn list(&self, styles: &Styles) -> Option<(String, u8)> {
        let of_style = self.style.as_deref().and_then(|style| styles.list(style));
        let level = self.level.or(of_style.as_ref().map(|(_, level)| *level)).unwrap_or(0);
        let list = self.list.clone().or(of_style.map(|(list, _)| list))?;
        (list != "0").then_some((list, level))
    }

    pub fn text(&mut self, run: &Run, text: &str) {
        self.has_text |= !text.trim().is_empty();
        let tags = [
            (run.hidden, "<span hidden>", "</span>"),
            (run.struck, "<s>", "</s>"),
            (run.bold, "<b>", "</b>"),
            (run.raised, "<sup>", "</sup>"),
        ];
        let html = &mut self.html;
        tags.iter().filter(|tag| tag.0).for_each(|tag| html.push_str(tag.1));
        escape(html, text);
        tags.iter()
            .rev()
            .filter(|tag| tag.0)
            .for_each(|tag| html.push_str(tag.2));
    }

    /// Adds a character of a font for symbols, if it is a character of Unicode too.
    pub fn symbol(&mut self, element: &Element) {
        let code = element
            .attribute("char")
            .and_then(|code| u32::from_str_radix(&code, 16).ok());
        let known = code
            .and_then(char::from_u32)
            .filter(|c| !('\u{e000}'..='\u{f8ff}').contains(c));
        if let Some(c) = known {
            escape(&mut self.html, c.encode_utf8(&mut [0; 4]));
        }
    }

    /// Adds the description of a picture.
    pub fn picture(&mut self, element: &Element) {
        if let Some(shows) = element.attribute("descr").filter(|text| !text.trim().is_empty()) {
            self.html.push_str("<img alt=\"");
            escape(&mut self.html, &shows);
            self.html.push_str("\">");
        }
    }

    pub fn open_link(&mut self, target: &str) {
        self.links += 1;
        self.html.push_str("<a href=\"");
        escape(&mut self.html, target);
        self.html.push_str("\">");
    }

    pub fn close_link(&mut self) {
        if self.links > 0 {
            self.links -= 1;
            self.html.push_str("</a>");
        }
    }

    pub fn close_links(&mut self) {
        while self.links > 0 {
            self.close_link();
        }
    }
}

/// Returns the address in a field such as `HYPERLINK "https://example.org"`.
pub(super) fn target_of(instruction: &str) -> Option<String> {
    let rest = instruction.trim_start().strip_prefix("HYPERLINK")?.trim_start();
    let rest = rest.strip_prefix('"')?;
    Some(rest.split('"').next()?.to_string())
}
