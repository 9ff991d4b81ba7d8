//! The folder of the fetched servers, and the temporary folder of each running one.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, atomic::AtomicU32, atomic::Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use super::error::LaunchError;

const RUN_PREFIX: &str = "redis-om-run-";

/// The folder of the fetched servers: `REDIS_OM_SERVERS`, otherwise `servers/` in the target folder of the workspace of
/// the running program, otherwise a folder in the user's cache.
pub(super) fn servers() -> PathBuf {
    if let Some(folder) = env::var_os("REDIS_OM_SERVERS").filter(|f| !f.is_empty()) {
        return PathBuf::from(folder);
    }
    if let Some(target) = target() {
        return target.join("servers");
    }
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache =
        cache.or_else(|| env::home_dir().map(|home| home.join(".cache"))).unwrap_or_else(env::temp_dir);
    cache.join("redis-om").join("servers")
}

/// Cargo's target folder, if a running program can find it. A doctest runs outside of it, and a relative
/// CARGO_TARGET_DIR refers to another working directory.
fn target() -> Option<PathBuf> {
    if let Some(target) = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).filter(|t| t.is_absolute()) {
        return Some(target);
    }
    let program = env::current_exe().ok();
    let marked = |folder: &&Path| folder.join("CACHEDIR.TAG").is_file();
    if let Some(target) = program.as_deref().and_then(|p| p.ancestors().skip(1).find(marked)) {
        return Some(target.to_path_buf());
    }
    let here = env::current_dir().ok()?;
    let locked = |folder: &&Path| folder.join("Cargo.lock").is_file();
    here.ancestors().find(locked).map(|root| root.join("target"))
}

/// The folder of one running server, removed when dropped.
#[derive(Debug)]
pub(super) struct RunFolder(PathBuf);

impl RunFolder {
    pub(super) fn create() -> Result<Self, LaunchError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Locked until the folder exists, so that no other thread drops the last folder and removes the root meanwhile.
        let mut root = ROOT.lock().unwrap_or_else(PoisonError::into_inner);
        let root = match root.as_mut() {
            Some(root) => root,
            None => root.insert(Root::create()?),
        };
        let path = root.path.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
        fs::create_dir(&path).map_err(|e| LaunchError::io("create folder", &path, &e))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // If the removal fails, a later process removes the folder.
        drop(fs::remove_dir_all(&self.0));
        let mut root = ROOT.lock().unwrap_or_else(PoisonError::into_inner);
        let path = root.as_ref().map(|r| r.path.clone());
        if let Some(path) = path.filter(|p| only_the_lock(p)) {
            *root = None;
            drop(fs::remove_dir_all(path));
        }
    }
}

/// The folder of this process. A file in it stays locked as long as the process lives.
struct Root {
    path: PathBuf,
    _lock: fs::File,
}

static ROOT: Mutex<Option<Root>> = Mutex::new(None);

impl Root {
    fn create() -> Result<Self, LaunchError> {
        // In the system's temporary folder, because the path of a unix socket is limited to about 100 bytes.
        let parent = env::temp_dir();
        sweep(&parent);
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.subsec_nanos());
        let path = parent.join(format!("{RUN_PREFIX}{}-{nanos:x}", std::process::id()));
        let lock = lock_new(&path).map_err(|e| LaunchError::io("create folder", &path, &e))?;
        Ok(Self { path, _lock: lock })
    }
}

fn lock_new(path: &Path) -> io::Result<fs::File> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    // Locked under another name first, so that a sweeping process never sees the file unlocked.
    let (early, lock) = (path.join("lock.new"), path.join("lock"));
    let file = fs::File::create(&early)?;
    file.lock()?;
    fs::rename(early, lock)?;
    Ok(file)
}

fn only_the_lock(root: &Path) -> bool {
    fs::read_dir(root).is_ok_and(|entries| entries.count() <= 1)
}

/// Removes the folders of processes that ended without a clean-up: their lock is free.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(RUN_PREFIX) {
            continue;
        }
        if fs::File::open(entry.path().join("lock")).is_ok_and(|lock| lock.try_lock().is_ok()) {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}
