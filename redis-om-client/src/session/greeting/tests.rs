//! The greeting with scripted answers.

use super::*;

fn text(step: Step) -> String {
    match step {
        Step::Send(bytes, count) => {
            let words: Vec<_> = bytes
                .split(|byte| *byte == b'\n')
                .map(|line| String::from_utf8_lossy(line).trim().to_owned())
                .collect();
            let words: Vec<_> = words
                .into_iter()
                .filter(|word| !word.is_empty() && !word.starts_with('$') && !word.starts_with('*'))
                .collect();
            format!("{count}: {}", words.join(" "))
        }
        Step::Ready { resp3 } => format!("ready {resp3}"),
    }
}

fn identity() -> Identity {
    Identity {
        resp3: true,
        username: Some("ann".into()),
        password: Some("secret".to_owned().into()),
        database: 3,
        client_name: Some("shop".into()),
        library: true,
    }
}

#[test]
fn resp3_with_all_settings() {
    let mut greeting = Greeting::new(identity());
    assert_eq!(text(greeting.start()), "1: HELLO 3 AUTH ann secret");
    let step = greeting.next(&mut Replies::new(b"%1\r\n+proto\r\n:3\r\n")).unwrap();
    assert_eq!(text(step), "3: SELECT 3 CLIENT SETNAME shop CLIENT SETINFO LIB-NAME redis-om-rs");
    let step = greeting.next(&mut Replies::new(b"+OK\r\n+OK\r\n-ERR unknown subcommand\r\n")).unwrap();
    assert_eq!(step, Step::Ready { resp3: true });
}

#[test]
fn a_refused_hello_leads_to_resp2() {
    for refusal in [
        &b"-ERR unknown command 'HELLO'\r\n"[..],
        b"-NOPROTO unsupported\r\n",
        b"-NOPERM no\r\n",
        b"-NOAUTH no\r\n",
    ] {
        let mut greeting = Greeting::new(identity());
        greeting.start();
        let step = greeting.next(&mut Replies::new(refusal)).unwrap();
        assert_eq!(text(step), "3: AUTH ann secret SELECT 3 PING");
        let step = greeting.next(&mut Replies::new(b"+OK\r\n+OK\r\n+PONG\r\n")).unwrap();
        assert_eq!(text(step), "2: CLIENT SETNAME shop CLIENT SETINFO LIB-NAME redis-om-rs");
        let step = greeting.next(&mut Replies::new(b"+OK\r\n+OK\r\n")).unwrap();
        assert_eq!(step, Step::Ready { resp3: false });
    }
}

#[test]
fn a_wrong_password_does_not_lead_to_resp2() {
    let mut greeting = Greeting::new(identity());
    greeting.start();
    let error = greeting
        .next(&mut Replies::new(b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"))
        .unwrap_err();
    assert_eq!(error.code(), Some(&ServerErrorCode::WrongPass));
    let text = error.to_string();
    assert!(text.starts_with("HELLO: logging in as `ann`: WRONGPASS") && !text.contains("secret"), "{text}");
}

#[test]
fn a_missing_login_is_an_error_in_both_protocols() {
    for resp3 in [false, true] {
        let mut greeting = Greeting::new(Identity { resp3, ..Identity::default() });
        greeting.start();
        let error = greeting.next(&mut Replies::new(b"-NOAUTH Authentication required.\r\n")).unwrap_err();
        assert_eq!(error.code(), Some(&ServerErrorCode::NoAuth));
        assert!(error.to_string().contains("logging in without a password"), "{error}");
    }
}

#[test]
fn a_server_that_accepts_no_clients_is_not_taken_for_one_without_hello() {
    for line in ["ERR max number of clients reached", "DENIED Running in protected mode because …"] {
        for (resp3, command) in [(false, "PING"), (true, "HELLO")] {
            let mut greeting = Greeting::new(Identity { resp3, ..Identity::default() });
            greeting.start();
            let reply = format!("-{line}\r\n");
            let error = greeting.closed(&mut Replies::new(reply.as_bytes()), 1).unwrap_err();
            let expected = format!("{command}: greeting the server: {line}");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }
}

#[test]
fn a_temporary_refusal_does_not_lead_to_resp2() {
    let mut greeting = Greeting::new(identity());
    greeting.start();
    let error =
        greeting.next(&mut Replies::new(b"-LOADING Redis is loading the dataset in memory\r\n")).unwrap_err();
    assert_eq!(error.code(), Some(&ServerErrorCode::Loading));
    assert!(error.is_retryable(), "{error}");
}

#[test]
fn the_error_names_a_database_that_does_not_exist() {
    let mut greeting = Greeting::new(Identity { resp3: false, database: 99, ..Identity::default() });
    assert_eq!(text(greeting.start()), "2: SELECT 99 PING");
    let error = greeting.next(&mut Replies::new(b"-ERR DB index is out of range\r\n+PONG\r\n")).unwrap_err();
    assert!(error.to_string().starts_with("SELECT: choosing database 99: ERR DB index"), "{error}");
}

#[test]
fn a_refused_name_or_ping_is_ignored() {
    let mut greeting = Greeting::new(Identity { resp3: false, database: 0, ..identity() });
    assert_eq!(text(greeting.start()), "2: AUTH ann secret PING");
    let step = greeting.next(&mut Replies::new(b"+OK\r\n-NOPERM no ping\r\n")).unwrap();
    assert_eq!(text(step), "2: CLIENT SETNAME shop CLIENT SETINFO LIB-NAME redis-om-rs");
    let step = greeting.next(&mut Replies::new(b"-NOPERM no client\r\n-NOPERM no client\r\n")).unwrap();
    assert_eq!(step, Step::Ready { resp3: false });
}

#[test]
fn the_next_connection_leaves_out_the_unanswered_optional_command() {
    let mut greeting = Greeting::new(identity());
    greeting.start();
    assert_eq!(greeting.closed(&mut Replies::new(b""), 0).unwrap(), Some(Optional::Resp3));
    let mut greeting = Greeting::new(identity());
    greeting.start();
    greeting.next(&mut Replies::new(b"%1\r\n+proto\r\n:3\r\n")).unwrap();
    assert_eq!(greeting.closed(&mut Replies::new(b"+OK\r\n+OK\r\n"), 2).unwrap(), Some(Optional::Library));
    let mut greeting = Greeting::new(Identity { library: false, ..identity() });
    greeting.start();
    let step = greeting.next(&mut Replies::new(b"%1\r\n+proto\r\n:3\r\n")).unwrap();
    assert_eq!(text(step), "2: SELECT 3 CLIENT SETNAME shop");
    assert_eq!(greeting.closed(&mut Replies::new(b""), 0).unwrap(), Some(Optional::ClientName));
    let mut greeting = Greeting::new(Identity { resp3: false, ..identity() });
    greeting.start();
    assert_eq!(greeting.closed(&mut Replies::new(b"+OK\r\n"), 1).unwrap(), None);
}

#[test]
fn an_answer_to_hello_may_be_an_array() {
    let mut greeting = Greeting::new(Identity { library: true, ..identity() });
    greeting.start();
    let step =
        greeting.next(&mut Replies::new(b"*4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:2\r\n"));
    assert!(text(step.unwrap()).starts_with("3: SELECT 3"));
    assert_eq!(
        greeting.next(&mut Replies::new(b"+OK\r\n+OK\r\n+OK\r\n")).unwrap(),
        Step::Ready { resp3: false }
    );
}

#[test]
fn a_peer_that_is_not_a_redis_server_is_recognized() {
    // An echo service.
    for resp3 in [true, false] {
        let mut greeting = Greeting::new(Identity { resp3, ..Identity::default() });
        let Step::Send(bytes, 1) = greeting.start() else {
            unreachable!("a greeting begins with one command")
        };
        let error = greeting.next(&mut Replies::new(&bytes)).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Protocol, "{error}");
        assert!(error.to_string().contains("is a Redis server behind this address?"), "{error}");
    }
    for answer in
        [&b"+OK\r\n"[..], b"%1\r\n+proto\r\n:4\r\n", b"%1\r\n+proto\r\n$1\r\n3\r\n", b"_\r\n", b"*0\r\n"]
    {
        let mut greeting = Greeting::new(identity());
        greeting.start();
        let error = greeting.next(&mut Replies::new(answer)).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Protocol, "{error}");
    }
    let mut greeting = Greeting::new(Identity { resp3: false, ..identity() });
    greeting.start();
    let error = greeting.next(&mut Replies::new(b"+QUEUED\r\n+OK\r\n+PONG\r\n")).unwrap_err();
    assert!(error.to_string().starts_with("AUTH: expected OK in answer to the greeting"), "{error}");
}

#[test]
fn the_password_is_not_shown() {
    let mut greeting = Greeting::new(identity());
    greeting.start();
    let shown = format!("{:?} {greeting:?}", identity());
    assert!(shown.contains("***") && !shown.contains("secret"), "{shown}");
}
