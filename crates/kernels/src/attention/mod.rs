//! Causal attention over a paged KV cache, for one position or many.
//!
//! Queries arrive rotated and scaled. The output for each query head is the weighted mean of the values that it sees.
//!
//! The softmax is computed page by page, each relative to its largest score. The pages' results are merged as they come
//! (Milakov and Gimelshein, arXiv 1805.02867; Dao et al., "FlashAttention", arXiv 2205.14135). No matrix of scores is
//! ever built, and causality and sliding windows are bounds of loops instead of masks. The query heads that share a
//! key-value head (Ainslie et al., arXiv 2305.13245) are rows of one tile, so that keys and values are loaded once for
//! all of them.
//!
//! Pages are always merged in order, whether one thread goes through them or several threads take some each. A
//! position's result is the same to the last bit whether it is computed alone, in a chunk, or split over threads.

#[cfg(target_arch = "x86_64")]
#[allow(clippy::needless_range_loop, reason = "rows are constants that index several arrays")]
mod avx512;
mod page;
mod plain;
pub mod store;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};

use page::{Element, Half};
pub use page::{PAGE, Page, Precision, Shape};

use super::Workers;
use super::path::Path;
use super::workers::Split;

/// Rows of queries that are computed together.
const ROWS: usize = 6;

/// Number of rows for which one thread goes through all pages. It is enough to use a page often while it is in the L1
/// cache, and few enough for the rows' sums to stay in the L2 cache.
const STREAM_ROWS: usize = 96;

/// Coefficients of 2^x for x from -1/2 to 1/2, highest power first: its Taylor series, off by at most 2e-7 of the
/// result.
const EXP2: [f32; 7] = [
    1.540_353e-4,
    1.333_355_8e-3,
    9.618_129e-3,
    5.550_411e-2,
    2.402_265e-1,
    std::f32::consts::LN_2,
    1.0,
];

/// Returns 2 to the power of `x`, which must be at most 126. A result too small for a normal number becomes 0. There
/// are no branches or calls, so that the compiler can vectorize it.
#[inline(always)]
pub(super) fn exp2(x: f32) -> f32 {
    /// Adding it rounds to an integer, which is then in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let shifted = x.max(-126.0) + ROUND;
    let rest = x.max(-126.0) - (shifted - ROUND);
    let mut sum = EXP2[0];
    for factor in &EXP2[1..] {
        sum = sum * rest + factor;
    }
    let scaled = f32::from_bits(sum.to_bits().wrapping_add(shifted.to_bits() << 23));
    if x < -126.0 { 0.0 } else { scaled }
}

/// Up to [`ROWS`] rows of queries. A row sees the keys of the current page from the first number of its span up to, but
/// not including, the second.
struct Rows {
    queries: [*const f32; ROWS],
    spans: [(usize, usize); ROWS],
    count: usize,
    head_dim: usize,
    padded: usize,
}

impl Rows {
    fn len(&self) -> usize {
        self.count
    }
}

/// What rows get from one page: the largest score, the sum of the weights relative to it, and the weighted sum of the
/// values.
struct Partial<'a> {
    max: &'a mut [f32],
    sum: &'a mut [f32],
    values: &'a mut [f32],
}

impl<'a> Partial<'a> {
    /// Returns how many numbers the results of `rows` rows take.
    fn size(rows: usize, padded: usize) -> usize {
        rows * (padded + 2)
    }

    fn of(numbers: &'a mut [f32], rows: usize) -> Self {
        let (max, rest) = numbers.split_at_mut(rows);
        let (sum, values) = rest.split_at_mut(rows);
        Partial { max, sum, values }
    }

    /// Returns the rows from `from` up to, but not including, `to`.
    fn rows(&mut self, from: usize, to: usize, padded: usize) -> Partial<'_> {
        Partial {
            max: &mut self.max[from..to],
            sum: &mut self.sum[from..to],
            values: &mut self.values[from * padded..to * padded],
        }
    }

    /// Merges row `theirs` of `other`, which is of a later page, into row `ours`.
    fn merge(&mut self, ours: usize, other: &Partial, theirs: usize, padded: usize) {
        let new = other.max[theirs];
        if new == f32::NEG_INFINITY {
            return;
        }
        let old = self.max[ours];
        let max = if new > old { new } else { old };
        let (keep, add) = (exp2(old - max), exp2(new - max));
        self.max[ours] = max;
        self.sum[ours] = self.sum[ours] * keep + other.sum[theirs] * add;
        let values = &mut self.values[ours * padded..][..padded];
        for (value, new) in values.iter_mut().zip(&other.values[theirs * padded..][..padded]) {
            *value = *value * keep + new * add;
        }
    }
}

/// Queries of consecutive positions: `heads * head_dim` numbers of each, at the beginning of every `stride` numbers.
/// They are already multiplied with the scale and with log2 e.
#[derive(Clone, Copy)]
pub struct Queries<'a> {
    /// The queries of all positions.
    pub numbers: &'a [f32],
    /// Distance between the queries of neighbouring positions.
    pub stride: usize,
    /// Query heads.
    pub heads: usize,
    /// Number of positions before the first.
    pub past: usize,
    /// Positions.
    pub count: usize,
    /// How many positions back a query sees, including its own; `None` for all.
    pub window: Option<usize>,
}

impl Queries<'_> {
    /// Returns the keys of `page` that a position sees.
    fn span(&self, position: usize, page: usize) -> (usize, usize) {
        let first = self.window.map_or(0, |window| (position + 1).saturating_sub(window));
        let within = |key: usize| key.saturating_sub(page * PAGE).min(PAGE);
        (within(first), within(position + 1))
    }
}

/// Working memory of attention, kept from call to call.
#[derive(Default)]
pub struct Scratch {
    numbers: Vec<f32>,
}

impl Scratch {
    fn take(&mut self, size: usize) -> &mut [f32] {
        if self.numbers.len() < size {
            self.numbers.resize(size, 0.0);
        }
        &mut self.numbers[..size]
    }
}

/// Writes what each position's heads saw to `out`, `heads * head_dim` numbers a position. The pages hold the keys and
/// values of the positions before and of those of the queries.
pub fn attend(
    queries: &Queries,
    pages: &[Page],
    shape: &Shape,
    out: &mut [f32],
    scratch: &mut Scratch,
    workers: &Workers,
) {
    attend_by(Path::best(), queries, pages, shape, out, scratch, workers);
}

fn attend_by(
    path: Path,
    queries: &Queries,
    pages: &[Page],
    shape: &Shape,
    out: &mut [f32],
    scratch: &mut Scratch,
    workers: &Workers,
) {
    let end = queries.past + queries.count;
    let work = Work { path, queries, shape };
    assert!(queries.heads.is_multiple_of(shape.kv_heads) && pages.len() * PAGE >= end);
    assert!(queries.numbers.len() >= (queries.count - 1) * queries.stride + queries.heads * shape.head_dim);
    assert!(out.len() >= queries.count * queries.heads * shape.head_dim);
    let pages = &pages[..end.div_ceil(PAGE)];
    if queries.count * work.group() <= STREAM_ROWS / 2 {
        work.spread(pages, out, scratch, workers);
    } else {
        work.stream(pages, out, scratch, workers);
    }
}

struct Work<'a> {
    #[cfg_attr(
        not(target_arch = "x86_64"),
        allow(dead_code, reason = "elsewhere there is one path")
    )]
    path: Path,
    queries: &'a Queries<'a>,
    shape: &'a Shape,
}

impl Work<'_> {
    /// Returns the number of query heads for each key-value head.
    fn group(&self) -> usize {
        self.queries.heads / self.shape.kv_heads
    }

    /// Returns the first page that any position from `position` on sees.
    fn first_page(&self, position: usize) -> usize {
        let window = self.queries.window;
        window.map_or(0, |window| (position + 1).saturating_sub(window) / PAGE)
    }

    /// For few rows: threads take pages, and the results are merged at the end.
    fn spread(&self, pages: &[Page], out: &mut [f32], scratch: &mut Scratch, workers: &Workers) {
        let (queries, padded) = (self.queries, self.shape.padded());
        let first = self.first_page(queries.past);
        let rows = queries.count * self.group();
        let size = Partial::size(rows, padded);
        let tasks = (pages.len() - first) * self.shape.kv_heads;
        let numbers = scratch.take((tasks + 1) * size);
        let (total, partials) = numbers.split_at_mut(size);
        let shared = Split::new(partials, 1);
        let next = AtomicUsize::new(0);
        let work = |_: usize, _: usize| {
            loop {
                let task = next.fetch_add(1, Ordering::Relaxed);
                if task >= tasks {
                    break;
                }
                let (page, head) = (first + task / self.shape.kv_heads, task % self.shape.kv_heads);
                // SAFETY: the counter gives each task to one thread, so this is the only borrow of the task's `size`
                // numbers.
                let numbers = unsafe { shared.range(task * size, size) };
                let mut partial = Partial::of(numbers, rows);
                for from in (0..rows).step_by(ROWS) {
                    let to = rows.min(from + ROWS);
                    self.tile(
                        &pages[page],
                        page,
                        head,
                        queries.past,
                        from..to,
                        &mut partial.rows(from, to, padded),
                    );
                }
            }
        };
        // One page of a few heads is done before another thread has noticed the work.
        if tasks <= self.shape.kv_heads && rows <= ROWS {
            work(0, 1);
        } else {
            workers.run(work);
        }
        for head in 0..self.shape.kv_heads {
            let mut total = Partial::of(total, rows);
            clear(&mut total);
            for page in 0..pages.len() - first {
                let task = page * self.shape.kv_heads + head;
                let partial = Partial::of(&mut partials[task * size..(task + 1) * size], rows);
                for row in 0..rows {
                    total.merge(row, &partial, row, padded);
                }
            }
            let out = Split::new(out, 1);
            self.finish(&total, rows, head, 0, &out);
        }
    }

    /// For many rows: a thread takes a stretch of positions with one key-value head and goes through the pages.
    fn stream(&self, pages: &[Page], out: &mut [f32], scratch: &mut Scratch, workers: &Workers) {
        let (queries, padded) = (self.queries, self.shape.padded());
        let group = self.group();
        let positions = (STREAM_ROWS / group).max(1);
        let rows = positions * group;
        let (own, tile) = (Partial::size(rows, padded), Partial::size(ROWS, padded));
        let numbers = Split::new(scratch.take(workers.parts() * (own + tile)), 1);
        let out = Split::new(out, 1);
        let stretches = queries.count.div_ceil(positions);
        let next = AtomicUsize::new(0);
        workers.run(|part, _| {
            // SAFETY: `run` calls each part once, so this is the only borrow of the numbers of `part`.
            let numbers = unsafe { numbers.range(part * (own + tile), own + tile) };
            let (own, tile) = numbers.split_at_mut(own);
            loop {
                let task = next.fetch_add(1, Ordering::Relaxed);
                if task >= stretches * self.shape.kv_heads {
                    break;
                }
                // The last stretches see the most keys. They come first, so that no thread ends long after the others.
                let stretch = stretches - 1 - task / self.shape.kv_heads;
                let head = task % self.shape.kv_heads;
                let from = stretch * positions;
                let rows = positions.min(queries.count - from) * group;
                let start = queries.past + from;
                let mut own = Partial::of(own, rows);
                clear(&mut own);
                let last = (start + rows / group - 1) / PAGE;
                for (page, keys) in pages.iter().enumerate().take(last + 1).skip(self.first_page(start)) {
                    for row in (0..rows).step_by(ROWS) {
                        let to = rows.min(row + ROWS);
                        let mut partial = Partial::of(tile, to - row);
                        self.tile(keys, page, head, start, row..to, &mut partial);
                        for at in row..to {
                            own.merge(at, &partial, at - row, padded);
                        }
                    }
                }
                // Tasks write to different positions or heads.
                self.finish(&own, rows, head, from, &out);
            }
        });
    }

    /// Computes what some rows get from one page. Row `i` is head `i % group` of the group, `i / group` positions after
    /// `start`.
    fn tile(
        &self,
        page: &Page,
        index: usize,
        head: usize,
        start: usize,
        which: std::ops::Range<usize>,
        partial: &mut Partial,
    ) {
        let (queries, group, head_dim) = (self.queries, self.group(), self.shape.head_dim);
        let mut rows = Rows {
            queries: [std::ptr::null(); ROWS],
            spans: [(0, 0); ROWS],
            count: which.len(),
            head_dim,
            padded: self.shape.padded(),
        };
        for (slot, row) in which.enumerate() {
            let position = start + row / group;
            let at = (position - queries.past) * queries.stride + (head * group + row % group) * head_dim;
            rows.queries[slot] = queries.numbers[at..at + head_dim].as_ptr();
            rows.spans[slot] = queries.span(position, index);
        }
        if rows.spans[..rows.count].iter().all(|span| span.0 >= span.1) {
            partial.max.fill(f32::NEG_INFINITY);
            return;
        }
        match self.shape.precision {
            Precision::Half => self.run::<Half>(&rows, page, head, partial),
            Precision::Full => self.run::<f32>(&rows, page, head, partial),
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn run<E: avx512::Load>(&self, rows: &Rows, page: &Page, head: usize, partial: &mut Partial) {
        // SAFETY: the conditions are those of `plain::attend`, on a processor with AVX2 and FMA.
        #[target_feature(enable = "avx2,fma")]
        unsafe fn avx2<E: Element>(rows: &Rows, head: *const E, partial: &mut Partial) {
            // SAFETY: the caller guarantees what `plain::attend` asks for, and this function enables FMA.
            unsafe { plain::attend::<E, true>(rows, head, partial) }
        }
        let head: *const E = page.head(self.shape, head);
        // SAFETY: `self.path` is one of `Path::all`, so the processor has its features. `page.head` checks that the
        // head is inside the page, and `tile` chose `E` by the precision of its shape. `tile` made each query from a
        // slice of `head_dim` numbers and each span within the page. Nobody writes to a page while `attend` borrows it.
        unsafe {
            match self.path {
                Path::Avx512 => avx512::attend(rows, head, partial),
                Path::AvxVnni | Path::Avx2 => avx2(rows, head, partial),
                Path::Plain => plain::attend::<E, false>(rows, head, partial),
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn run<E: Element>(&self, rows: &Rows, page: &Page, head: usize, partial: &mut Partial) {
        // Every 64-bit Arm processor has fused multiply-add.
        const FMA: bool = cfg!(target_arch = "aarch64");
        // SAFETY: `page.head` checks that the head is inside the page, and `tile` chose `E` by the precision of its
        // shape. `tile` made each query from a slice of `head_dim` numbers and each span within the page. Nobody writes
        // to a page while `attend` borrows it.
        unsafe { plain::attend::<E, FMA>(rows, page.head::<E>(self.shape, head), partial) }
    }

    /// Divides by the sum of the weights, and writes the rows to `out`. Row 0 is position `from` of the queries.
    fn finish(&self, total: &Partial, rows: usize, head: usize, from: usize, out: &Split<f32>) {
        let (group, head_dim, padded) = (self.group(), self.shape.head_dim, self.shape.padded());
        for row in 0..rows {
            let at = ((from + row / group) * self.queries.heads + head * group + row % group) * head_dim;
            // SAFETY: only this task writes this position and head, so this is the only borrow of these numbers.
            let out = unsafe { out.range(at, head_dim) };
            let share = total.sum[row].recip();
            for (out, value) in out.iter_mut().zip(&total.values[row * padded..][..padded]) {
                *out = value * share;
            }
        }
    }
}

fn clear(partial: &mut Partial) {
    partial.max.fill(f32::NEG_INFINITY);
    partial.sum.fill(0.0);
    partial.values.fill(0.0);
}
