//! How each GGUF type lies in memory once packed.
//!
//! In: the type. Out: widths and places, as constants that kernels are built for. It must not know how to multiply.
//!
//! Sixteen rows times 32 inputs make a packed block. Its inputs are eight groups of four; group `g` of row `r` is the
//! four bytes at `64 g + 4 r` once unpacked to bytes. Packed:
//! - 4 bits: 256 bytes. The low halves of the bytes at `64 z` are group `z`, the high halves group `z + 4`.
//! - 5 bits: the same, then eight times 64 bits: bit `4 r + j` of word `g` is the fifth bit of input `j` of the group.
//! - 6 bits: the same, then 128 bytes: bits `2 k` and `2 k + 1` of those at `64 c` are the top bits of group `4 c + k`.
//! - 8 bits: 512 bytes as they are, 128 added to each so that they are unsigned.

use candle_core::quantized::GgmlDType;

use super::PANEL;

/// Where the scales of a packed block lie, and what they say. All f16 are as the file has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scales {
    /// One f16 a row and block: `scale * (value - offset)`.
    Offset,
    /// Two f16: `scale * value + minimum`.
    Minimum,
    /// For eight blocks: two f16 a row, then a byte for the scale and a byte for the minimum a row and block:
    /// `d * scale * value - dmin * minimum`.
    Super,
    /// For eight blocks: one f16 a row, then a signed byte a row and half block: `d * scale * (value - offset)`.
    Halves,
}

impl Scales {
    /// Bytes of one group, and the blocks that it is for.
    pub(super) const fn group(self) -> (usize, usize) {
        match self {
            Self::Offset => (2 * PANEL, 1),
            Self::Minimum => (4 * PANEL, 1),
            Self::Super => (4 * PANEL + 8 * 2 * PANEL, 8),
            Self::Halves => (2 * PANEL + 16 * PANEL, 8),
        }
    }
}

/// A quantised type, as a kernel is built for it.
pub(super) trait Packing {
    const BITS: usize;
    const SCALES: Scales;
    /// What is taken off a value before it is scaled.
    const OFFSET: i32;
    /// Bytes of values in a packed block.
    const BYTES: usize = 4 * PANEL * Self::BITS;
}

macro_rules! packings {
    ($($name:ident: $bits:literal, $scales:ident, $offset:literal;)*) => {
        $(
            pub(super) struct $name;
            impl Packing for $name {
                const BITS: usize = $bits;
                const SCALES: Scales = Scales::$scales;
                const OFFSET: i32 = $offset;
            }
        )*

        /// Bits of a value and form of its scales; none for a type that is not quantised.
        pub(super) fn shape(kind: GgmlDType) -> Option<(usize, Scales)> {
            match kind {
                $(GgmlDType::$name => Some(($bits, Scales::$scales)),)*
                _ => None,
            }
        }
    };
}

packings! {
    Q4_0: 4, Offset, 8;
    Q4_1: 4, Minimum, 0;
    Q4K: 4, Super, 0;
    Q5_0: 5, Offset, 16;
    Q5_1: 5, Minimum, 0;
    Q5K: 5, Super, 0;
    Q6K: 6, Halves, 32;
    Q8_0: 8, Offset, 128;
}

/// Runs `$run` with `$K` standing for the packing of `$kind`; `$other` where it is not quantised.
macro_rules! with_packing {
    ($kind:expr, $K:ident => $run:expr, $other:expr) => {{
        use candle_core::quantized::GgmlDType;
        use $crate::packing as p;
        match $kind {
            GgmlDType::Q4_0 => {
                type $K = p::Q4_0;
                $run
            }
            GgmlDType::Q4_1 => {
                type $K = p::Q4_1;
                $run
            }
            GgmlDType::Q4K => {
                type $K = p::Q4K;
                $run
            }
            GgmlDType::Q5_0 => {
                type $K = p::Q5_0;
                $run
            }
            GgmlDType::Q5_1 => {
                type $K = p::Q5_1;
                $run
            }
            GgmlDType::Q5K => {
                type $K = p::Q5K;
                $run
            }
            GgmlDType::Q6K => {
                type $K = p::Q6K;
                $run
            }
            GgmlDType::Q8_0 => {
                type $K = p::Q8_0;
                $run
            }
            _ => $other,
        }
    }};
}
pub(super) use with_packing;
