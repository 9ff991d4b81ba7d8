//! A clean release build of a small program: one `SET` and one `GET` with the default features of the contestant. Crates
//! are fetched first, with the versions of the lock file of this package, so that only compiling is timed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::contestants::Id;

/// The result of a build.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Build {
    pub(crate) seconds: f64,
    pub(crate) crates: usize,
    /// The binary as cargo leaves it, not stripped.
    pub(crate) bytes: u64,
}

const REDIS_RS: &str = r#"
    let client = redis::Client::open("redis://127.0.0.1")?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let _: () = redis::AsyncCommands::set(&mut connection, "hello", "world").await?;
    let hello: Option<String> = redis::AsyncCommands::get(&mut connection, "hello").await?;
"#;

const FRED: &str = r#"
    use fred::prelude::*;
    let client = Builder::from_config(Config::from_url("redis://127.0.0.1")?).build()?;
    client.init().await?;
    let _: () = client.set("hello", "world", None, None, false).await?;
    let hello: Option<String> = client.get("hello").await?;
"#;

const RUSTIS: &str = r#"
    use rustis::commands::StringCommands;
    let client = rustis::client::Client::connect("redis://127.0.0.1").await?;
    client.set("hello", "world").await?;
    let hello: Option<String> = client.get("hello").await?;
"#;

#[cfg(feature = "ours")]
const OURS: &str = r#"
    use redis_om_client::prelude::*;
    let client = redis_om_client::Client::connect("redis://127.0.0.1").await?;
    client.set("hello", "world").await?;
    let hello: Option<String> = client.get("hello").await?;
"#;

/// The line of the manifest and the body of `main`. `None` for the raw socket.
fn template(id: Id) -> Option<(String, &'static str)> {
    Some(match id {
        Id::Raw => return None,
        Id::RedisRs1 => (r#"redis = { version = "1", features = ["tokio-comp"] }"#.to_owned(), REDIS_RS),
        Id::RedisRs2 => {
            (r#"redis = { version = "=2.0.0-rc.2", features = ["tokio-comp"] }"#.to_owned(), REDIS_RS)
        }
        Id::Fred => (r#"fred = "=10.1.0""#.to_owned(), FRED),
        Id::Rustis => (r#"rustis = "=0.27.2""#.to_owned(), RUSTIS),
        #[cfg(feature = "ours")]
        Id::Ours => {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../redis-om-client");
            (format!("redis-om-client = {{ path = {path:?} }}"), OURS)
        }
    })
}

/// Builds the program of a contestant in a temporary folder.
pub(crate) fn measure(id: Id) -> Result<Option<Build>> {
    let Some((dependency, body)) = template(id) else { return Ok(None) };
    let folder = tempfile::tempdir().context("make a folder for hello world")?;
    let root = folder.path();
    fs::create_dir(root.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"hello\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         tokio = {{ version = \"1\", features = [\"rt\", \"macros\"] }}\n{dependency}\n"
    );
    fs::write(root.join("Cargo.toml"), manifest)?;
    let main = format!(
        "#[tokio::main(flavor = \"current_thread\")]\n\
         async fn main() -> Result<(), Box<dyn std::error::Error>> {{{body}    println!(\"{{hello:?}}\");\n    Ok(())\n}}\n"
    );
    fs::write(root.join("src/main.rs"), main)?;
    fs::write(root.join("Cargo.lock"), include_str!("../../Cargo.lock"))?;

    cargo(root, &["fetch"])?;
    let start = Instant::now();
    cargo(root, &["build", "--release", "--offline"])?;
    let seconds = start.elapsed().as_secs_f64();
    let tree =
        cargo(root, &["tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--no-dedupe"])?;
    let crates: BTreeSet<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    // The first line is the program itself.
    let crates = crates.iter().filter(|line| !line.is_empty()).count() - 1;
    let bytes = fs::metadata(root.join("target/release/hello"))?.len();
    Ok(Some(Build { seconds, crates, bytes }))
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<String> {
    let cargo: PathBuf = std::env::var_os("CARGO").map_or_else(|| "cargo".into(), Into::into);
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(root);
    // The settings of the calling build must not affect this one: flags, wrappers, profiles, the target folder.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let foreign = name.starts_with("CARGO_") && name != "CARGO_HOME" || name.starts_with("RUSTC_");
        if foreign || name == "RUSTFLAGS" {
            command.env_remove(&name);
        }
    }
    let output = command.env("CARGO_TARGET_DIR", root.join("target")).output().context("start cargo")?;
    if !output.status.success() {
        bail!(
            "cargo {} for hello world failed:\n{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
