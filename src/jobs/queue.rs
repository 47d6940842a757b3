//! A bounded first-in, first-out queue of jobs.
//!
//! A job is a closure that gets the worker. [`QueueWorker::work`] runs each job once, in the order of submission. A client
//! that disconnects drops its [`Ticket`], which removes its job. A job takes a place while it waits, not while it runs.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Cancel;

type Job<W> = Box<dyn FnOnce(&mut W, &Cancel) + Send>;

/// The queue is full, or the queue is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// When to retry, in whole seconds from 1 to 60. It is an estimate of how long the waiting jobs will take, based on
    /// earlier jobs.
    pub retry_after: u64,
    /// Whether the queue is closed for good.
    pub closed: bool,
}

struct Waiting<W: ?Sized> {
    number: u64,
    cancel: Cancel,
    job: Job<W>,
}

struct State<W: ?Sized> {
    waiting: VecDeque<Waiting<W>>,
    /// The cancel flag of the running job.
    running: Option<Cancel>,
    next: u64,
    closed: bool,
    /// Moving average of how long a job takes.
    usual: Duration,
}

impl<W: ?Sized> State<W> {
    /// How long so many jobs will take, in whole seconds from 1 to 60.
    fn estimate(&self, jobs: usize) -> u64 {
        let jobs = u32::try_from(jobs).unwrap_or(u32::MAX);
        let time = self.usual.saturating_mul(jobs);
        (time.as_secs_f64().ceil() as u64).clamp(1, 60)
    }
}

struct Shared<W: ?Sized> {
    state: Mutex<State<W>>,
    changed: Condvar,
    places: usize,
}

impl<W: ?Sized> Shared<W> {
    /// Locks the state. A poisoned lock is still usable: a job's panic is caught before it reaches the lock, and the
    /// state is consistent between any two statements.
    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clients' side of the queue. Clones share the same queue.
pub struct JobQueue<W: ?Sized>(Arc<Shared<W>>);

impl<W: ?Sized> Clone for JobQueue<W> {
    fn clone(&self) -> Self {
        JobQueue(Arc::clone(&self.0))
    }
}

/// The worker's side of the queue.
pub struct QueueWorker<W: ?Sized>(Arc<Shared<W>>);

/// A place in the queue. Dropping it cancels the job, whether it waits or runs.
pub struct Ticket<W: ?Sized> {
    shared: Arc<Shared<W>>,
    number: u64,
    cancel: Cancel,
}

impl<W: ?Sized> Drop for Ticket<W> {
    fn drop(&mut self) {
        self.cancel.set();
        let mut state = self.shared.state();
        let gone = state.waiting.iter().position(|waiting| waiting.number == self.number);
        let job = gone.and_then(|at| state.waiting.remove(at));
        drop(state);
        // Dropping the job may run any code, so it happens outside the lock.
        drop(job);
    }
}

impl<W: ?Sized> JobQueue<W> {
    /// Creates a queue in which `places` jobs can wait.
    pub fn open(places: usize) -> (JobQueue<W>, QueueWorker<W>) {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                running: None,
                next: 0,
                closed: false,
                usual: Duration::from_secs(1),
            }),
            changed: Condvar::new(),
            places,
        });
        (JobQueue(Arc::clone(&shared)), QueueWorker(shared))
    }

    /// Queues `job`.
    ///
    /// # Errors
    /// [`Busy`] if every place is taken or the queue is closed. A queue without places accepts a job only when it is
    /// idle.
    pub fn submit(&self, job: impl FnOnce(&mut W, &Cancel) + Send + 'static) -> Result<Ticket<W>, Busy> {
        let mut state = self.0.state();
        let idle = state.running.is_none() && state.waiting.is_empty();
        if state.closed || (state.waiting.len() >= self.0.places && !idle) {
            return Err(Busy {
                retry_after: state.estimate(state.waiting.len() + 1),
                closed: state.closed,
            });
        }
        let (number, cancel) = (state.next, Cancel::default());
        state.next += 1;
        state.waiting.push_back(Waiting {
            number,
            cancel: cancel.clone(),
            job: Box::new(job),
        });
        drop(state);
        self.0.changed.notify_one();
        Ok(Ticket {
            shared: Arc::clone(&self.0),
            number,
            cancel,
        })
    }

    /// Returns how many jobs wait, and whether one runs.
    pub fn load(&self) -> (usize, bool) {
        let state = self.0.state();
        (state.waiting.len(), state.running.is_some())
    }

    /// Returns how many jobs can wait.
    pub fn places(&self) -> usize {
        self.0.places
    }

    /// Returns in how many seconds the next job will probably be done, from 1 to 60.
    pub fn next_done(&self) -> u64 {
        self.0.state().estimate(1)
    }

    /// Rejects further jobs and drops those that wait. The one that runs goes on.
    pub fn drain(&self) {
        self.end(false);
    }

    /// Rejects further jobs, drops those that wait and cancels the one that runs.
    pub fn close(&self) {
        self.end(true);
    }

    fn end(&self, cancel: bool) {
        let mut state = self.0.state();
        state.closed = true;
        if let Some(running) = state.running.as_ref().filter(|_| cancel) {
            running.set();
        }
        let left = std::mem::take(&mut state.waiting);
        drop(state);
        drop(left);
        self.0.changed.notify_all();
    }
}

impl<W: ?Sized> QueueWorker<W> {
    /// Runs one job after another until the queue is closed. If a job panics, it is dropped and the next one runs.
    pub fn work(self, worker: &mut W) {
        while let Some(Waiting { job, cancel, .. }) = self.next() {
            let started = Instant::now();
            // The client sees the job's channel close. The panic hook reports the panic.
            let _ = catch_unwind(AssertUnwindSafe(|| job(worker, &cancel)));
            let mut state = self.0.state();
            state.running = None;
            if !cancel.is_set() {
                state.usual = (state.usual * 3 + started.elapsed()) / 4;
            }
        }
    }

    fn next(&self) -> Option<Waiting<W>> {
        let mut state = self.0.state();
        loop {
            if state.closed {
                return None;
            }
            if let Some(waiting) = state.waiting.pop_front() {
                state.running = Some(waiting.cancel.clone());
                return Some(waiting);
            }
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Closes the queue when its worker is gone.
impl<W: ?Sized> Drop for QueueWorker<W> {
    fn drop(&mut self) {
        JobQueue(Arc::clone(&self.0)).close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::thread;

    type Log = Vec<u32>;

    /// Returns a queue whose worker is blocked by a first job until the returned sender is used or dropped.
    fn held(
        places: usize,
    ) -> (
        JobQueue<Log>,
        std::sync::mpsc::Sender<()>,
        thread::JoinHandle<Log>,
        Ticket<Log>,
    ) {
        let (queue, worker) = JobQueue::<Log>::open(places);
        let worker = thread::spawn(move || {
            let mut log = Log::new();
            worker.work(&mut log);
            log
        });
        let (release, held) = channel::<()>();
        let (began, begun) = channel();
        let first = queue
            .submit(move |_, _| {
                began.send(()).unwrap();
                let _ = held.recv();
            })
            .unwrap();
        begun.recv().unwrap();
        (queue, release, worker, first)
    }

    /// Waits until all waiting jobs are done, then closes the queue.
    fn finish(queue: &JobQueue<Log>) {
        let (done, all) = channel();
        let last = loop {
            let done = done.clone();
            match queue.submit(move |_, _| done.send(()).unwrap()) {
                Ok(ticket) => break ticket,
                Err(_) => thread::yield_now(),
            }
        };
        all.recv().unwrap();
        drop(last);
        queue.close();
    }

    #[test]
    fn jobs_are_done_in_their_order_and_one_past_the_places_is_turned_away() {
        let (queue, release, worker, _first) = held(2);
        let tickets: Vec<_> = (0..2)
            .map(|n| queue.submit(move |log, _| log.push(n)).unwrap())
            .collect();
        let busy = queue.submit(|log, _| log.push(9)).err().unwrap();
        assert!((1..=60).contains(&busy.retry_after));
        assert_eq!(queue.load(), (2, true));
        drop(release);
        finish(&queue);
        assert_eq!(worker.join().unwrap(), [0, 1]);
        drop(tickets);
    }

    #[test]
    fn whoever_goes_away_leaves_the_queue_and_frees_the_place() {
        let (queue, release, worker, _first) = held(1);
        let gone = queue.submit(|log, _| log.push(1)).unwrap();
        assert!(queue.submit(|log, _| log.push(2)).is_err());
        drop(gone);
        let stays = queue.submit(|log, _| log.push(3)).unwrap();
        drop(release);
        finish(&queue);
        assert_eq!(worker.join().unwrap(), [3]);
        drop(stays);
    }

    #[test]
    fn a_job_that_runs_sees_that_its_ticket_was_dropped() {
        let (queue, worker) = JobQueue::<Log>::open(1);
        let worker = thread::spawn(move || worker.work(&mut Log::new()));
        let (seen, told) = channel();
        let ticket = queue
            .submit(move |_, cancel| {
                while !cancel.is_set() {
                    thread::yield_now();
                }
                seen.send(()).unwrap();
            })
            .unwrap();
        while queue.load() != (0, true) {
            thread::yield_now();
        }
        drop(ticket);
        told.recv().unwrap();
        queue.close();
        worker.join().unwrap();
    }

    #[test]
    fn a_job_that_panics_does_not_end_the_others() {
        let (queue, release, worker, _first) = held(2);
        let bad = queue.submit(|_, _| panic!("on purpose")).unwrap();
        let good = queue.submit(|log, _| log.push(1)).unwrap();
        drop(release);
        finish(&queue);
        assert_eq!(worker.join().unwrap(), [1]);
        drop((bad, good));
    }

    #[test]
    fn a_closed_desk_drops_what_waits_cancels_what_runs_and_takes_nothing() {
        let (queue, release, worker, first) = held(2);
        let waits = queue.submit(|log, _| log.push(1)).unwrap();
        queue.close();
        assert!(first.cancel.is_set());
        assert!(queue.submit(|log, _| log.push(2)).is_err());
        drop(release);
        assert_eq!(worker.join().unwrap(), Log::new());
        drop(waits);
    }

    #[test]
    fn a_drained_queue_drops_what_waits_and_lets_the_running_job_end() {
        let (queue, release, worker, first) = held(2);
        let waits = queue.submit(|log, _| log.push(1)).unwrap();
        queue.drain();
        assert!(!first.cancel.is_set());
        let busy = queue.submit(|log, _| log.push(2)).err().unwrap();
        assert!(busy.closed);
        drop(release);
        assert_eq!(worker.join().unwrap(), Log::new());
        drop(waits);
    }

    #[test]
    fn a_desk_without_places_serves_whoever_finds_it_idle() {
        let (queue, release, worker, _first) = held(0);
        assert!(queue.submit(|log, _| log.push(1)).is_err());
        drop(release);
        finish(&queue);
        assert_eq!(worker.join().unwrap(), Log::new());
    }
}
