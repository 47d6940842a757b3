//! Multiplies packed matrices with activations: splits the work over threads and calls the kernel of the path.

use super::job::Job;
#[cfg(target_arch = "aarch64")]
use super::neon;
use super::packing::with_packing;
use super::path::Path;
use super::workers::{Split, Workers};
use super::{Activations, Matrix, PANEL, TILE, plain};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};

/// Bytes of activations that stay in a core's L2 cache while panels go by.
const CACHED: usize = 256 << 10;

/// Multiplies a matrix with the positions of `x`: `out[i * rows + r]` becomes the product of row `r` and position `i`.
/// Quantized weights are multiplied with 8-bit activations, others with f32. The result depends neither on the number
/// of positions that are multiplied at once nor on the number of threads.
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

/// Same as [`multiply`] for several matrices with the same activations, in one dispatch to the threads. Position `i` of
/// `out` holds its products with all of them, side by side.
///
/// # Panics
/// As [`multiply`].
pub fn multiply_stacked(matrices: &[Matrix], x: &Activations, out: &mut [f32], workers: &Workers) {
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

/// Multiplies with the matrix of each place, from index 0 up to the first that is `None`.
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
        // SAFETY: every path comes from `Path::all`, which offers `Avx512` only if it has detected every feature that
        // these kernels enable: AVX-512 F, BW, VL, DQ and VNNI, AVX2, FMA and F16C.
        Path::Avx512 => unsafe { with_packing!(kind, K => avx512::quantised::<K>(job), avx512::numbers(job)) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every path comes from `Path::all`, which offers `AvxVnni` only if it has detected AVX-VNNI, AVX2, FMA
        // and F16C.
        Path::AvxVnni => unsafe { with_packing!(kind, K => avx2::quantised_vnni::<K>(job), avx2::numbers(job)) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every path comes from `Path::all`, which offers `Avx2` only if it has detected AVX2, FMA and F16C.
        Path::Avx2 => unsafe { with_packing!(kind, K => avx2::quantised::<K>(job), avx2::numbers(job)) },
        #[cfg(target_arch = "aarch64")]
        // SAFETY: every path comes from `Path::all`, which offers `Neon` only if it has detected NEON and its dot
        // products.
        Path::Neon => unsafe { with_packing!(kind, K => neon::quantised::<K>(job), neon::numbers(job)) },
        Path::Plain => with_packing!(kind, K => plain::quantised::<K>(job), plain::numbers(job)),
    }
}
