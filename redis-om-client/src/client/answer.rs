//! The answer to a command or a batch.

use crate::{
    error::Error,
    resp::Replies,
    session::{Pieces, ReplyBuf},
};

/// The replies of a command or a batch, and the errors of the parts of a batch that failed. In `replies`, an error line
/// stands in the place of a failed part.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) reply: ReplyBuf,
    pub(super) failures: Vec<(usize, Error)>,
}

impl Answer {
    /// A reader of the replies.
    pub(super) fn replies(&self) -> Replies<'_> {
        self.reply.replies().with_failures(&self.failures)
    }
}

impl From<ReplyBuf> for Answer {
    #[inline]
    fn from(reply: ReplyBuf) -> Self {
        match reply {
            ReplyBuf::Partly(partly) => (*partly).into(),
            reply => Self { reply, failures: Vec::new() },
        }
    }
}

impl From<Pieces> for Answer {
    fn from(Pieces { pieces, failures, lost: _ }: Pieces) -> Self {
        Self { reply: ReplyBuf::Pieces(pieces), failures }
    }
}
