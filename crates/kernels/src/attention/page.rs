//! The memory of keys and values: pages of 128 positions, for all key-value heads of one layer.
//!
//! A [`Page`] never moves once it is made, so a cache grows without copying.
//!
//! Within a head, keys are transposed in blocks of 16 positions (`[block][component][position]`). One vector then holds
//! a component of 16 keys, and a dot product needs no sum across lanes. Values stay `[position][component]`, and each
//! row is padded with zeros to whole vectors.

use std::cell::UnsafeCell;
use std::ops::Range;

/// Positions in a page: the keys over which one partial softmax is taken.
pub const PAGE: usize = 128;
/// Positions whose keys lie side by side, and numbers in a vector.
pub const LANES: usize = 16;

/// The number format of keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// IEEE 754 half precision, 2 bytes.
    Half,
    /// For results that must be compared exactly, and for keys and values that are used once and not kept.
    Full,
}

/// A number format of keys and values.
pub(super) trait Element: Copy {
    fn get(self) -> f32;
    fn of(value: f32) -> Self;
}

#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Half(pub u16);

impl Element for Half {
    /// Converts without branches, so that the compiler can vectorize it. The exponent is shifted, and a multiplication
    /// corrects its bias, which is right for subnormal numbers too. Infinities, which [`Half::of`] never makes, and NaN
    /// would become finite.
    #[inline(always)]
    fn get(self) -> f32 {
        let bits = u32::from(self.0);
        let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
        f32::from_bits(magnitude.to_bits() | ((bits & 0x8000) << 16))
    }

    /// Rounds to nearest, ties to even. A number beyond the largest finite one becomes that one. There are no branches
    /// here either.
    #[inline(always)]
    fn of(value: f32) -> Self {
        const LEAST_NORMAL: u32 = 113 << 23;
        let bits = value.clamp(-65504.0, 65504.0).to_bits();
        let magnitude = bits & 0x7fff_ffff;
        let normal = magnitude
            .wrapping_add(0xfff + ((magnitude >> 13) & 1))
            .wrapping_sub(112 << 23)
            >> 13;
        // Half's subnormal numbers have the same distance as f32 numbers from 1/2 to 1, so this sum rounds the same
        // way.
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

/// The shape of one layer's cache, without its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Heads of keys and values.
    pub kv_heads: usize,
    /// Numbers in a head.
    pub head_dim: usize,
    /// Number format of keys and values.
    pub precision: Precision,
}

impl Shape {
    /// Returns the numbers in a row of values.
    pub(super) fn padded(&self) -> usize {
        self.head_dim.next_multiple_of(LANES)
    }

    /// Returns the numbers of one head in a page.
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

/// A cache line, the unit of aligned vector loads.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Keys and values of 128 positions; zero where none was written yet.
pub struct Page {
    lines: Vec<UnsafeCell<Line>>,
}

// SAFETY: two functions write to a page. `restore` needs `&mut Page`. `store::turn_and_store` borrows the pages
// mutably, and each of its threads writes the places of different positions. Everything else only reads.
unsafe impl Sync for Page {}

impl Page {
    /// Returns an empty page.
    pub fn new(shape: &Shape) -> Self {
        let lines = shape.bytes().div_ceil(size_of::<Line>());
        Page {
            lines: (0..lines).map(|_| UnsafeCell::new(Line([0; 64]))).collect(),
        }
    }

    /// Returns the numbers as bytes, one head after another.
    fn bytes_mut(&mut self) -> &mut [u8] {
        let size = size_of_val(self.lines.as_slice());
        // SAFETY: `&mut self` makes this the only borrow. A line is 64 plain bytes without padding, also in its
        // `UnsafeCell`, and `size` is the number of bytes of all lines.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), size) }
    }

    /// Appends the keys and values of the page's first `positions` to `out`, for all heads. The keys of later positions
    /// in the last block are written as zeros, whatever the page holds.
    pub fn save(&mut self, shape: &Shape, positions: usize, out: &mut Vec<u8>) {
        let places = Places::new(shape, positions);
        let bytes = self.bytes_mut();
        for head in 0..shape.kv_heads {
            let (keys, values) = places.of(head);
            let from = out.len();
            out.extend_from_slice(&bytes[keys]);
            // In the last block, keys of later positions are between those that are saved.
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

    /// Returns how many bytes `save` appends.
    pub fn saved(shape: &Shape, positions: usize) -> usize {
        let (keys, values) = Places::new(shape, positions).of(0);
        shape.kv_heads * (keys.len() + values.len())
    }

    /// Puts back what `save` wrote. `saved` must have that length.
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

/// Where the first positions of a page are, in bytes.
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

    /// Returns the bytes of a head's keys, and those of its values.
    fn of(&self, head: usize) -> (Range<usize>, Range<usize>) {
        let (keys, values) = (head * self.head, head * self.head + self.first_value);
        (keys..keys + self.keys, values..values + self.values)
    }
}

impl Page {
    /// Returns a pointer to the keys of `head`, which its values follow. A caller that writes there must make sure that
    /// nobody else uses the same places.
    pub(super) fn head<E: Element>(&self, shape: &Shape, head: usize) -> *mut E {
        assert!((head + 1) * shape.head() * size_of::<E>() <= size_of_val(self.lines.as_slice()));
        // In bounds by the assert above. A `Line` is aligned for any element.
        UnsafeCell::raw_get(self.lines.as_ptr())
            .cast::<E>()
            .wrapping_add(head * shape.head())
    }
}
