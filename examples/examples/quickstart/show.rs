//! The output of the tour.

use std::{
    collections::HashMap,
    fmt::Display,
    io::{self, Write},
    time::Instant,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::airport::Airport;

/// Prints a line. An error is ignored: where the reader has stopped (`| head`), the tour still ends and removes its keys.
pub(crate) fn say(line: impl Display) {
    drop(writeln!(io::stdout(), "{line}"));
}

/// A step of the tour, with its start.
pub(crate) struct Step {
    name: &'static str,
    start: Instant,
}

impl Step {
    pub(crate) fn begin(name: &'static str) -> Self {
        Self { name, start: Instant::now() }
    }

    /// Prints the number of airports, the time and the rate.
    pub(crate) fn end(self, airports: usize) {
        let seconds = self.start.elapsed().as_secs_f64();
        let rate = airports as f64 / seconds.max(1e-9);
        let (name, airports, rate) = (self.name, grouped(airports), grouped(rate as usize));
        say(format!("{name:<16} {airports:>6} airports {:>9.2} ms {rate:>12} a second", seconds * 1e3));
    }
}

/// A progress bar. It is hidden where standard error is not a terminal.
pub(crate) fn bar(airports: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} airports");
    ProgressBar::new(airports as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The eight states with the most airports.
pub(crate) fn table_by_state<'a>(airports: impl Iterator<Item = &'a Airport>) {
    let mut states: HashMap<&str, usize> = HashMap::new();
    for airport in airports {
        *states.entry(&airport.state).or_default() += 1;
    }
    let mut states: Vec<_> = states.into_iter().collect();
    states.sort_by_key(|&(state, count)| (std::cmp::Reverse(count), state));
    say("\nstate  airports");
    for (state, count) in states.iter().take(8) {
        say(format!("{state:<5}  {count:>8}"));
    }
    say("");
}

/// The digits, with commas between groups of three.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
