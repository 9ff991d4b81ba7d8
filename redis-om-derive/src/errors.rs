//! Mistakes, gathered so that all are told at once.

use proc_macro2::Span;
use syn::Error;

/// The mistakes so far.
#[derive(Default)]
pub(crate) struct Errors {
    all: Option<Error>,
    /// Whether an attribute could not be understood: what then seems to be missing may well be what it meant.
    pub(crate) unread: bool,
}

impl Errors {
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.all {
            Some(all) => all.combine(error),
            none => *none = Some(error),
        }
    }

    pub(crate) fn at(&mut self, span: Span, message: impl std::fmt::Display) {
        self.push(Error::new(span, message));
    }

    /// The value, if nothing was wrong.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Error> {
        match (self.all, value) {
            (Some(error), _) => Err(error),
            (None, Some(value)) => Ok(value),
            // Not reached: whoever has no value has pushed why. Said all the same rather than a panic.
            (None, None) => {
                Err(Error::new(Span::call_site(), "the derive failed without a reason: please report it"))
            }
        }
    }
}
