//! Replies that exceed a limit, and push messages inside replies.
//!
//! No server sends these on a hot path, so all of this code is cold. The end of a reply that exceeds a limit is found
//! in bounded memory. Bytes that were scanned can be [discarded](Scanner::discard), also in the middle of a string or a
//! line. Beyond the limit of the depth, one sum counts the values that are still needed, and no stack is used.

use super::*;

impl Scanner {
    /// What was found in the last complete reply, if its [`Frame::aside`] is set.
    pub(crate) fn take_aside(&mut self) -> Aside {
        std::mem::take(&mut self.last_aside)
    }

    /// Whether the reply whose end has not come exceeds a limit.
    pub(crate) fn is_over(&self) -> bool {
        self.aside.error.is_some()
    }

    /// If the reply whose end has not come exceeds a limit: returns the error, the number of bytes at its start that
    /// are no longer needed, and the ranges of the push messages in these bytes. The caller removes the bytes. The next
    /// call of [`Scanner::frame`] starts after them.
    pub(crate) fn discard(&mut self) -> Option<(Error, usize, Vec<Range<usize>>)> {
        let error = self.aside.error.clone()?;
        let end = self.open_push.map_or(self.position, |push| push.start);
        self.position -= end;
        self.searched = self.searched.saturating_sub(end);
        if let Some(push) = &mut self.open_push {
            push.start = 0;
        }
        Some((error, end, std::mem::take(&mut self.aside.pushes)))
    }

    /// Continues to skip a string or a line. `true` if its end was found.
    #[cold]
    pub(super) fn pass(&mut self, bytes: &[u8], position: &mut usize) -> Result<bool, Error> {
        match self.passing {
            Passing::Nothing => return Ok(true),
            Passing::Body(left) => {
                let here = left.min((bytes.len() - *position) as u64);
                *position += here as usize;
                self.passing = Passing::Body(left - here);
                if here < left {
                    return Ok(false);
                }
            }
            Passing::Line => {
                let length = memchr::memchr(b'\r', &bytes[*position..]);
                *position = length.map_or(bytes.len(), |length| *position + length);
            }
        }
        match bytes.get(*position..*position + 2) {
            Some(b"\r\n") => {
                *position += 2;
                self.passing = Passing::Nothing;
                Ok(true)
            }
            Some(_) => Err(unexpected("a line end", bytes, *position)),
            None => Ok(false),
        }
    }

    /// Starts to skip the string or line at the position, whose end has not come.
    pub(super) fn pass_partial(&mut self, bytes: &[u8], position: &mut usize) -> Result<(), Error> {
        if self.passing != Passing::Nothing {
            return Ok(());
        }
        match bytes.get(*position) {
            Some(b'$' | b'=' | b'!' | b';') => {
                let Some((Number::Count(length), start)) = number(bytes, *position)? else { return Ok(()) };
                self.passing = Passing::Body(length);
                *position = start;
            }
            Some(b'+' | b'-' | b':' | b',' | b'(') => self.passing = Passing::Line,
            _ => return Ok(()),
        }
        self.pass(bytes, position).map(drop)
    }

    /// A push message starts between the elements of an aggregate.
    #[cold]
    pub(super) fn begin_push(&mut self, bytes: &[u8], start: usize) -> Result<(), Error> {
        if self.push || self.open_push.is_some() {
            return Err(unexpected("a value inside a push message", bytes, start));
        }
        self.open_push = Some(OpenPush { start, around: self.outer.len() });
        Ok(())
    }

    /// An aggregate has ended. If it was the push message, its range is recorded.
    #[inline]
    pub(super) fn close_push(&mut self, end: usize) -> Result<(), Error> {
        match self.open_push {
            Some(push) if self.outer.len() == push.around => self.record_push(push.start..end),
            _ => Ok(()),
        }
    }

    #[cold]
    fn record_push(&mut self, push: Range<usize>) -> Result<(), Error> {
        self.open_push = None;
        self.check_push(push.len())?;
        self.aside.pushes.push(push);
        Ok(())
    }

    /// Checks the number of bytes that a push message inside a reply has, or that have come of it.
    pub(super) fn check_push(&self, length: usize) -> Result<(), Error> {
        let limit = self.limits.reply;
        if length > limit {
            return Err(push_violates(&format!("more than {limit} bytes, the limit of `max_reply`")));
        }
        Ok(())
    }

    #[cold]
    pub(super) fn open_too_deep(&mut self, owed: &mut u64, count: u64) -> Result<(), Error> {
        let depth = self.limits.depth;
        self.violates(&format!("aggregates nested more than {depth} deep, the limit of `max_depth`"))?;
        if count < CHUNKED && *owed < CHUNKED {
            // The reply ends when no value is needed any more, however the values are nested.
            let sum = owed.checked_add(count).filter(|sum| *sum < CHUNKED);
            *owed = sum.ok_or_else(|| broken("an aggregate of more entries than can be counted".into()))?;
            return Ok(());
        }
        let around = self.open_push.map_or(0, |push| push.around);
        if self.outer.len() >= around.saturating_add(depth).saturating_add(OPEN_BEYOND_DEPTH) {
            return Err(broken(format!("open-ended values nested more than {depth} deep")));
        }
        self.outer.push(*owed);
        *owed = count;
        Ok(())
    }

    #[cold]
    pub(super) fn too_long(&mut self, length: u64) -> Result<(), Error> {
        let limit = self.limits.bulk;
        if length > LONGEST_STRING.max(limit as u64) {
            return Err(broken(format!("a string of {length} bytes, more than the limit of {limit}")));
        }
        self.violates(&format!("a string of {length} bytes, more than the limit of {limit} (`max_bulk`)"))
    }

    #[cold]
    pub(super) fn too_many(&mut self, count: u64) -> Result<(), Error> {
        let limit = self.limits.reply;
        self.violates(&format!(
            "an aggregate of {count} values, more than a reply of {limit} bytes can hold (`max_reply`)"
        ))
    }

    #[cold]
    pub(super) fn reply_too_long(&mut self) -> Result<(), Error> {
        let found = format!("a reply of more than {} bytes, the limit of `max_reply`", self.limits.reply);
        // The length of a push message inside the reply is checked separately.
        if self.push {
            return Err(push_violates(&found));
        }
        self.note_violation(&found);
        Ok(())
    }

    /// Records that the reply exceeds a limit. The first such error of a reply is kept. A push message belongs to no
    /// command, so its error is returned as the error of the connection.
    fn violates(&mut self, found: &str) -> Result<(), Error> {
        if self.push || self.open_push.is_some() {
            return Err(push_violates(found));
        }
        self.note_violation(found);
        Ok(())
    }

    fn note_violation(&mut self, found: &str) {
        if self.aside.error.is_none() {
            let text = format!(
                "the reply exceeds a limit and was not read: found {found}: raise that limit, or request less data"
            );
            self.aside.error = Some(Error::new(ErrorKind::Protocol, Execution::Answered, text));
        }
    }
}

fn push_violates(found: &str) -> Error {
    broken(format!("a push message that exceeds a limit: found {found}: raise that limit"))
}
