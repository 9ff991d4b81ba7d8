//! Seeds that failed once. Each is kept with what it found.
//!
//! A change of the simulation changes what a seed means, so a fault that matters has a test of its own beside the code.

/// A command timed out, and the write of the `PING` that followed found the connection broken: the future of the command
/// was never woken.
#[test]
fn a_timed_out_command_is_woken_where_the_ping_finds_the_connection_broken() {
    let (_, failure) = super::run(702, false, false);
    assert_eq!(failure, None);
}

/// Seeds with all kinds of faults in them.
#[test]
fn kept() {
    for seed in [1, 7, 42] {
        let (_, failure) = super::run(seed, false, false);
        assert_eq!(failure, None);
    }
}
