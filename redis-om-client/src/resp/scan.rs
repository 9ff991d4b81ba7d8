//! Where does a reply end? A scan that resumes where the last piece of input stopped.
//!
//! Only the structure is looked at: type bytes, lengths and counts. Each is checked against [`Limits`], so that a server
//! out of order costs an error and not the memory or the stack of the process. There are two kinds of error:
//!
//! * Bytes that are not RESP, and lengths that no server has: where the next reply starts is not known any more. It is the
//!   error of the connection.
//! * A reply that breaks a limit: its end is still found, so it is the error of its command ([`Scanner::take_aside`]). Its
//!   bytes need not be kept: see [`Scanner::discard`].
//!
//! A push message that a server puts between the elements of an aggregate is not an element: it is not counted, and
//! [`Aside::pushes`] says where it stands. (Redis 6.2 does so in the reply of `EXEC`; a `SUBSCRIBE` in a transaction does so everywhere.)

mod aside;
mod token;

use std::ops::Range;

use crate::error::{Error, ErrorKind, Execution};

use token::{Number, SHORT, broken, line, number, short_string, unexpected};

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

/// Open-ended aggregate: it ends with `.\r\n`.
const STREAMED: u64 = u64::MAX;
/// String in chunks: it ends with `;0\r\n`.
const CHUNKED: u64 = u64::MAX - 1;
/// Bytes of the shortest value (`_`): an aggregate of so many values is at least so many times as long.
const SHORTEST: u64 = 3;
/// A longer string is not waited for, unless the limit is higher: no server has one.
const LONGEST_STRING: u64 = 512 << 20;
/// The same for the entries of an aggregate.
const MOST_ENTRIES: u64 = u32::MAX as u64;
/// So many open-ended values may be open beyond the limit of the depth: their ends are found with a stack only.
const OPEN_BEYOND_DEPTH: usize = 16;

/// The end of a reply, and what kind of reply it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Bytes from its start to behind its end.
    pub(crate) end: usize,
    /// Not a reply: something that the server sent by itself.
    pub(crate) push: bool,
    /// It has attributes or streamed parts: see [`super::regular`].
    pub(crate) irregular: bool,
    /// It breaks a limit, or has push messages inside: see [`Scanner::take_aside`].
    pub(crate) aside: bool,
}

impl Frame {
    /// A reply without anything special.
    #[inline(always)]
    pub(crate) fn plain(end: usize) -> Self {
        Self { end, push: false, irregular: false, aside: false }
    }
}

/// What is known of a reply beside where it ends.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// It breaks a limit.
    pub(crate) error: Option<Error>,
    /// Where push messages stand inside it, counted from its start.
    pub(crate) pushes: Vec<Range<usize>>,
}

/// The scan's state between two pieces of input.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    limits: Limits,
    /// Everything before this offset (from the reply's start) has been looked at.
    position: usize,
    /// The line that starts at the position has no end before this offset.
    searched: usize,
    /// Values that the innermost open aggregate still owes.
    owed: u64,
    /// The same of those around it.
    outer: Vec<u64>,
    started: bool,
    push: bool,
    irregular: bool,
    /// What stands at the position is passed over while it comes: only in a reply that breaks a limit.
    passing: Passing,
    /// The push message inside the reply that has not come to its end.
    open_push: Option<OpenPush>,
    /// What was found beside the end.
    aside: Aside,
    /// The same of the last whole reply.
    last_aside: Aside,
}

/// What is passed over while it comes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Passing {
    #[default]
    Nothing,
    /// So many bytes of a string, and its line end.
    Body(u64),
    /// A line.
    Line,
}

/// A push message that has not come to its end.
#[derive(Debug, Clone, Copy)]
struct OpenPush {
    start: usize,
    /// How many aggregates are around it.
    around: usize,
}

/// What stands at one position.
enum Step {
    /// A value that ends there.
    Leaf(usize),
    /// A header that ends there, of a string of so many bytes, which are more than the limit.
    TooLong(usize, u64),
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
    ///
    /// # Errors
    ///
    /// The bytes are no reply, or it is a push message that breaks a limit: nothing that follows can be relied on. (A
    /// push message belongs to no command. Its receiver learns of the loss by the new connection.)
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
                    b'+' | b':' | b'-' | b'_' | b'#' | b',' => line(bytes, 0, 0)?.map(Step::Leaf),
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
                        self.close_push(position);
                    }
                    None => return self.complete(position).map(Some),
                }
            }
            // Most aggregates are short strings one after another.
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

    /// All of it is there.
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

    /// Not all of it is there: what was found is kept for the next call.
    fn wait(&mut self, bytes: &[u8], mut position: usize, owed: u64) -> Result<Option<Frame>, Error> {
        if bytes.len() > self.limits.reply {
            self.reply_too_long()?;
        }
        if let Some(push) = self.open_push
            && bytes.len() - push.start > self.limits.reply
        {
            return Err(broken(format!("a push message of more than {} bytes", self.limits.reply)));
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
                b';' => match self.blob(bytes, at)? {
                    Some(Step::Leaf(end)) if bytes[at + 1] == b'0' => Ok(Some(Step::End(end))),
                    other => Ok(other),
                },
                _ => Err(unexpected("a chunk (`;`)", bytes, at)),
            };
        }
        let line = || line(bytes, at, self.searched.max(at));
        Ok(match kind {
            b'$' | b'=' | b'!' => self.blob(bytes, at)?,
            b'+' | b'-' | b':' | b',' | b'_' | b'#' | b'(' => line()?.map(Step::Leaf),
            b'*' | b'~' | b'>' => aggregate(bytes, at, 1)?,
            b'%' => aggregate(bytes, at, 2)?,
            b'|' => match aggregate(bytes, at, 2)? {
                Some(Step::Aggregate(end, count)) if count < CHUNKED => Some(Step::Attributes(end, count)),
                None => None,
                Some(_) => return Err(unexpected("a count of attributes", bytes, at)),
            },
            b'.' if owed == STREAMED => line()?.map(Step::End),
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
                    return Ok(Some(Step::TooLong(start, length)));
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

    /// How many bytes are surely missing: of the string that the scan stopped in. A hint for the read buffer.
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

    fn reset(&mut self) {
        self.outer.clear();
        (self.position, self.searched, self.owed) = (0, 0, 0);
        (self.started, self.push, self.irregular) = (false, false, false);
    }
}

/// The header of an aggregate with `each` values for an entry.
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

/// One value of an aggregate was found; those of an open-ended one are not counted.
#[inline(always)]
fn count_down(owed: &mut u64) {
    if *owed < CHUNKED {
        *owed -= 1;
    }
}

#[cfg(test)]
mod tests;
