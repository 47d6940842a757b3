//! Memory for packed weights: page-aligned, zero, given back whole.
//!
//! In: a length. Out: bytes. It must not know what they mean.

use memmap2::MmapMut;

use super::KernelError;

/// From here on a mapping is worth asking the system for large pages: two of them are sure to fit.
#[cfg(target_os = "linux")]
const LARGE: usize = 4 << 20;

pub(super) struct Buffer {
    map: MmapMut,
}

impl Buffer {
    /// # Errors
    /// Where the system has no memory.
    pub(super) fn zeroed(bytes: usize) -> Result<Self, KernelError> {
        let map = MmapMut::map_anon(bytes.max(1)).map_err(|_| KernelError::Memory(bytes))?;
        #[cfg(target_os = "linux")]
        if bytes >= LARGE {
            // Only faster: where the system refuses, pages are small.
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        Ok(Self { map })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.map
    }
}
