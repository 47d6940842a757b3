//! The state of all layers: pages of keys and values, or the memory of a convolution.
//!
//! Pages are added one by one, up to the context window.

use askpm_kernels::{
    attention::{PAGE, Page, Shape},
    elementwise::convolution::Memory as Convolution,
};

/// The state of one layer.
pub(super) enum Memory {
    Pages { shape: Shape, pages: Vec<Page> },
    Convolution(Convolution),
}

pub(super) struct Cache {
    layers: Vec<Memory>,
    past: usize,
}

impl Cache {
    pub fn new(layers: impl Iterator<Item = Memory>) -> Self {
        Cache {
            layers: layers.collect(),
            past: 0,
        }
    }

    /// Returns the number of positions in the cache.
    pub fn past(&self) -> usize {
        self.past
    }

    pub fn layer(&mut self, index: usize) -> &mut Memory {
        &mut self.layers[index]
    }

    /// Makes room for `positions` positions in total. Pages never move, so nothing is copied.
    pub fn reserve(&mut self, positions: usize) {
        for memory in &mut self.layers {
            if let Memory::Pages { shape, pages } = memory {
                while pages.len() * PAGE < positions {
                    pages.push(Page::new(shape));
                }
            }
        }
    }

    /// Records that every layer has written `count` more positions.
    pub fn advance(&mut self, count: usize) {
        self.past += count;
    }

    /// Returns the keys and values of the first `positions`, layer by layer. Returns `None` if the cache has fewer, or
    /// if a layer is a convolution: its state at an earlier position is no longer known.
    pub fn save(&mut self, positions: usize) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for memory in &mut self.layers {
            let Memory::Pages { shape, pages } = memory else {
                return None;
            };
            if positions > self.past {
                return None;
            }
            for (page, count) in pages.iter_mut().zip(counts(positions)) {
                page.save(shape, count, &mut out);
            }
        }
        Some(out)
    }

    /// Replaces the contents of the cache with what `save` returned. Returns false and does nothing if it does not fit.
    pub fn restore(&mut self, positions: usize, mut saved: &[u8]) -> bool {
        let size = |memory: &Memory| match memory {
            Memory::Pages { shape, .. } => {
                Some(counts(positions).map(|count| Page::saved(shape, count)).sum::<usize>())
            }
            Memory::Convolution(_) => None,
        };
        let sizes: Option<Vec<usize>> = self.layers.iter().map(size).collect();
        if sizes.is_none_or(|sizes| sizes.iter().sum::<usize>() != saved.len()) {
            return false;
        }
        self.reserve(positions);
        for memory in &mut self.layers {
            let Memory::Pages { shape, pages } = memory else {
                continue;
            };
            for (page, count) in pages.iter_mut().zip(counts(positions)) {
                let (now, later) = saved.split_at(Page::saved(shape, count));
                page.restore(shape, count, now);
                saved = later;
            }
        }
        self.past = positions;
        true
    }

    /// Forgets the positions from `keep` on. A convolution can go back only a limited number of positions. If that is
    /// not enough, everything is forgotten. Pages stay allocated for later positions. Returns how many positions are
    /// left.
    pub fn truncate(&mut self, keep: usize) -> usize {
        let Some(dropped) = self.past.checked_sub(keep).filter(|dropped| *dropped > 0) else {
            return self.past;
        };
        let reaches = |memory: &Memory| match memory {
            Memory::Pages { .. } => true,
            Memory::Convolution(memory) => memory.reaches(dropped),
        };
        let all = self.layers.iter().all(reaches);
        for memory in &mut self.layers {
            match memory {
                Memory::Convolution(memory) if all => memory.take_back(dropped),
                Memory::Convolution(memory) => memory.clear(),
                Memory::Pages { .. } => {}
            }
        }
        self.past = if all { keep } else { 0 };
        self.past
    }
}

/// Returns how many of `positions` are in each page, in order.
fn counts(positions: usize) -> impl Iterator<Item = usize> {
    (0..positions)
        .step_by(PAGE)
        .map(move |first| (positions - first).min(PAGE))
}
