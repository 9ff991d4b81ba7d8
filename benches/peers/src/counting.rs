//! A counting allocator for the rows on memory. It counts only after `start`, so that the other rows pay one predictable
//! branch.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

static ON: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

/// The allocator of the system, with counters.
pub(crate) struct Counting;

fn grew(calls: u64, bytes: u64, live: i64) {
    CALLS.fetch_add(calls, Relaxed);
    BYTES.fetch_add(bytes, Relaxed);
    let now = LIVE.fetch_add(live, Relaxed) + live;
    if now > PEAK.load(Relaxed) {
        PEAK.fetch_max(now, Relaxed);
    }
}

// SAFETY: every call goes to `System` unchanged; the tally touches atomics only and never allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if ON.load(Relaxed) {
            grew(1, layout.size() as u64, layout.size() as i64);
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if ON.load(Relaxed) {
            grew(1, layout.size() as u64, layout.size() as i64);
        }
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if ON.load(Relaxed) {
            grew(1, size as u64, size as i64 - layout.size() as i64);
        }
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        if ON.load(Relaxed) {
            LIVE.fetch_sub(layout.size() as i64, Relaxed);
        }
        unsafe { System.dealloc(old, layout) }
    }
}

/// Starts counting. Call it before the client is made, so that all live bytes are counted.
pub(crate) fn start() {
    ON.store(true, Relaxed);
}

/// The calls of the allocator and the requested bytes since [`start`].
pub(crate) fn allocated() -> (u64, u64) {
    (CALLS.load(Relaxed), BYTES.load(Relaxed))
}

/// The live bytes. The peak is reset to them.
pub(crate) fn mark() -> i64 {
    let live = LIVE.load(Relaxed);
    PEAK.store(live, Relaxed);
    live
}

/// The largest number of live bytes since [`mark`].
pub(crate) fn peak() -> i64 {
    PEAK.load(Relaxed)
}
