//! Changes inputs. The changes know the form of RESP: its numbers, its type bytes, its line ends and its nesting.

use crate::simulate::random::Random;

/// The longest input, in bytes.
const LONGEST: usize = 2048;

const TYPES: &[u8] = b"$+-:*%~>_#,(=!|.;H";

/// Lengths, counts and numbers at the borders of what is valid.
const NUMBERS: &[&str] = &[
    "",
    "-",
    "+",
    "?",
    "-1",
    "-2",
    "-0",
    "+5",
    "0",
    "00",
    "05",
    "1",
    "2",
    "3",
    "4",
    "9",
    "10",
    "99",
    "100",
    "101",
    "300",
    "301",
    "1000",
    "1001",
    "1e3",
    "1.5",
    ".5",
    "5.",
    "-1.5e-7",
    "1e",
    "inf",
    "-inf",
    "nan",
    "-nan",
    "infinity",
    "0x10",
    "127",
    "128",
    "255",
    "256",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "536870912",
    "536870913",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999",
    " 1",
    "1 ",
    "t",
    "f",
    "T",
    "x",
];

/// Values and parts of values that are put between others.
const PARTS: &[&str] = &[
    "_\r\n",
    "$-1\r\n",
    "*-1\r\n",
    "*0\r\n",
    "%0\r\n",
    "~0\r\n",
    "|0\r\n",
    ":1\r\n",
    "#t\r\n",
    "#f\r\n",
    ",1.5\r\n",
    "+\r\n",
    "-\r\n",
    "+OK\r\n",
    "-ERR no\r\n",
    "$0\r\n\r\n",
    "$2\r\nab\r\n",
    "=6\r\ntxt:ab\r\n",
    "=2\r\nab\r\n",
    "!3\r\nERR\r\n",
    "(12\r\n",
    ".\r\n",
    "*?\r\n",
    "%?\r\n",
    "~?\r\n",
    "$?\r\n",
    ";0\r\n",
    ";1\r\nx\r\n",
    ">1\r\n+p\r\n",
    ">0\r\n",
    "|1\r\n+a\r\n:1\r\n",
    "*1\r\n",
    "%1\r\n+k\r\n",
    "*2\r\n",
    "~1\r\n",
    ">2\r\n",
    "\r\n",
    "\r",
    "\n",
];

/// Makes a new input of a kept one.
pub(super) fn mutate(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = pick(corpus, random).to_vec();
    let changes = random.pick(&[1, 1, 1, 2, 2, 3, 5]);
    if random.percent(30) && bytes.first().is_some_and(|kind| TYPES.contains(kind)) {
        // A reply as it may be, and perhaps a change.
        bytes.clear();
        grow(&mut bytes, 4, random);
        if random.percent(40) {
            return bytes;
        }
    }
    for _ in 0..changes {
        change(&mut bytes, corpus, random);
        bytes.truncate(LONGEST);
    }
    bytes
}

fn pick<'a>(corpus: &'a [Vec<u8>], random: &mut Random) -> &'a [u8] {
    &corpus[random.below(corpus.len())]
}

fn change(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    match random.below(16) {
        // A bit, a byte.
        0 => at_byte(bytes, at, |byte| byte ^ (1 << random.below(8))),
        1 => at_byte(bytes, at, |_| random.next() as u8),
        // A part is missing, comes twice, or stands elsewhere.
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(range(bytes.len(), random))),
        4 => {
            let part = bytes[range(bytes.len(), random)].to_vec();
            insert(bytes, at, &part);
        }
        // Two inputs.
        5 => {
            let other = pick(corpus, random);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
        }
        6 | 7 => {
            let other = pick(corpus, random).to_vec();
            let at = line(bytes, random);
            insert(bytes, at, &other);
        }
        8 | 9 => number(bytes, random),
        10 => {
            let at = line(bytes, random);
            at_byte(bytes, at, |_| random.pick(TYPES));
        }
        11 => {
            let at = line(bytes, random);
            insert(bytes, at, random.pick(PARTS).as_bytes());
        }
        12 => {
            let mut value = Vec::new();
            grow(&mut value, 3, random);
            let at = line(bytes, random);
            insert(bytes, at, &value);
        }
        13 => nest(bytes, random),
        14 => damage_line_end(bytes, random),
        _ => string(bytes, random),
    }
}

/// Appends a valid value of any kind.
fn grow(out: &mut Vec<u8>, depth: usize, random: &mut Random) {
    let leaf = depth == 0 || random.percent(50);
    if leaf {
        let length = random.pick(&[0, 1, 5, 9, 10, 36]);
        let text = "0123456789abcdefghijklmnopqrstuvwxyz"[..length].to_owned();
        let value = match random.below(10) {
            0..=3 => format!("${length}\r\n{text}\r\n"),
            4 => format!("+{text}\r\n"),
            5 => format!(":{}\r\n", random.next() as i64 >> random.below(64)),
            6 => format!(",{}\r\n", random.between(0, 1000) as f64 / 8.0),
            7 => format!("={}\r\ntxt:{text}\r\n", length + 4),
            8 => format!("-ERR {text}\r\n"),
            _ => random.pick(&["_\r\n", "#t\r\n", "#f\r\n", "$-1\r\n", "(12\r\n"]).to_owned(),
        };
        out.extend(value.bytes());
        return;
    }
    let count = random.below(5);
    let (header, values, end) = match random.below(9) {
        0..=3 => (format!("*{count}\r\n"), count, ""),
        4 | 5 => (format!("%{count}\r\n"), 2 * count, ""),
        6 => (format!("~{count}\r\n"), count, ""),
        7 => ("*?\r\n".to_owned(), count, ".\r\n"),
        _ => (format!("|{count}\r\n"), 2 * count + 1, ""),
    };
    out.extend(header.bytes());
    (0..values).for_each(|_| grow(out, depth - 1, random));
    out.extend(end.bytes());
}

fn at_byte(bytes: &mut [u8], at: usize, to: impl FnOnce(u8) -> u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = to(*byte);
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, part: &[u8]) {
    bytes.splice(at..at, part.iter().copied());
}

fn range(length: usize, random: &mut Random) -> std::ops::Range<usize> {
    let start = random.below(length + 1);
    start..start + random.below((length - start).min(40) + 1)
}

/// The start of a line.
fn line(bytes: &[u8], random: &mut Random) -> usize {
    let ends: Vec<_> = memchr::memchr_iter(b'\n', bytes).map(|end| end + 1).chain([0]).collect();
    random.pick(&ends)
}

/// Another number in the place of one.
fn number(bytes: &mut Vec<u8>, random: &mut Random) {
    let start = (line(bytes, random) + 1).min(bytes.len());
    let end = memchr::memchr(b'\r', &bytes[start..]).map_or(bytes.len(), |length| start + length);
    let found = std::str::from_utf8(&bytes[start..end]).ok().and_then(|text| text.parse::<i64>().ok());
    let number = match found {
        Some(found) if random.percent(40) => found.wrapping_add(random.pick(&[-2, -1, 1, 2])).to_string(),
        _ => random.pick(NUMBERS).to_owned(),
    };
    bytes.splice(start..end, number.into_bytes());
}

/// Puts the rest of the input into aggregates.
fn nest(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = line(bytes, random);
    let (header, end) = random.pick(&[
        ("*1\r\n", ""),
        ("%1\r\n+k\r\n", ""),
        ("*?\r\n", ".\r\n"),
        ("|0\r\n", ""),
        ("~?\r\n", ".\r\n"),
    ]);
    let times = random.pick(&[1, 2, 5, 6, 9, 30, 129, 150]);
    let behind = bytes.split_off(at);
    bytes.extend(header.repeat(times).bytes());
    bytes.extend(behind);
    bytes.extend(end.repeat(times).bytes());
}

fn damage_line_end(bytes: &mut Vec<u8>, random: &mut Random) {
    let ends: Vec<_> = memchr::memchr_iter(b'\r', bytes).collect();
    if ends.is_empty() {
        return;
    }
    let at = random.pick(&ends);
    let to = random.pick(&["", "\r", "\n", "\n\r", "\r\r\n", "\r\n\r\n", "x\r\n", "\rx"]);
    bytes.splice(at..(at + 2).min(bytes.len()), to.bytes());
}

/// A string of any length, with any content.
fn string(bytes: &mut Vec<u8>, random: &mut Random) {
    let length = random.pick(&[0, 1, 9, 10, 79, 99, 100, 290, 300, 301, 700]);
    let fill = random.pick(&[b'x', b'1', b'\r', b'\n', b'$', 0, 0xff]);
    let kind = random.pick(&["$", "$", "=", "!", ";"]);
    let mut part = format!("{kind}{length}\r\n").into_bytes();
    part.extend(std::iter::repeat_n(fill, length));
    part.extend_from_slice(b"\r\n");
    let at = line(bytes, random);
    insert(bytes, at, &part);
}
