//! What a command or batch was answered with.

use bytes::Bytes;

use crate::{error::Error, resp::Replies, session::ReplyBuf};

/// The replies of a command or batch, and the errors of the parts of a batch that failed: those have an error line in
/// the place of their reply.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) reply: ReplyBuf,
    pub(super) failures: Vec<(usize, Error)>,
}

impl Answer {
    /// With the replies that came first, where they were not read as they came.
    pub(super) fn after(mut self, mut first: Vec<Bytes>) -> Self {
        if !first.is_empty() {
            first.extend(self.reply.into_pieces());
            self.reply = ReplyBuf::Pieces(first);
        }
        self
    }

    /// To read from.
    pub(super) fn replies(&self) -> Replies<'_> {
        self.reply.replies().with_failures(&self.failures)
    }
}

impl From<ReplyBuf> for Answer {
    #[inline]
    fn from(reply: ReplyBuf) -> Self {
        Self { reply, failures: Vec::new() }
    }
}
