//! Element-wise operations between matmuls: norms, residuals, activation functions. Each reads and writes a row once.
//!
//! Rows are f32, one for each position, and are changed in place or written to a buffer. The source is compiled once for
//! each instruction set. Sums are kept in 16 lanes, so that every path adds in the same order. Several rows are split
//! over threads.

pub mod convolution;
pub mod encoder;

use super::Workers;
use super::path::Path;
use super::workers::Split;

/// Defines a function that runs `$body` with the instructions of a [`Path`], its first argument. The same source is
/// compiled for each path, so the body must be `#[inline(always)]`.
macro_rules! by_path {
    ($(#[$about:meta])* $visible:vis fn $name:ident($($arg:ident: $kind:ty),* $(,)?) = $body:path) => {
        $(#[$about])*
        #[allow(clippy::too_many_arguments, reason = "a pass names what it reads and writes")]
        $visible fn $name(path: $crate::path::Path, $($arg: $kind),*) {
            #[cfg(target_arch = "x86_64")]
            {
                use $crate::path::Path;
                #[allow(clippy::too_many_arguments, reason = "as above")]
                #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")]
                fn avx512($($arg: $kind),*) {
                    $body($($arg),*)
                }
                #[allow(clippy::too_many_arguments, reason = "as above")]
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $kind),*) {
                    $body($($arg),*)
                }
                match path {
                    // SAFETY: every path comes from `Path::all`, which offers `Avx512` only if it has detected the
                    // features that `avx512` enables.
                    Path::Avx512 => unsafe { avx512($($arg),*) },
                    // SAFETY: every path comes from `Path::all`, which offers these two paths only if it has detected
                    // AVX2 and FMA.
                    Path::AvxVnni | Path::Avx2 => unsafe { avx2($($arg),*) },
                    Path::Plain => $body($($arg),*),
                }
            }
            #[cfg(not(target_arch = "x86_64"))]
            {
                let _ = path;
                $body($($arg),*)
            }
        }
    };
}

pub(super) use by_path;

const LANES: usize = 16;

/// Number of positions from which splitting over threads is worth waking them.
const SPLIT: usize = 4;

/// Does `work` for stretches of `count` rows, on all threads where there are enough.
pub fn over_rows(workers: &Workers, count: usize, work: impl Fn(std::ops::Range<usize>) + Sync) {
    if count < SPLIT {
        return work(0..count);
    }
    workers.run(|part, parts| {
        work(Workers::share(count, part, parts));
    });
}

/// Replaces `x` by its root mean square norm (Zhang and Sennrich, arXiv 1910.07467) times `weight`.
#[inline(always)]
pub(super) fn norm_in_place(x: &mut [f32], weight: &[f32], eps: f32) {
    let factor = inverse_rms(x, eps);
    for (x, weight) in x.iter_mut().zip(weight) {
        *x = *x * factor * weight;
    }
}

#[inline(always)]
fn inverse_rms(x: &[f32], eps: f32) -> f32 {
    let mut sums = [0f32; LANES];
    let (whole, rest) = x.as_chunks::<LANES>();
    for x in whole {
        for lane in 0..LANES {
            sums[lane] += x[lane] * x[lane];
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += x * x;
    }
    let mut sum = 0.0;
    for lane in sums {
        sum += lane;
    }
    (sum / x.len() as f32 + eps).sqrt().recip()
}

#[inline(always)]
fn norm_body(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    for (x, out) in x.chunks_exact(weight.len()).zip(out.chunks_exact_mut(weight.len())) {
        let factor = inverse_rms(x, eps);
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            *out = x * factor * weight;
        }
    }
}

by_path! {
    fn norm_by(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) = norm_body
}

/// Writes the norms of the rows of `x`, each as wide as `weight`, to `out`.
pub fn norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32], workers: &Workers) {
    let width = weight.len();
    let count = x.len() / width;
    assert!(out.len() >= count * width);
    let (path, out) = (Path::best(), Split::new(out, 1));
    over_rows(workers, count, |rows| {
        let range = rows.start * width..rows.end * width;
        // SAFETY: `over_rows` gives each row to one thread, so this is the only borrow of these rows.
        norm_by(path, &x[range.clone()], weight, eps, unsafe {
            out.range(range.start, range.len())
        });
    });
}

#[inline(always)]
fn add_body(x: &mut [f32], y: &mut [f32], post: Option<&[f32]>, width: usize, eps: f32) {
    for (x, y) in x.chunks_exact_mut(width).zip(y.chunks_exact_mut(width)) {
        if let Some(weight) = post {
            norm_in_place(y, weight, eps);
        }
        for (x, y) in x.iter_mut().zip(y) {
            *x += *y;
        }
    }
}

#[inline(always)]
fn add_and_norm_body(x: &mut [f32], y: &mut [f32], post: Option<&[f32]>, next: &[f32], eps: f32) {
    let width = next.len();
    for (x, y) in x.chunks_exact_mut(width).zip(y.chunks_exact_mut(width)) {
        add_body(x, y, post, width, eps);
        norm_body(x, next, eps, y);
    }
}

by_path! {
    fn add_and_norm_by(x: &mut [f32], y: &mut [f32], post: Option<&[f32]>, next: &[f32], eps: f32) = add_and_norm_body
}

by_path! {
    fn add_by(x: &mut [f32], y: &mut [f32], post: Option<&[f32]>, width: usize, eps: f32) = add_body
}

/// The residual and the norm after it in one pass: adds `y` (through its own norm `post`, where there is one) to `x`,
/// and leaves the norm of the sum by `next` in `y`. Without `next` nothing of use is left in `y`.
pub fn add_and_norm(
    x: &mut [f32],
    y: &mut [f32],
    width: usize,
    post: Option<&[f32]>,
    next: Option<&[f32]>,
    eps: f32,
    workers: &Workers,
) {
    let count = x.len() / width;
    assert!(y.len() >= count * width);
    let (path, x, y) = (Path::best(), Split::new(x, 1), Split::new(y, 1));
    over_rows(workers, count, |rows| {
        let range = rows.start * width..rows.end * width;
        // SAFETY: `over_rows` gives each row to one thread, so this is the only borrow of these rows of `x`.
        let x = unsafe { x.range(range.start, range.len()) };
        // SAFETY: the same holds for these rows of `y`.
        let y = unsafe { y.range(range.start, range.len()) };
        match next {
            Some(next) => add_and_norm_by(path, x, y, post, next, eps),
            None => add_by(path, x, y, post, width, eps),
        }
    });
}

/// The activation function of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// x · σ(x).
    Silu,
    /// The tanh approximation of GELU (Hendrycks and Gimpel, arXiv 1606.08415).
    Gelu,
}

/// Returns e to the power of `-x`, limited to what f32 holds.
#[inline(always)]
fn exp_of_minus(x: f32) -> f32 {
    super::attention::exp2((x * -std::f32::consts::LOG2_E).min(126.0))
}

#[inline(always)]
fn silu(x: f32) -> f32 {
    x / (1.0 + exp_of_minus(x))
}

/// Uses 0.5 (1 + tanh z) = σ(2z).
#[inline(always)]
fn gelu(x: f32) -> f32 {
    /// Twice the square root of 2 / π.
    const FACTOR: f32 = 1.595_769;
    x / (1.0 + exp_of_minus(FACTOR * (x + 0.044_715 * x * x * x)))
}

#[inline(always)]
fn gate_body(both: &[f32], inner: usize, gate: Gate, out: &mut [f32]) {
    for (both, out) in both.chunks_exact(2 * inner).zip(out.chunks_exact_mut(inner)) {
        let (first, second) = both.split_at(inner);
        let pairs = out.iter_mut().zip(first).zip(second);
        match gate {
            Gate::Silu => pairs.for_each(|((out, gate), up)| *out = silu(*gate) * up),
            Gate::Gelu => pairs.for_each(|((out, gate), up)| *out = gelu(*gate) * up),
        }
    }
}

by_path! {
    fn gate_by(both: &[f32], inner: usize, gate: Gate, out: &mut [f32]) = gate_body
}

/// Rows of `inner` gates and `inner` numbers: writes the products of the numbers with what `gate` makes of the gates.
pub fn gate(both: &[f32], inner: usize, gate: Gate, out: &mut [f32], workers: &Workers) {
    let count = both.len() / (2 * inner);
    assert!(out.len() >= count * inner);
    let (path, out) = (Path::best(), Split::new(out, 1));
    over_rows(workers, count, |rows| {
        let both = &both[rows.start * 2 * inner..rows.end * 2 * inner];
        // SAFETY: `over_rows` gives each row to one thread, so this is the only borrow of these rows of `out`.
        let out = unsafe { out.range(rows.start * inner, rows.len() * inner) };
        gate_by(path, both, inner, gate, out);
    });
}
