//! Where keys and values lie: pages of 128 positions, of all key–value heads of one layer.
//!
//! In: the shape of a layer's cache. Out: [`Page`], which never moves once it is made, so that a cache grows without
//! copying. It must not know softmax.
//!
//! Within a head, keys are turned over in blocks of 16 positions (`[block][component][position]`), so that one vector
//! holds a component of 16 keys and a dot product needs no sum across lanes; values stay `[position][component]`,
//! each row filled up to whole vectors with zeros.

use std::cell::UnsafeCell;
use std::ops::Range;

/// Positions in a page: the keys over which one partial softmax is taken.
pub const PAGE: usize = 128;
/// Positions whose keys lie side by side, and numbers in a vector.
pub const LANES: usize = 16;

/// How keys and values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    Half,
    /// For what must be compared exactly, and what is put away once and not kept.
    Full,
}

/// Numbers that keys and values are kept in.
pub(super) trait Element: Copy {
    fn get(self) -> f32;
    fn of(value: f32) -> Self;
}

#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Half(pub u16);

impl Element for Half {
    /// Branch-free, for the compiler to do many at once: the exponent is moved over and its bias made good by a product,
    /// which is right for subnormal numbers too. Infinities, which [`Half::of`] never makes, would become finite.
    #[inline(always)]
    fn get(self) -> f32 {
        let bits = u32::from(self.0);
        let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
        f32::from_bits(magnitude.to_bits() | ((bits & 0x8000) << 16))
    }

    /// Rounds to nearest, ties to even, and to the largest finite number beyond it. Branch-free as well.
    #[inline(always)]
    fn of(value: f32) -> Self {
        const LEAST_NORMAL: u32 = 113 << 23;
        let bits = value.clamp(-65504.0, 65504.0).to_bits();
        let magnitude = bits & 0x7fff_ffff;
        let normal = magnitude
            .wrapping_add(0xfff + ((magnitude >> 13) & 1))
            .wrapping_sub(112 << 23)
            >> 13;
        // Half's subnormal numbers are as far apart as the numbers from 1/2 to 1 in f32, so that the sum rounds alike.
        let small = (f32::from_bits(magnitude) + 0.5)
            .to_bits()
            .wrapping_sub(0.5f32.to_bits());
        let finite = if magnitude < LEAST_NORMAL { small } else { normal };
        let rounded = if magnitude > f32::INFINITY.to_bits() {
            0x7e00
        } else {
            finite
        };
        Half((rounded | ((bits >> 16) & 0x8000)) as u16)
    }
}

impl Element for f32 {
    #[inline(always)]
    fn get(self) -> f32 {
        self
    }

    #[inline(always)]
    fn of(value: f32) -> Self {
        value
    }
}

/// The cache of one layer, without its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub kv_heads: usize,
    pub head_dim: usize,
    pub precision: Precision,
}

impl Shape {
    /// Numbers in a row of values.
    pub(super) fn padded(&self) -> usize {
        self.head_dim.next_multiple_of(LANES)
    }

    /// Numbers of one head in a page.
    pub(super) fn head(&self) -> usize {
        PAGE * (self.head_dim + self.padded())
    }

    /// Bytes of a page.
    pub fn bytes(&self) -> usize {
        let each = match self.precision {
            Precision::Half => size_of::<Half>(),
            Precision::Full => size_of::<f32>(),
        };
        self.kv_heads * self.head() * each
    }
}

/// A cache line, which vectors are loaded from whole.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Keys and values of 128 positions; zero where none was written yet.
pub struct Page {
    lines: Vec<UnsafeCell<Line>>,
}

// SAFETY: it is written to through `store` alone, which has it exclusively and gives threads places of different positions.
unsafe impl Sync for Page {}

impl Page {
    pub fn new(shape: &Shape) -> Self {
        let lines = shape.bytes().div_ceil(size_of::<Line>());
        Page {
            lines: (0..lines).map(|_| UnsafeCell::new(Line([0; 64]))).collect(),
        }
    }

    /// The numbers as bytes, all heads after one another.
    fn bytes_mut(&mut self) -> &mut [u8] {
        let size = size_of_val(self.lines.as_slice());
        // SAFETY: `self` is borrowed alone, a line is plain bytes without gaps, and there are `size` of them.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), size) }
    }

    /// Appends the keys and values of the first `positions` of the page to `out`, of all heads. Of later positions there
    /// are zeros, whatever the page holds.
    pub fn save(&mut self, shape: &Shape, positions: usize, out: &mut Vec<u8>) {
        let places = Places::new(shape, positions);
        let bytes = self.bytes_mut();
        for head in 0..shape.kv_heads {
            let (keys, values) = places.of(head);
            let from = out.len();
            out.extend_from_slice(&bytes[keys]);
            // In the last block, keys of later positions lie between those that are saved.
            let row = LANES * places.each;
            for component in out[from..]
                .chunks_exact_mut(row)
                .skip(positions / LANES * shape.head_dim)
            {
                component[positions % LANES * places.each..].fill(0);
            }
            out.extend_from_slice(&bytes[values]);
        }
    }

    /// Bytes that `save` appends.
    pub fn saved(shape: &Shape, positions: usize) -> usize {
        let (keys, values) = Places::new(shape, positions).of(0);
        shape.kv_heads * (keys.len() + values.len())
    }

    /// Puts back what `save` gave. `bytes` must be as long as that.
    pub fn restore(&mut self, shape: &Shape, positions: usize, mut saved: &[u8]) {
        let places = Places::new(shape, positions);
        let bytes = self.bytes_mut();
        for place in (0..shape.kv_heads).flat_map(|head| <[_; 2]>::from(places.of(head))) {
            let (now, later) = saved.split_at(place.len());
            bytes[place].copy_from_slice(now);
            saved = later;
        }
    }
}

/// Where the first positions of a page lie, in bytes.
struct Places {
    each: usize,
    head: usize,
    keys: usize,
    first_value: usize,
    values: usize,
}

impl Places {
    fn new(shape: &Shape, positions: usize) -> Self {
        let each = shape.bytes() / (shape.kv_heads * shape.head());
        Places {
            each,
            head: shape.head() * each,
            keys: positions.next_multiple_of(LANES) * shape.head_dim * each,
            first_value: PAGE * shape.head_dim * each,
            values: positions * shape.padded() * each,
        }
    }

    /// Of a head's keys and of its values.
    fn of(&self, head: usize) -> (Range<usize>, Range<usize>) {
        let (keys, values) = (head * self.head, head * self.head + self.first_value);
        (keys..keys + self.keys, values..values + self.values)
    }
}

impl Page {
    /// Keys of `head`, its values right behind them. Who writes there must see to it that nobody else uses that place.
    pub(super) fn head<E: Element>(&self, shape: &Shape, head: usize) -> *mut E {
        assert!((head + 1) * shape.head() * size_of::<E>() <= size_of_val(self.lines.as_slice()));
        // In bounds by the line above; a `Line` is aligned for any element.
        UnsafeCell::raw_get(self.lines.as_ptr())
            .cast::<E>()
            .wrapping_add(head * shape.head())
    }
}
