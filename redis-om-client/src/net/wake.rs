//! Wakes the wakers of callers. A waker of a user's own executor may panic.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    task::Waker,
    vec::Drain,
};

/// Wakes all wakers. Call it only after the lock on the session is released: the woken tasks need the lock.
///
/// If a waker panics, the others are woken all the same. Then the panic continues in the caller of this function.
#[inline]
pub(super) fn wake_all(wakers: &mut Vec<Waker>) {
    let mut rest = Rest(wakers.drain(..));
    for waker in rest.0.by_ref() {
        waker.wake();
    }
}

/// The wakers that are still to be woken.
struct Rest<'a>(Drain<'a, Waker>);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        for waker in self.0.by_ref() {
            // A second panic that leaves this drop would end the process.
            drop(catch_unwind(AssertUnwindSafe(|| waker.wake())));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering},
        },
        task::Wake,
    };

    use super::*;

    #[derive(Default)]
    struct Counting {
        woken: AtomicU32,
        panics: bool,
    }

    impl Wake for Counting {
        fn wake(self: Arc<Self>) {
            self.woken.fetch_add(1, Ordering::Relaxed);
            assert!(!self.panics, "a panic of the waker");
        }
    }

    #[test]
    fn each_is_woken_once_although_some_panic() {
        let [good, bad] = [false, true].map(|panics| Arc::new(Counting { panics, ..Counting::default() }));
        let mut wakers: Vec<Waker> =
            [&good, &bad, &good, &bad, &good].into_iter().map(|waker| waker.clone().into()).collect();
        assert!(catch_unwind(AssertUnwindSafe(|| wake_all(&mut wakers))).is_err());
        let woken = [&good, &bad].map(|waker| waker.woken.load(Ordering::Relaxed));
        assert_eq!((woken, wakers.len()), ([3, 2], 0));
    }
}
