//! One running server: started, checked for readiness, paused, restarted, killed with its owner.

use std::{
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::builder::ServerBuilder;
use super::error::{LaunchError, Problem, tail};
use super::folder::RunFolder;
use super::package::Kind;
use super::{process, ready};

/// The longest time for a start, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many ports the launcher tries if another process takes one first.
const PORTS: usize = 8;
const LOG: &str = "server.log";

/// A private server with its own port and folder. It is stopped and removed when the value is dropped.
///
/// On Linux the kernel also kills it when the owning process dies without a drop (a static, an abort, a kill). On other
/// systems the server then keeps running.
#[derive(Debug)]
pub struct Server {
    settings: ServerBuilder,
    program: PathBuf,
    libraries: Option<PathBuf>,
    modules: Vec<PathBuf>,
    port: u16,
    // Stands before the folder, so that the process ends before its folder is removed.
    process: Mutex<Running>,
    folder: RunFolder,
}

/// The child process, if it runs. It is killed when dropped.
#[derive(Debug, Default)]
struct Running(Option<Child>);

impl Server {
    /// Starts a Valkey server without a password.
    ///
    /// # Errors
    ///
    /// The errors of [`ServerBuilder::start`].
    pub fn start() -> Result<Self, LaunchError> {
        Self::builder().start()
    }

    /// The builder for a server with settings of your own.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// A server for first steps: `valkey-server` or `redis-server` from PATH, otherwise a fetched Valkey. A caller
    /// first reads `REDIS_URL`, which names a running server.
    ///
    /// # Errors
    ///
    /// No server is found and none can be fetched. The text names all three ways to a server.
    pub fn for_first_steps() -> Result<Self, LaunchError> {
        Self::builder().first_found(process::on_path, || Kind::Valkey.program())?.start()
    }

    pub(super) fn launch(settings: ServerBuilder) -> Result<Self, LaunchError> {
        let program = match &settings.program {
            Some(program) => program.clone(),
            None => settings.kind.program()?,
        };
        let mut modules = Vec::new();
        let mut libraries = None;
        for module in &settings.modules {
            modules.push(module.library()?);
            libraries = module.needs()?.or(libraries);
        }
        let folder = RunFolder::create()?;
        if let Some(text) = &settings.config {
            let path = folder.path().join("server.conf");
            fs::write(&path, text).map_err(|e| LaunchError::io("write", &path, &e))?;
        }
        let mut server =
            Self { settings, program, libraries, modules, port: 0, process: Mutex::default(), folder };
        let mut tries = 0;
        loop {
            server.port = ready::free_port()
                .map_err(|e| LaunchError::new(Problem::Io, format!("find a free port on loopback: {e}")))?;
            tries += 1;
            match server.start_process() {
                Ok(child) => {
                    server.running().0 = Some(child);
                    return Ok(server);
                }
                Err(e) if tries < PORTS && port_was_taken(&e) => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// The URL of the default user, on loopback.
    pub fn url(&self) -> String {
        format!("redis://{}127.0.0.1:{}", self.login(), self.port)
    }

    /// The URL of another user.
    pub fn url_for(&self, user: &str, password: &str) -> String {
        format!("redis://{}:{}@127.0.0.1:{}", percent(user), percent(password), self.port)
    }

    /// The URL of the unix socket, if [`ServerBuilder::unix_socket`] was called.
    pub fn unix_url(&self) -> Option<String> {
        let socket = self.socket()?;
        Some(format!("redis+unix://{}{}", self.login(), percent_path(&socket.to_string_lossy())))
    }

    /// The port on loopback. [`Server::restart`] keeps it.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id; `None` if the server does not run.
    pub fn pid(&self) -> Option<u32> {
        self.running().0.as_ref().map(Child::id)
    }

    /// The server's own folder: its working directory, log and socket.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The text that the server has logged.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.folder.path().join(LOG)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Kills the server like a crash: nothing is saved, and all connections break.
    pub fn stop(&self) {
        *self.running() = Running(None);
    }

    /// Kills the server if it runs, and starts it again on the same port with the same settings.
    ///
    /// # Errors
    ///
    /// The errors of [`ServerBuilder::start`]. Another process may have taken the port meanwhile.
    pub fn restart(&self) -> Result<(), LaunchError> {
        let mut running = self.running();
        *running = Running(None);
        running.0 = Some(self.start_process()?);
        Ok(())
    }

    /// Stops the process with a signal: connections stay open, and nothing is answered until [`Server::resume`].
    ///
    /// # Errors
    ///
    /// The server does not run, or the `kill` program is missing.
    pub fn pause(&self) -> Result<(), LaunchError> {
        self.signal("STOP")
    }

    /// Continues a paused server.
    ///
    /// # Errors
    ///
    /// The server does not run, or the `kill` program is missing.
    pub fn resume(&self) -> Result<(), LaunchError> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> Result<(), LaunchError> {
        let running = self.running();
        let Some(child) = running.0.as_ref() else {
            return Err(LaunchError::new(Problem::Io, format!("send {name} to the server: it does not run")));
        };
        let failed = |e| LaunchError::new(Problem::Io, format!("send {name} to the server: {e}"));
        process::signal(child.id(), name).map_err(failed)
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn socket(&self) -> Option<PathBuf> {
        self.settings.unix_socket.then(|| self.folder.path().join("server.sock"))
    }

    fn login(&self) -> String {
        self.settings.password.as_ref().map(|p| format!(":{}@", percent(p))).unwrap_or_default()
    }

    fn start_process(&self) -> Result<Child, LaunchError> {
        let path = self.folder.path().join(LOG);
        let log = File::create(&path).map_err(|e| LaunchError::io("create", &path, &e))?;
        let errors = log.try_clone().map_err(|e| LaunchError::io("open", &path, &e))?;
        let mut command = process::owned(&self.program, self.settings.cpu);
        command.args(self.words()).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let child = process::spawn(command).map_err(|e| LaunchError::io("start", &self.program, &e))?;
        self.wait_until_ready(Running(Some(child)))
    }

    fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let mut set = |line: &[&str]| words.extend(line.iter().map(OsString::from));
        if self.settings.config.is_some() {
            set(&["server.conf"]);
        }
        set(&["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--protected-mode", "no"]);
        set(&["--daemonize", "no", "--save", "", "--appendonly", "no"]);
        if let Some(password) = &self.settings.password {
            set(&["--requirepass", password]);
        }
        for user in &self.settings.users {
            set(&["--user"]);
            set(&user.split_whitespace().collect::<Vec<_>>());
        }
        if let Some(socket) = self.socket() {
            words.extend(["--unixsocket".into(), socket.into_os_string()]);
        }
        for module in &self.modules {
            words.extend(["--loadmodule".into(), module.clone().into_os_string()]);
        }
        words.extend(self.settings.args.iter().cloned());
        words
    }

    /// Waits until the log says that the server has the port, then for an answer to PING. The answer alone is no proof:
    /// if another process took the port first, that process answers.
    fn wait_until_ready(&self, mut running: Running) -> Result<Child, LaunchError> {
        let own_log = ["--sentinel", "--loglevel", "--logfile"];
        let says_so = self.settings.config.is_none()
            && !self.settings.args.iter().any(|arg| own_log.iter().any(|o| arg == *o));
        let deadline = Instant::now() + PATIENCE;
        let mut nap = Duration::from_millis(1);
        loop {
            match running.0.as_mut().map(Child::try_wait) {
                Some(Ok(None)) => {}
                Some(Ok(Some(status))) => return Err(self.not_ready(&format!("it ended with {status}"))),
                Some(Err(e)) => return Err(self.not_ready(&format!("its process cannot be watched: {e}"))),
                None => return Err(self.not_ready("its process does not exist")),
            }
            let bound = !says_so || self.log().contains("eady to accept connections");
            if bound
                && ready::answers(self.port)
                && let Some(child) = running.0.take()
            {
                return Ok(child);
            }
            if Instant::now() > deadline {
                return Err(self.not_ready(&format!("no answer to PING in {} s", PATIENCE.as_secs())));
            }
            thread::sleep(nap);
            nap = (nap * 2).min(Duration::from_millis(20));
        }
    }

    fn not_ready(&self, why: &str) -> LaunchError {
        let (program, port) = (self.program.display(), self.port);
        let log = tail(&self.log(), 8);
        let log = if log.is_empty() { String::new() } else { format!("; the end of its log:\n{log}") };
        LaunchError::new(Problem::NotReady, format!("start {program} on port {port}: {why}{log}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It may have ended by itself. In both cases it is waited for, so that no zombie process stays.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn port_was_taken(error: &LaunchError) -> bool {
    let text = error.to_string();
    error.problem() == Problem::NotReady && (text.contains("ddress already in use") || text.contains("bind:"))
}

/// Percent-encodes the characters that the user part of a URL must not contain.
fn percent(text: &str) -> String {
    encode(text, |b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

fn percent_path(text: &str) -> String {
    encode(text, |b| b.is_ascii_alphanumeric() || b"-._~/".contains(&b))
}

fn encode(text: &str, plain: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b if plain(b) => out.push(char::from(b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}
