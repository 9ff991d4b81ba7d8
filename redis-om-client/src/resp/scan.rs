//! Finds the end of a reply. The scan resumes where the last piece of input stopped.
//!
//! The scan reads the structure: type bytes, lengths and counts. It also checks the lines of numbers, booleans and null,
//! because a server that sends other content there is not understood. Each length and each count is checked against
//! [`Limits`], so that a faulty server causes an error and does not exhaust the memory or the stack of the process.
//! There are two kinds of error:
//!
//! * Bytes that are not RESP, and lengths that no server sends. After them the start of the next reply is unknown, so
//!   this is an error of the connection.
//! * A reply that exceeds a limit. Its end is still found, so this is an error of its command only
//!   ([`Scanner::take_aside`]). Its bytes need not be kept ([`Scanner::discard`]), and the content of its lines may be
//!   left unchecked.
//!
//! A server may send a push message between the elements of an aggregate. It is not an element and is not counted.
//! [`Aside::pushes`] says where it stands. Redis 6.2 sends such a message in the reply of `EXEC`. For a `SUBSCRIBE` in
//! a transaction, every server does.

mod aside;
mod token;
#[cfg(test)]
pub(crate) mod work;

use std::ops::Range;

use crate::error::{Error, ErrorKind, Execution};

use token::{Number, SHORT, broken, exact, line, number, short_string, unexpected, value_line};

/// The limits of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The longest string, in bytes. The servers' own limit (`proto-max-bulk-len`) is 512 MiB by default.
    pub(crate) bulk: usize,
    /// The longest reply, in bytes.
    pub(crate) reply: usize,
    /// The deepest nesting of aggregates.
    pub(crate) depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bulk: 512 << 20, reply: 2 << 30, depth: 128 }
    }
}

/// The count of an open-ended aggregate (its header has `?` as its count), which ends with `.\r\n`.
const STREAMED: u64 = u64::MAX;
/// The count of a string in chunks, which ends with `;0\r\n`.
const CHUNKED: u64 = u64::MAX - 1;
/// The length of the shortest value (`_\r\n`), in bytes. An aggregate of `n` values has at least `n` times this length.
const SHORTEST: u64 = 3;
/// In bytes. The scan does not wait for the end of a longer string, unless the limit is higher: no server sends one.
const LONGEST_STRING: u64 = 512 << 20;
/// The scan does not wait for the end of an aggregate with more entries: no server sends one.
const MOST_ENTRIES: u64 = u32::MAX as u64;
/// The number of open-ended values that may be open beyond the limit of the depth. Their ends can be found only with a
/// stack.
const OPEN_BEYOND_DEPTH: usize = 16;

/// The end of a reply, and what kind of reply it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The offset after its last byte, from its start.
    pub(crate) end: usize,
    /// It is a push message and not a reply.
    pub(crate) push: bool,
    /// It has attributes or streamed parts: see [`super::regular`].
    pub(crate) irregular: bool,
    /// It exceeds a limit, or has push messages inside: see [`Scanner::take_aside`].
    pub(crate) aside: bool,
}

impl Frame {
    /// A reply without any of these properties.
    #[inline(always)]
    pub(crate) fn plain(end: usize) -> Self {
        Self { end, push: false, irregular: false, aside: false }
    }
}

/// What the scan found in a reply, apart from its end.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// The error, if the reply exceeds a limit.
    pub(crate) error: Option<Error>,
    /// The ranges of the push messages inside the reply, from its start.
    pub(crate) pushes: Vec<Range<usize>>,
}

/// The state of the scan between two pieces of input.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    limits: Limits,
    /// The bytes before this offset (from the reply's start) are scanned.
    position: usize,
    /// The line that starts at the position has no end before this offset.
    searched: usize,
    /// The number of values that the innermost open aggregate still needs.
    owed: u64,
    /// The same number for each aggregate around it, the outermost first.
    outer: Vec<u64>,
    started: bool,
    push: bool,
    irregular: bool,
    /// What is being skipped at the position. Used only in a reply that exceeds a limit.
    passing: Passing,
    /// The push message inside the reply whose end has not come.
    open_push: Option<OpenPush>,
    /// What was found in the current reply, apart from its end.
    aside: Aside,
    /// The same for the last complete reply.
    last_aside: Aside,
}

/// What is being skipped while its bytes arrive.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Passing {
    #[default]
    Nothing,
    /// This many bytes of a string, then its line end.
    Body(u64),
    /// The rest of a line.
    Line,
}

/// A push message whose end has not come.
#[derive(Debug, Clone, Copy)]
struct OpenPush {
    start: usize,
    /// The number of aggregates around it.
    around: usize,
}

/// What the scan found at one position.
enum Step {
    /// A value without elements: the offset of its end.
    Leaf(usize),
    /// The header of a string that is longer than the limit: the offset of the header's end, and the length of the
    /// string in bytes.
    TooLong(usize, u64),
    /// The header of an aggregate: the offset of the header's end, and the number of values.
    Aggregate(usize, u64),
    /// The same for attributes, which do not count as a value.
    Attributes(usize, u64),
    /// The offset after the end of a streamed aggregate or of a chunked string.
    End(usize),
}

impl Scanner {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The end of the reply that starts at `at`, if it is a complete short string. This is the most frequent kind of
    /// reply, and its end is found in a few instructions. `None` says nothing about the reply: call [`Scanner::frame`]
    /// then.
    #[inline(always)]
    pub(crate) fn short(&self, bytes: &[u8], at: usize) -> Option<usize> {
        if self.started || self.limits.bulk < SHORT { None } else { short_string(bytes, at) }
    }

    /// Finds the end of the reply that starts at `bytes[0]`. `None` if a part of it is missing: call it again with the
    /// same bytes and more.
    ///
    /// # Errors
    ///
    /// The bytes are not a reply, or they are a push message that exceeds a limit. The bytes after them cannot be read.
    /// A push message belongs to no command, so the connection fails. The receiver of push messages learns of the loss
    /// when a new connection is made.
    #[inline]
    pub(crate) fn frame(&mut self, bytes: &[u8]) -> Result<Option<Frame>, Error> {
        if !self.started {
            // The common case, which needs no state: a complete string or line.
            if let Some(&kind) = bytes.first()
                && let Some(Step::Leaf(end)) = match kind {
                    b'$' => match self.short(bytes, 0) {
                        Some(end) => Some(Step::Leaf(end)),
                        None => self.blob(bytes, 0)?,
                    },
                    b'+' | b'-' => line(bytes, 0, 0)?.filter(|end| *end <= self.limits.reply).map(Step::Leaf),
                    b':' | b'_' | b'#' | b',' => {
                        value_line(kind, bytes, 0, 0)?.filter(|end| *end <= self.limits.reply).map(Step::Leaf)
                    }
                    _ => None,
                }
            {
                return Ok(Some(Frame::plain(end)));
            }
        }
        self.resume(bytes)
    }

    fn resume(&mut self, bytes: &[u8]) -> Result<Option<Frame>, Error> {
        let mut position = self.position;
        let mut owed = if self.started { self.owed } else { 1 };
        let short = self.limits.bulk >= SHORT;
        if self.passing != Passing::Nothing {
            if !self.pass(bytes, &mut position)? {
                return self.wait(bytes, position, owed);
            }
            count_down(&mut owed);
        }
        loop {
            while owed == 0 {
                match self.outer.pop() {
                    Some(around) => {
                        owed = around;
                        self.close_push(position)?;
                    }
                    None => return self.complete(position).map(Some),
                }
            }
            // Most aggregates contain short strings only.
            while short
                && (1..CHUNKED).contains(&owed)
                && let Some(end) = short_string(bytes, position)
            {
                position = end;
                owed -= 1;
            }
            if owed == 0 {
                continue;
            }
            let step = if position < bytes.len() { self.step(bytes, position, owed)? } else { None };
            match step {
                None => return self.wait(bytes, position, owed),
                Some(Step::Leaf(end)) => {
                    position = end;
                    count_down(&mut owed);
                }
                Some(Step::TooLong(start, length)) => {
                    self.too_long(length)?;
                    self.passing = Passing::Body(length);
                    position = start;
                    if !self.pass(bytes, &mut position)? {
                        return self.wait(bytes, position, owed);
                    }
                    count_down(&mut owed);
                }
                Some(Step::Aggregate(end, count)) => {
                    if bytes[position] == b'>' && !self.outer.is_empty() {
                        self.begin_push(bytes, position)?;
                    } else {
                        if self.outer.is_empty() {
                            self.push = bytes[position] == b'>';
                        }
                        count_down(&mut owed);
                    }
                    position = end;
                    self.open(&mut owed, count)?;
                }
                Some(Step::Attributes(end, count)) => {
                    position = end;
                    self.irregular = true;
                    self.open(&mut owed, count)?;
                }
                Some(Step::End(end)) => {
                    position = end;
                    owed = 0;
                }
            }
        }
    }

    /// The reply is complete.
    fn complete(&mut self, end: usize) -> Result<Frame, Error> {
        if end > self.limits.reply {
            self.reply_too_long()?;
        }
        let aside = self.aside.error.is_some() || !self.aside.pushes.is_empty();
        if aside {
            self.last_aside = std::mem::take(&mut self.aside);
        }
        let frame = Frame { end, push: self.push, irregular: self.irregular, aside };
        self.reset();
        Ok(frame)
    }

    /// A part of the reply is missing. The state of the scan is kept for the next call.
    fn wait(&mut self, bytes: &[u8], mut position: usize, owed: u64) -> Result<Option<Frame>, Error> {
        if bytes.len() > self.limits.reply {
            self.reply_too_long()?;
        }
        if let Some(push) = self.open_push {
            self.check_push(bytes.len() - push.start)?;
        }
        if self.aside.error.is_some() {
            self.pass_partial(bytes, &mut position)?;
        }
        self.searched = bytes.len() - usize::from(bytes.last() == Some(&b'\r'));
        self.position = position;
        self.owed = owed;
        self.started = true;
        Ok(None)
    }

    #[inline]
    fn open(&mut self, owed: &mut u64, count: u64) -> Result<(), Error> {
        if count >= CHUNKED {
            self.irregular = true;
        } else if count > self.limits.reply as u64 / SHORTEST {
            self.too_many(count)?;
        }
        let around = self.open_push.map_or(0, |push| push.around);
        if self.outer.len() >= around.saturating_add(self.limits.depth) {
            return self.open_too_deep(owed, count);
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
                b';' => match number(bytes, at)? {
                    Some((Number::Count(0), end)) => Ok(Some(Step::End(end))),
                    _ => self.blob(bytes, at),
                },
                _ => Err(unexpected("a chunk (`;`)", bytes, at)),
            };
        }
        Ok(match kind {
            b'$' | b'!' => self.blob(bytes, at)?,
            b'=' => self.verbatim(bytes, at)?,
            b'+' | b'-' | b':' | b',' | b'_' | b'#' | b'(' => {
                value_line(kind, bytes, at, self.searched.max(at))?.map(Step::Leaf)
            }
            b'*' | b'~' | b'>' => aggregate(bytes, at, 1)?,
            b'%' => aggregate(bytes, at, 2)?,
            b'|' => match aggregate(bytes, at, 2)? {
                Some(Step::Aggregate(end, count)) if count < CHUNKED => Some(Step::Attributes(end, count)),
                None => None,
                Some(_) => return Err(unexpected("a count of attributes", bytes, at)),
            },
            b'.' if owed == STREAMED => {
                exact(b".\r\n", "the end of an open-ended aggregate (`.`)", bytes, at)?.map(Step::End)
            }
            _ => return Err(unexpected("the type byte of a RESP value", bytes, at)),
        })
    }

    /// Reads a length, then that many bytes.
    #[inline]
    fn blob(&self, bytes: &[u8], at: usize) -> Result<Option<Step>, Error> {
        let Some((length, start)) = number(bytes, at)? else { return Ok(None) };
        match length {
            Number::Count(length) => {
                if length > self.limits.bulk as u64 {
                    return Ok(Some(Step::TooLong(start, length)));
                }
                let end = start + length as usize + 2;
                if end > bytes.len() {
                    return Ok(None);
                }
                if &bytes[end - 2..end] != b"\r\n" {
                    return Err(unexpected("the line end after a string", bytes, end - 2));
                }
                Ok(Some(Step::Leaf(end)))
            }
            Number::Null if bytes[at] == b'$' => Ok(Some(Step::Leaf(start))),
            Number::Open if bytes[at] == b'$' => Ok(Some(Step::Aggregate(start, CHUNKED))),
            Number::Null | Number::Open => Err(unexpected("a length", bytes, at)),
        }
    }

    /// Reads a text with its format: three bytes and a colon.
    fn verbatim(&self, bytes: &[u8], at: usize) -> Result<Option<Step>, Error> {
        let found = self.blob(bytes, at)?;
        if let Some(Step::Leaf(end)) = found
            && let Some((_, start)) = number(bytes, at)?
            && bytes[start..end - 2].get(3) != Some(&b':')
        {
            return Err(unexpected("a verbatim string with a format of three bytes (`=`)", bytes, at));
        }
        Ok(found)
    }

    /// The number of bytes that are certainly missing from the string that the scan stopped in; 0 if it did not stop in
    /// a string. A hint for the read buffer.
    pub(crate) fn missing(&self, bytes: &[u8]) -> usize {
        match bytes.get(self.position) {
            Some(b'$' | b'=' | b'!') if self.started && !self.is_over() => match number(bytes, self.position)
            {
                Ok(Some((Number::Count(length), start))) => {
                    (start + (length as usize).min(self.limits.bulk) + 2).saturating_sub(bytes.len())
                }
                _ => 0,
            },
            _ => 0,
        }
    }

    /// The memory that the scan itself holds, in bytes.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        let pushes = self.aside.pushes.capacity() + self.last_aside.pushes.capacity();
        self.outer.capacity() * size_of::<u64>() + pushes * size_of::<Range<usize>>()
    }

    fn reset(&mut self) {
        self.outer.clear();
        (self.position, self.searched, self.owed) = (0, 0, 0);
        (self.started, self.push, self.irregular) = (false, false, false);
    }
}

/// Reads the header of an aggregate. Each entry has `each` values.
#[inline]
fn aggregate(bytes: &[u8], at: usize, each: u64) -> Result<Option<Step>, Error> {
    let Some((count, end)) = number(bytes, at)? else { return Ok(None) };
    match count {
        Number::Count(count) if count <= MOST_ENTRIES => Ok(Some(Step::Aggregate(end, count * each))),
        Number::Count(count) => Err(broken(format!("an aggregate of {count} entries"))),
        Number::Null if bytes[at] == b'*' => Ok(Some(Step::Leaf(end))),
        Number::Open if bytes[at] != b'>' => Ok(Some(Step::Aggregate(end, STREAMED))),
        Number::Null | Number::Open => Err(unexpected("a count", bytes, at)),
    }
}

/// Counts one value of an aggregate as found. The values of an open-ended aggregate are not counted.
#[inline(always)]
fn count_down(owed: &mut u64) {
    if *owed < CHUNKED {
        *owed -= 1;
    }
}

#[cfg(test)]
mod tests;
