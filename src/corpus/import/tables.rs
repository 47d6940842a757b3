//! Distinguishes tables of data from tables used for layout, and writes data as Markdown.

use dom_query::NodeRef;

use super::survey::{Count, Survey};
use super::tags::{self, Step, Walk};

/// Most words in a cell, for a table without header cells.
const CELL_WORDS: usize = 12;
/// Most columns or rows that one cell covers.
const MAX_SPAN: usize = 50;
/// Most empty cells for each cell of a table, so that a small page cannot fill the memory.
const BLANKS_PER_CELL: usize = 8;

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
    // Cells that cover the next rows: how many of them, and how many columns.
    let mut covered: Vec<(usize, usize)> = Vec::new();
    for step in Walk::new(*table) {
        let Step::Enter(node) = step else { continue };
        let Some(name) = tags::name_of(&node) else { continue };
        match &*name {
            "table" if node.id != table.id => return false,
            "th" | "caption" | "thead" => heads += 1,
            "tr" => {
                rows.push(covered.iter().map(|(_, across)| across).sum::<usize>());
                covered.retain_mut(|(down, _)| {
                    *down -= 1;
                    *down > 0
                });
            }
            "h1" | "h2" | "h3" | "ul" | "ol" | "hr" | "blockquote" | "form" | "input" | "button" => plain = false,
            _ => {}
        }
        if matches!(&*name, "td" | "th") {
            let (across, down) = span(&node);
            let Count {
                words: count, bytes, ..
            } = survey.count(&node);
            cells += 1;
            most = most.max(count);
            figures +=
                usize::from(count <= 4 && bytes <= 60 && tags::text_of(node).contains(|c: char| c.is_ascii_digit()));
            if let Some(row) = rows.last_mut() {
                *row += across;
            }
            if down > 1 {
                covered.push((down - 1, across));
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

/// Returns how many columns and rows a cell covers.
pub(super) fn span(cell: &NodeRef) -> (usize, usize) {
    let count = |name: &str| cell.attr(name).and_then(|value| value.trim().parse().ok());
    let bounded = |name: &str| count(name).unwrap_or(1usize).clamp(1, MAX_SPAN);
    (bounded("colspan"), bounded("rowspan"))
}

/// Reports whether all of a cell's text is in bold, as in the first row of a table without header cells.
pub(super) fn is_bold(cell: &NodeRef) -> bool {
    let text = tags::text_of(*cell);
    let bold = Walk::new(*cell).find_map(|step| match step {
        Step::Enter(node) => tags::name_of(&node)
            .filter(|name| matches!(&**name, "b" | "strong"))
            .map(|_| node),
        Step::Leave(_) => None,
    });
    let inner = bold.map(tags::text_of);
    !text.trim().is_empty() && inner.is_some_and(|inner| inner.trim() == text.trim())
}

/// A table that is being read.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: Vec<Vec<String>>,
    /// For each column, how many of the next rows a cell above covers.
    covered: Vec<usize>,
    cells: usize,
    /// Number of empty cells that stand where a cell covers several columns or rows.
    blanks: usize,
    /// Whether the first row names the columns.
    headed: bool,
    /// Whether all cells of the first row are in bold, and whether one of another row is.
    bold_first: bool,
    bold_later: bool,
}

impl Rows {
    pub(super) fn row(&mut self) {
        self.skip_covered();
        self.rows.push(Vec::new());
    }

    /// Adds a cell that covers so many columns and rows. The other places that it covers stay empty.
    pub(super) fn cell(&mut self, text: &str, is_head: bool, is_bold: bool, (across, down): (usize, usize)) {
        if self.rows.is_empty() {
            self.row();
        }
        if self.rows.len() == 1 {
            self.bold_first = is_bold && (self.bold_first || self.cells == 0);
        } else {
            self.bold_later |= is_bold;
        }
        self.headed |= is_head && self.rows.len() == 1;
        self.skip_covered();
        self.cells += 1;
        let Some(row) = self.rows.last_mut() else { return };
        let column = row.len();
        row.push(text.replace('|', "/"));
        for _ in 1..across {
            self.blank();
        }
        let end = self.rows.last().map_or(0, Vec::len);
        if down > 1 {
            self.covered.resize(end.max(self.covered.len()), 0);
            self.covered[column..end].fill(down - 1);
        }
    }

    /// Adds empty cells where cells of the rows above cover the next columns of the last row.
    fn skip_covered(&mut self) {
        while let Some(row) = self.rows.last()
            && let Some(left) = self.covered.get_mut(row.len()).filter(|left| **left > 0)
        {
            *left -= 1;
            if !self.blank() {
                return;
            }
        }
    }

    /// Adds an empty cell, unless the table has far more of them than cells.
    fn blank(&mut self) -> bool {
        let fits = self.blanks < BLANKS_PER_CELL * (self.cells + 1);
        if let Some(row) = self.rows.last_mut().filter(|_| fits) {
            row.push(String::new());
            self.blanks += 1;
        }
        fits
    }

    /// Returns the table in Markdown, one line for each row.
    pub(super) fn markdown(mut self) -> String {
        self.skip_covered();
        self.rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut out = String::new();
        for (at, row) in self.rows.iter().enumerate() {
            if at > 0 {
                out.push('\n');
            }
            out.push_str(&format!("| {} |", row.join(" | ")));
            let headed = self.headed || self.bold_first && !self.bold_later;
            if at == 0 && headed && self.rows.len() > 1 {
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
        rows.cell("Plan", true, false, (1, 1));
        rows.cell("Price", true, false, (1, 1));
        rows.row();
        rows.cell("Team | all", false, false, (1, 1));
        rows.cell("$29", false, false, (1, 1));
        assert_eq!(rows.markdown(), "| Plan | Price |\n| --- | --- |\n| Team / all | $29 |");
    }

    #[test]
    fn a_cell_over_several_columns_or_rows_moves_no_other() {
        let mut rows = Rows::default();
        for row in [
            &[("City", 1, 1), ("Jan", 1, 1), ("Feb", 1, 1), ("Sum", 1, 1)][..],
            &[("Ghent", 1, 1), ("closed", 2, 1), ("7", 1, 1)],
            &[("Oslo", 1, 2), ("1", 1, 1), ("2", 1, 1), ("9", 1, 2)],
            &[("3", 1, 1), ("3", 1, 1)],
            &[("Bonn", 1, 1), ("4", 1, 1), ("5", 1, 1), ("9", 1, 1)],
        ] {
            rows.row();
            for (text, across, down) in row {
                rows.cell(text, false, false, (*across, *down));
            }
        }
        assert_eq!(
            rows.markdown(),
            "| City | Jan | Feb | Sum |\n| Ghent | closed |  | 7 |\n| Oslo | 1 | 2 | 9 |\n|  | 3 | 3 |  |\n| Bonn | 4 | 5 | 9 |"
        );
        // A page cannot ask for more empty cells than it pays for.
        let mut rows = Rows::default();
        for _ in 0..1_000 {
            rows.row();
            rows.cell("x", false, false, (MAX_SPAN, MAX_SPAN));
        }
        assert!(rows.markdown().len() < 40_000);
    }
}
