//! The scanner: whatever the pieces in which bytes come, the same frames and the same error, in bounded memory and in a
//! number of steps that is linear in the bytes.

use crate::{
    resp::{Limits, Scanner, work},
    simulate::random::Random,
};

use super::{Seen, oracle};

/// Limits that inputs exceed.
const SMALL: Limits = Limits { bulk: 300, reply: 1000, depth: 5 };

pub(super) const MUST_SEE: &[&str] = &[
    "frames",
    "errors",
    "incomplete",
    "over a limit",
    "streamed or with attributes",
    "pushes",
    "pushes inside",
    "hidden by a limit",
    "read by both",
    "refused by both",
];

/// What the scan found at the start of a reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Frame(Whole),
    /// The bytes from here on are not a reply.
    Error {
        text: String,
        /// The reply exceeds a limit.
        over: bool,
    },
    /// The end of the reply did not come.
    Open {
        over: bool,
    },
}

/// A complete reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) push: bool,
    pub(super) irregular: bool,
    /// It exceeds a limit.
    pub(super) over: bool,
    /// Where push messages stand inside.
    pub(super) pushes: Vec<(usize, usize)>,
}

pub(super) fn check(input: &[u8]) -> Result<Seen, String> {
    let mut seen = Vec::new();
    let mut random = Random::new(hash(input));
    for limits in [Limits::default(), SMALL] {
        let whole = scan(input, limits, &[input.len()])?;
        // One byte at a time where that is not too slow.
        let fine = if input.len() <= 80 { vec![1] } else { steps(&mut random, 30) };
        let all = [fine, steps(&mut random, 200)];
        for steps in all {
            let found = scan(input, limits, &steps)?;
            same(&whole, &found, &mut seen).map_err(|why| {
                format!("read in pieces of {steps:?} bytes with {limits:?}: {why}\nwhole: {whole:?}\npieces: {found:?}")
            })?;
        }
        count(&whole, &mut seen);
        if limits == Limits::default() {
            oracle::compare(input, &whole, &mut seen)?;
        }
    }
    Ok(seen)
}

/// A number that follows from the bytes (FNV-1a).
pub(super) fn hash(input: &[u8]) -> u64 {
    input
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// The sizes of pieces. They are repeated until the end of the input.
pub(super) fn steps(random: &mut Random, most: usize) -> Vec<usize> {
    (0..random.between(1, 5)).map(|_| random.between(1, most)).collect()
}

/// Scans the input in pieces of these sizes, as a connection does.
fn scan(input: &[u8], limits: Limits, steps: &[usize]) -> Result<Vec<Found>, String> {
    let mut scanner = Scanner::new(limits);
    let mut all = Vec::new();
    let (mut from, mut to, mut start, mut calls) = (0, 0, 0, 0);
    let (mut over, mut pushes) = (false, Vec::new());
    work::take();
    for step in steps.iter().cycle() {
        if to == input.len() && calls > 0 {
            break;
        }
        to = (to + step).min(input.len());
        loop {
            calls += 1;
            let frame = match scanner.frame(&input[from..to]) {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(error) => {
                    all.push(Found::Error { text: error.to_string(), over: scanner.is_over() });
                    return Ok(all);
                }
            };
            if frame.end == 0 || from + frame.end > to {
                return Err(format!("a reply from {from} to {} in {to} bytes", from + frame.end));
            }
            if frame.aside {
                let aside = scanner.take_aside();
                over |= aside.error.is_some();
                pushes.extend(aside.pushes.into_iter().map(|push| (from + push.start, from + push.end)));
            }
            from += frame.end;
            let pushes = std::mem::take(&mut pushes);
            let (push, irregular) = (frame.push, frame.irregular);
            all.push(Found::Frame(Whole { start, end: from, push, irregular, over, pushes }));
            (start, over) = (from, false);
            if from == to {
                break;
            }
        }
        if let Some((_, end, inside)) = scanner.discard() {
            over = true;
            pushes.extend(inside.into_iter().map(|push| (from + push.start, from + push.end)));
            from += end;
        }
        if to - from > limits.reply.saturating_add(*step) {
            return Err(format!("{} bytes are kept with {limits:?}", to - from));
        }
    }
    let read = work::take();
    if read > 6 * input.len() + 100 * calls {
        return Err(format!("{read} bytes are read of {} in {calls} calls", input.len()));
    }
    if scanner.held() > 16 * input.len() + 4096 {
        return Err(format!("{} bytes of memory for {}", scanner.held(), input.len()));
    }
    if start < input.len() {
        all.push(Found::Open { over });
    }
    Ok(all)
}

/// Compares what was found in one piece with what was found in several.
fn same(whole: &[Found], pieces: &[Found], seen: &mut Seen) -> Result<(), String> {
    for (whole, piece) in whole.iter().zip(pieces) {
        match (whole, piece) {
            (Found::Error { text: whole, .. }, Found::Error { text: piece, .. })
                if expected(whole) == expected(piece) =>
            {
                return Ok(());
            }
            // The content of a reply that exceeds a limit is not read any more once the limit is exceeded.
            (
                Found::Error { .. },
                Found::Error { over: true, .. }
                | Found::Frame(Whole { over: true, .. })
                | Found::Open { over: true },
            ) => {
                seen.push("hidden by a limit");
                return Ok(());
            }
            (Found::Error { .. }, Found::Error { text, .. }) if text.contains("limit") => {
                seen.push("hidden by a limit");
                return Ok(());
            }
            (whole, piece) if whole == piece => {}
            (whole, piece) => return Err(format!("{whole:?} is {piece:?} in pieces")),
        }
    }
    if whole.len() == pieces.len() { Ok(()) } else { Err("another number of replies".into()) }
}

/// The text of an error without the bytes that it shows: how many of them had come is not always the same.
fn expected(error: &str) -> &str {
    error.split(", found \"").next().unwrap_or_default()
}

fn count(whole: &[Found], seen: &mut Seen) {
    for found in whole {
        match found {
            Found::Error { .. } => seen.push("errors"),
            Found::Open { .. } => seen.push("incomplete"),
            Found::Frame(frame) => {
                seen.push("frames");
                for (applies, name) in [
                    (frame.over, "over a limit"),
                    (frame.irregular, "streamed or with attributes"),
                    (frame.push, "pushes"),
                    (!frame.pushes.is_empty(), "pushes inside"),
                ] {
                    seen.extend(applies.then_some(name));
                }
            }
        }
    }
}
