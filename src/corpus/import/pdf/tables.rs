//! Finds the rows of tables among the lines of a PDF, and writes them as a table in Markdown.

use super::lines::{Cell, Line};

/// Fewest rows of a table.
const ROWS: usize = 2;
/// Fewest rows of a table without a head whose cells are as near as words may be.
const NEAR_ROWS: usize = 3;

/// Returns the rows of the table that `lines` begin with: cells below each other.
pub(super) fn rows(lines: &[Line]) -> Vec<&[Cell]> {
    let Some(first) = lines.first() else {
        return Vec::new();
    };
    let wide = rows_like(&first.cells, lines, |line| &line.cells);
    if wide.len() >= ROWS {
        return wide;
    }
    // Cells may be hardly further apart than words. Then more of them must agree.
    let near = rows_like(&first.parts, lines, |line| &line.parts);
    let fewest = if headed(&near) { ROWS } else { NEAR_ROWS };
    if near.len() >= fewest { near } else { Vec::new() }
}

/// Returns the cells of the first lines as long as they stand below those of `first`, or below those of the second line
/// if the first is a head.
fn rows_like<'a>(first: &'a [Cell], lines: &'a [Line], of: impl Fn(&'a Line) -> &'a [Cell]) -> Vec<&'a [Cell]> {
    let Some(top) = lines.first().filter(|_| first.len() > 1) else {
        return Vec::new();
    };
    let is_head = first.iter().all(|cell| cell.bold);
    let mut rows = vec![first];
    for line in &lines[1..] {
        let cells = of(line);
        let like = *rows.get(1).filter(|_| is_head).unwrap_or(&first);
        let near = |a: f64, b: f64| (a - b).abs() < 0.4 * top.size;
        // The words of a head may be centred above columns that are not. Each stands between the columns beside its own.
        let is_below_head = rows.len() == 1 && is_head;
        let between = |(pair, heads): (&[Cell], &[Cell])| heads[0].x < pair[1].x && heads[1].end > pair[0].end;
        let is_below_head = is_below_head && cells.windows(2).zip(first.windows(2)).all(between);
        let aligned = |(cell, head): (&Cell, &Cell)| {
            is_below_head
                || near(cell.x, head.x)
                || near(cell.end, head.end)
                || near(cell.x + cell.end, head.x + head.end)
        };
        if cells.len() != first.len() || line.page != top.page || !cells.iter().zip(like).all(aligned) {
            break;
        }
        rows.push(cells);
    }
    rows
}

/// Reports whether the first row is the head: it alone is in bold, or the only one without figures.
fn headed(rows: &[&[Cell]]) -> bool {
    let is_bold = |row: &&[Cell]| row.iter().all(|cell| cell.bold);
    let has_figure = |row: &&[Cell]| row.iter().any(|cell| cell.text.contains(|c: char| c.is_ascii_digit()));
    let Some((first, rest)) = rows.split_first().filter(|(_, rest)| !rest.is_empty()) else {
        return false;
    };
    is_bold(first) && !rest.iter().any(is_bold) || !has_figure(first) && rest.iter().all(has_figure)
}

/// Writes rows as a table in Markdown.
pub(super) fn markdown(rows: &[&[Cell]]) -> String {
    let headed = headed(rows);
    let mut out = String::new();
    for (at, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| cell.text.trim().replace('|', "/")).collect();
        if at > 0 {
            out.push('\n');
        }
        out.push_str(&format!("| {} |", cells.join(" | ")));
        if at == 0 && headed {
            out.push_str(&format!("\n|{}", " --- |".repeat(cells.len())));
        }
    }
    out
}
