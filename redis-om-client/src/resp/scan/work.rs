//! Counts the bytes that the scan reads, so that a test can show that its time is linear.

use std::cell::Cell;

thread_local! {
    static READ: Cell<usize> = const { Cell::new(0) };
}

pub(crate) fn add(bytes: usize) {
    READ.set(READ.get() + bytes);
}

/// The bytes that were read on this thread since the last call.
pub(crate) fn take() -> usize {
    READ.take()
}
