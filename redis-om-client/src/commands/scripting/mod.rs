//! Lua scripts, and functions that the server stores.
//!
//! Scripts are not replicated. So a command that reads information about scripts is repeated after a failure, but is
//! not sent to a replica. `SCRIPT DEBUG` has no method: it would change its connection into one for a debugger.

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
        Cmd, Command, Decoder, Executor,
        policy::{Request, Response},
    },
    value::{FromRedis, ToArg, ToArgs},
};

/// The command, with the result of its script decoded as an `R`.
fn script_reply<R: FromRedis>(cmd: Cmd) -> Command<R> {
    Command::new(cmd, Decoder::of_script())
}

/// The commands on scripts and functions.
///
/// The servers convert the `true` of Lua into 1, and its `false` into nil. The commands that run a script or a function read
/// both as a `bool`. `Option<bool>` reads `false` as `None`. In a list, decode as `Option<bool>`, too.
pub trait ScriptingCommands: Executor {
    /// Runs a Lua script and returns its result. Pass every key that it uses in `keys` (`()` for none), so that a
    /// cluster finds their node.
    ///
    /// `EVAL script n [key …] [arg …]` · as long as it takes · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/eval/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().eval::<i64>("return 1", ["k"], (5, "x")).to_string(), r#"EVAL "return 1" 1 k 5 x"#);
    /// ```
    fn eval<R: FromRedis>(self, script: impl ToArg, keys: impl ToArgs, args: impl ToArgs) -> Self::Output<R> {
        self.execute(script_reply(
            Cmd::new("EVAL").script().arg(script).keys_counted_or_none(keys).args(args),
        ))
    }

    /// Runs a Lua script that writes nothing, also on a replica, and returns its result.
    ///
    /// `EVAL_RO script n [key …] [arg …]` · as long as it takes · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/eval_ro/)
    ///
    /// # Errors
    /// The script writes.
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
        self.execute(script_reply(
            Cmd::new("EVAL_RO").script().arg(script).keys_counted_or_none(keys).args(args).readonly(),
        ))
    }

    /// Runs a Lua script that the server has loaded, by its digest, and returns its result. Pass every key that it uses
    /// in `keys` (`()` for none), so that a cluster finds their node.
    ///
    /// `EVALSHA digest n [key …] [arg …]` · as long as it takes · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/evalsha/)
    ///
    /// # Errors
    /// The server does not have the script of this digest (`NOSCRIPT`): load the script, or use
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
        self.execute(script_reply(
            Cmd::new("EVALSHA").script().arg(digest).keys_counted_or_none(keys).args(args),
        ))
    }

    /// Runs a Lua script that the server has loaded and that writes nothing, also on a replica.
    ///
    /// `EVALSHA_RO digest n [key …] [arg …]` · as long as it takes · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/evalsha_ro/)
    ///
    /// # Errors
    /// The server does not have the script of this digest (`NOSCRIPT`): load the script, or use
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
        self.execute(script_reply(
            Cmd::new("EVALSHA_RO").script().arg(digest).keys_counted_or_none(keys).args(args).readonly(),
        ))
    }

    /// Calls a function and returns its result. Pass every key that it uses in `keys` (`()` for none), so that a
    /// cluster finds their node.
    ///
    /// `FCALL function n [key …] [arg …]` · as long as it takes · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/fcall/)
    ///
    /// # Errors
    /// No library has the function.
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
        self.execute(script_reply(
            Cmd::new("FCALL").script().arg(function).keys_counted_or_none(keys).args(args),
        ))
    }

    /// Calls a function that declares `no-writes`, also on a replica.
    ///
    /// `FCALL_RO function n [key …] [arg …]` · as long as it takes · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/fcall_ro/)
    ///
    /// # Errors
    /// No library has the function, or the function does not declare `no-writes`.
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
        self.execute(script_reply(
            Cmd::new("FCALL_RO").script().arg(function).keys_counted_or_none(keys).args(args).readonly(),
        ))
    }

    /// Deletes a library with its functions.
    ///
    /// `FUNCTION DELETE library` · O(1) · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/function-delete/)
    ///
    /// # Errors
    /// The library does not exist.
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

    /// All libraries in the server's serialized form, for [`function_restore`](ScriptingCommands::function_restore).
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

    /// Deletes all libraries. A setting of the server decides whether this happens in the background. To choose it: see
    /// [`function_flush_with`](Self::function_flush_with).
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

    /// Ends the function that is running.
    ///
    /// `FUNCTION KILL` · O(1) · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/function-kill/)
    ///
    /// # Errors
    /// No function is running (`NOTBUSY`), or it has already written (`UNKILLABLE`).
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

    /// All libraries with their functions, without their code. With options: see
    /// [`function_list_with`](Self::function_list_with).
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

    /// Loads a library. Returns its name, which stands in its first line: `#!lua name=shop`.
    ///
    /// `FUNCTION LOAD code` · O(1) and what compiling takes · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/function-load/)
    ///
    /// # Errors
    /// The code does not compile, or a library with this name exists.
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

    /// Loads a library. An existing library with this name is replaced. Returns its name.
    ///
    /// `FUNCTION LOAD REPLACE code` · O(1) and what compiling takes · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/function-load/)
    ///
    /// # Errors
    /// The code does not compile.
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

    /// Loads the libraries from the serialized form of [`function_dump`](ScriptingCommands::function_dump).
    ///
    /// `FUNCTION RESTORE dump <APPEND | FLUSH | REPLACE>` · O(N) in the functions · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/function-restore/)
    ///
    /// # Errors
    /// The value is not such a dump, or, with `Append`, a library with the same name exists.
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

    /// The running function, and what the engines have loaded.
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

    /// Whether the server has the scripts of these digests, in their order.
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

    /// Deletes all scripts from the server. A setting of the server decides whether this happens in the background. To
    /// choose it: see [`script_flush_with`](Self::script_flush_with).
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

    /// Deletes all scripts from the server, at once or in the background.
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

    /// Ends the script that is running.
    ///
    /// `SCRIPT KILL` · O(1) · since 2.6.0 · [redis.io](https://redis.io/docs/latest/commands/script-kill/)
    ///
    /// # Errors
    /// No script is running (`NOTBUSY`), or it has already written (`UNKILLABLE`).
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

    /// Loads a script into the server without running it. Returns its digest, for
    /// [`evalsha`](ScriptingCommands::evalsha).
    ///
    /// `SCRIPT LOAD script` · O(N) in the length of the script · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/script-load/)
    ///
    /// # Errors
    /// The script does not compile.
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

    /// Valkey: the text of a script that the server has loaded.
    ///
    /// `SCRIPT SHOW digest` · O(1) · since Valkey 8.0.0 · [valkey.io](https://valkey.io/commands/script-show/)
    ///
    /// # Errors
    /// The server does not have the script of this digest (`NOSCRIPT`).
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
