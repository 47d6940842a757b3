//! The layout of each GGUF type in memory once it is packed, as constants that kernels are compiled for.
//!
//! A packed block is sixteen rows times 32 inputs. Its inputs are eight groups of four. Once unpacked to bytes, group
//! `g` of row `r` is the four bytes at `64 g + 4 r`. Packed:
//!
//! - 4 bits: 256 bytes. The low halves of the 64 bytes at `64 z` are group `z`, the high halves are group `z + 4`.
//! - 5 bits: the same, then eight words of 64 bits. Bit `4 r + j` of word `g` is the fifth bit of input `j` of row `r`
//!   in group `g`.
//! - 6 bits: the same as 4 bits, then 128 bytes. Bits `2 k` and `2 k + 1` of the 64 bytes at `64 c` are the top bits of
//!   group `4 c + k`.
//! - 8 bits: 512 bytes as they are, with 128 added to each so that they are unsigned.

use candle_core::quantized::GgmlDType;

use super::PANEL;

/// Layout and meaning of the scales of a packed block. All f16 are as in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scales {
    /// One f16 per row and block: `scale * (value - offset)`.
    Offset,
    /// Two f16 per row and block: `scale * value + minimum`.
    Minimum,
    /// For eight blocks: two f16 per row, then a byte for the scale and a byte for the minimum per row and block:
    /// `d * scale * value - dmin * minimum`.
    Super,
    /// For eight blocks: one f16 per row, then a signed byte per row and half block: `d * scale * (value - offset)`.
    Halves,
}

impl Scales {
    /// Returns the bytes of one group of scales, and the number of blocks that it is for.
    pub(super) const fn group(self) -> (usize, usize) {
        match self {
            Self::Offset => (2 * PANEL, 1),
            Self::Minimum => (4 * PANEL, 1),
            Self::Super => (4 * PANEL + 8 * 2 * PANEL, 8),
            Self::Halves => (2 * PANEL + 16 * PANEL, 8),
        }
    }
}

/// A quantized type, as a kernel is compiled for it.
pub(super) trait Packing {
    const BITS: usize;
    const SCALES: Scales;
    /// What is subtracted from a value before it is scaled.
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

        /// Returns the bits of a value and the form of its scales, or `None` for a type without a packing.
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

/// Runs `$run` with `$K` as the packing of `$kind`, or `$other` if the type has no packing.
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
