//! Durations and sizes as text: `500ms`, `4MiB`. Reading a written text gives the same value.

use std::time::Duration;

const NANOS: u128 = 1_000_000_000;

/// Reads `500ms`, `2s`, `1m`, `1h`, also `us` and `ns`; a plain number is seconds, with or without a fraction.
pub(super) fn read_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text);
    let nanos = match unit {
        "" | "s" => NANOS,
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "m" => 60 * NANOS,
        "h" => 3_600 * NANOS,
        _ => return None,
    };
    if let Ok(whole) = number.parse::<u128>() {
        let total = whole.checked_mul(nanos)?;
        let seconds = u64::try_from(total / NANOS).ok()?;
        return Some(Duration::new(seconds, u32::try_from(total % NANOS).ok()?));
    }
    let seconds = number.parse::<f64>().ok()? * nanos as f64 / NANOS as f64;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The longest time in deadlines, in milliseconds: 100 years. No clock overflows when it is added.
const LONGEST: u64 = 100 * 365 * 24 * 3_600 * 1_000;

/// A time in whole milliseconds, rounded up: a time above zero never becomes zero. More than 100 years count as 100
/// years, so that a sum of a few such times and the time of a clock never overflows.
pub(crate) fn millis(time: Duration) -> u64 {
    let whole = time.as_nanos().div_ceil(1_000_000);
    u64::try_from(whole).unwrap_or(LONGEST).min(LONGEST)
}

/// Writes a duration in the largest unit, up to seconds, that gives a whole number.
pub(super) fn show_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let units = [(NANOS, "s"), (1_000_000, "ms"), (1_000, "us")];
    match units.into_iter().find(|(unit, _)| nanos.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{}{name}", nanos / unit),
        None => format!("{nanos}ns"),
    }
}

/// Reads plain bytes, or `512KiB`, `4MiB`, `2GiB`; `kb`, `mb` and `gb` mean the same, as in the settings of the server.
pub(super) fn read_size(text: &str) -> Option<usize> {
    let (number, unit) = split(text);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "kib" | "kb" => 10,
        "mib" | "mb" => 20,
        "gib" | "gb" => 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(1 << shift)
}

/// Writes a size in the largest unit that gives a whole number.
pub(super) fn show_size(bytes: usize) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.into_iter().find(|(shift, _)| bytes != 0 && bytes.is_multiple_of(1 << shift)) {
        Some((shift, name)) => format!("{}{name}", bytes >> shift),
        None => bytes.to_string(),
    }
}

/// The number, and the unit after it.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_people_write() {
        let millis = |n| Some(Duration::from_millis(n));
        for (text, duration) in [
            ("500ms", millis(500)),
            ("2s", millis(2_000)),
            ("2", millis(2_000)),
            ("0.5", millis(500)),
            ("1.5m", millis(90_000)),
            ("1h", millis(3_600_000)),
            ("0", millis(0)),
            ("", None),
            ("ms", None),
            ("-1", None),
            ("1 s", None),
            ("5x", None),
            ("1.2.3", None),
            ("999999999999999999999999999999h", None),
        ] {
            assert_eq!(read_duration(text), duration, "{text}");
        }
        for (text, size) in [
            ("4096", Some(4096)),
            ("4MiB", Some(4 << 20)),
            ("4mb", Some(4 << 20)),
            ("1.5mb", None),
            ("99999999999999999999", None),
            ("9999999999999999GiB", None),
            ("4 MiB", None),
        ] {
            assert_eq!(read_size(text), size, "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_back_what_it_shows(seconds in any::<u64>(), nanos in 0..1_000_000_000_u32, size in any::<usize>()) {
            for duration in [Duration::new(seconds, nanos), Duration::from_millis(seconds)] {
                prop_assert_eq!(read_duration(&show_duration(duration)), Some(duration));
            }
            prop_assert_eq!(read_size(&show_size(size)), Some(size));
        }

        #[test]
        fn never_panics(text in ".{0,12}") {
            let _ = (read_duration(&text), read_size(&text));
        }
    }
}
