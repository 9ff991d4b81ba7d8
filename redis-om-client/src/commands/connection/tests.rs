//! The words of the options, and replies with a structure.

use super::*;
use crate::{
    command::{Command, cmd},
    resp::Replies,
};

fn decode<T>(command: &Command<T>, bytes: &str) -> T {
    command.decoder().decode(&mut Replies::new(bytes.as_bytes())).unwrap()
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

const LINE: &str = "id=3 addr=127.0.0.1:5 laddr=127.0.0.1:6 fd=8 name= age=61 idle=2 flags=N db=1 sub=0 \
                    qbuf=26 events=r cmd=client|list user=default redir=-1 resp=3 lib-name=shop lib-ver=";

#[test]
fn filters() {
    let kill = |filter| cmd().client_kill(filter).to_string();
    assert_eq!(kill(ClientFilter::new().id(3)), "CLIENT KILL ID 3");
    let filter = ClientFilter::new().id(3).id(4).addr("::1:5").skipme(false).type_(ClientType::Primary);
    assert_eq!(kill(filter), "CLIENT KILL ADDR ::1:5 SKIPME no TYPE master ID 3 4");
    assert_eq!(kill(ClientFilter::new().user("ann").user("bob")), "CLIENT KILL USER bob");
    let error = cmd().client_kill(ClientFilter::new()).cmd().check().unwrap_err();
    assert!(error.to_string().starts_with("CLIENT KILL: CLIENT KILL needs at least one filter"), "{error}");
    let filter = ClientFilter::new().db(1).idle(Duration::from_secs(5)).lib_name("shop");
    assert_eq!(cmd().client_list_with(filter).to_string(), "CLIENT LIST DB 1 IDLE 5 LIB-NAME shop");
}

#[test]
fn other_options() {
    assert_eq!(cmd().client_no_touch(false).to_string(), "CLIENT NO-TOUCH OFF");
    assert_eq!(cmd().client_unblock(7, Unblock::Timeout).to_string(), "CLIENT UNBLOCK 7 TIMEOUT");
    assert_eq!(cmd().client_setname("").to_string(), "CLIENT SETNAME \"\"");
    assert!(cmd().client_pause(Duration::ZERO, PauseMode::All).cmd().check().is_err());
}

#[test]
fn what_the_server_knows_of_a_connection() {
    for text in [bulk(&format!("{LINE}\n")), format!("={}\r\ntxt:{LINE}\n\r\n", LINE.len() + 5)] {
        let info = decode(&cmd().client_info(), &text);
        assert_eq!((info.id, info.addr.as_str(), info.db, info.resp), (3, "127.0.0.1:5", 1, Some(3)));
        assert_eq!(
            (info.name.as_deref(), info.lib_name.as_deref(), info.lib_ver.as_deref()),
            (None, Some("shop"), None)
        );
        assert_eq!((info.age, info.idle), (Duration::from_secs(61), Duration::from_secs(2)));
        assert_eq!(
            (info.cmd.as_deref(), info.get("qbuf"), info.get("no")),
            (Some("client|list"), Some("26"), None)
        );
    }
    let all = decode(&cmd().client_list(), &bulk(&format!("{LINE}\n{LINE}\n")));
    assert_eq!(all.len(), 2);
    let bad = bulk(&format!("{LINE}\nid=x age=1\n"));
    let error = cmd().client_list().decoder().decode(&mut Replies::new(bad.as_bytes())).unwrap_err();
    assert_eq!(error.to_string(), "at `1.id`: expected a number, found \"x\"");
}

#[test]
fn a_path_forges_no_field() {
    // On every server, only values without spaces follow `fd=`.
    let line = |addr: &str, laddr: &str| {
        format!(
            "id=3 addr={addr} laddr={laddr} fd=8 name=a=b age=61 idle=2 flags=U db=1 cmd=ping user=ann redir=-1"
        )
    };
    let paths = [
        "/s:0",
        "/a b:0",
        "/x db=7 name=forged user=eve :0",
        "/x laddr=/x:0",
        "/x fd=9 name=forged age=1:0",
        "/ laddr= laddr=:0",
        "/x\nid=:0",
        "",
    ];
    for path in paths.into_iter().chain(["[/a b fd=1 laddr=c:0]:0"]) {
        let info = decode(&cmd().client_info(), &bulk(&format!("{}\n", line(path, path))));
        assert_eq!((info.id, info.addr.as_str(), info.get("laddr"), info.db), (3, path, Some(path), 1));
        assert_eq!(
            (info.name.as_deref(), info.user.as_deref(), info.get("fd")),
            (Some("a=b"), Some("ann"), Some("8"))
        );
    }
    let (path, tcp) = (line("/a\nb c=d", "/a\nb c=d"), line("[::1]:5", "[::1]:6"));
    let all = decode(&cmd().client_list(), &bulk(&format!("{tcp}\n{path}\n{tcp}\n")));
    let addresses: Vec<_> = all.iter().map(|info| (info.addr.as_str(), info.get("laddr"))).collect();
    let tcp = ("[::1]:5", Some("[::1]:6"));
    assert_eq!(addresses, [tcp, ("/a\nb c=d", Some("/a\nb c=d")), tcp]);
    // Without `laddr`, and without `fd`.
    let old = "id=3 addr=/a b:0 fd=8 age=1 idle=0 db=1";
    assert_eq!(decode(&cmd().client_info(), &bulk(old)).addr, "/a b:0");
    let other = "id=3 addr=1.2.3.4:5 age=1 idle=0 db=1";
    assert_eq!(decode(&cmd().client_info(), &bulk(other)).addr, "1.2.3.4:5");
    // Bytes that are not text are shown as far as possible.
    let info = b"$37\r\nid=3 addr=/\xff:0 fd=8 age=1 idle=0 db=1\r\n";
    let info = cmd().client_info().decoder().decode(&mut Replies::new(info)).unwrap();
    assert_eq!((info.addr.as_str(), info.db), ("/\u{fffd}:0", 1));
}

#[test]
fn tracking() {
    let info = cmd().client_trackinginfo();
    let redirect = "$8\r\nredirect\r\n";
    let resp3 = format!("%3\r\n$5\r\nflags\r\n~1\r\n+off\r\n{redirect}:-1\r\n$8\r\nprefixes\r\n*0\r\n");
    let resp2 = format!("*6\r\n$5\r\nflags\r\n*1\r\n+off\r\n{redirect}:-1\r\n$8\r\nprefixes\r\n*0\r\n");
    for bytes in [resp3, resp2] {
        let info = decode(&info, &bytes);
        assert_eq!((info.flags, info.redirect), (vec!["off".to_owned()], TrackingRedirect::Off));
    }
    assert_eq!(decode(&cmd().client_getredir(), ":0\r\n"), TrackingRedirect::Own);
    assert_eq!(decode(&cmd().client_getredir(), ":7\r\n"), TrackingRedirect::To(7));
}

#[test]
fn plain_replies() {
    decode(&cmd().ping(), "+PONG\r\n");
    assert_eq!(decode(&cmd().client_getname(), "$-1\r\n"), None);
    assert!(decode(&cmd().client_unblock(7, Unblock::Error), ":1\r\n"));
}
