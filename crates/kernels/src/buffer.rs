//! Memory for packed weights: zeroed, and aligned to cache lines.
//!
//! The matrices of a model share a few large mappings, for which the system is asked to use huge pages. A token reads
//! all weights once. With pages of 4 KiB, address translation would take a good part of that time.

use std::sync::{Arc, Mutex, PoisonError};

use memmap2::MmapRaw;

use super::KernelError;

/// Smallest size of a mapping. Bytes that no buffer uses are never touched and take no memory.
const CHUNK: usize = 64 << 20;
/// Alignment of a buffer: the size of the largest register, and of a cache line.
const LINE: usize = 64;

/// Allocates buffers.
#[derive(Default)]
pub(super) struct Arena {
    /// The newest mapping, and how many of its bytes are allocated.
    chunk: Mutex<Option<(Arc<MmapRaw>, usize)>>,
}

/// A piece of a mapping that belongs to no other buffer. It keeps the mapping alive.
pub(super) struct Buffer {
    chunk: Arc<MmapRaw>,
    start: usize,
    len: usize,
}

impl Arena {
    /// Returns `len` bytes, all zero.
    ///
    /// # Errors
    /// The system has no memory left.
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
        // Huge pages are only faster. If the system refuses, pages stay small.
        let _ = map.advise(memmap2::Advice::HugePage);
    }
    Ok(MmapRaw::from(map))
}

impl Buffer {
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: `Arena::zeroed` chose `start` so that `start + len` bytes fit into the mapping, which `self.chunk`
        // keeps alive. The arena gives each byte to one buffer only, and `bytes_mut` needs `&mut self`, so nobody
        // writes to these bytes while they are borrowed. Anonymous memory is initialized to zero.
        unsafe { std::slice::from_raw_parts(self.chunk.as_ptr().add(self.start), self.len) }
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the bytes are inside the mapping and belong to this buffer only, as in `bytes`. `&mut self` makes
        // this the only borrow of them.
        unsafe { std::slice::from_raw_parts_mut(self.chunk.as_mut_ptr().add(self.start), self.len) }
    }
}
