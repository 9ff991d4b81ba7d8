//! Mistakes, gathered so that all are told at once.

use proc_macro2::Span;
use syn::Error;

/// The mistakes so far.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            none => *none = Some(error),
        }
    }

    pub(crate) fn at(&mut self, span: Span, message: impl std::fmt::Display) {
        self.push(Error::new(span, message));
    }

    /// The value, if nothing was wrong.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Error> {
        match (self.0, value) {
            (Some(error), _) => Err(error),
            (None, Some(value)) => Ok(value),
            // Not reached: whoever has no value has pushed why. Said all the same rather than a panic.
            (None, None) => {
                Err(Error::new(Span::call_site(), "the derive failed without a reason: please report it"))
            }
        }
    }
}
