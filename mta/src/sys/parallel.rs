//! Long work on all processors in constant memory: a stream of batches, a worker for each thread, results in the
//! order of the batches.
//!
//! Three parts run at once: the source (one thread), the workers (one thread each, with whatever they keep for
//! themselves, such as a machine and open maps), and the caller, which takes the results. At most
//! [`IN_FLIGHT`] batches for each worker exist at any moment, from the time they are made until their results are
//! taken: a slow batch, or a slow caller, holds up the source instead of filling the memory.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Most batches for each worker between source and caller.
pub const IN_FLIGHT: usize = 4;

/// A batch with its number.
type Numbered<T> = (u64, T);
/// What a worker made of a batch, or what it panicked with.
type Made<R> = Numbered<thread::Result<R>>;

/// Lets `workers` threads (at least one) work on `batches`: each has the state that `begin` makes for it, and `work`
/// turns a batch into a result. `take` gets the results in the order of the batches, on the calling thread, and may
/// end it all by [`ControlFlow::Break`]; what is under way then is dropped. A panic of a part is one of the caller.
pub fn in_order<B, W, R>(
    workers: usize,
    batches: impl Iterator<Item = B> + Send,
    begin: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, B) -> R + Sync,
    mut take: impl FnMut(R) -> ControlFlow<()>,
) where
    B: Send,
    R: Send,
{
    let workers = workers.max(1);
    let (jobs, waiting) = channel();
    let waiting = Mutex::new(waiting);
    let (made, results) = channel();
    // The permits keep all channels short.
    let (permits, allowed) = channel();
    for _ in 0..workers * IN_FLIGHT {
        let _ = permits.send(());
    }
    thread::scope(|scope| {
        let panics = made.clone();
        scope.spawn(move || supply(batches, &allowed, &jobs, &panics));
        for _ in 0..workers {
            let made = made.clone();
            let (waiting, begin, work) = (&waiting, &begin, &work);
            scope.spawn(move || work_on(waiting, begin, work, &made));
        }
        drop(made);
        collect(results, &permits, &mut take);
        // Nobody waits for a permit any more.
        drop(permits);
    });
}

/// The source: a batch for each permit.
fn supply<B, R>(
    mut batches: impl Iterator<Item = B>,
    allowed: &Receiver<()>,
    jobs: &Sender<Numbered<B>>,
    panics: &Sender<Made<R>>,
) {
    let mut number = 0;
    while allowed.recv().is_ok() {
        match catch_unwind(AssertUnwindSafe(|| batches.next())) {
            Ok(Some(batch)) => {
                if jobs.send((number, batch)).is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(panic) => {
                drop(panics.send((number, Err(panic))));
                return;
            }
        }
        number += 1;
    }
}

/// A worker, until there are no more batches or nobody wants the results.
fn work_on<B, W, R>(
    waiting: &Mutex<Receiver<Numbered<B>>>,
    begin: impl Fn() -> W,
    work: impl Fn(&mut W, B) -> R,
    made: &Sender<Made<R>>,
) {
    let mut state = None;
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, batch)) = next else { return };
        let run = || work(state.get_or_insert_with(&begin), batch);
        let result = catch_unwind(AssertUnwindSafe(run));
        let ends = result.is_err();
        if made.send((number, result)).is_err() || ends {
            return;
        }
    }
}

/// Hands the results on in their order; each makes room for another batch.
fn collect<R>(
    results: Receiver<Made<R>>,
    permits: &Sender<()>,
    take: &mut dyn FnMut(R) -> ControlFlow<()>,
) {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for (number, result) in results {
        match result {
            Ok(result) => early.insert(number, result),
            Err(panic) => resume_unwind(panic),
        };
        while let Some(result) = early.remove(&next) {
            next += 1;
            let _ = permits.send(());
            if take(result).is_break() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn results_come_in_order_and_every_worker_has_its_own_state() {
        let begun = AtomicUsize::new(0);
        let mut taken = Vec::new();
        in_order(
            3,
            0..500u64,
            || begun.fetch_add(1, Ordering::SeqCst),
            |_, number| {
                // the later ones of every ten are done first
                thread::sleep(Duration::from_micros(10 * (10 - number % 10)));
                number * 2
            },
            |result| {
                taken.push(result);
                ControlFlow::Continue(())
            },
        );
        assert_eq!(taken, (0..500).map(|number| number * 2).collect::<Vec<_>>());
        assert!((1..=3).contains(&begun.load(Ordering::SeqCst)));
    }

    #[test]
    fn a_slow_batch_holds_up_the_source() {
        let made = AtomicUsize::new(0);
        let source = (0..1000).inspect(|_| {
            made.fetch_add(1, Ordering::SeqCst);
        });
        let gate = Mutex::new(());
        let closed = gate.lock().unwrap();
        thread::scope(|scope| {
            let (gate, made) = (&gate, &made);
            scope.spawn(move || {
                let work = |(): &mut (), number| {
                    if number == 0 {
                        drop(gate.lock().unwrap());
                    }
                    number
                };
                in_order(2, source, || (), work, |_| ControlFlow::Continue(()));
            });
            // All that may be under way gets under way, and no more.
            while made.load(Ordering::SeqCst) < 2 * IN_FLIGHT {
                thread::yield_now();
            }
            thread::sleep(Duration::from_millis(20));
            assert_eq!(made.load(Ordering::SeqCst), 2 * IN_FLIGHT);
            drop(closed);
        });
        assert_eq!(made.load(Ordering::SeqCst), 1000);
    }

    #[test]
    fn the_caller_may_end_it() {
        let mut taken = 0;
        in_order(
            2,
            0..,
            || (),
            |(), number: u64| number,
            |_| {
                taken += 1;
                if taken == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!(taken, 10);
    }

    #[test]
    #[should_panic(expected = "number 7")]
    fn a_worker_that_panics_ends_it() {
        let work = |(): &mut (), number: u64| assert!(number != 7, "number {number}");
        in_order(2, 0.., || (), work, |()| ControlFlow::Continue(()));
    }

    #[test]
    #[should_panic(expected = "no more")]
    fn a_source_that_panics_ends_it() {
        let source = (0u64..).inspect(|number| assert!(*number < 9, "no more"));
        in_order(2, source, || (), |(), _| (), |()| ControlFlow::Continue(()));
    }
}
