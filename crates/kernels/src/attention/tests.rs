//! Tests attention against its definition in f64, on every path, and the whole against parts.

use super::page::LANES;
use super::store::{Angles, Turn, turn_and_store};
use super::*;

/// Returns numbers in -1..1, the same on every machine.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

const PLAIN: Turn = Turn {
    bias: None,
    norms: None,
    eps: 1e-5,
    angles: None,
    scale: 1.0,
};

/// Returns a cache of `count` positions, and the rows that filled it.
fn filled(shape: &Shape, heads: usize, count: usize, workers: &Workers) -> (Vec<Page>, Vec<f32>) {
    let width = (heads + 2 * shape.kv_heads) * shape.head_dim;
    let mut rows: Vec<f32> = numbers(width * count, 7).iter().map(|x| x * 2.0).collect();
    let mut pages: Vec<Page> = (0..count.div_ceil(PAGE)).map(|_| Page::new(shape)).collect();
    turn_and_store(&mut rows, heads, 0, &PLAIN, &mut pages, shape, workers);
    (pages, rows)
}

/// Returns attention by its definition: 2 to the power of each dot product, over their sum, times values.
fn defined(rows: &[f32], shape: &Shape, heads: usize, position: usize, window: Option<usize>) -> Vec<f64> {
    let (dim, group) = (shape.head_dim, heads / shape.kv_heads);
    let width = (heads + 2 * shape.kv_heads) * dim;
    let first = window.map_or(0, |window| (position + 1).saturating_sub(window));
    let part = |position: usize, head: usize| &rows[position * width + head * dim..][..dim];
    let mut out = Vec::new();
    for head in 0..heads {
        let query = part(position, head);
        let weights: Vec<f64> = (first..=position)
            .map(|key| {
                let dot: f64 = query
                    .iter()
                    .zip(part(key, heads + head / group))
                    .map(|(q, k)| f64::from(*q) * f64::from(*k))
                    .sum();
                dot.exp2()
            })
            .collect();
        let sum: f64 = weights.iter().sum();
        for component in 0..dim {
            let seen = weights
                .iter()
                .zip(first..)
                .map(|(weight, key)| weight * f64::from(part(key, heads + shape.kv_heads + head / group)[component]));
            out.push(seen.sum::<f64>() / sum);
        }
    }
    out
}

struct Case {
    heads: usize,
    kv_heads: usize,
    head_dim: usize,
    positions: usize,
    window: Option<usize>,
}

const CASES: [Case; 7] = [
    Case {
        heads: 9,
        kv_heads: 3,
        head_dim: 64,
        positions: 300,
        window: None,
    },
    Case {
        heads: 4,
        kv_heads: 2,
        head_dim: 8,
        positions: 40,
        window: None,
    },
    Case {
        heads: 4,
        kv_heads: 4,
        head_dim: 80,
        positions: 130,
        window: Some(17),
    },
    Case {
        heads: 8,
        kv_heads: 1,
        head_dim: 128,
        positions: 260,
        window: Some(140),
    },
    Case {
        heads: 2,
        kv_heads: 1,
        head_dim: 48,
        positions: 129,
        window: Some(1),
    },
    Case {
        heads: 5,
        kv_heads: 1,
        head_dim: 16,
        positions: 64,
        window: None,
    },
    Case {
        heads: 7,
        kv_heads: 1,
        head_dim: 24,
        positions: 3,
        window: None,
    },
];

fn queries<'a>(case: &Case, rows: &'a [f32], from: usize, to: usize) -> Queries<'a> {
    let stride = (case.heads + 2 * case.kv_heads) * case.head_dim;
    Queries {
        numbers: &rows[from * stride..to * stride],
        stride,
        heads: case.heads,
        past: from,
        count: to - from,
        window: case.window,
    }
}

#[test]
fn every_path_gives_what_the_definition_gives() {
    let workers = Workers::new(2);
    for case in &CASES {
        for precision in [Precision::Full, Precision::Half] {
            let shape = Shape {
                kv_heads: case.kv_heads,
                head_dim: case.head_dim,
                precision,
            };
            let (pages, rows) = filled(&shape, case.heads, case.positions, &workers);
            for path in Path::all() {
                let mut out = vec![f32::NAN; case.positions * case.heads * case.head_dim];
                let all = queries(case, &rows, 0, case.positions);
                attend_by(path, &all, &pages, &shape, &mut out, &mut Scratch::default(), &workers);
                let width = case.heads * case.head_dim;
                let mut worst = 0f64;
                for (position, out) in out.chunks_exact(width).enumerate() {
                    let expected = defined(&rows, &shape, case.heads, position, case.window);
                    worst = out
                        .iter()
                        .zip(&expected)
                        .map(|(a, b)| (f64::from(*a) - b).abs())
                        .fold(worst, f64::max);
                }
                // Half precision is off by at most 2^-11 of a number, which is below 2 here. A score sums `head_dim`
                // products with numbers below 2, so it is off by less than head_dim * 2 * 2^-10 at worst. The usual
                // error is about the root of head_dim times 2 * 2^-10. Values are off by 2^-10. Twice the usual error
                // is allowed.
                let bound = match precision {
                    Precision::Full => 2e-5,
                    Precision::Half => 4.0 * (case.head_dim as f64).sqrt() * 2f64.powi(-10),
                };
                assert!(
                    worst < bound,
                    "{path:?} {precision:?} {}: {worst} of {bound}",
                    case.head_dim
                );
            }
        }
    }
}

#[test]
fn a_position_is_the_same_to_the_last_bit_alone_in_parts_and_on_any_number_of_threads() {
    for case in &CASES {
        let shape = Shape {
            kv_heads: case.kv_heads,
            head_dim: case.head_dim,
            precision: Precision::Half,
        };
        let width = case.heads * case.head_dim;
        for path in Path::all() {
            let (one, three) = (Workers::new(1), Workers::new(3));
            let (pages, rows) = filled(&shape, case.heads, case.positions, &one);
            let run = |workers: &Workers, part: usize| {
                let mut scratch = Scratch::default();
                let mut out = vec![f32::NAN; case.positions * width];
                for from in (0..case.positions).step_by(part) {
                    let to = case.positions.min(from + part);
                    let some = queries(case, &rows, from, to);
                    let out = &mut out[from * width..to * width];
                    attend_by(path, &some, &pages, &shape, out, &mut scratch, workers);
                }
                out.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            };
            let whole = run(&one, case.positions);
            for (workers, part) in [
                (&one, 1),
                (&three, 1),
                (&three, 5),
                (&one, 37),
                (&three, case.positions),
            ] {
                assert!(run(workers, part) == whole, "{path:?} {} by {part}", case.head_dim);
            }
        }
    }
}

#[test]
fn half_precision_is_that_of_the_standard() {
    for bits in 0..=u16::MAX {
        let half = Half(bits);
        let finite = bits & 0x7c00 != 0x7c00;
        if finite {
            let exponent = i32::from(bits >> 10 & 0x1f);
            let fraction = f64::from(bits & 0x3ff) / 1024.0;
            let magnitude = if exponent == 0 {
                fraction * 2f64.powi(-14)
            } else {
                (1.0 + fraction) * 2f64.powi(exponent - 15)
            };
            let value = if bits & 0x8000 == 0 { magnitude } else { -magnitude };
            assert_eq!(f64::from(half.get()), value);
            assert_eq!(Half::of(half.get()).0, bits);
        }
    }
    // A tie goes to the even number, and slightly more than a tie goes up. A number beyond the largest becomes the
    // largest.
    assert_eq!(Half::of(1.0 + 2f32.powi(-11)).0, 0x3c00);
    assert_eq!(Half::of(1.0 + 3.0 * 2f32.powi(-11)).0, 0x3c02);
    assert_eq!(Half::of(1.0 + 2f32.powi(-11) + 2f32.powi(-20)).0, 0x3c01);
    assert_eq!(Half::of(2f32.powi(-25)).0, 0);
    assert_eq!(Half::of(1.5 * 2f32.powi(-24)).0, 2);
    assert_eq!((Half::of(1e9).0, Half::of(-1e9).0), (0x7bff, 0xfbff));
    assert_eq!(Half::of(f32::NAN).0 & 0x7e00, 0x7e00);
}

#[test]
fn powers_of_two_are_within_a_few_roundings() {
    for step in -126_000..=0 {
        let x = step as f32 / 1000.0;
        let exact = f64::from(x).exp2();
        assert!((f64::from(exp2(x)) - exact).abs() <= exact * 4e-7, "{x}");
    }
    assert_eq!((exp2(-127.0), exp2(f32::NEG_INFINITY), exp2(0.0)), (0.0, 0.0, 1.0));
}

#[test]
fn rows_are_turned_scaled_and_normed_as_defined() {
    let workers = Workers::new(2);
    let shape = Shape {
        kv_heads: 1,
        head_dim: 8,
        precision: Precision::Full,
    };
    for interleaved in [true, false] {
        let mut rows = numbers(6 * 32, 3);
        let before = rows.clone();
        let (bias, weight) = (numbers(32, 4), numbers(8, 5));
        let turning: Vec<f32> = (0..12).map(|i| i as f32 * 0.3).collect();
        let angles = Angles {
            cos: turning.iter().map(|a| a.cos()).collect(),
            sin: turning.iter().map(|a| a.sin()).collect(),
            dim: 4,
            interleaved,
        };
        let how = Turn {
            bias: Some(&bias),
            norms: Some((&weight, &weight)),
            eps: 1e-5,
            angles: Some(&angles),
            scale: 0.5,
        };
        let mut pages = vec![Page::new(&shape)];
        turn_and_store(&mut rows, 2, 0, &how, &mut pages, &shape, &workers);
        let read = |at: usize| {
            let head: *const f32 = pages[0].head::<f32>(&shape, 0);
            // SAFETY: the page has one head of 128 * (8 + 16) numbers, all initialized, and the test's indices are
            // below that.
            unsafe { *head.add(at) }
        };
        for (index, (row, before)) in rows.chunks(32).zip(before.chunks(32)).enumerate() {
            for head in 0..3 {
                let mut x: Vec<f64> = (0..8)
                    .map(|i| f64::from(before[head * 8 + i] + bias[head * 8 + i]))
                    .collect();
                let factor = (x.iter().map(|x| x * x).sum::<f64>() / 8.0 + 1e-5).sqrt().recip();
                x.iter_mut()
                    .zip(&weight)
                    .for_each(|(x, w)| *x *= factor * f64::from(*w));
                let pairs = if interleaved {
                    [(0, 1), (2, 3)]
                } else {
                    [(0, 2), (1, 3)]
                };
                for ((a, b), angle) in pairs.into_iter().zip(&turning[index * 2..]) {
                    let (sin, cos) = f64::from(*angle).sin_cos();
                    (x[a], x[b]) = (x[a] * cos - x[b] * sin, x[a] * sin + x[b] * cos);
                }
                for (component, x) in x.iter().enumerate() {
                    let got = if head < 2 {
                        row[head * 8 + component] * 2.0
                    } else {
                        read(component * LANES + index)
                    };
                    assert!(
                        (f64::from(got) - x).abs() < 1e-5,
                        "{interleaved} {index} {head} {component}"
                    );
                }
            }
            for component in 0..8 {
                assert_eq!(
                    read(PAGE * 8 + index * LANES + component),
                    before[24 + component] + bias[24 + component]
                );
            }
        }
    }
}
