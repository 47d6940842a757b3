//! The threads of a model's CPU work.
//!
//! In: a task for every part of the work. Out: nothing, once all parts are done. It must not know what the work is.
//!
//! A token takes some two hundred short tasks, so threads stay awake between them for a moment and sleep after that.

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::thread::{self, JoinHandle};

use super::buffer::Arena;

/// Looks for a change that a waiting thread takes at full speed; past them it lets others have the core in between, as
/// one of them may be the thread that it waits for.
const SPINS: usize = 100;
/// Looks before a thread sleeps: about a hundred microseconds on a core that nobody else wants.
const LOOKS: usize = 400;

/// Ranges that a thread would get of a task if all were equally fast.
const RANGES: usize = 8;

/// Waits a moment between two looks.
fn pause(looks: usize) {
    if looks < SPINS {
        std::hint::spin_loop();
    } else {
        thread::yield_now();
    }
}

type Task<'a> = dyn Fn(usize) + Sync + 'a;

struct Shared {
    /// The number of the task, times `TURN`, and how many of its parts are taken.
    taken: AtomicU64,
    parts: u64,
    task: UnsafeCell<Option<&'static Task<'static>>>,
    /// Parts of this task that are done.
    done: AtomicU64,
    busy: AtomicBool,
    stop: AtomicBool,
    panicked: AtomicBool,
    asleep: Vec<AtomicBool>,
}

/// More than there are parts.
const TURN: u64 = 1 << 16;

// SAFETY: `task` is written by the one caller that holds `busy`, while all parts of the last task are done, and read
// by who took a part of this one and is not done with it.
unsafe impl Sync for Shared {}

impl Shared {
    fn open(&self) -> bool {
        self.taken.load(SeqCst) % TURN < self.parts
    }

    /// Takes a part and runs it; false where none is left. Whoever comes first gets it: a thread that sleeps, or whose
    /// core another program has, keeps nobody waiting.
    fn run_one(&self) -> bool {
        let take = |taken| (taken % TURN < self.parts).then_some(taken + 1);
        let Ok(taken) = self.taken.fetch_update(SeqCst, SeqCst, take) else {
            return false;
        };
        // SAFETY: this part is not done, so the caller waits, and the cell is not written.
        let task = unsafe { *self.task.get() };
        if let Some(task) = task
            && catch_unwind(AssertUnwindSafe(|| task((taken % TURN) as usize))).is_err()
        {
            self.panicked.store(true, SeqCst);
        }
        self.done.fetch_add(1, SeqCst);
        true
    }
}

/// Persistent threads, and the memory of the weights that they multiply. The caller of [`Workers::run`] is one of them.
pub struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    arena: Arena,
}

impl Workers {
    /// `threads` in all, the caller's included. Where the system refuses one, the others do its parts.
    pub fn new(threads: usize) -> Self {
        let others = threads.clamp(1, 256) - 1;
        let parts = others as u64 + 1;
        let shared = Arc::new(Shared {
            taken: AtomicU64::new(parts),
            parts,
            task: UnsafeCell::new(None),
            done: AtomicU64::new(parts),
            busy: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
            asleep: (0..others).map(|_| AtomicBool::new(false)).collect(),
        });
        let threads = (0..others)
            .map_while(|index| {
                let shared = Arc::clone(&shared);
                let name = format!("kernels-{}", index + 1);
                thread::Builder::new()
                    .name(name)
                    .spawn(move || work(&shared, index))
                    .ok()
            })
            .collect();
        Self {
            shared,
            threads,
            arena: Arena::default(),
        }
    }

    /// One thread for each core that the process may use.
    pub fn for_machine() -> Self {
        Self::new(thread::available_parallelism().map_or(1, usize::from))
    }

    /// Where matrices that are packed by these threads get their memory.
    pub(super) fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Parts that a task is run in.
    pub fn parts(&self) -> usize {
        self.shared.parts as usize
    }

    /// What of `items` belongs to `part` of `parts`: neighbours, as many as the others have or one more.
    pub fn share(items: usize, part: usize, parts: usize) -> Range<usize> {
        items * part / parts..items * (part + 1) / parts
    }

    /// Runs `task(part, parts)` once for each part, on whichever threads are awake, and returns when all are done. No
    /// part may wait for another. A task that runs another (or one that another thread is in the way of) gets all of
    /// its parts run by the caller.
    ///
    /// # Panics
    /// Where a part panicked.
    pub fn run(&self, task: impl Fn(usize, usize) + Sync) {
        let parts = self.parts();
        let shared = &*self.shared;
        if parts == 1 || shared.busy.swap(true, SeqCst) {
            (0..parts).for_each(|part| task(part, parts));
            return;
        }
        let part = |part| task(part, parts);
        let task: &Task = &part;
        // SAFETY: the reference is used by who has a part of this task alone, and this function neither returns nor
        // unwinds before all parts are done. `busy` is held and all parts of the last task are done, so nobody reads
        // the cell.
        unsafe { *shared.task.get() = Some(std::mem::transmute::<&Task<'_>, &'static Task<'static>>(task)) };
        shared.done.store(0, SeqCst);
        let turn = shared.taken.load(SeqCst) / TURN + 1;
        shared.taken.store(turn * TURN, SeqCst);
        for (asleep, thread) in shared.asleep.iter().zip(&self.threads) {
            if asleep.swap(false, SeqCst) {
                thread.thread().unpark();
            }
        }
        while shared.run_one() {}
        let mut looks = 0;
        while shared.done.load(SeqCst) < shared.parts {
            looks += 1;
            pause(looks);
        }
        let panicked = shared.panicked.swap(false, SeqCst);
        shared.busy.store(false, SeqCst);
        assert!(!panicked, "a part of the work panicked");
    }
}

impl Workers {
    /// Runs `task` on all of `items`, in ranges that go to whichever thread is free: cores may differ in speed, and
    /// another program may hold one of them.
    ///
    /// # Panics
    /// Where a range's task panicked.
    pub fn spread(&self, items: usize, task: impl Fn(Range<usize>) + Sync) {
        let parts = self.parts();
        if parts == 1 {
            return task(0..items);
        }
        let step = (items / (parts * RANGES)).max(1);
        let next = AtomicUsize::new(0);
        self.run(|_, _| {
            loop {
                let first = next.fetch_add(step, Relaxed);
                if first >= items {
                    return;
                }
                task(first..items.min(first + step));
            }
        });
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            // A thread catches the panics of its tasks and has none of its own.
            let _ = thread.join();
        }
    }
}

fn work(shared: &Shared, index: usize) {
    let mut looks = 0;
    while !shared.stop.load(SeqCst) {
        if shared.run_one() {
            looks = 0;
        } else if looks < LOOKS {
            looks += 1;
            pause(looks);
        } else {
            shared.asleep[index].store(true, SeqCst);
            // A task that came before the flag was up wakes nobody, so it is looked for once more.
            if !shared.open() && !shared.stop.load(SeqCst) {
                thread::park();
            }
            shared.asleep[index].store(false, SeqCst);
            looks = 0;
        }
    }
}

/// A slice that the parts of a task write to, each its own pieces.
pub(super) struct Split<'a, T> {
    start: *mut T,
    len: usize,
    piece: usize,
    of: PhantomData<&'a mut [T]>,
}

// SAFETY: it lends what `&mut [T]` would, and whoever takes a piece promises that nobody else has it.
unsafe impl<T: Send> Sync for Split<'_, T> {}

impl<'a, T> Split<'a, T> {
    /// Pieces of `piece` elements; the last may be shorter.
    pub(super) fn new(slice: &'a mut [T], piece: usize) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            piece,
            of: PhantomData,
        }
    }

    /// Piece `index`, empty past the end.
    ///
    /// # Safety
    /// No two threads may hold the same piece.
    #[allow(clippy::mut_from_ref, reason = "that is what the promise is for")]
    pub(super) unsafe fn piece(&self, index: usize) -> &mut [T] {
        // SAFETY: pieces do not overlap, so the caller's promise about the piece is the one about its elements.
        unsafe { self.range(index * self.piece, self.piece) }
    }

    /// `len` elements from `from` on, fewer at the end.
    ///
    /// # Safety
    /// No two threads may hold the same element.
    #[allow(clippy::mut_from_ref, reason = "that is what the promise is for")]
    pub(super) unsafe fn range(&self, from: usize, len: usize) -> &mut [T] {
        let from = from.min(self.len);
        let len = len.min(self.len - from);
        // SAFETY: inside the slice that `new` was given, which is lent for as long as `self` is.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), len) }
    }
}
