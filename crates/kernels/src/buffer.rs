//! Memory for packed weights.
//!
//! In: lengths. Out: bytes, zero and on cache lines of their own. It must not know what they mean.
//!
//! The matrices of a model share a few large mappings, for which the system is asked for large pages: a token reads all
//! weights once, and with pages of 4 KiB finding the next page would take a good part of that.

use std::sync::{Arc, Mutex, PoisonError};

use memmap2::MmapRaw;

use super::KernelError;

/// A mapping; what nobody uses of it is never touched and takes no memory.
const CHUNK: usize = 64 << 20;
/// Where a buffer may start: the largest register, and the cache line.
const LINE: usize = 64;

/// Where buffers come from.
#[derive(Default)]
pub(super) struct Arena {
    /// The newest mapping, and how much of it is given away.
    chunk: Mutex<Option<(Arc<MmapRaw>, usize)>>,
}

/// A piece of a mapping that nobody else has. The mapping ends with its last buffer.
pub(super) struct Buffer {
    chunk: Arc<MmapRaw>,
    start: usize,
    len: usize,
}

impl Arena {
    /// # Errors
    /// Where the system has no memory.
    pub(super) fn zeroed(&self, len: usize) -> Result<Buffer, KernelError> {
        let mut newest = self.chunk.lock().unwrap_or_else(PoisonError::into_inner);
        let (chunk, start) = match &*newest {
            Some((chunk, used)) if chunk.len() - used >= len => (Arc::clone(chunk), *used),
            _ => (Arc::new(map(len.max(CHUNK))?), 0),
        };
        let end = (start + len).next_multiple_of(LINE).min(chunk.len());
        *newest = Some((Arc::clone(&chunk), end));
        Ok(Buffer { chunk, start, len })
    }
}

fn map(len: usize) -> Result<MmapRaw, KernelError> {
    let map = memmap2::MmapMut::map_anon(len).map_err(|_| KernelError::Memory(len))?;
    #[cfg(target_os = "linux")]
    {
        // Only faster: where the system refuses, pages are small.
        let _ = map.advise(memmap2::Advice::HugePage);
    }
    Ok(MmapRaw::from(map))
}

impl Buffer {
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: inside the mapping, which lives as long as `self`; the arena gives each byte to one buffer.
        unsafe { std::slice::from_raw_parts(self.chunk.as_ptr().add(self.start), self.len) }
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `self` is borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.chunk.as_mut_ptr().add(self.start), self.len) }
    }
}
