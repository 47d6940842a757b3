//! Counts the items of a Word file's lists, as Word does when it shows them.

use std::collections::{HashMap, HashSet};

use super::xml::{Element, Step, Steps};

/// Number of levels of a list.
const LEVELS: usize = 9;

/// What stands in front of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Label {
    Bullet,
    /// A number alone: `3.` or `3)`.
    Number(u32),
    /// Anything else: `a)`, `2.1`, `Question 4:`.
    Text(String),
}

#[derive(Debug, Clone, Default)]
struct Level {
    format: String,
    /// The label with `%1` for the number of the highest level.
    text: String,
    start: Option<u32>,
}

/// The definition that lists share, and with it their count.
#[derive(Debug, Clone, Default)]
struct Definition {
    levels: [Level; LEVELS],
    /// The style that defines the list instead, or that this is the definition of.
    link: Option<String>,
    defines: Option<String>,
}

#[derive(Debug, Default)]
struct List {
    definition: String,
    starts: [Option<u32>; LEVELS],
}

/// The lists of a file and how far each is counted.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    definitions: HashMap<String, Definition>,
    lists: HashMap<String, List>,
    counts: HashMap<String, [Option<u32>; LEVELS]>,
    begun: HashSet<String>,
}

impl Numbering {
    pub(super) fn read(xml: &str) -> Result<Numbering, String> {
        let mut out = Numbering::default();
        let mut definition: Option<(String, Definition)> = None;
        let mut list: Option<(String, List)> = None;
        let mut level = 0;
        let mut steps = Steps::new(xml);
        while let Some(step) = steps.next()? {
            match step {
                Step::Enter(element) => match element.name().as_str() {
                    "abstractNum" => {
                        definition = element.attribute("abstractNumId").map(|id| (id, Definition::default()));
                    }
                    "num" => list = element.attribute("numId").map(|id| (id, List::default())),
                    "lvl" | "lvlOverride" => {
                        let at = element.attribute("ilvl").and_then(|at| at.parse().ok());
                        level = at.unwrap_or(0).min(LEVELS - 1);
                    }
                    name => match (&mut list, &mut definition) {
                        (Some((_, list)), _) => list.take(name, &element, level),
                        (None, Some((_, definition))) => definition.take(name, &element, level),
                        (None, None) => {}
                    },
                },
                Step::Leave(name) if name == "abstractNum" => out.definitions.extend(definition.take()),
                Step::Leave(name) if name == "num" => out.lists.extend(list.take()),
                _ => {}
            }
        }
        Ok(out)
    }

    /// Counts the next item of the list `id` at `level` and returns its label. `None` if it shows none.
    pub(super) fn next(&mut self, id: &str, level: u8) -> Option<Label> {
        let at = usize::from(level).min(LEVELS - 1);
        let list = self.lists.get(id)?;
        let shared = self.definition(&list.definition)?;
        let counts = self.counts.entry(list.definition.clone()).or_default();
        if self.begun.insert(id.to_string()) {
            // A list that sets its start does not continue the count of another.
            for (count, _) in counts.iter_mut().zip(list.starts).filter(|(_, start)| start.is_some()) {
                *count = None;
            }
        }
        let start = |at: usize| list.starts[at].or(shared.levels[at].start).unwrap_or(1);
        counts[at] = Some(counts[at].map_or(start(at), |count| count.saturating_add(1)));
        counts[at + 1..].fill(None);
        let numbers: [u32; LEVELS] = std::array::from_fn(|at| counts[at].unwrap_or(start(at)));
        shared.levels[at].clone().label(&shared, numbers, numbers[at])
    }

    /// Returns the definition `id`, or the one that its style names instead.
    fn definition(&self, id: &str) -> Option<Definition> {
        let found = self.definitions.get(id)?;
        let Some(link) = &found.link else {
            return Some(found.clone());
        };
        let defines = |other: &&Definition| other.defines.as_ref() == Some(link);
        Some(self.definitions.values().find(defines).unwrap_or(found).clone())
    }
}

impl Definition {
    fn take(&mut self, name: &str, element: &Element, level: usize) {
        let level = &mut self.levels[level];
        match name {
            "start" => level.start = number(element),
            "numFmt" => level.format = element.value().unwrap_or_default(),
            "lvlText" => level.text = element.value().unwrap_or_default(),
            "numStyleLink" => self.link = element.value(),
            "styleLink" => self.defines = element.value(),
            _ => {}
        }
    }
}

impl List {
    fn take(&mut self, name: &str, element: &Element, level: usize) {
        match name {
            "abstractNumId" => self.definition = element.value().unwrap_or_default(),
            "startOverride" => self.starts[level] = number(element),
            _ => {}
        }
    }
}

fn number(element: &Element) -> Option<u32> {
    element.value()?.parse().ok()
}

impl Level {
    fn label(&self, of: &Definition, numbers: [u32; LEVELS], own: u32) -> Option<Label> {
        if self.format == "bullet" {
            return Some(Label::Bullet);
        }
        let mut text = String::new();
        let mut rest = self.text.as_str();
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            let digit = after.chars().next().and_then(|c| c.to_digit(10)).unwrap_or(0) as usize;
            match digit {
                1..=LEVELS => {
                    text.push_str(&written(numbers[digit - 1], &of.levels[digit - 1].format));
                    rest = &after[1..];
                }
                _ => {
                    text.push('%');
                    rest = after;
                }
            }
        }
        text.push_str(rest);
        let text = text.trim();
        let bare = text.strip_suffix(['.', ')']).unwrap_or(text);
        match () {
            () if text.is_empty() => None,
            () if bare == own.to_string() => Some(Label::Number(own)),
            () => Some(Label::Text(text.to_string())),
        }
    }
}

/// Writes a number as a format of Word's says.
fn written(number: u32, format: &str) -> String {
    match format {
        "lowerLetter" => letters(number),
        "upperLetter" => letters(number).to_uppercase(),
        "lowerRoman" => roman(number),
        "upperRoman" => roman(number).to_uppercase(),
        "decimalZero" => format!("{number:02}"),
        "none" | "bullet" => String::new(),
        _ => number.to_string(),
    }
}

/// Writes 1 as `a`, 26 as `z` and 27 as `aa`, as Word does.
fn letters(number: u32) -> String {
    if !(1..=780).contains(&number) {
        return number.to_string();
    }
    let letter = char::from(b'a' + ((number - 1) % 26) as u8);
    std::iter::repeat_n(letter, (number as usize - 1) / 26 + 1).collect()
}

fn roman(number: u32) -> String {
    const SIGNS: [(u32, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    if !(1..4_000).contains(&number) {
        return number.to_string();
    }
    let (mut out, mut left) = (String::new(), number);
    for (value, sign) in SIGNS {
        while left >= value {
            out.push_str(sign);
            left -= value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_counted_as_word_counts_them() {
        let level = |at: u8, format: &str, text: &str| {
            format!("<lvl ilvl='{at}'><start val='1'/><numFmt val='{format}'/><lvlText val='{text}'/></lvl>")
        };
        let xml = format!(
            "<numbering><abstractNum abstractNumId='0'>{}{}{}</abstractNum>\
             <abstractNum abstractNumId='1'>{}</abstractNum><abstractNum abstractNumId='2'>{}</abstractNum>\
             <num numId='1'><abstractNumId val='0'/></num><num numId='2'><abstractNumId val='0'/>\
             <lvlOverride ilvl='0'><startOverride val='7'/></lvlOverride></num>\
             <num numId='3'><abstractNumId val='1'/></num><num numId='4'><abstractNumId val='2'/></num></numbering>",
            level(0, "decimal", "%1."),
            level(1, "lowerLetter", "%2)"),
            level(2, "lowerRoman", "%1.%2.%3"),
            level(0, "bullet", "o"),
            level(0, "decimal", "Question %1:"),
        );
        let mut lists = Numbering::read(&xml).unwrap();
        let text = |text: &str| Some(Label::Text(text.into()));
        for (id, level, label) in [
            ("1", 0, Some(Label::Number(1))),
            ("1", 1, text("a)")),
            ("1", 1, text("b)")),
            ("1", 0, Some(Label::Number(2))),
            ("1", 1, text("a)")),
            ("1", 2, text("2.a.i")),
            ("2", 0, Some(Label::Number(7))),
            ("2", 0, Some(Label::Number(8))),
            ("3", 0, Some(Label::Bullet)),
            ("4", 0, text("Question 1:")),
            ("9", 0, None),
        ] {
            assert_eq!(lists.next(id, level), label, "{id} {level}");
        }
        assert_eq!((letters(27), roman(1994)), ("aa".into(), "mcmxciv".into()));
    }
}
