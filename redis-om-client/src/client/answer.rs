//! The answer to a command or a batch.

use bytes::Bytes;

use crate::{error::Error, resp::Replies, session::ReplyBuf};

/// The replies of a command or a batch, and the errors of the parts of a batch that failed. In `replies`, an error line
/// stands in the place of a failed part.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) reply: ReplyBuf,
    pub(super) failures: Vec<(usize, Error)>,
}

impl Answer {
    /// Puts `first` before these replies. `first` holds replies that arrived earlier and were not read yet.
    pub(super) fn after(mut self, mut first: Vec<Bytes>) -> Self {
        if !first.is_empty() {
            first.extend(self.reply.into_pieces());
            self.reply = ReplyBuf::Pieces(first);
        }
        self
    }

    /// A reader of the replies.
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
