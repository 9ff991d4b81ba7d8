//! What the closure of `watch` may decide.

use crate::command::Plan;

/// What the closure of [`watch`](crate::Client::watch) decides: what is to run, and which value comes out.
///
/// | the closure returns | `watch` returns |
/// |---|---|
/// | a transaction | its reply |
/// | an `Option` of a transaction | `Some` with the reply; `None` where nothing was to be written |
/// | a pair of one of these and any value | a pair of the reply and the value |
///
/// A command or a pipeline that writes nothing can stand in the place of the transaction.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that `watch` can run",
    label = "not a transaction",
    note = "return `atomic()` with the commands that write, an `Option` of it, or a pair: `(atomic()…, value)`"
)]
pub trait Decision: sealed::Sealed {
    /// What `watch` returns.
    type Output;

    #[doc(hidden)]
    type Plan: Plan;

    #[doc(hidden)]
    type Value;

    /// The part that is sent, and the part that stays here.
    #[doc(hidden)]
    fn split(self) -> (Self::Plan, Self::Value);

    #[doc(hidden)]
    fn join(reply: <Self::Plan as Plan>::Reply, value: Self::Value) -> Self::Output;
}

mod sealed {
    use super::Plan;

    pub trait Sealed {}
    impl<P: Plan> Sealed for P {}
    impl<P: Plan, T> Sealed for (P, T) {}
}

impl<P: Plan> Decision for P {
    type Output = P::Reply;
    type Plan = P;
    type Value = ();

    fn split(self) -> (P, ()) {
        (self, ())
    }

    fn join(reply: P::Reply, (): ()) -> P::Reply {
        reply
    }
}

impl<P: Plan, T> Decision for (P, T) {
    type Output = (P::Reply, T);
    type Plan = P;
    type Value = T;

    fn split(self) -> (P, T) {
        self
    }

    fn join(reply: P::Reply, value: T) -> Self::Output {
        (reply, value)
    }
}
