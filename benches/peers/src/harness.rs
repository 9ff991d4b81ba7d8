//! The server, the pinning to cores, the processes that keep cores awake, and the child processes. It knows contestants
//! by name only.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::contestants::Id;
use crate::contestants::raw::RawBlocking;
use crate::data;
use crate::rows::Row;

/// Where client and server run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Client on core 0, server on core 1.
    Pinned,
    /// On the cores that the kernel chooses.
    Free,
}

/// A private server, and what is needed to start child processes that use it.
pub(crate) struct Harness {
    server: Child,
    port: u16,
    cores: usize,
    seconds: f64,
    cores_may_sleep: bool,
    front: Option<Front>,
    _folder: TempDir,
}

/// The process that terminates TLS in front of the server: see [`tls`](crate::tls).
struct Front {
    child: Child,
    port: u16,
    authority: PathBuf,
}

impl Harness {
    /// Starts a server on core 1 with a free port and writes the data to it. With `tls`, a process in front of it
    /// terminates TLS.
    pub(crate) fn start(server: &Path, seconds: f64, cores_may_sleep: bool, tls: bool) -> Result<Self> {
        let cores = std::thread::available_parallelism()?.get();
        if cores < 2 {
            bail!(
                "a comparison needs two cores, one for the client and one for the server; this machine has {cores}"
            );
        }
        let folder = tempfile::tempdir().context("make a folder for the server")?;
        // The port is released before the server binds it. If another process binds it first, the server ends with an
        // error.
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let child = dying_with_us("1", server)
            .args(["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--daemonize", "no", "--loglevel", "warning"])
            .arg("--dir")
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("start {} with taskset (util-linux)", server.display()))?;
        let authority = folder.path().join("authority.pem");
        let mut harness =
            Self { server: child, port, cores, seconds, cores_may_sleep, front: None, _folder: folder };
        let mut socket = harness.first_socket(server)?;
        let (commands, count) = data::seed();
        socket.send(&commands, count).context("seed the server")?;
        if tls {
            harness.front = Some(Front::start(port, authority)?);
        }
        Ok(harness)
    }

    fn first_socket(&mut self, path: &Path) -> Result<RawBlocking> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match RawBlocking::connect(self.port) {
                Ok(socket) => return Ok(socket),
                Err(_) if self.server.try_wait()?.is_none() && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(10)); // no event says that another program listens
                }
                Err(error) => return Err(error.context(format!("{} does not answer", path.display()))),
            }
        }
    }

    /// Moves the server to the cores of the row.
    pub(crate) fn place(&self, placement: Placement) -> Result<()> {
        let cores = match placement {
            Placement::Pinned => "1".to_owned(),
            Placement::Free => format!("0-{}", self.cores - 1),
        };
        let moved = Command::new("taskset").args(["-acp", &cores, &self.server.id().to_string()]).output()?;
        if !moved.status.success() {
            bail!(
                "taskset cannot move the server to core {cores}: {}",
                String::from_utf8_lossy(&moved.stderr)
            );
        }
        Ok(())
    }

    /// Keeps the cores of a pinned row awake until this is dropped. `None` where they may sleep. The cores of the other rows
    /// have more than one thread each to run.
    pub(crate) fn wake(&self, placement: Placement) -> Result<Vec<Wakeful>> {
        let cores: &[&str] = match placement {
            Placement::Pinned if !self.cores_may_sleep => &["0", "1"],
            _ => &[],
        };
        cores.iter().map(|core| Wakeful::start(core)).collect()
    }

    /// A command that runs on the core of the clients.
    pub(crate) fn pinned(&self, program: impl AsRef<Path>) -> Command {
        taskset("0", program.as_ref())
    }

    /// Adds the arguments that select a child process of this binary.
    pub(crate) fn describe_child(&self, command: &mut Command, id: Id, row: Row) {
        let mut port = self.port;
        if let Some(front) = self.front.as_ref().filter(|_| row.is_over_tls()) {
            port = front.port;
            command.arg("--authority").arg(&front.authority);
        }
        let (port, seconds) = (port.to_string(), self.seconds.to_string());
        command.args(["--child", id.name(), "--rows", row.name, "--port", &port, "--seconds", &seconds]);
    }

    /// Starts the child process of a contestant for a row and waits until it is ready. `None` where the contestant does not
    /// have the operation.
    pub(crate) fn contestant(&self, id: Id, row: Row, placement: Placement) -> Result<Option<Runner>> {
        let exe = std::env::current_exe()?;
        let mut command = match placement {
            Placement::Pinned => self.pinned(exe),
            Placement::Free => Command::new(exe),
        };
        self.describe_child(&mut command, id, row);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().context("a child without input")?;
        let output = BufReader::new(child.stdout.take().context("a child without output")?);
        let mut runner = Runner { id, child, input, output };
        Ok(match runner.line()?.as_str() {
            "ready" => Some(runner),
            "absent" => None,
            other => bail!("{id}: expected \"ready\", found {other:?}"),
        })
    }

    /// Runs a child process to its end. Returns the two numbers that it printed.
    pub(crate) fn two_numbers(&self, id: Id, row: Row) -> Result<(f64, f64)> {
        let mut command = self.pinned(std::env::current_exe()?);
        self.describe_child(&mut command, id, row);
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            bail!("{id} ended with {}", output.status);
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers = text.trim().split_once(' ').context("expected two numbers from the child process")?;
        Ok((numbers.0.parse()?, numbers.1.parse()?))
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        // Ends the server by its process id and waits for it. It is no error if the server has ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Front {
    fn start(port: u16, authority: PathBuf) -> Result<Self> {
        let mut child = dying_with_us("1", &std::env::current_exe()?)
            .args(["--front", "--port", &port.to_string(), "--authority"])
            .arg(&authority)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("start the process in front of the server")?;
        let output = child.stdout.take().context("a child without output")?;
        let mut front = Self { child, port: 0, authority };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        front.port =
            line.trim_end().parse().context("expected a port from the process in front of the server")?;
        Ok(front)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn taskset(core: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}

/// Like [`taskset`]. Where util-linux has `setpriv`, the kernel also ends the server if this process is killed.
fn dying_with_us(core: &str, program: &Path) -> Command {
    let known = Command::new("setpriv").args(["--pdeathsig", "KILL", "true"]).stderr(Stdio::null()).status();
    if !known.is_ok_and(|status| status.success()) {
        return taskset(core, program);
    }
    let mut command = taskset(core, Path::new("setpriv"));
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

/// A process that keeps one core from sleeping. It has the scheduling class `SCHED_IDLE`: it runs only while no other
/// process needs the core, and the kernel preempts it at once.
///
/// The host puts an idle virtual processor to sleep. To wake it takes longer than a client works on a batch of a hundred
/// commands. That time is the same for all contestants, but it changes from minute to minute.
pub(crate) struct Wakeful(Child);

impl Wakeful {
    fn start(core: &str) -> Result<Self> {
        let child = dying_with_us(core, Path::new("chrt"))
            .args(["--idle", "0"])
            .arg(std::env::current_exe()?)
            .arg("--spin")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let remedy = "keep a core awake with taskset and chrt (util-linux); --let-cores-sleep does without";
        let mut wakeful = Self(child.context(remedy)?);
        // The process writes this line only after it has got the core and the class.
        let mut line = String::new();
        BufReader::new(wakeful.0.stdout.take().context(remedy)?).read_line(&mut line)?;
        if line.trim_end() == AWAKE { Ok(wakeful) } else { bail!("cannot {remedy}") }
    }

    /// The work of the process.
    pub(crate) fn spin() -> ! {
        println!("{AWAKE}");
        loop {
            std::hint::spin_loop();
        }
    }
}

/// The first word of a process that keeps a core awake.
const AWAKE: &str = "awake";

impl Drop for Wakeful {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The child process of a contestant, which waits for its next round.
pub(crate) struct Runner {
    id: Id,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Runner {
    /// The contestant.
    pub(crate) fn id(&self) -> Id {
        self.id
    }

    /// Runs one round. Returns the operations a second.
    pub(crate) fn round(&mut self) -> Result<f64> {
        self.input.write_all(b"round\n")?;
        let line = self.line()?;
        let (operations, nanoseconds) = line.split_once(' ').context("a round without two numbers")?;
        Ok(operations.parse::<f64>()? / (nanoseconds.parse::<f64>()? / 1e9))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            let status = self.child.wait()?;
            bail!("{} ended with {status}; its own words are above", self.id);
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server program: the given one, else a `redis-server` or `valkey-server` on PATH.
pub(crate) fn find_server(named: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(path) = named {
        return if path.is_file() { Ok(path) } else { bail!("no server at {}", path.display()) };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| [folder.join("redis-server"), folder.join("valkey-server")])
        .find(|candidate| candidate.is_file());
    found.context(
        "no server: name one with --server or REDIS_OM_BENCH_SERVER, or put redis-server 8.2 on PATH \
         (`cargo xtask servers` fetches one)",
    )
}
