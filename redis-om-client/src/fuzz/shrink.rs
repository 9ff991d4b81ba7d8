//! Shortens an input that fails.

/// The most inputs that are tried.
const TRIES: usize = 20_000;

/// The shortest input that was found by leaving parts out, of which `fails` is still true.
pub(super) fn shortest(input: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut best = input.to_vec();
    let mut tries = 0;
    let mut size = best.len().next_power_of_two();
    while size > 0 {
        let mut at = 0;
        while at < best.len() && tries < TRIES {
            tries += 1;
            let mut shorter = best.clone();
            shorter.drain(at..(at + size).min(best.len()));
            if fails(&shorter) {
                best = shorter;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    best
}

#[test]
fn only_what_is_needed_is_left() {
    let fails = |input: &[u8]| input.contains(&b'x') && input.contains(&b'y');
    assert_eq!(shortest(b"aaaaxbbbbbbbybb", fails), b"xy");
    assert_eq!(shortest(b"xy", fails), b"xy");
}
