//! A packed matrix of weights: panels for the kernels, and single rows for embeddings.

use std::mem::size_of;

use candle_core::quantized::GgmlDType;

use super::buffer::Buffer;
use super::packing::{Packing, Scales, shape, with_packing};
use super::panel::{Panel, number, scales, unpack};
use super::workers::{Split, Workers};
use super::{BLOCK, Inputs, KernelError, PANEL, pack};

/// Weights of `rows` outputs and `cols` inputs, packed.
pub struct Matrix {
    kind: GgmlDType,
    rows: usize,
    cols: usize,
    /// Values of all panels, then scales of all panels.
    buffer: Buffer,
    value_bytes: usize,
    scale_bytes: usize,
}

impl Matrix {
    /// Packs a GGUF tensor of `kind` with `rows` × `cols` weights in row-major order.
    ///
    /// # Errors
    /// A kind that no kernel multiplies, a length that does not fit the shape, no memory.
    pub fn pack(
        kind: GgmlDType,
        rows: usize,
        cols: usize,
        bytes: &[u8],
        workers: &Workers,
    ) -> Result<Self, KernelError> {
        let wrong = || KernelError::Size {
            kind,
            rows,
            cols,
            bytes: bytes.len(),
        };
        if rows == 0 || cols == 0 || !cols.is_multiple_of(kind.block_size()) {
            return Err(wrong());
        }
        // If `bytes` has the right length, no size below can overflow: all are small multiples of that length.
        let row_bytes = (cols / kind.block_size())
            .checked_mul(kind.type_size())
            .ok_or_else(wrong)?;
        if row_bytes.checked_mul(rows) != Some(bytes.len()) {
            return Err(wrong());
        }
        let (value_bytes, scale_bytes) = panel_bytes(kind, cols)?;
        let panels = rows.div_ceil(PANEL);
        let total = (value_bytes + scale_bytes) * panels;
        let mut buffer = workers.arena().zeroed(total)?;
        let (values, scales) = buffer.bytes_mut().split_at_mut(value_bytes * panels);
        let (values, scales) = (Split::new(values, value_bytes), Split::new(scales, scale_bytes));
        workers.spread(panels, |range| {
            for panel in range {
                // SAFETY: `spread` gives each panel to one range, so this is the only borrow of these pieces.
                let (values, scales) = unsafe { (values.piece(panel), scales.piece(panel)) };
                let first = panel * PANEL * row_bytes;
                let bytes = &bytes[first..bytes.len().min(first + PANEL * row_bytes)];
                with_packing!(
                    kind, K => pack::panel::<K>(bytes, cols, values, scales),
                    pack::numbers(bytes, kind.type_size(), cols, values)
                );
            }
        });
        Ok(Self {
            kind,
            rows,
            cols,
            buffer,
            value_bytes,
            scale_bytes,
        })
    }

    /// Outputs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The type that the file had it in.
    pub fn kind(&self) -> GgmlDType {
        self.kind
    }

    /// Returns the memory of the packed weights in bytes.
    #[allow(dead_code, reason = "benchmarks measure it")]
    pub fn bytes(&self) -> usize {
        (self.value_bytes + self.scale_bytes) * self.panels()
    }

    /// The form of activations that it is multiplied with.
    pub fn inputs(&self) -> Inputs {
        match shape(self.kind) {
            Some(_) => Inputs::BYTES,
            None => Inputs::FLOATS,
        }
    }

    pub(super) fn panels(&self) -> usize {
        self.rows.div_ceil(PANEL)
    }

    pub(super) fn panel(&self, index: usize) -> Panel<'_> {
        let (values, scales) = self.buffer.bytes().split_at(self.value_bytes * self.panels());
        Panel {
            values: &values[index * self.value_bytes..][..self.value_bytes],
            scales: &scales[index * self.scale_bytes..][..self.scale_bytes],
        }
    }

    /// Writes row `row` as f32 to `out`, which must have `cols` numbers. The row equals ggml's dequantization to the
    /// last bit.
    ///
    /// # Panics
    /// Where there is no such row, or `out` has another length.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.rows && out.len() == self.cols, "no such row of this matrix");
        let (panel, lane) = (self.panel(row / PANEL), row % PANEL);
        with_packing!(
            self.kind, K => quantised_row::<K>(panel, lane, out),
            for (col, out) in out.iter_mut().enumerate() {
                *out = number(self.kind, panel.values, col * PANEL + lane);
            }
        );
    }
}

fn quantised_row<K: Packing>(panel: Panel, lane: usize, out: &mut [f32]) {
    for (block, out) in out.chunks_exact_mut(BLOCK).enumerate() {
        let values = unpack::<K>(panel.values, block);
        let scales = scales::<K>(panel.scales, block);
        for (i, out) in out.iter_mut().enumerate() {
            let value = f32::from(i16::from(values[i / 4][4 * lane + i % 4]) - K::OFFSET as i16);
            let scaled = value * scales.scale[i / 16][lane];
            // Adding 0 would turn -0 into 0.
            *out = match K::SCALES {
                Scales::Minimum | Scales::Super => scaled + scales.minimum[lane],
                Scales::Offset | Scales::Halves => scaled,
            };
        }
    }
}

/// Returns the bytes of values and of scales in one panel.
fn panel_bytes(kind: GgmlDType, cols: usize) -> Result<(usize, usize), KernelError> {
    let blocks = cols / BLOCK;
    match shape(kind) {
        Some((bits, scales)) => {
            let (bytes, of) = scales.group();
            Ok((blocks * 4 * PANEL * bits, blocks / of * bytes))
        }
        None if matches!(kind, GgmlDType::F16 | GgmlDType::BF16 | GgmlDType::F32) => Ok((
            cols * PANEL * if kind == GgmlDType::F32 { size_of::<f32>() } else { 2 },
            0,
        )),
        None => Err(KernelError::Kind(kind)),
    }
}
