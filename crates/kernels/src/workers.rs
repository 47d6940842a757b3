//! The thread pool for a model's work on the CPU.
//!
//! A token takes about two hundred short tasks, so threads stay awake between tasks for a moment before they sleep.

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

/// How often a waiting thread polls at full speed. After that it yields the core between polls, because the thread that
/// it waits for may need that core.
const SPINS: usize = 100;
/// How often a thread polls before it sleeps: about a hundred microseconds on a core that nobody else wants.
const LOOKS: usize = 400;

/// Number of ranges of a task that each thread would get if all were equally fast.
const RANGES: usize = 8;

/// Waits a moment between two polls.
fn pause(looks: usize) {
    if looks < SPINS {
        std::hint::spin_loop();
    } else {
        thread::yield_now();
    }
}

type Task<'a> = dyn Fn(usize) + Sync + 'a;

struct Shared {
    /// The number of the task times `TURN`, plus the number of its parts that are taken.
    taken: AtomicU64,
    parts: u64,
    task: UnsafeCell<Option<&'static Task<'static>>>,
    /// Number of parts of this task that are done.
    done: AtomicU64,
    busy: AtomicBool,
    stop: AtomicBool,
    panicked: AtomicBool,
    asleep: Vec<AtomicBool>,
}

/// More than the number of parts, which is at most 256.
const TURN: u64 = 1 << 16;

// SAFETY: every field but `task` is `Sync` itself. Only the caller that holds `busy` writes `task`, after all parts of
// the last task are done. A thread reads it only after it has taken a part of this task and before it has marked that
// part as done, while the caller waits. The task it points to is `Sync`, so several threads may call it.
unsafe impl Sync for Shared {}

impl Shared {
    fn open(&self) -> bool {
        self.taken.load(SeqCst) % TURN < self.parts
    }

    /// Takes a part and runs it. Returns false if none is left. The first thread to come gets the part, so nobody waits
    /// for a thread that sleeps or that has lost its core to another program.
    fn run_one(&self) -> bool {
        let take = |taken| (taken % TURN < self.parts).then_some(taken + 1);
        let Ok(taken) = self.taken.fetch_update(SeqCst, SeqCst, take) else {
            return false;
        };
        // SAFETY: this thread has taken a part that is not marked as done. Until it is, `run` neither writes the cell
        // nor returns, so the task is still alive.
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

    /// Returns the memory for matrices that are packed by these threads.
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
    /// part may wait for another. If a task runs another task, or if another thread uses the pool, the caller runs all
    /// parts itself.
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
        // SAFETY: the transmute only makes the lifetime longer. A thread uses the reference only while it has a part of
        // this task, and this function neither returns nor unwinds before all parts are done (`run_one` catches
        // panics). This caller holds `busy` and all parts of the last task are done, so nobody reads the cell while it
        // is written.
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
    /// Runs `task` on all of `items`, in ranges that go to whichever thread is free. Cores may differ in speed, and
    /// another program may use one of them.
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
            // Threads catch the panics of their tasks, so joining does not fail.
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
            // A task that started before the flag was set wakes nobody, so this looks for one again.
            if !shared.open() && !shared.stop.load(SeqCst) {
                thread::park();
            }
            shared.asleep[index].store(false, SeqCst);
            looks = 0;
        }
    }
}

/// A slice that several parts of a task write to, each in its own pieces.
pub(super) struct Split<'a, T> {
    start: *mut T,
    len: usize,
    piece: usize,
    of: PhantomData<&'a mut [T]>,
}

// SAFETY: a shared `Split` only gives out borrows of elements. The callers of `piece` and `range` guarantee that no two
// of these overlap, so an element is used by one thread at a time, which `T: Send` allows.
unsafe impl<T: Send> Sync for Split<'_, T> {}

impl<'a, T> Split<'a, T> {
    /// Splits `slice` into pieces of `piece` elements. The last may be shorter.
    pub(super) fn new(slice: &'a mut [T], piece: usize) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            piece,
            of: PhantomData,
        }
    }

    /// Returns piece `index`, which is empty past the end.
    ///
    /// # Safety
    /// No other borrow of the same piece may exist, on any thread.
    #[allow(clippy::mut_from_ref, reason = "the caller promises that no two borrows overlap")]
    pub(super) unsafe fn piece(&self, index: usize) -> &mut [T] {
        // SAFETY: pieces do not overlap, so the caller's promise about the piece is the one about its elements.
        unsafe { self.range(index * self.piece, self.piece) }
    }

    /// Returns `len` elements from `from` on, or fewer at the end.
    ///
    /// # Safety
    /// No other borrow of the same elements may exist, on any thread.
    #[allow(clippy::mut_from_ref, reason = "the caller promises that no two borrows overlap")]
    pub(super) unsafe fn range(&self, from: usize, len: usize) -> &mut [T] {
        let from = from.min(self.len);
        let len = len.min(self.len - from);
        // SAFETY: `from` and `len` are limited to the slice that `new` borrowed mutably for as long as `'a`. The caller
        // has the only borrow of these elements.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), len) }
    }
}
