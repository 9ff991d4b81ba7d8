//! The tour as users run it: the program, its output, its exit code, and the keys that it leaves on a server.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Output},
};

use redis_om::{blocking::Client, prelude::*, raw, testing::Server};

const KEY: &str = "redis-om-quickstart:airport:JFK";

/// Runs the program. Cargo builds it before these tests; with `--test quickstart`, `--examples` is needed, too.
fn quickstart(url: Option<&str>, file: Option<PathBuf>) -> Output {
    let mut folder = env::current_exe().unwrap();
    folder.pop();
    folder.pop();
    let program = folder.join("examples").join(format!("quickstart{}", env::consts::EXE_SUFFIX));
    let mut command = Command::new(&program);
    command.args(file).env_remove("REDIS_URL");
    if let Some(url) = url {
        command.env("REDIS_URL", url);
    }
    command.output().unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()))
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn last_line(output: &Output) -> String {
    out(output).lines().last().unwrap_or_default().to_owned()
}

fn file(name: &str, text: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

fn rows(rows: &[&[u8]]) -> Vec<u8> {
    let mut text = b"iata,name,city,state,country,latitude,longitude\n".to_vec();
    rows.iter().for_each(|row| text.extend([row, b"\n".as_slice()].concat()));
    text
}

/// How many keys the server holds.
fn keys(client: &Client) -> u64 {
    client.run(raw("DBSIZE").reply()).unwrap()
}

#[test]
fn all_airports_are_written_and_read_back() {
    let output = quickstart(None, None);
    assert_eq!(last_line(&output), "quickstart: 3376 saved, 3376 read back, 3376 equal", "{}", err(&output));
    assert!(output.status.success());
    assert!(
        out(&output).contains("\nstate  airports\nAK          263\nTX          209\n"),
        "{}",
        out(&output)
    );
    assert_eq!(err(&output), "");
}

#[test]
fn invalid_rows_are_reported_and_the_server_is_left_unchanged() {
    let server = Server::start().unwrap();
    let client = Client::connect(&server.url()).unwrap();
    client.set("redis-om-quickstart:mine", "1").unwrap();
    client.set("redis-om-quickstart:airport:ZZZ", "text").unwrap();
    let good = rows(&[
        b"AAA,\"A, with \"\"quotes\"\"\nand two lines\",Town,AK,USA,1.5,-2",
        b"BBB,B,Town,AK,USA,north,2",
        b"CCC,C,Town,AK",
        b"DDD,D,Town,AK,USA,1,2",
        b"DDD,D again,Town,AK,USA,1,2",
        b",nameless,Town,AK,USA,1,2",
        b"EEE,\xff\xfe,Town,AK,USA,1,2",
        b"FFF,F,Town,AK,USA,NaN,2",
        b"GGG,G,Town,TX,USA,1,999",
        b"HHH,H,Town,TX,USA,1,2",
        b"III,I,Town,TX,USA,1,2",
        b"JJJ,J,Town,TX,USA,1,2",
        "KKK,Kä,Town,TX,USA,1,2".as_bytes(),
    ]);
    let output = quickstart(Some(&server.url()), Some(file("bad_rows.csv", &good)));
    assert_eq!(last_line(&output), "quickstart: 6 saved, 6 read back, 6 equal", "{}", err(&output));
    assert!(output.status.success());
    assert!(out(&output).contains("\n7 rows skipped\n"), "{}", out(&output));
    let told = err(&output);
    let mut told = told.lines();
    for (line, what) in [
        (4, "latitude: invalid float"),
        (5, "4 fields where the first line has 7"),
        (7, "DDD is already on line 6"),
        (8, "the iata code is empty"),
        (9, "name: invalid utf-8"),
        (10, "the latitude NaN is not within 90"),
        (11, "the longitude 999 is not within 180"),
    ] {
        let told = told.next().unwrap_or_default();
        assert!(told.starts_with(&format!("skipped: line {line}: {what}")), "{line}: {told}");
    }
    assert_eq!(told.next(), None);

    assert_eq!(keys(&client), 2);
    assert_eq!(client.get::<Option<String>>("redis-om-quickstart:mine").unwrap().as_deref(), Some("1"));
    assert_eq!(
        client.get::<Option<String>>("redis-om-quickstart:airport:ZZZ").unwrap().as_deref(),
        Some("text")
    );
}

#[test]
fn an_existing_key_is_not_overwritten() {
    let server = Server::start().unwrap();
    let client = Client::connect(&server.url()).unwrap();
    client.set(KEY, "mine").unwrap();
    for _ in 0..2 {
        let output = quickstart(Some(&server.url()), None);
        assert!(!output.status.success());
        assert!(err(&output).contains("1 keys such as") && err(&output).contains(KEY), "{}", err(&output));
        assert!(!out(&output).contains("quickstart:"), "{}", out(&output));
        assert_eq!(keys(&client), 1);
        assert_eq!(client.get::<Option<String>>(KEY).unwrap().as_deref(), Some("mine"));
    }
    client.set("redis-om-quickstart:running", "1").unwrap();
    let output = quickstart(Some(&server.url()), None);
    assert!(!output.status.success());
    assert!(err(&output).contains("another quickstart is running"), "{}", err(&output));
    assert_eq!(keys(&client), 2);
}

#[test]
fn a_tour_that_fails_removes_what_it_wrote() {
    // The user may write and delete, but not read: the tour fails halfway.
    let server = Server::builder().user("ann on >pw ~* +@all -hgetall").start().unwrap();
    let output = quickstart(Some(&server.url_for("ann", "pw")), None);
    assert!(!output.status.success());
    assert!(out(&output).contains("save "), "{}", out(&output));
    assert!(err(&output).contains("HGETALL") && err(&output).contains("NOPERM"), "{}", err(&output));
    assert_eq!(keys(&Client::connect(&server.url()).unwrap()), 0);
}

#[test]
fn counts_that_differ_are_a_failure() {
    // A server with too little memory that evicts random keys: every airport is saved, and some are lost.
    let server = Server::builder().args(["--maxmemory-policy", "allkeys-random"]).start().unwrap();
    let client = Client::connect(&server.url()).unwrap();
    let memory: String = client.run(raw("INFO").arg("memory").reply()).unwrap();
    let used = memory.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    let limit = used.parse::<u64>().unwrap() + 500_000;
    client.run(raw("CONFIG").arg("SET").arg("maxmemory").arg(limit).reply::<()>()).unwrap();
    let output = quickstart(Some(&server.url()), None);
    let last = last_line(&output);
    let read = last.strip_prefix("quickstart: 3376 saved, ").and_then(|rest| rest.split(' ').next());
    let read: usize = read.unwrap_or_else(|| panic!("{last}: {}", err(&output))).parse().unwrap();
    assert!(read < 3376);
    assert_eq!(last, format!("quickstart: 3376 saved, {read} read back, {read} equal"));
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains(" is missing"), "{}", err(&output));
    assert_eq!(keys(&client), 0);
}

#[test]
fn the_error_names_the_missing_file_or_server() {
    let output = quickstart(None, Some("no/such.csv".into()));
    assert!(!output.status.success());
    assert!(err(&output).contains("no/such.csv"), "{}", err(&output));
    let output = quickstart(None, Some(file("columns.csv", b"iata,name,town\nA,B,C\n")));
    assert!(!output.status.success());
    assert!(err(&output).contains("no column city, state, country, latitude, longitude"), "{}", err(&output));
    let output = quickstart(None, Some(file("empty.csv", &rows(&[]))));
    assert!(!output.status.success());
    assert!(err(&output).contains("no airport in it"), "{}", err(&output));

    let server = Server::start().unwrap();
    server.stop();
    let output = quickstart(Some(&server.url()), None);
    assert!(!output.status.success());
    assert!(err(&output).contains(&server.port().to_string()), "{}", err(&output));
}
