//! Child processes that end with their owner, programs on PATH, and signals through the `kill` program.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError, mpsc},
    thread,
};

/// The first executable file called `name` on PATH.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    file.is_file()
}

/// A command that runs `program`, on the core `cpu` if one is given. If the system supports it, the program is killed
/// when this process dies. The wrappers replace themselves by the program, so the process id is that of the program.
pub(super) fn owned(program: &Path, cpu: Option<usize>) -> Command {
    let mut words: Vec<PathBuf> = Vec::new();
    if let (Some(cpu), Some(taskset)) = (cpu, on_path("taskset")) {
        words.extend([taskset, "-c".into(), cpu.to_string().into()]);
    }
    words.extend(death_signal());
    words.push(program.to_path_buf());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

/// The words before a program that make the kernel kill it when its parent dies. This uses Linux's parent-death signal,
/// which Rust can only set in unsafe code. `setpriv` of util-linux sets it, otherwise Python does.
fn death_signal() -> Vec<PathBuf> {
    const BY_PYTHON: &str =
        "import ctypes,os,sys; ctypes.CDLL(None).prctl(1,9); os.execv(sys.argv[1],sys.argv[1:])";
    static WORDS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let find = || {
        if !cfg!(target_os = "linux") {
            return Vec::new();
        }
        let set = |setpriv: &PathBuf| vec![setpriv.clone(), "--pdeathsig".into(), "KILL".into()];
        let python = |python: &PathBuf| vec![python.clone(), "-c".into(), BY_PYTHON.into()];
        let candidates = [on_path("setpriv").as_ref().map(set), on_path("python3").as_ref().map(python)];
        // Tested with `true`, because the setpriv of small systems does not have this option.
        let works = |words: &Vec<PathBuf>| {
            let Some(nothing) = on_path("true") else { return false };
            let mut trial = Command::new(&words[0]);
            trial.args(&words[1..]).arg(nothing).stdout(Stdio::null()).stderr(Stdio::null());
            trial.status().is_ok_and(|status| status.success())
        };
        candidates.into_iter().flatten().find(works).unwrap_or_default()
    };
    WORDS.get_or_init(find).clone()
}

type Job = (Command, mpsc::Sender<io::Result<Child>>);

/// Spawns on a thread that lives as long as the process. The parent-death signal is sent when the *thread* that spawned
/// dies, and a server that many tests share must outlive the test that started it.
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    static SPAWNER: Mutex<Option<mpsc::Sender<Job>>> = Mutex::new(None);
    let gone = || io::Error::other("the thread that starts processes has ended");
    let (answer, answered) = mpsc::channel();
    {
        let mut spawner = SPAWNER.lock().unwrap_or_else(PoisonError::into_inner);
        let jobs = match spawner.as_ref() {
            Some(jobs) => jobs,
            None => spawner.insert(spawner_thread()?),
        };
        jobs.send((command, answer)).map_err(|_| gone())?;
    }
    answered.recv().map_err(|_| gone())?
}

fn spawner_thread() -> io::Result<mpsc::Sender<Job>> {
    let (jobs, queue) = mpsc::channel::<Job>();
    thread::Builder::new().name("redis-om-servers".into()).spawn(move || {
        for (mut command, answer) in queue {
            // If the receiver has ended, the child is dropped here and lives until this process ends.
            drop(answer.send(command.spawn()));
        }
    })?;
    Ok(jobs)
}

/// Sends a signal (`STOP`, `CONT`) through the `kill` program, because the standard library can only kill.
pub(super) fn signal(pid: u32, name: &str) -> io::Result<()> {
    let status = Command::new("kill").args(["-s", name, &pid.to_string()]).stderr(Stdio::null()).status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("kill -s {name} {pid} ended with {status}")))
}
