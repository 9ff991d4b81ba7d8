//! Mistakes in the input, collected so that all are reported at once.

use proc_macro2::Span;
use syn::Error;

/// The mistakes that were found so far.
#[derive(Default)]
pub(crate) struct Errors {
    all: Option<Error>,
    /// Whether an attribute could not be parsed. What seems to be missing then may be in that attribute, so that its
    /// absence is not reported.
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

    /// The value, if there was no mistake.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Error> {
        match (self.all, value) {
            (Some(error), _) => Err(error),
            (None, Some(value)) => Ok(value),
            // Not reached: a caller without a value has added a mistake. An error is better than a panic even so.
            (None, None) => {
                Err(Error::new(Span::call_site(), "the derive failed without a reason: please report it"))
            }
        }
    }
}
