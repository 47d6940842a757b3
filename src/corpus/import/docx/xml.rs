//! Reads the XML of a Word file, element by element.
//!
//! Names are compared without their prefix. A document type is refused, so no entity can be declared.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Deepest nesting of elements that is read. Word nests a few dozen.
const MAX_DEPTH: usize = 1_000;

/// A step through a part.
pub(super) enum Step<'a> {
    Enter(Element<'a>),
    /// The end of the element with this name.
    Leave(String),
    Text(String),
}

/// The start of an element.
pub(super) struct Element<'a>(BytesStart<'a>);

impl Element<'_> {
    /// Returns the name without its prefix.
    pub(super) fn name(&self) -> String {
        self.0.local_name().as_ref().to_string()
    }

    /// Returns the value of an attribute, whose name is compared without its prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.0.attributes();
        let found = attributes.with_checks(false).flatten();
        let mut named = found.filter(|attribute| attribute.key.local_name().as_ref() == name);
        Some(
            named
                .next()?
                .normalized_value(XmlVersion::Implicit1_0)
                .ok()?
                .into_owned(),
        )
    }

    /// Returns the attribute `val`, in which Word keeps the value of a property.
    pub(super) fn value(&self) -> Option<String> {
        self.attribute("val")
    }

    /// Reports whether the property is on: it is there, and its value does not turn it off.
    pub(super) fn is_on(&self) -> bool {
        !matches!(
            self.value().as_deref(),
            Some("0" | "false" | "off" | "none" | "baseline")
        )
    }
}

/// The steps through a part, in order.
pub(super) struct Steps<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
}

impl<'a> Steps<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Steps { reader, depth: 0 }
    }

    /// Returns the next step, or `None` at the end of the part.
    pub(super) fn next(&mut self) -> Result<Option<Step<'a>>, String> {
        loop {
            let event = self
                .reader
                .read_event()
                .map_err(|error| format!("its XML is damaged: {error}"))?;
            let step = match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(format!("its XML is nested more than {MAX_DEPTH} deep"));
                    }
                    Step::Enter(Element(start))
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    Step::Leave(end.local_name().as_ref().to_string())
                }
                Event::Text(text) => Step::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Step::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(name) => match character(&name) {
                    Some(c) => Step::Text(c.to_string()),
                    None => return Err(format!("its XML uses the entity &{};, which Word does not", &*name)),
                },
                Event::DocType(_) => return Err("its XML declares a document type, which Word does not".into()),
                Event::Eof if self.depth > 0 => return Err("its XML is damaged: it ends too early".into()),
                Event::Eof => return Ok(None),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            };
            return Ok(Some(step));
        }
    }
}

/// Returns the character of one of the five entities of XML, or of a character reference.
fn character(name: &quick_xml::events::BytesRef) -> Option<char> {
    match &**name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => name.resolve_char_ref().ok().flatten(),
    }
}

/// Adds `text` to `html` with the characters escaped that HTML gives a meaning.
pub(super) fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(xml: &str) -> Result<String, String> {
        let mut steps = Steps::new(xml);
        let mut out = String::new();
        while let Some(step) = steps.next()? {
            if let Step::Text(text) = step {
                out.push_str(&text);
            }
        }
        Ok(out)
    }

    #[test]
    fn entities_are_those_of_xml_only() {
        assert_eq!(texts("<a>x &amp; &#233;<b/></a>"), Ok("x & é".into()));
        let bomb = "<!DOCTYPE a [<!ENTITY b 'bbbb'>]><a>&b;</a>";
        assert!(texts(bomb).unwrap_err().contains("document type"));
        assert!(texts("<a>&b;</a>").unwrap_err().contains("entity"));
        assert!(texts("<a>").unwrap_err().contains("too early"));
        assert!(texts(&"<a>".repeat(2_000)).unwrap_err().contains("deep"));
    }
}
