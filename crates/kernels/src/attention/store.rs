//! Turns the output of the projections into queries and cache entries, in one pass: bias, norms of heads, rotary
//! angles, scale, and storing keys and values.
//!
//! A row has query, key and value of one position side by side. Queries are rotated and scaled in place, keys and
//! values go to the pages. Rotary embedding: Su et al., "RoFormer", arXiv 2104.09864.

use super::page::{Element, Half, LANES, PAGE, Page, Precision, Shape};
use crate::Workers;
use crate::elementwise::by_path;
use crate::elementwise::{norm_in_place, over_rows};
use crate::path::Path;
use crate::workers::Split;

/// Cosines and sines of the positions at hand, `dim / 2` of each per position.
#[derive(Default)]
pub struct Angles {
    /// Cosines, position after position.
    pub cos: Vec<f32>,
    /// Sines, position after position.
    pub sin: Vec<f32>,
    /// Number of components that rotate. The rest of a head stays unchanged.
    pub dim: usize,
    /// Whether 2i rotates with 2i + 1, and not i with i + dim / 2.
    pub interleaved: bool,
}

/// What is done to a row before it is stored.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    /// As long as a row.
    pub bias: Option<&'a [f32]>,
    /// Weights of the norms of each query head and of each key head.
    pub norms: Option<(&'a [f32], &'a [f32])>,
    /// Added to the mean square before the root.
    pub eps: f32,
    /// Rotary angles, if the layer rotates.
    pub angles: Option<&'a Angles>,
    /// Factor on queries.
    pub scale: f32,
}

#[inline(always)]
fn turn(x: &mut [f32], cos: &[f32], sin: &[f32], interleaved: bool) {
    if interleaved {
        for ((pair, cos), sin) in x.as_chunks_mut::<2>().0.iter_mut().zip(cos).zip(sin) {
            let [a, b] = *pair;
            *pair = [a * cos - b * sin, a * sin + b * cos];
        }
    } else {
        let (first, second) = x.split_at_mut(cos.len());
        for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
            (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
        }
    }
}

/// Computes the queries and keys of one row. `index` is its position among those that the angles are for.
#[inline(always)]
fn row_body(row: &mut [f32], heads: usize, shape: &Shape, index: usize, how: &Turn) {
    let dim = shape.head_dim;
    if let Some(bias) = how.bias {
        for (x, bias) in row.iter_mut().zip(bias) {
            *x += bias;
        }
    }
    for (at, head) in row.chunks_exact_mut(dim).enumerate().take(heads + shape.kv_heads) {
        let is_query = at < heads;
        if let Some((queries, keys)) = how.norms {
            norm_in_place(head, if is_query { queries } else { keys }, how.eps);
        }
        if let Some(angles) = how.angles {
            let half = angles.dim / 2;
            let (cos, sin) = (&angles.cos[index * half..][..half], &angles.sin[index * half..][..half]);
            turn(&mut head[..angles.dim], cos, sin, angles.interleaved);
        }
        if is_query {
            for x in head {
                *x *= how.scale;
            }
        }
    }
}

by_path! {
    fn row_by(row: &mut [f32], heads: usize, shape: &Shape, index: usize, how: &Turn) = row_body
}

/// Turns the rows of `count` positions after `past` and puts their keys and values into the pages, which reach that far.
/// A row is `heads` queries, then keys and values of each key–value head, `head_dim` numbers each.
pub fn turn_and_store(
    rows: &mut [f32],
    heads: usize,
    past: usize,
    how: &Turn,
    pages: &mut [Page],
    shape: &Shape,
    workers: &Workers,
) {
    match shape.precision {
        Precision::Half => run::<Half>(rows, heads, past, how, pages, shape, workers),
        Precision::Full => run::<f32>(rows, heads, past, how, pages, shape, workers),
    }
}

fn run<E: Element>(
    rows: &mut [f32],
    heads: usize,
    past: usize,
    how: &Turn,
    pages: &mut [Page],
    shape: &Shape,
    workers: &Workers,
) {
    let dim = shape.head_dim;
    let width = (heads + 2 * shape.kv_heads) * dim;
    let count = rows.len() / width;
    assert!(pages.len() * PAGE >= past + count);
    let pages = &*pages;
    let (path, rows) = (Path::best(), Split::new(rows, 1));
    over_rows(workers, count, |stretch| {
        for index in stretch {
            // SAFETY: `over_rows` gives each row to one thread, so this is the only borrow of this row.
            let row = unsafe { rows.range(index * width, width) };
            row_by(path, row, heads, shape, index, how);
            let position = past + index;
            let (keys, values) = row[heads * dim..].split_at(shape.kv_heads * dim);
            for head in 0..shape.kv_heads {
                let to = pages[position / PAGE].head::<E>(shape, head);
                let range = head * dim..(head + 1) * dim;
                // SAFETY: `to` is this head of the page that has the position, and `position % PAGE` is below `PAGE`.
                // `pages` is borrowed mutably, and each position belongs to one thread, so nobody else uses its places.
                unsafe { put(to, shape, position % PAGE, &keys[range.clone()], &values[range]) };
            }
        }
    });
}

/// Writes the keys and values of one position.
///
/// # Safety
/// `to` must point to a head of a page of this shape, `at` must be below `PAGE`, and nobody else may use the places of
/// position `at` in it.
#[inline(always)]
unsafe fn put<E: Element>(to: *mut E, shape: &Shape, at: usize, keys: &[f32], values: &[f32]) {
    let dim = shape.head_dim;
    let block = (at / LANES) * LANES * dim + at % LANES;
    // SAFETY: `at` is below `PAGE`, and keys and values have `dim` numbers, so every place is inside the head:
    // `page.rs` describes the layout.
    unsafe {
        for (component, key) in keys.iter().enumerate() {
            to.add(block + component * LANES).write(E::of(*key));
        }
        let row = to.add(PAGE * dim + at * shape.padded());
        for (component, value) in values.iter().enumerate() {
            row.add(component).write(E::of(*value));
        }
    }
}
