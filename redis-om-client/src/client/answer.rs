//! The answer to a command or a batch.

use bytes::Bytes;

use crate::{
    config::Config,
    error::Error,
    resp::{Replies, split},
    session::{Pieces, ReplyBuf, limits},
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

/// Splits pieces of whole replies into the replies.
///
/// # Errors
///
/// The bytes are no replies.
pub(super) fn split_replies(config: &Config, pieces: &[Bytes]) -> Result<Vec<Bytes>, Error> {
    let mut replies = Vec::new();
    pieces.iter().try_for_each(|piece| split(piece, limits(config), &mut replies))?;
    Ok(replies)
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
