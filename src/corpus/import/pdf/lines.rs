//! Puts the pieces of a page in reading order, as lines.
//!
//! A page may have columns. Their gutter is the place in the middle of the page that fewest lines cross. Lines that
//! cross it, such as a title, end the columns above them. Pieces far apart on a line stay cells of it.

use super::glyphs::{Page, Piece, Target};
use crate::corpus::import::block::web_address;
use crate::corpus::import::clean::one_line;

/// Fewest lines of a column.
const COLUMN_LINES: usize = 4;
/// Narrowest gutter, in parts of the letters' size.
const GUTTER: f64 = 0.9;
/// Narrowest gap between cells of a table, in parts of the letters' size. Words are nearer, except in justified lines.
const NEAR: f64 = 0.7;
/// Most levels of columns within columns.
const DEPTH: usize = 3;

/// A line of a page or of a column.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub x: f64,
    pub end: f64,
    pub y: f64,
    pub size: f64,
    pub bold: bool,
    pub text: String,
    /// Its pieces that are far apart, if there are several.
    pub cells: Vec<Cell>,
    /// Its pieces that are further apart than words usually are, if there are several.
    pub parts: Vec<Cell>,
    /// The right end of the column that it is in.
    pub right: f64,
    /// The left end of the column.
    pub left: f64,
    /// The place of its column in the reading order of the page.
    pub column: usize,
    /// Index of its page.
    pub page: usize,
    /// The first address that a link on it leads to.
    pub link: Option<String>,
}

/// A part of a line.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub x: f64,
    pub end: f64,
    pub text: String,
    pub bold: bool,
}

/// Returns the lines of a page in reading order.
pub(super) fn of(page: &Page, number: usize) -> Vec<Line> {
    let pieces = page.pieces.iter().filter(|piece| !piece.text.trim().is_empty());
    let rows = rows(pieces.collect());
    let mut out = Vec::new();
    let mut column = 0;
    order(rows, 0, &mut column, &mut out);
    for line in &mut out {
        line.page = number;
        let on = |target: &&Target| {
            let middle = line.y - 0.3 * line.size;
            (target.top..=target.bottom).contains(&middle) && target.x < line.end && target.end > line.x
        };
        line.link = page
            .links
            .iter()
            .find(on)
            .and_then(|target| web_address(&target.address));
    }
    out
}

/// A row: the pieces that stand on one line, from left to right.
type Row<'a> = Vec<&'a Piece>;

/// Groups pieces by the line on which they stand, from top to bottom.
fn rows(mut pieces: Vec<&Piece>) -> Vec<Row<'_>> {
    pieces.sort_by(|a, b| a.y.total_cmp(&b.y));
    let mut rows: Vec<Row> = Vec::new();
    for piece in pieces {
        let fits = |row: &Row| {
            // Raised and lowered letters are small, and stand near the line.
            let line = row.iter().max_by(|a, b| a.size.total_cmp(&b.size));
            line.is_some_and(|line| {
                let near = if piece.size < 0.8 * line.size || line.size < 0.8 * piece.size {
                    0.55
                } else {
                    0.3
                };
                (piece.y - line.y).abs() < near * line.size.max(piece.size)
            })
        };
        match rows.iter_mut().rev().take(3).find(|row| fits(row)) {
            Some(row) => row.push(piece),
            None => rows.push(vec![piece]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.x.total_cmp(&b.x));
    }
    rows
}

/// Adds the rows in reading order as lines.
fn order(rows: Vec<Row<'_>>, depth: usize, column: &mut usize, out: &mut Vec<Line>) {
    let gutter = if depth < DEPTH { gutter(&rows) } else { None };
    let Some(gutter) = gutter else {
        return column_of(rows, column, out);
    };
    let mut bands: [Vec<Row>; 2] = [Vec::new(), Vec::new()];
    let mut across: Vec<Row> = Vec::new();
    let mut flush = |bands: &mut [Vec<Row<'_>>; 2], out: &mut Vec<Line>| {
        for band in bands.iter_mut().map(std::mem::take).filter(|band| !band.is_empty()) {
            order(band, depth + 1, column, out);
        }
    };
    for row in rows {
        if row.iter().any(|piece| crosses(piece, gutter)) {
            flush(&mut bands, out);
            across.push(row);
            continue;
        }
        if !across.is_empty() {
            let rows = std::mem::take(&mut across);
            flush(&mut [rows, Vec::new()], out);
        }
        let (left, right): (Row, Row) = row.into_iter().partition(|piece| piece.x < gutter);
        for (band, part) in bands.iter_mut().zip([left, right]).filter(|(_, part)| !part.is_empty()) {
            band.push(part);
        }
    }
    flush(&mut [across, Vec::new()], out);
    flush(&mut bands, out);
}

fn crosses(piece: &Piece, gutter: f64) -> bool {
    piece.x < gutter && piece.end > gutter
}

/// Returns where the gutter between two columns of text is, if there are columns.
fn gutter(rows: &[Row]) -> Option<f64> {
    let pieces = || rows.iter().flatten();
    let left = pieces().map(|piece| piece.x).min_by(f64::total_cmp)?;
    let right = pieces().map(|piece| piece.end).max_by(f64::total_cmp)?;
    let width = right - left;
    // Columns begin where many pieces begin.
    let mut starts: Vec<f64> = pieces().map(|piece| piece.x).collect();
    starts.retain(|x| (left + 0.25 * width..left + 0.8 * width).contains(x));
    starts.sort_by(f64::total_cmp);
    let mut best: Option<(usize, f64)> = None;
    let mut at = 0;
    while at < starts.len() {
        let same = starts[at..].iter().take_while(|x| **x - starts[at] < 2.0).count();
        if same >= COLUMN_LINES && best.is_none_or(|(most, _)| same > most) {
            best = Some((same, starts[at]));
        }
        at += same.max(1);
    }
    let start = best?.1;
    let gutter = start - 1.0;
    let crossing = rows
        .iter()
        .filter(|row| row.iter().any(|piece| crosses(piece, gutter)))
        .count();
    let sides = |row: &&Row| {
        let before = row
            .iter()
            .filter(|piece| piece.end <= gutter)
            .map(|piece| piece.end)
            .max_by(f64::total_cmp);
        let after = row.iter().any(|piece| piece.x >= gutter);
        let size = row.iter().map(|piece| piece.size).fold(0.0, f64::max);
        after && before.is_some_and(|end| start - end >= GUTTER * size)
    };
    let both = rows.iter().filter(sides).count();
    // Lines of prose are nearly as wide as their column. Cells of a table are not.
    let is_prose = |on: &dyn Fn(&Piece) -> bool, from: f64, to: f64| {
        let (mut lines, mut wide, mut words) = (0, 0, 0);
        for row in rows {
            let mut parts = row.iter().filter(|piece| on(piece));
            let Some(first) = parts.next() else { continue };
            let last = parts.next_back().unwrap_or(first);
            lines += 1;
            wide += usize::from(last.end - first.x > 0.7 * (to - from));
            words += row
                .iter()
                .filter(|p| on(p))
                .map(|p| p.text.split_whitespace().count())
                .sum::<usize>();
        }
        lines >= COLUMN_LINES && 2 * wide >= lines && words >= 3 * lines
    };
    let left_end = pieces()
        .filter(|p| p.end <= gutter)
        .map(|p| p.end)
        .max_by(f64::total_cmp)?;
    let is_left = |piece: &Piece| piece.end <= gutter;
    let is_right = |piece: &Piece| piece.x >= gutter;
    let prose = is_prose(&is_left, left, left_end) && is_prose(&is_right, start, right);
    (both >= COLUMN_LINES.min(rows.len()) && crossing <= both && prose).then_some(gutter)
}

/// Adds the rows of one column as lines.
fn column_of(rows: Vec<Row<'_>>, column: &mut usize, out: &mut Vec<Line>) {
    let pieces = || rows.iter().flatten();
    let left = pieces().map(|piece| piece.x).fold(f64::INFINITY, f64::min);
    let right = pieces().map(|piece| piece.end).fold(0.0, f64::max);
    for row in &rows {
        let mut line = line(row);
        (line.left, line.right, line.column) = (left, right, *column);
        out.push(line);
    }
    *column += 1;
}

fn line(row: &Row) -> Line {
    let size = row
        .iter()
        .max_by_key(|piece| piece.text.len())
        .map_or(0.0, |piece| piece.size);
    let mut line = Line {
        x: row.first().map_or(0.0, |piece| piece.x),
        end: row.iter().map(|piece| piece.end).fold(0.0, f64::max),
        y: row.iter().find(|piece| piece.size == size).map_or(0.0, |piece| piece.y),
        size,
        bold: row.iter().all(|piece| piece.bold),
        ..Line::default()
    };
    let (cells, parts) = (cells(row, &line, 1.5), cells(row, &line, NEAR));
    let texts: Vec<&str> = cells.iter().map(|cell| cell.text.trim()).collect();
    line.text = one_line(&texts.join(" "));
    let several = |cells: Vec<Cell>| Some(cells).filter(|cells| cells.len() > 1).unwrap_or_default();
    (line.cells, line.parts) = (several(cells), several(parts));
    line
}

/// Returns the parts of a row that are at least `gap` apart, in parts of the letters' size.
fn cells(row: &Row, line: &Line, gap: f64) -> Vec<Cell> {
    let (size, least) = (line.size, gap * line.size);
    let mut cells: Vec<Cell> = Vec::new();
    for piece in row {
        let text = piece.text.trim();
        let raised = piece.size < 0.8 * size && line.y - piece.y > 0.15 * size;
        let is_mark = raised && text.len() <= 2 && text.chars().all(|c| c.is_ascii_digit());
        let text = if is_mark {
            format!("[^{text}]")
        } else {
            piece.text.clone()
        };
        match cells.last_mut().filter(|cell| piece.x - cell.end < least) {
            Some(cell) => {
                let gap = piece.x - cell.end;
                if gap > 0.15 * size && !is_mark && !cell.text.ends_with(' ') && !text.starts_with(' ') {
                    cell.text.push(' ');
                }
                cell.text.push_str(&text);
                cell.end = cell.end.max(piece.end);
                cell.bold &= piece.bold;
            }
            None => cells.push(Cell {
                x: piece.x,
                end: piece.end,
                text,
                bold: piece.bold,
            }),
        }
    }
    cells
}
