//! Writes the text of a Word file as HTML, which the HTML reader turns into blocks.
//!
//! The HTML has only what Word means: headings, paragraphs, items, tables, links, emphasis, marks of notes. Insertions
//! that are tracked are text, and deletions are kept apart.

use std::collections::HashMap;

use super::numbering::{Label, Numbering};
use super::paragraph::{Paragraph, Run, target_of};
use super::styles::{Role, Styles};
use super::xml::{Element, Step, Steps, escape};

/// Elements whose content is not text: old properties, the place of text that was moved, the second form of a drawing.
const PASSED: [&str; 13] = [
    "Fallback",
    "moveFrom",
    "pPrChange",
    "rPrChange",
    "sectPrChange",
    "tblPrChange",
    "tcPrChange",
    "trPrChange",
    "sdtPr",
    "customXmlPr",
    "sectPr",
    "rt",
    "binData",
];

/// What is known of the whole file.
pub(super) struct Known {
    pub styles: Styles,
    pub numbering: Numbering,
}

/// A part as HTML, and what is not in it.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub html: String,
    /// The lines of the table of contents.
    pub contents: Vec<String>,
    /// Deletions that are tracked.
    pub deleted: String,
    /// The notes that the text refers to, in order: `footnote 2`.
    pub notes: Vec<String>,
    /// The notes or comments of a part that has them, by the same names, as HTML.
    pub entries: Vec<(String, String)>,
    /// Number of whole files that are embedded in the text.
    pub embedded: usize,
    pub has_title: bool,
}

/// Writes the part `xml`, whose links lead to `links`.
pub(super) fn write(xml: &str, known: &mut Known, links: &HashMap<String, String>) -> Result<Written, String> {
    let mut writer = Writer {
        known,
        links,
        out: Written::default(),
        list: None,
        cells: 0,
        paragraphs: Vec::new(),
        boxes: Vec::new(),
        run: Run::default(),
        in_properties: 0,
        in_text: 0,
        in_deletion: 0,
        in_instruction: 0,
        rows: Vec::new(),
        fields: Vec::new(),
        entry: None,
    };
    let mut steps = Steps::new(xml);
    let mut passed = 0;
    while let Some(step) = steps.next()? {
        match step {
            Step::Enter(_) if passed > 0 => passed += 1,
            Step::Leave(_) if passed > 0 => passed -= 1,
            Step::Enter(element) => {
                let name = element.name();
                if PASSED.contains(&name.as_str()) {
                    passed = 1;
                } else {
                    writer.enter(&name, &element);
                }
            }
            Step::Leave(name) => writer.leave(&name),
            Step::Text(text) if passed == 0 => writer.text(&text),
            Step::Text(_) => {}
        }
    }
    writer.close_list();
    Ok(writer.out)
}

/// A field: what it does, and whether its result is being read.
struct Field {
    instruction: String,
    linked: bool,
}

struct Writer<'a> {
    known: &'a mut Known,
    links: &'a HashMap<String, String>,
    out: Written,
    /// Whether a list is open, and whether it is numbered.
    list: Option<bool>,
    /// Number of open table cells.
    cells: usize,
    paragraphs: Vec<Paragraph>,
    /// The text around the open text boxes.
    boxes: Vec<(String, Option<bool>)>,
    run: Run,
    in_properties: usize,
    in_text: usize,
    in_deletion: usize,
    in_instruction: usize,
    /// For each open table, whether its row is the head.
    rows: Vec<Row>,
    fields: Vec<Field>,
    entry: Option<String>,
}

/// The open row of a table.
#[derive(Default)]
struct Row {
    /// Whether the first row of the table names its columns.
    headed: bool,
    number: usize,
    is_head: bool,
    /// Whether the tag of the open cell is still to be written, and how many columns it covers.
    cell: Option<String>,
}

impl Writer<'_> {
    fn enter(&mut self, name: &str, element: &Element) {
        match name {
            "p" => {
                self.begin_cell();
                self.paragraphs.push(Paragraph::default());
            }
            "pPr" | "rPr" => {
                if name == "pPr" {
                    self.in_properties += 1;
                }
            }
            "r" => self.run = Run::default(),
            "t" => self.in_text += 1,
            "delText" => self.in_deletion += 1,
            "instrText" => self.in_instruction += 1,
            "tab" | "ptab" if self.in_properties == 0 => self.put(" "),
            "br" | "cr" => self.put(match element.attribute("type").as_deref() {
                Some("page" | "column") => " ",
                _ => "<br>",
            }),
            "noBreakHyphen" => self.put("-"),
            "sym" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.symbol(element);
                }
            }
            "txbxContent" => self.boxes.push((std::mem::take(&mut self.out.html), self.list.take())),
            "tbl" => {
                self.begin_cell();
                self.close_list();
                self.out.html.push_str("<table>");
                self.rows.push(Row::default());
            }
            "tblLook" => self.look(element),
            "tr" => {
                if let Some(row) = self.rows.last_mut() {
                    row.number += 1;
                    row.is_head = row.headed && row.number == 1;
                }
                self.out.html.push_str("<tr>");
            }
            "tblHeader" if element.is_on() => {
                if let Some(row) = self.rows.last_mut() {
                    row.is_head = true;
                }
            }
            "tc" => {
                self.cells += 1;
                if let Some(row) = self.rows.last_mut() {
                    row.cell = Some(String::new());
                }
            }
            "gridSpan" => {
                let columns = element.value().and_then(|count| count.parse::<u16>().ok());
                if let (Some(cell), Some(columns)) = (self.rows.last_mut().and_then(|r| r.cell.as_mut()), columns) {
                    *cell = format!(" colspan=\"{columns}\"");
                }
            }
            "hyperlink" => {
                let target = element.attribute("id").and_then(|id| self.links.get(&id).cloned());
                self.open_link(target.as_deref());
            }
            "fldSimple" => {
                let instruction = element.attribute("instr").unwrap_or_default();
                self.open_link(target_of(&instruction).as_deref());
            }
            "fldChar" => self.field(element),
            "footnoteReference" | "endnoteReference" => self.note(name, element),
            "footnote" | "endnote" | "comment" => {
                let id = element.attribute("id").unwrap_or_default();
                let apart = element.attribute("type").is_some_and(|kind| kind != "normal");
                self.close_list();
                self.out.html.clear();
                self.entry = (!apart).then(|| format!("{name} {id}"));
            }
            "altChunk" => self.out.embedded += 1,
            "docPr" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.picture(element);
                }
            }
            _ if self.in_properties > 0 => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.set(name, element);
                }
            }
            _ => self.run.set(name, element, &self.known.styles),
        }
    }

    fn leave(&mut self, name: &str) {
        match name {
            "p" => self.end_paragraph(),
            "pPr" => self.in_properties = self.in_properties.saturating_sub(1),
            "t" => self.in_text = self.in_text.saturating_sub(1),
            "delText" => {
                self.in_deletion = self.in_deletion.saturating_sub(1);
                self.out.deleted.push(' ');
            }
            "instrText" => self.in_instruction = self.in_instruction.saturating_sub(1),
            "txbxContent" => {
                self.close_list();
                if let Some((around, list)) = self.boxes.pop() {
                    let inside = std::mem::replace(&mut self.out.html, around);
                    self.list = list;
                    match self.paragraphs.last_mut() {
                        Some(paragraph) => paragraph.boxes.push_str(&inside),
                        None => self.out.html.push_str(&inside),
                    }
                }
            }
            "tbl" => {
                self.close_list();
                self.rows.pop();
                self.out.html.push_str("</table>");
            }
            "tr" => self.out.html.push_str("</tr>"),
            "tc" => {
                self.begin_cell();
                self.close_list();
                self.cells = self.cells.saturating_sub(1);
                let is_head = self.rows.last().is_some_and(|row| row.is_head);
                self.out.html.push_str(if is_head { "</th>" } else { "</td>" });
            }
            "hyperlink" | "fldSimple" => self.close_link(),
            "footnote" | "endnote" | "comment" => {
                self.close_list();
                let html = std::mem::take(&mut self.out.html);
                self.out.entries.extend(self.entry.take().map(|name| (name, html)));
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.in_instruction > 0 {
            if let Some(field) = self.fields.last_mut() {
                field.instruction.push_str(text);
            }
        } else if self.in_deletion > 0 {
            self.out.deleted.push_str(text);
        } else if self.in_text > 0
            && let Some(paragraph) = self.paragraphs.last_mut()
        {
            paragraph.text(&self.run, text);
        }
    }

    /// Adds a piece of HTML to the open paragraph.
    fn put(&mut self, html: &str) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.html.push_str(html);
        }
    }

    /// Writes the tag of a cell before its first content, when its properties are known.
    fn begin_cell(&mut self) {
        if let Some(row) = self.rows.last_mut()
            && let Some(columns) = row.cell.take()
        {
            self.close_list();
            let name = if self.rows.last().is_some_and(|row| row.is_head) {
                "th"
            } else {
                "td"
            };
            self.out.html.push_str(&format!("<{name}{columns}>"));
        }
    }

    /// Reads whether the first row of a table names its columns.
    fn look(&mut self, element: &Element) {
        let flag = |name: &str| {
            element
                .attribute(name)
                .map(|value| matches!(value.as_str(), "1" | "true"))
        };
        let bits = || element.value().and_then(|value| u32::from_str_radix(&value, 16).ok());
        let headed = flag("firstRow").unwrap_or_else(|| bits().is_some_and(|bits| bits & 0x20 != 0));
        if let Some(row) = self.rows.last_mut() {
            row.headed = headed;
        }
    }

    fn field(&mut self, element: &Element) {
        match element.attribute("fldCharType").as_deref() {
            Some("begin") => self.fields.push(Field {
                instruction: String::new(),
                linked: false,
            }),
            Some("separate") => {
                let target = self.fields.last().and_then(|field| target_of(&field.instruction));
                if let (Some(target), Some(field)) = (target, self.fields.last_mut()) {
                    field.linked = true;
                    self.open_link(Some(&target));
                }
            }
            Some("end") => {
                let is_linked = self.fields.pop().is_some_and(|field| field.linked);
                if is_linked {
                    self.close_link();
                }
            }
            _ => {}
        }
    }

    fn open_link(&mut self, target: Option<&str>) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.open_link(target.unwrap_or_default());
        }
    }

    fn close_link(&mut self) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.close_link();
        }
    }

    /// Writes the mark of a note.
    fn note(&mut self, name: &str, element: &Element) {
        let kind = name.trim_end_matches("Reference");
        let id = format!("{kind} {}", element.attribute("id").unwrap_or_default());
        let known = self.out.notes.iter().position(|note| *note == id);
        let at = known.unwrap_or_else(|| {
            self.out.notes.push(id);
            self.out.notes.len() - 1
        });
        self.put(&format!("[^{}]", at + 1));
    }

    fn close_list(&mut self) {
        if let Some(numbered) = self.list.take() {
            self.out.html.push_str(if numbered { "</ol>" } else { "</ul>" });
        }
    }

    fn end_paragraph(&mut self) {
        let Some(mut paragraph) = self.paragraphs.pop() else {
            return;
        };
        paragraph.close_links();
        let boxes = std::mem::take(&mut paragraph.boxes);
        self.write_paragraph(paragraph);
        if !boxes.is_empty() {
            self.close_list();
            self.out.html.push_str(&boxes);
        }
    }

    fn write_paragraph(&mut self, paragraph: Paragraph) {
        let role = paragraph.role(&self.known.styles);
        if !paragraph.has_text {
            self.close_list();
            if paragraph.ruled && self.cells == 0 {
                self.out.html.push_str("<hr>");
            }
            self.out.html.push_str(&paragraph.html);
            return;
        }
        let label = paragraph
            .list(&self.known.styles)
            .and_then(|(list, level)| self.known.numbering.next(&list, level));
        let mut text = paragraph.html;
        if let Some(Label::Text(label)) = &label {
            // The number of a chapter is not a part of its title, but `Question 4:` is.
            if !matches!(role, Role::Heading(_)) || label.contains(|c: char| c.is_alphabetic()) {
                let mut labelled = String::new();
                escape(&mut labelled, label);
                text = format!("{labelled} {text}");
            }
        }
        let item = match (&role, &label) {
            (Role::Text | Role::Quote, Some(Label::Bullet)) => Some(None),
            (Role::Text | Role::Quote, Some(Label::Number(number))) => Some(Some(*number)),
            _ => None,
        };
        if let (Some(number), 0) = (item, self.cells) {
            if self.list != Some(number.is_some()) {
                self.close_list();
                self.out.html.push_str(if number.is_some() { "<ol>" } else { "<ul>" });
                self.list = Some(number.is_some());
            }
            let value = number.map(|number| format!(" value=\"{number}\"")).unwrap_or_default();
            self.out.html.push_str(&format!("<li{value}>{text}</li>"));
            return;
        }
        self.close_list();
        // A list in a cell would make the table look like one for layout.
        let text = match item {
            Some(Some(number)) => format!("{number}. {text}"),
            Some(None) => format!("• {text}"),
            None => text,
        };
        let tag = match role {
            Role::Title => {
                self.out.has_title = true;
                "h1".to_string()
            }
            Role::Heading(level) => format!("h{level}"),
            Role::Contents => return self.out.contents.push(text),
            Role::Quote => "blockquote".into(),
            Role::Text => "p".into(),
        };
        self.out.html.push_str(&format!("<{tag}>{text}</{tag}>"));
    }
}
