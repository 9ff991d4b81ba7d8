//! A reply or a stored value that does not fit the caller's type.

use std::fmt;

use super::{Error, ErrorKind, Execution, ServerError, brief};

/// Why a value could not be decoded. The executor that runs the command adds its name and key.
#[derive(Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    /// The position in the value: names of fields and indexes of elements, outermost first.
    path: Vec<String>,
    cause: Cause,
}

#[derive(Clone, PartialEq, Eq)]
enum Cause {
    /// The server answered with an error in the place of the value.
    Server(ServerError),
    Mismatch(String),
}

impl Inner {
    /// The position in the value, in the form of the error texts.
    fn place(&self) -> String {
        format!("at `{}`", self.path.join("."))
    }
}

impl DecodeError {
    /// A value that does not fit. `message` says what was expected and what was found. It is not cut: cut a long value
    /// in it, or use [`expected`](Self::expected).
    #[cold]
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Inner { path: Vec::new(), cause: Cause::Mismatch(message.into()) }))
    }

    /// What was expected, and what was found. After 100 characters, `found` is cut and its length follows.
    #[cold]
    pub fn expected(expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self::new(format!("expected {expected}, found {}", brief(&found.to_string())))
    }

    /// An error reply where a value was expected.
    #[cold]
    pub fn server(error: ServerError) -> Self {
        Self(Box::new(Inner { path: Vec::new(), cause: Cause::Server(error) }))
    }

    /// The same error, found inside `place` (the name of a field, the index of an element).
    #[must_use]
    #[cold]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.0.path.insert(0, brief(&place.to_string()).to_string());
        self
    }

    /// The error reply of the server; `None` for any other error.
    #[must_use]
    pub fn server_error(&self) -> Option<&ServerError> {
        match &self.0.cause {
            Cause::Server(error) => Some(error),
            Cause::Mismatch(_) => None,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            write!(f, "{}: ", self.0.place())?;
        }
        match &self.0.cause {
            Cause::Server(error) => error.fmt(f),
            Cause::Mismatch(message) => f.write_str(message),
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({self})")
    }
}

impl std::error::Error for DecodeError {}

impl From<DecodeError> for Error {
    #[cold]
    fn from(error: DecodeError) -> Self {
        match error.0.cause.clone() {
            Cause::Server(server) if error.0.path.is_empty() => Error::server(server),
            Cause::Server(server) => Error::server(server).context(error.0.place()),
            Cause::Mismatch(_) => Error::new(ErrorKind::Decode, Execution::Answered, error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_and_what() {
        let error = DecodeError::expected("an integer", "\"x\"").at("age").at(3);
        assert_eq!(error.to_string(), "at `3.age`: expected an integer, found \"x\"");
        assert_eq!(Error::from(error).kind(), &ErrorKind::Decode);
    }

    #[test]
    fn an_error_reply_stays_the_servers() {
        let error = DecodeError::server(ServerError::parse("WRONGTYPE no"));
        assert!(matches!(Error::from(error).kind(), ErrorKind::Server(_)));
    }
}
