//! Lua scripts, and functions that the server keeps.
//!
//! Scripts are not replicated, so what asks about them is repeated after a failure but not sent to a replica.
//! `SCRIPT DEBUG` has no method: it turns its connection into a debugger's.

#[cfg(test)]
mod tests;
mod types;

pub use types::{
    EngineStats, FlushMode, FunctionFlag, FunctionLibrary, FunctionListOptions, FunctionRestorePolicy,
    FunctionStats, LibraryFunction, RunningScript,
};

use bytes::Bytes;

use crate::{
    command::{
        Cmd, Executor,
        policy::{Request, Response},
    },
    value::{FromRedis, ToArg, ToArgs},
};

/// The commands on scripts and functions.
pub trait ScriptingCommands: Executor {
    /// Runs a Lua script and replies with what it returns. The keys that it uses go into `keys`, so that a
    /// cluster finds their node; `()` is none.
    ///
    /// `EVAL script n [key …] [arg …]` · as long as it takes · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/eval/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().eval::<i64>("return 1", ["k"], (5, "x")).to_string(), r#"EVAL "return 1" 1 k 5 x"#);
    /// ```
    fn eval<R: FromRedis>(self, script: impl ToArg, keys: impl ToArgs, args: impl ToArgs) -> Self::Output<R> {
        self.execute(Cmd::new("EVAL").script().arg(script).keys_counted_or_none(keys).args(args).reply())
    }

    /// Runs a Lua script that writes nothing, also on a replica, and replies with what it returns.
    ///
    /// `EVAL_RO script n [key …] [arg …]` · as long as it takes · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/eval_ro/)
    ///
    /// # Errors
    /// Where the script does write.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().eval_ro::<i64>("return 1", (), ()).to_string(), r#"EVAL_RO "return 1" 0"#);
    /// ```
    fn eval_ro<R: FromRedis>(
        self,
        script: impl ToArg,
        keys: impl ToArgs,
        args: impl ToArgs,
    ) -> Self::Output<R> {
        self.execute(
            Cmd::new("EVAL_RO").script().arg(script).keys_counted_or_none(keys).args(args).readonly().reply(),
        )
    }

    /// Runs a Lua script that the server knows, by its digest, and replies with what it returns. The keys
    /// that it uses go into `keys`, so that a cluster finds their node; `()` is none.
    ///
    /// `EVALSHA digest n [key …] [arg …]` · as long as it takes · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/evalsha/)
    ///
    /// # Errors
    /// Where the server does not know the digest (`NOSCRIPT`): load the script, or use
    /// [`eval`](ScriptingCommands::eval).
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().evalsha::<i64>("c0ffee", "k", 5).to_string(), "EVALSHA c0ffee 1 k 5");
    /// ```
    fn evalsha<R: FromRedis>(
        self,
        digest: impl ToArg,
        keys: impl ToArgs,
        args: impl ToArgs,
    ) -> Self::Output<R> {
        self.execute(Cmd::new("EVALSHA").script().arg(digest).keys_counted_or_none(keys).args(args).reply())
    }

    /// Runs a Lua script that the server knows and that writes nothing, also on a replica.
    ///
    /// `EVALSHA_RO digest n [key …] [arg …]` · as long as it takes · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/evalsha_ro/)
    ///
    /// # Errors
    /// Where the server does not know the digest (`NOSCRIPT`): load the script, or use
    /// [`eval`](ScriptingCommands::eval).
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().evalsha_ro::<i64>("c0ffee", "k", ()).to_string(), "EVALSHA_RO c0ffee 1 k");
    /// ```
    fn evalsha_ro<R: FromRedis>(
        self,
        digest: impl ToArg,
        keys: impl ToArgs,
        args: impl ToArgs,
    ) -> Self::Output<R> {
        self.execute(
            Cmd::new("EVALSHA_RO")
                .script()
                .arg(digest)
                .keys_counted_or_none(keys)
                .args(args)
                .readonly()
                .reply(),
        )
    }

    /// Calls a function and replies with what it returns. The keys that it uses go into `keys`, so that a
    /// cluster finds their node; `()` is none.
    ///
    /// `FCALL function n [key …] [arg …]` · as long as it takes · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/fcall/)
    ///
    /// # Errors
    /// Where no library has the function.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().fcall::<i64>("sell", "stock:lamp", 1).to_string(), "FCALL sell 1 stock:lamp 1");
    /// ```
    fn fcall<R: FromRedis>(
        self,
        function: impl ToArg,
        keys: impl ToArgs,
        args: impl ToArgs,
    ) -> Self::Output<R> {
        self.execute(Cmd::new("FCALL").script().arg(function).keys_counted_or_none(keys).args(args).reply())
    }

    /// Calls a function that declares `no-writes`, also on a replica.
    ///
    /// `FCALL_RO function n [key …] [arg …]` · as long as it takes · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/fcall_ro/)
    ///
    /// # Errors
    /// Where no library has the function, or it does not declare `no-writes`.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().fcall_ro::<i64>("count", "stock:lamp", ()).to_string(), "FCALL_RO count 1 stock:lamp");
    /// ```
    fn fcall_ro<R: FromRedis>(
        self,
        function: impl ToArg,
        keys: impl ToArgs,
        args: impl ToArgs,
    ) -> Self::Output<R> {
        self.execute(
            Cmd::new("FCALL_RO")
                .script()
                .arg(function)
                .keys_counted_or_none(keys)
                .args(args)
                .readonly()
                .reply(),
        )
    }

    /// Deletes a library with its functions.
    ///
    /// `FUNCTION DELETE library` · O(1) · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/function-delete/)
    ///
    /// # Errors
    /// Where there is no such library.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().function_delete("shop").to_string(), "FUNCTION DELETE shop");
    /// ```
    fn function_delete(self, library: impl ToArg) -> Self::Output<()> {
        self.execute(
            Cmd::new("FUNCTION")
                .arg("DELETE")
                .request(Request::AllShards)
                .response(Response::AllSucceeded)
                .arg(library)
                .reply(),
        )
    }

    /// All libraries in the server's own form, for
    /// [`function_restore`](ScriptingCommands::function_restore).
    ///
    /// `FUNCTION DUMP` · O(N) in the functions · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/function-dump/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().function_dump().to_string(), "FUNCTION DUMP");
    /// ```
    fn function_dump(self) -> Self::Output<Bytes> {
        self.execute(Cmd::new("FUNCTION").arg("DUMP").readonly().reply())
    }

    /// Deletes all libraries; the server's settings say whether in the background.
    /// In the foreground or the background: [`function_flush_with`](Self::function_flush_with).
    ///
    /// `FUNCTION FLUSH` · O(N) in the functions · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/function-flush/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().function_flush().to_string(), "FUNCTION FLUSH");
    /// ```
    fn function_flush(self) -> Self::Output<()> {
        self.execute(
            Cmd::new("FUNCTION")
                .arg("FLUSH")
                .request(Request::AllShards)
                .response(Response::AllSucceeded)
                .reply(),
        )
    }

    /// Deletes all libraries at once or in the background.
    ///
    /// `FUNCTION FLUSH <ASYNC | SYNC>` · O(N) in the functions · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/function-flush/)
    ///
    /// ```
    /// # use redis_om_client::{commands::FlushMode, prelude::*};
    /// assert_eq!(cmd().function_flush_with(FlushMode::Async).to_string(), "FUNCTION FLUSH ASYNC");
    /// ```
    fn function_flush_with(self, mode: FlushMode) -> Self::Output<()> {
        self.execute(
            Cmd::new("FUNCTION")
                .arg("FLUSH")
                .request(Request::AllShards)
                .response(Response::AllSucceeded)
                .arg(mode)
                .reply(),
        )
    }

    /// Ends the function that runs right now.
    ///
    /// `FUNCTION KILL` · O(1) · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/function-kill/)
    ///
    /// # Errors
    /// Where none runs (`NOTBUSY`), or it has written already (`UNKILLABLE`).
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().function_kill().to_string(), "FUNCTION KILL");
    /// ```
    fn function_kill(self) -> Self::Output<()> {
        self.execute(
            Cmd::new("FUNCTION")
                .arg("KILL")
                .request(Request::AllShards)
                .response(Response::OneSucceeded)
                .own_connection()
                .reply(),
        )
    }

    /// All libraries with their functions, without their code.
    /// With options: [`function_list_with`](Self::function_list_with).
    ///
    /// `FUNCTION LIST` · O(N) in the functions · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/function-list/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().function_list().to_string(), "FUNCTION LIST");
    /// ```
    fn function_list(self) -> Self::Output<Vec<FunctionLibrary>> {
        self.execute(Cmd::new("FUNCTION").arg("LIST").readonly().reply())
    }

    /// Some libraries with their functions, or with their code.
    ///
    /// `FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]` · O(N) in the functions · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/function-list/)
    ///
    /// ```
    /// # use redis_om_client::{commands::FunctionListOptions, prelude::*};
    /// let command = cmd().function_list_with(FunctionListOptions::new().library_name("s*").with_code());
    /// assert_eq!(command.to_string(), "FUNCTION LIST LIBRARYNAME s* WITHCODE");
    /// ```
    fn function_list_with(self, options: FunctionListOptions) -> Self::Output<Vec<FunctionLibrary>> {
        self.execute(Cmd::new("FUNCTION").arg("LIST").args(options).readonly().reply())
    }

    /// Loads a library. Replies its name, which its first line says: `#!lua name=shop`.
    ///
    /// `FUNCTION LOAD code` · O(1) and what compiling takes · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/function-load/)
    ///
    /// # Errors
    /// Where it does not compile, or a library of that name is there.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().function_load("#!lua").to_string(), "FUNCTION LOAD #!lua");
    /// ```
    fn function_load(self, code: impl ToArg) -> Self::Output<String> {
        self.execute(
            Cmd::new("FUNCTION")
                .arg("LOAD")
                .request(Request::AllShards)
                .response(Response::AllSucceeded)
                .arg(code)
                .reply(),
        )
    }

    /// Loads a library in the place of the one of the same name, if there is one. Replies its name.
    ///
    /// `FUNCTION LOAD REPLACE code` · O(1) and what compiling takes · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/function-load/)
    ///
    /// # Errors
    /// Where it does not compile.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().function_load_replace("#!lua").to_string(), "FUNCTION LOAD REPLACE #!lua");
    /// ```
    fn function_load_replace(self, code: impl ToArg) -> Self::Output<String> {
        self.execute(
            Cmd::new("FUNCTION")
                .arg("LOAD")
                .request(Request::AllShards)
                .response(Response::AllSucceeded)
                .arg("REPLACE")
                .arg(code)
                .reply(),
        )
    }

    /// Loads what [`function_dump`](ScriptingCommands::function_dump) gave.
    ///
    /// `FUNCTION RESTORE dump <APPEND | FLUSH | REPLACE>` · O(N) in the functions · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/function-restore/)
    ///
    /// # Errors
    /// Where it is no dump, or, with `Append`, a library of the same name is there.
    ///
    /// ```
    /// # use redis_om_client::{commands::FunctionRestorePolicy, prelude::*};
    /// let command = cmd().function_restore("dumped", FunctionRestorePolicy::Replace);
    /// assert_eq!(command.to_string(), "FUNCTION RESTORE dumped REPLACE");
    /// ```
    fn function_restore(self, dump: impl ToArg, policy: FunctionRestorePolicy) -> Self::Output<()> {
        self.execute(
            Cmd::new("FUNCTION")
                .arg("RESTORE")
                .request(Request::AllShards)
                .response(Response::AllSucceeded)
                .arg(dump)
                .arg(policy)
                .reply(),
        )
    }

    /// What runs right now, and what the engines have loaded.
    ///
    /// `FUNCTION STATS` · O(1) · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/function-stats/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().function_stats().to_string(), "FUNCTION STATS");
    /// ```
    fn function_stats(self) -> Self::Output<FunctionStats> {
        self.execute(
            Cmd::new("FUNCTION")
                .arg("STATS")
                .request(Request::AllShards)
                .response(Response::Special)
                .idempotent()
                .reply(),
        )
    }

    /// Which scripts the server knows, in the order of the digests.
    ///
    /// `SCRIPT EXISTS digest [digest …]` · O(N) in the digests · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/script-exists/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().script_exists(["c0ffee", "facade"]).to_string(), "SCRIPT EXISTS c0ffee facade");
    /// ```
    fn script_exists(self, digests: impl ToArgs) -> Self::Output<Vec<bool>> {
        self.execute(
            Cmd::new("SCRIPT")
                .arg("EXISTS")
                .request(Request::AllShards)
                .response(Response::LogicalAnd)
                .args_nonempty("digest", digests)
                .idempotent()
                .reply(),
        )
    }

    /// Lets the server forget all scripts; its settings say whether in the background.
    /// In the foreground or the background: [`script_flush_with`](Self::script_flush_with).
    ///
    /// `SCRIPT FLUSH` · O(N) in the scripts · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/script-flush/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().script_flush().to_string(), "SCRIPT FLUSH");
    /// ```
    fn script_flush(self) -> Self::Output<()> {
        self.execute(
            Cmd::new("SCRIPT")
                .arg("FLUSH")
                .request(Request::AllNodes)
                .response(Response::AllSucceeded)
                .reply(),
        )
    }

    /// Lets the server forget all scripts at once or in the background.
    ///
    /// `SCRIPT FLUSH <ASYNC | SYNC>` · O(N) in the scripts · since 6.2.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/script-flush/)
    ///
    /// ```
    /// # use redis_om_client::{commands::FlushMode, prelude::*};
    /// assert_eq!(cmd().script_flush_with(FlushMode::Sync).to_string(), "SCRIPT FLUSH SYNC");
    /// ```
    fn script_flush_with(self, mode: FlushMode) -> Self::Output<()> {
        self.execute(
            Cmd::new("SCRIPT")
                .arg("FLUSH")
                .request(Request::AllNodes)
                .response(Response::AllSucceeded)
                .arg(mode)
                .reply(),
        )
    }

    /// Ends the script that runs right now.
    ///
    /// `SCRIPT KILL` · O(1) · since 2.6.0 · [redis.io](https://redis.io/docs/latest/commands/script-kill/)
    ///
    /// # Errors
    /// Where none runs (`NOTBUSY`), or it has written already (`UNKILLABLE`).
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().script_kill().to_string(), "SCRIPT KILL");
    /// ```
    fn script_kill(self) -> Self::Output<()> {
        self.execute(
            Cmd::new("SCRIPT")
                .arg("KILL")
                .request(Request::AllShards)
                .response(Response::OneSucceeded)
                .own_connection()
                .reply(),
        )
    }

    /// Lets the server know a script, without running it. Replies its digest, for
    /// [`evalsha`](ScriptingCommands::evalsha).
    ///
    /// `SCRIPT LOAD script` · O(N) in the length of the script · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/script-load/)
    ///
    /// # Errors
    /// Where it does not compile.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().script_load("return 1").to_string(), r#"SCRIPT LOAD "return 1""#);
    /// ```
    fn script_load(self, script: impl ToArg) -> Self::Output<String> {
        self.execute(
            Cmd::new("SCRIPT")
                .arg("LOAD")
                .request(Request::AllNodes)
                .response(Response::AllSucceeded)
                .arg(script)
                .idempotent()
                .reply(),
        )
    }

    /// Valkey: the text of a script that the server knows.
    ///
    /// `SCRIPT SHOW digest` · O(1) · since Valkey 8.0.0 · [valkey.io](https://valkey.io/commands/script-show/)
    ///
    /// # Errors
    /// Where the server does not know the digest (`NOSCRIPT`).
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().script_show("c0ffee").to_string(), "SCRIPT SHOW c0ffee");
    /// ```
    fn script_show(self, digest: impl ToArg) -> Self::Output<String> {
        self.execute(Cmd::new("SCRIPT").arg("SHOW").arg(digest).idempotent().reply())
    }
}

impl<E: Executor> ScriptingCommands for E {}
