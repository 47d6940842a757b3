//! Reads blocks of weights as GGUF stores them: ggml's `block_q4_0` and so on, as its `dequantize_row_*` read them.

/// A type of blocks in the file. `values` returns the 32 values of part `part` of a block, four to a little-endian
/// word, with the type's offset still in them. `part` is 0 except for the types in blocks of 256.
pub(super) trait Source {
    /// Bytes of a block in the file.
    const FILE_BYTES: usize;
    /// Packed blocks in a block of the file.
    const PARTS: usize;
    fn values(block: &[u8], part: usize) -> [u32; 8];
}

const LOW: u32 = 0x0f0f_0f0f;
const TOP_BIT: u32 = 0x1010_1010;

#[inline(always)]
fn word(bytes: &[u8], index: usize) -> u32 {
    let at = 4 * index;
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Unpacks sixteen bytes: the low halves are values 0–15, the high halves are values 16–31.
#[inline(always)]
fn halves(bytes: &[u8]) -> [u32; 8] {
    std::array::from_fn(|g| {
        let packed = word(bytes, g % 4);
        (if g < 4 { packed } else { packed >> 4 }) & LOW
    })
}

/// Makes bit `i` of `bits` the fifth bit of value `i`.
#[inline(always)]
fn add_fifth(mut values: [u32; 8], bits: u32) -> [u32; 8] {
    for (g, value) in values.iter_mut().enumerate() {
        // The multiplication spreads four bits to four bytes: bit j moves to 8 j + 4.
        let four = (bits >> (4 * g)) & 0xf;
        *value |= (four * 0x0204_0810) & TOP_BIT;
    }
    values
}

macro_rules! halved {
    ($name:ident, $bytes:literal, $nibbles:literal) => {
        impl Source for super::packing::$name {
            const FILE_BYTES: usize = $bytes;
            const PARTS: usize = 1;
            #[inline(always)]
            fn values(block: &[u8], _: usize) -> [u32; 8] {
                halves(&block[$nibbles..])
            }
        }
    };
    ($name:ident, $bytes:literal, $nibbles:literal, $fifth:literal) => {
        impl Source for super::packing::$name {
            const FILE_BYTES: usize = $bytes;
            const PARTS: usize = 1;
            #[inline(always)]
            fn values(block: &[u8], _: usize) -> [u32; 8] {
                add_fifth(halves(&block[$nibbles..]), word(&block[$fifth..], 0))
            }
        }
    };
}

halved!(Q4_0, 18, 2);
halved!(Q4_1, 20, 4);
halved!(Q5_0, 22, 6, 2);
halved!(Q5_1, 24, 8, 4);

impl Source for super::packing::Q8_0 {
    const FILE_BYTES: usize = 34;
    const PARTS: usize = 1;
    #[inline(always)]
    fn values(block: &[u8], _: usize) -> [u32; 8] {
        std::array::from_fn(|g| word(&block[2..], g) ^ 0x8080_8080)
    }
}

/// Unpacks one of the two parts in 32 bytes: the even one is in the low halves, the odd one in the high halves.
#[inline(always)]
fn paired(bytes: &[u8], part: usize) -> [u32; 8] {
    let pair = &bytes[32 * (part / 2)..];
    std::array::from_fn(|g| (word(pair, g) >> (4 * (part % 2))) & LOW)
}

impl Source for super::packing::Q4K {
    const FILE_BYTES: usize = 144;
    const PARTS: usize = 8;
    #[inline(always)]
    fn values(block: &[u8], part: usize) -> [u32; 8] {
        paired(&block[16..], part)
    }
}

impl Source for super::packing::Q5K {
    const FILE_BYTES: usize = 176;
    const PARTS: usize = 8;
    #[inline(always)]
    fn values(block: &[u8], part: usize) -> [u32; 8] {
        let (fifth, low) = (&block[16..48], &block[48..]);
        let mut values = paired(low, part);
        for (g, value) in values.iter_mut().enumerate() {
            *value |= ((word(fifth, g) >> part) & 0x0101_0101) << 4;
        }
        values
    }
}

impl Source for super::packing::Q6K {
    const FILE_BYTES: usize = 210;
    const PARTS: usize = 8;
    #[inline(always)]
    fn values(block: &[u8], part: usize) -> [u32; 8] {
        // Each half of the block has 128 values: 64 bytes of low bits and 32 bytes of high bits.
        let (half, quarter) = (part / 4, part % 4);
        let low = &block[64 * half + 32 * (quarter % 2)..];
        let high = &block[128 + 32 * half..];
        std::array::from_fn(|g| {
            let low = (word(low, g) >> (4 * (quarter / 2))) & LOW;
            low | (((word(high, g) >> (2 * quarter)) & 0x0303_0303) << 4)
        })
    }
}

/// Returns the eight scales and eight minima of a Q4_K or Q5_K block, from its twelve bytes of 6-bit numbers.
pub(super) fn six_bit_scales(packed: &[u8]) -> ([u8; 8], [u8; 8]) {
    let (mut scales, mut minima) = ([0; 8], [0; 8]);
    for i in 0..4 {
        scales[i] = packed[i] & 63;
        minima[i] = packed[i + 4] & 63;
        scales[i + 4] = (packed[i + 8] & 15) | ((packed[i] >> 6) << 4);
        minima[i + 4] = (packed[i + 8] >> 4) | ((packed[i + 4] >> 6) << 4);
    }
    (scales, minima)
}
