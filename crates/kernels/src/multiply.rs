//! The product itself: who computes what, and by which kernel.
//!
//! In: matrices and activations. Out: f32 sums. It must not know packed forms.

use std::ops::Range;

#[cfg(target_arch = "aarch64")]
use super::neon;
use super::packing::with_packing;
use super::path::Path;
use super::workers::{Split, Workers};
use super::{Activations, Matrix, PANEL, TILE, plain};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};

/// Bytes of activations that stay in a core's second-level cache while panels go by.
const CACHED: usize = 256 << 10;

/// What one part does: some panels of a matrix times some tiles of positions.
pub(super) struct Job<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) x: &'a Activations,
    pub(super) panels: Range<usize>,
    pub(super) tiles: Range<usize>,
    out: &'a Split<'a, f32>,
    /// Where the first row's products go, and how far those of the next position are from there.
    first: usize,
    stride: usize,
}

impl Job<'_> {
    /// Where the products of `rows` rows of a panel with a position go.
    ///
    /// # Safety
    /// No two threads may hold the same panel and position.
    #[allow(clippy::mut_from_ref, reason = "that is what the promise is for")]
    #[inline(always)]
    pub(super) unsafe fn out(&self, position: usize, panel: usize, rows: usize) -> &mut [f32] {
        // SAFETY: passed on.
        unsafe {
            self.out
                .range(position * self.stride + self.first + panel * PANEL, rows)
        }
    }
}

/// `out[i * rows + r]` becomes the product of row `r` of `matrix` and position `i` of `x`. Quantised weights are
/// multiplied with activations of 8 bits, others with f32. The result does not depend on the number of positions that
/// are multiplied at once, nor of threads.
///
/// # Panics
/// Where the shapes do not fit, or `x` was set without the form that the matrix wants.
pub fn multiply(matrix: &Matrix, x: &Activations, out: &mut [f32], workers: &Workers) {
    multiply_all([(matrix, out)], x, workers);
}

/// [`multiply`] for several matrices with the same activations, in one go over the threads.
pub fn multiply_all<const N: usize>(products: [(&Matrix, &mut [f32]); N], x: &Activations, workers: &Workers) {
    multiply_on(Path::best(), products, x, workers);
}

pub(super) fn multiply_on<const N: usize>(
    path: Path,
    products: [(&Matrix, &mut [f32]); N],
    x: &Activations,
    workers: &Workers,
) {
    let products = products.map(|(matrix, out)| {
        check(matrix, x);
        assert!(out.len() >= x.count() * matrix.rows(), "no room for the product");
        (matrix, Split::new(out, PANEL))
    });
    let places = products.each_ref().map(|(matrix, out)| Place {
        matrix,
        out,
        first: 0,
        stride: matrix.rows(),
    });
    multiply_to(path, &|index| places.get(index).copied(), x, workers);
}

/// [`multiply`] for several matrices with the same activations, in one go over the threads: position `i` of `out` is its
/// products with all of them, side by side.
///
/// # Panics
/// As [`multiply`].
pub fn multiply_beside(matrices: &[Matrix], x: &Activations, out: &mut [f32], workers: &Workers) {
    let stride = matrices.iter().map(Matrix::rows).sum();
    matrices.iter().for_each(|matrix| check(matrix, x));
    assert!(out.len() >= x.count() * stride, "no room for the products");
    let out = Split::new(out, PANEL);
    let place = |index: usize| {
        matrices.get(index).map(|matrix| Place {
            matrix,
            out: &out,
            first: matrices[..index].iter().map(Matrix::rows).sum(),
            stride,
        })
    };
    multiply_to(Path::best(), &place, x, workers);
}

/// A matrix, and where its products go.
#[derive(Clone, Copy)]
struct Place<'a> {
    matrix: &'a Matrix,
    out: &'a Split<'a, f32>,
    first: usize,
    stride: usize,
}

fn check(matrix: &Matrix, x: &Activations) {
    assert!(
        matrix.cols() == x.cols(),
        "{} inputs for a matrix of {}",
        x.cols(),
        matrix.cols()
    );
    assert!(
        x.has(matrix.inputs()),
        "activations in another form than the matrix wants"
    );
}

/// Multiplies with the matrix of each place, from 0 to the first that is not there.
fn multiply_to<'a>(
    path: Path,
    place: &(dyn Fn(usize) -> Option<Place<'a>> + Sync),
    x: &'a Activations,
    workers: &Workers,
) {
    let places = || (0..).map_while(place);
    let all: usize = places().map(|place| place.matrix.panels()).sum();
    let tiles = x.count().div_ceil(TILE);
    let step = (CACHED / (TILE * x.cols().max(1))).max(1);
    workers.spread(all, |share| {
        for from in (0..tiles).step_by(step) {
            let mut before = 0;
            for Place {
                matrix,
                out,
                first,
                stride,
            } in places()
            {
                // The part of the share that lies in this matrix.
                let panels =
                    share.start.max(before) - before..share.end.clamp(before, before + matrix.panels()) - before;
                before += matrix.panels();
                if panels.start < panels.end {
                    let tiles = from..tiles.min(from + step);
                    run(
                        path,
                        &Job {
                            matrix,
                            x,
                            panels,
                            tiles,
                            out,
                            first,
                            stride,
                        },
                    );
                }
            }
        }
    });
}

fn run(path: Path, job: &Job) {
    let kind = job.matrix.kind();
    match path {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the path is one that the processor has (`Path::all`).
        Path::Avx512 => unsafe { with_packing!(kind, K => avx512::quantised::<K>(job), avx512::numbers(job)) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Path::AvxVnni => unsafe { with_packing!(kind, K => avx2::quantised_vnni::<K>(job), avx2::numbers(job)) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Path::Avx2 => unsafe { with_packing!(kind, K => avx2::quantised::<K>(job), avx2::numbers(job)) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        Path::Neon => unsafe { with_packing!(kind, K => neon::quantised::<K>(job), neon::numbers(job)) },
        Path::Plain => with_packing!(kind, K => plain::quantised::<K>(job), plain::numbers(job)),
    }
}
