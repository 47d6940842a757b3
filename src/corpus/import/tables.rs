//! Distinguishes tables of data from tables used for layout, and writes data as Markdown.

use dom_query::NodeRef;

use super::survey::{Count, Survey};
use super::tags::{self, Step, Walk};

/// Most words in a cell, for a table without header cells.
const CELL_WORDS: usize = 12;

/// Reports whether `table` has rows of data.
///
/// Mail uses tables for layout. These are marked as such, or contain other tables or paragraphs.
pub(super) fn is_data(table: &NodeRef, survey: &Survey) -> bool {
    let role = table.attr("role").unwrap_or_default();
    if matches!(&*role, "presentation" | "none") {
        return false;
    }
    let (mut heads, mut rows, mut cells, mut figures, mut most) = (0, Vec::new(), 0usize, 0usize, 0usize);
    let mut plain = true;
    for step in Walk::new(*table) {
        let Step::Enter(node) = step else { continue };
        let Some(name) = tags::name_of(&node) else { continue };
        match &*name {
            "table" if node.id != table.id => return false,
            "th" | "caption" | "thead" => heads += 1,
            "tr" => rows.push(0usize),
            "h1" | "h2" | "h3" | "ul" | "ol" | "hr" | "blockquote" | "form" | "input" | "button" => plain = false,
            _ => {}
        }
        if matches!(&*name, "td" | "th") {
            let Count {
                words: count, bytes, ..
            } = survey.count(&node);
            cells += 1;
            most = most.max(count);
            figures +=
                usize::from(count <= 4 && bytes <= 60 && tags::text_of(node).contains(|c: char| c.is_ascii_digit()));
            if let Some(row) = rows.last_mut() {
                *row += 1;
            }
        }
    }
    let columns = rows.iter().copied().max().unwrap_or(0);
    let even = rows.iter().filter(|&&n| n == columns).count() * 4 >= rows.len() * 3;
    let grid = rows.len() >= 2 && columns >= 2 && even;
    // Header cells are a sign of data in a grid whose cells have at most 80 words.
    let headed = heads > 0 && grid && most <= 80;
    // Without header cells, the cells must be short, and at least a quarter of them must have figures.
    let figured = grid && plain && rows.len() >= 3 && most <= CELL_WORDS && figures * 4 >= cells;
    headed && plain || figured
}

/// A table that is being read.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: Vec<Vec<String>>,
    /// Whether the first row names the columns.
    headed: bool,
}

impl Rows {
    pub(super) fn row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(super) fn cell(&mut self, text: &str, is_head: bool) {
        if self.rows.is_empty() {
            self.row();
        }
        self.headed |= is_head && self.rows.len() == 1;
        if let Some(row) = self.rows.last_mut() {
            row.push(text.replace('|', "/"));
        }
    }

    /// Returns the table in Markdown, one line for each row.
    pub(super) fn markdown(mut self) -> String {
        self.rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut out = String::new();
        for (at, row) in self.rows.iter().enumerate() {
            if at > 0 {
                out.push('\n');
            }
            out.push_str(&format!("| {} |", row.join(" | ")));
            if at == 0 && self.headed && self.rows.len() > 1 {
                out.push_str(&format!("\n|{}", " --- |".repeat(columns)));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(html: &str) -> bool {
        let document = dom_query::Document::from(html);
        let table = document.select("table").nodes()[0];
        is_data(&table, &Survey::new(document.root(), false))
    }

    #[test]
    fn figures_are_data_and_layout_is_not() {
        assert!(data("<table><tr><th>Plan<th>Price<tr><td>Team<td>$29</table>"));
        assert!(data(
            "<table><tr><td>Plan<td>Price<tr><td>Team<td>$29<tr><td>Firm<td>$99</table>"
        ));
        assert!(!data(
            "<table role=presentation><tr><th>Plan<th>Price<tr><td>Team<td>$29</table>"
        ));
        assert!(!data("<table><tr><td><table><tr><td>1<td>2</table></table>"));
        assert!(!data("<table><tr><td>One column<tr><td>and another</table>"));
        assert!(!data(
            "<table><tr><td>•</td><td>Prices rise</td></tr><tr><td>•</td><td>Nobody reads</td></tr></table>"
        ));
    }

    #[test]
    fn a_row_is_a_line() {
        let mut rows = Rows::default();
        rows.row();
        rows.cell("Plan", true);
        rows.cell("Price", true);
        rows.row();
        rows.cell("Team | all", false);
        rows.cell("$29", false);
        assert_eq!(rows.markdown(), "| Plan | Price |\n| --- | --- |\n| Team / all | $29 |");
    }
}
