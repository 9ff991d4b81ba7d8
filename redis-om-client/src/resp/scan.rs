//! Where does a reply end? A scan that resumes where the last piece of input stopped.
//!
//! Only the structure is looked at: type bytes, lengths and counts. Each is checked against [`Limits`], so that a
//! server gone mad costs an error and not the process's memory or stack.

use crate::error::{Error, ErrorKind, Execution};

/// What a reply may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of one string. The servers' own limit (`proto-max-bulk-len`) is 512 MiB by default.
    pub(crate) bulk: usize,
    /// Bytes of one whole reply.
    pub(crate) reply: usize,
    /// Aggregates inside aggregates.
    pub(crate) depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bulk: 512 << 20, reply: 2 << 30, depth: 128 }
    }
}

/// A line (a simple string, an error, a number) is at most this long.
const LINE: usize = 64 << 10;
/// Open-ended aggregate: it ends with `.\r\n`.
const STREAMED: u64 = u64::MAX;
/// String in chunks: it ends with `;0\r\n`.
const CHUNKED: u64 = u64::MAX - 1;
/// Bytes of the shortest value (`_`): a count that cannot fit is refused before its values are waited for.
const SHORTEST: u64 = 3;

/// The end of a reply, and what kind of reply it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Bytes from its start to behind its end.
    pub(crate) end: usize,
    /// Not a reply: something that the server sent by itself.
    pub(crate) push: bool,
    /// It has attributes or streamed parts: see [`super::regular`].
    pub(crate) irregular: bool,
    /// What is there are only the last so many elements of it, since those before were [cut](Scanner::cut) off; 0 for a
    /// whole reply.
    pub(crate) last_elements: usize,
}

/// Whole elements of an aggregate that has not come to its end: see [`Scanner::portion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Portion {
    /// Bytes from the start to behind the last of them; the first portion has the aggregate's header before them.
    pub(crate) end: usize,
    /// How many they are; an even number, so that no key is parted from its value.
    pub(crate) elements: usize,
}

/// The scan's state between two pieces of input.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    limits: Limits,
    /// Everything before this offset (from the reply's start) has been looked at.
    position: usize,
    /// Values that the innermost open aggregate still owes.
    owed: u64,
    /// The same of those around it.
    outer: Vec<u64>,
    started: bool,
    push: bool,
    irregular: bool,
    /// Elements of the outermost aggregate.
    total: u64,
    /// How many of them lie behind the last cut.
    uncut: u64,
    /// Bytes of this reply before the last cut.
    passed: usize,
    /// Where the last element started, if it was an outermost one and no aggregate; else 0.
    previous: usize,
    /// Where the last outermost element started that is an aggregate with an even number before it, and how many were
    /// owed there; 0 for none since the last cut.
    boundary: (usize, u64),
}

/// What stands at one position.
enum Step {
    /// A value that ends there.
    Leaf(usize),
    /// A header that ends there, of an aggregate of so many values.
    Aggregate(usize, u64),
    /// The same for attributes, which are not a value of their own.
    Attributes(usize, u64),
    /// The end of a streamed aggregate or chunked string.
    End(usize),
}

impl Scanner {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The end of the reply that starts at `at`, if it is a short string and whole: the most frequent of all, found in a
    /// few instructions. What is none is for [`Scanner::frame`] to judge.
    #[inline(always)]
    pub(crate) fn short(&self, bytes: &[u8], at: usize) -> Option<usize> {
        if self.started || self.limits.bulk < SHORT { None } else { short_string(bytes, at) }
    }

    /// Finds the end of the reply that starts at `bytes[0]`. `None`: not all of it is there; call again with the same
    /// bytes and more.
    #[inline]
    pub(crate) fn frame(&mut self, bytes: &[u8]) -> Result<Option<Frame>, Error> {
        if !self.started {
            // The common case, without any state: a string, or a line, complete.
            if let Some(&kind) = bytes.first()
                && let Some(Step::Leaf(end)) = match kind {
                    b'$' => match self.short(bytes, 0) {
                        Some(end) => Some(Step::Leaf(end)),
                        None => self.blob(bytes, 0)?,
                    },
                    b'+' | b':' | b'-' | b'_' | b'#' | b',' => line(bytes, 0)?.map(Step::Leaf),
                    _ => None,
                }
            {
                return Ok(Some(Frame { end, push: false, irregular: false, last_elements: 0 }));
            }
        }
        self.resume(bytes)
    }

    fn resume(&mut self, bytes: &[u8]) -> Result<Option<Frame>, Error> {
        let mut position = self.position;
        let mut owed = if self.started { self.owed } else { 1 };
        let short = self.limits.bulk >= SHORT;
        loop {
            while owed == 0 {
                match self.outer.pop() {
                    Some(around) => {
                        owed = around;
                        self.previous = 0;
                    }
                    None => {
                        let last_elements = if self.passed > 0 { self.uncut as usize } else { 0 };
                        let frame = Frame {
                            end: position,
                            push: self.push,
                            irregular: self.irregular,
                            last_elements,
                        };
                        self.reset();
                        return Ok(Some(frame));
                    }
                }
            }
            // Most aggregates are short strings one after another.
            while short
                && (1..CHUNKED).contains(&owed)
                && let Some(end) = short_string(bytes, position)
            {
                self.previous = position;
                position = end;
                owed -= 1;
            }
            if owed == 0 {
                continue;
            }
            let step = if position < bytes.len() { self.step(bytes, position, owed)? } else { None };
            let Some(step) = step else {
                self.position = position;
                self.owed = owed;
                self.started = true;
                if self.passed + bytes.len() > self.limits.reply {
                    return Err(broken(format!("a reply of more than {} bytes", self.limits.reply)));
                }
                return Ok(None);
            };
            match step {
                Step::Leaf(end) => {
                    self.previous = position;
                    position = end;
                    if owed < CHUNKED {
                        owed -= 1;
                    }
                }
                Step::Aggregate(end, count) => {
                    if self.outer.len() == 1 && (self.total - owed).is_multiple_of(2) {
                        self.boundary = (position, owed);
                    }
                    if self.outer.is_empty() {
                        self.push = bytes[position] == b'>';
                        (self.total, self.uncut) = (count, count);
                    }
                    self.previous = 0;
                    position = end;
                    if owed < CHUNKED {
                        owed -= 1;
                    }
                    self.open(&mut owed, count)?;
                }
                Step::Attributes(end, count) => {
                    position = end;
                    self.irregular = true;
                    self.open(&mut owed, count)?;
                }
                Step::End(end) => {
                    position = end;
                    owed = 0;
                }
            }
        }
    }

    fn open(&mut self, owed: &mut u64, count: u64) -> Result<(), Error> {
        if self.outer.len() >= self.limits.depth {
            return Err(broken(format!("aggregates nested more than {} deep", self.limits.depth)));
        }
        if count >= CHUNKED {
            self.irregular = true;
        }
        self.outer.push(*owed);
        *owed = count;
        Ok(())
    }

    #[inline]
    fn step(&self, bytes: &[u8], at: usize, owed: u64) -> Result<Option<Step>, Error> {
        let kind = bytes[at];
        if owed == CHUNKED {
            return match kind {
                b';' => match self.blob(bytes, at)? {
                    Some(Step::Leaf(end)) if bytes[at + 1] == b'0' => Ok(Some(Step::End(end))),
                    other => Ok(other),
                },
                _ => Err(unexpected("a chunk (`;`)", bytes, at)),
            };
        }
        Ok(match kind {
            b'$' | b'=' | b'!' => self.blob(bytes, at)?,
            b'+' | b'-' | b':' | b',' | b'_' | b'#' | b'(' => line(bytes, at)?.map(Step::Leaf),
            b'*' | b'~' | b'>' => self.aggregate(bytes, at, 1)?,
            b'%' => self.aggregate(bytes, at, 2)?,
            b'|' => match self.aggregate(bytes, at, 2)? {
                Some(Step::Aggregate(end, count)) if count < CHUNKED => Some(Step::Attributes(end, count)),
                None => None,
                Some(_) => return Err(unexpected("a count of attributes", bytes, at)),
            },
            b'.' if owed == STREAMED => line(bytes, at)?.map(Step::End),
            _ => return Err(unexpected("the type byte of a RESP value", bytes, at)),
        })
    }

    /// A length, then that many bytes.
    #[inline]
    fn blob(&self, bytes: &[u8], at: usize) -> Result<Option<Step>, Error> {
        let Some((length, start)) = number(bytes, at)? else { return Ok(None) };
        match length {
            Number::Count(length) => {
                // `;0` has no body and no line end after it.
                if length == 0 && bytes[at] == b';' {
                    return Ok(Some(Step::Leaf(start)));
                }
                if length > self.limits.bulk as u64 {
                    return Err(broken(format!(
                        "a string of {length} bytes, more than the limit of {}",
                        self.limits.bulk
                    )));
                }
                let end = start + length as usize + 2;
                if end > bytes.len() {
                    return Ok(None);
                }
                if &bytes[end - 2..end] != b"\r\n" {
                    return Err(unexpected("the line end behind a string", bytes, end - 2));
                }
                Ok(Some(Step::Leaf(end)))
            }
            Number::Null if bytes[at] == b'$' => Ok(Some(Step::Leaf(start))),
            Number::Open if bytes[at] == b'$' => Ok(Some(Step::Aggregate(start, CHUNKED))),
            Number::Null | Number::Open => Err(unexpected("a length", bytes, at)),
        }
    }

    #[inline]
    fn aggregate(&self, bytes: &[u8], at: usize, each: u64) -> Result<Option<Step>, Error> {
        let Some((count, end)) = number(bytes, at)? else { return Ok(None) };
        match count {
            Number::Count(count) if count.saturating_mul(each) <= self.limits.reply as u64 / SHORTEST => {
                Ok(Some(Step::Aggregate(end, count * each)))
            }
            Number::Count(count) => Err(broken(format!(
                "an aggregate of {count} entries, more than the limit of {} bytes has room for",
                self.limits.reply
            ))),
            Number::Null if bytes[at] == b'*' => Ok(Some(Step::Leaf(end))),
            Number::Open if bytes[at] != b'>' => Ok(Some(Step::Aggregate(end, STREAMED))),
            Number::Null | Number::Open => Err(unexpected("a count", bytes, at)),
        }
    }

    /// How many bytes are surely missing: of the string that the scan stopped in. A hint for the read buffer.
    pub(crate) fn missing(&self, bytes: &[u8]) -> usize {
        match bytes.get(self.position) {
            Some(b'$' | b'=' | b'!') if self.started => match number(bytes, self.position) {
                Ok(Some((Number::Count(length), start))) => {
                    (start + (length as usize).min(self.limits.bulk) + 2).saturating_sub(bytes.len())
                }
                _ => 0,
            },
            _ => 0,
        }
    }

    /// The whole elements that have come of an aggregate whose end has not: they may be [cut](Self::cut) off and read
    /// while the others are on their way. For the bytes that the last scan stopped in.
    pub(crate) fn portion(&self) -> Option<Portion> {
        if !self.started || self.push || self.irregular || self.outer.is_empty() {
            return None;
        }
        let (end, left) = if self.outer.len() > 1 {
            self.boundary
        } else {
            match (self.total - self.owed) % 2 {
                0 => (self.position, self.owed),
                _ if self.previous > 0 => (self.previous, self.owed + 1),
                _ => self.boundary,
            }
        };
        if end == 0 {
            return None;
        }
        let elements = self.uncut.saturating_sub(left) as usize;
        (elements > 0).then_some(Portion { end, elements })
    }

    /// Goes on behind this portion: the next bytes to look at start there.
    pub(crate) fn cut(&mut self, portion: Portion) {
        self.position -= portion.end;
        self.passed += portion.end;
        self.uncut -= portion.elements as u64;
        (self.previous, self.boundary) = (0, (0, 0));
    }

    fn reset(&mut self) {
        self.outer.clear();
        (self.position, self.owed, self.passed) = (0, 0, 0);
        (self.previous, self.boundary) = (0, (0, 0));
        (self.started, self.push, self.irregular) = (false, false, false);
    }
}

/// Strings of fewer bytes than this have a length of one or two digits.
const SHORT: usize = 100;

/// The end of the string that starts at `at`, if it is whole and shorter than [`SHORT`].
#[inline(always)]
fn short_string(bytes: &[u8], at: usize) -> Option<usize> {
    let (start, length) = match bytes.get(at..at + 5)? {
        [b'$', a @ b'0'..=b'9', b'\r', b'\n', _] => (at + 4, usize::from(a - b'0')),
        [b'$', a @ b'0'..=b'9', b @ b'0'..=b'9', b'\r', b'\n'] => {
            (at + 5, usize::from(a - b'0') * 10 + usize::from(b - b'0'))
        }
        _ => return None,
    };
    let end = start + length;
    (bytes.get(end..end + 2)? == b"\r\n").then_some(end + 2)
}

enum Number {
    Count(u64),
    /// `-1`
    Null,
    /// `?`
    Open,
}

/// The length or count behind the type byte, and the offset behind its line.
#[inline(always)]
fn number(bytes: &[u8], at: usize) -> Result<Option<(Number, usize)>, Error> {
    let mut position = at + 1;
    let mut value = 0u64;
    while let Some(&byte) = bytes.get(position) {
        match byte {
            b'0'..=b'9' if position - at <= 18 => value = value * 10 + u64::from(byte - b'0'),
            b'\r' if position > at + 1 => {
                return match bytes.get(position + 1) {
                    Some(b'\n') => Ok(Some((Number::Count(value), position + 2))),
                    Some(_) => Err(unexpected("a line end", bytes, position)),
                    None => Ok(None),
                };
            }
            _ => return odd_number(bytes, at),
        }
        position += 1;
    }
    Ok(None)
}

/// What is not a plain count: `-1`, `?`, or nonsense.
#[cold]
fn odd_number(bytes: &[u8], at: usize) -> Result<Option<(Number, usize)>, Error> {
    for (text, number) in [(&b"-1\r\n"[..], Number::Null), (&b"?\r\n"[..], Number::Open)] {
        let rest = &bytes[at + 1..];
        if rest.starts_with(text) {
            return Ok(Some((number, at + 1 + text.len())));
        }
        if text.starts_with(rest) {
            return Ok(None);
        }
    }
    Err(unexpected("a length or a count", bytes, at))
}

/// The offset behind the line that starts at `at`.
#[inline(always)]
fn line(bytes: &[u8], at: usize) -> Result<Option<usize>, Error> {
    match memchr::memchr(b'\r', &bytes[at..]) {
        Some(length) if length <= LINE => match bytes.get(at + length + 1) {
            Some(b'\n') => Ok(Some(at + length + 2)),
            Some(_) => Err(unexpected("a line end", bytes, at + length)),
            None => Ok(None),
        },
        None if bytes.len() - at <= LINE => Ok(None),
        _ => Err(broken(format!("a line of more than {LINE} bytes"))),
    }
}

#[cold]
fn unexpected(expected: &str, bytes: &[u8], at: usize) -> Error {
    let found = &bytes[at..bytes.len().min(at + 40)];
    broken(format!("expected {expected}, found \"{}\"", found.escape_ascii()))
}

#[cold]
fn broken(what: String) -> Error {
    Error::new(
        ErrorKind::Protocol,
        Execution::NotSent,
        format!("the server sent what is not a valid reply: {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(bytes: &[u8]) -> Option<usize> {
        Scanner::default().frame(bytes).unwrap().map(|frame| frame.end)
    }

    #[test]
    fn resumes_at_every_cut() {
        let whole = b"*4\r\n$3\r\nfoo\r\n%1\r\n+a\r\n:12\r\n$-1\r\n*2\r\n*0\r\n~1\r\n,1.5\r\n";
        for cut in 0..whole.len() {
            let mut scanner = Scanner::default();
            assert_eq!(scanner.frame(&whole[..cut]).unwrap(), None, "cut at {cut}");
            assert_eq!(scanner.frame(whole).unwrap().unwrap().end, whole.len(), "cut at {cut}");
        }
        let mut scanner = Scanner::default();
        for cut in 0..whole.len() {
            assert_eq!(scanner.frame(&whole[..cut]).unwrap(), None);
        }
        assert_eq!(scanner.frame(whole).unwrap().unwrap().end, whole.len());
    }

    #[test]
    fn finds_the_first_of_several() {
        assert_eq!(end(b"+OK\r\n:1\r\n"), Some(5));
        assert_eq!(end(b"*0\r\n+OK\r\n"), Some(4));
        assert_eq!(end(b"$0\r\n\r\n$1\r\nx\r\n"), Some(6));
    }

    #[test]
    fn tells_pushes_and_attributes() {
        let frame = Scanner::default().frame(b">2\r\n+message\r\n+x\r\n").unwrap().unwrap();
        assert!(frame.push && !frame.irregular);
        let frame = Scanner::default().frame(b"|1\r\n+ttl\r\n:3\r\n*1\r\n:5\r\n+next\r\n").unwrap().unwrap();
        assert!(!frame.push && frame.irregular);
        assert_eq!(frame.end, 22);
    }

    #[test]
    fn follows_streams() {
        for whole in [
            &b"$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n"[..],
            b"*?\r\n:1\r\n*?\r\n:2\r\n.\r\n.\r\n",
            b"%?\r\n+a\r\n:1\r\n.\r\n",
        ] {
            let mut scanner = Scanner::default();
            for cut in 0..whole.len() {
                assert_eq!(scanner.frame(&whole[..cut]).unwrap(), None, "cut {cut}");
            }
            let frame = scanner.frame(whole).unwrap().unwrap();
            assert_eq!((frame.end, frame.irregular), (whole.len(), true));
        }
    }

    #[test]
    fn refuses_what_is_not_resp() {
        for (bytes, text) in [
            (&b"HTTP/1.1 400 Bad Request\r\n"[..], "found \"HTTP/1.1 400 Bad Request"),
            (b"$4294967296\r\n", "4294967296 bytes, more than the limit"),
            (b"$3\r\nfooXX", "line end"),
            (b"$x\r\n", "a length"),
            (b"$99999999999999999999\r\n", "a length"),
            (b"*-2\r\n", "a length or a count"),
            (b"*999999999999\r\n", "999999999999 entries"),
            (b"+OK\rX", "line end"),
            (b".\r\n", "type byte"),
        ] {
            let error = Scanner::default().frame(bytes).unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Protocol);
            assert!(error.to_string().contains(text), "{error}");
        }
        let deep = b"*1\r\n".repeat(10_000);
        let error = Scanner::default().frame(&deep).unwrap_err();
        assert!(error.to_string().contains("nested more than 128 deep"), "{error}");
        let long = vec![b'+'; LINE + 10];
        assert!(Scanner::default().frame(&long).is_err());
    }

    #[test]
    fn says_how_much_is_missing() {
        let mut scanner = Scanner::default();
        let bytes = b"*2\r\n:1\r\n$100\r\nabc";
        assert_eq!(scanner.frame(bytes).unwrap(), None);
        assert_eq!(scanner.missing(bytes), 99);
    }
}
