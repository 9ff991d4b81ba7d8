//! The greeting: whatever a server answers, it ends with a session, with the close of the server, or with an error that
//! says what was wrong. It never waits for more than was promised, and never shows the password.

use std::{
    io,
    pin::{Pin, pin},
    sync::LazyLock,
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{
    config::{ByteStream, Config, Protocol},
    error::{Error, ErrorKind},
    net::greet_over,
    simulate::random::Random,
};

use super::{Seen, scan};

pub(super) const MUST_SEE: &[&str] =
    &["sessions of RESP3", "sessions of RESP2", "closed", "errors of the server", "not a server", "lost"];

const PASSWORD: &str = "open-sesame";

/// The longest error text, in bytes: the longest error line of a server that is shown, and what was attempted.
const LONGEST: usize = 4096;

static CONFIGS: LazyLock<[Config; 3]> = LazyLock::new(|| {
    let bare = Config::new("fuzz", 1);
    let full = bare.clone().username("ann").password(PASSWORD).database(3).client_name("shop");
    [
        bare.clone().protocol(Protocol::Resp3),
        full.clone().protocol(Protocol::Resp3),
        full.protocol(Protocol::Resp2),
    ]
});

/// A stream on which a server sends given bytes in given pieces.
struct Script {
    down: Vec<u8>,
    at: usize,
    steps: Vec<usize>,
    /// After the bytes comes an error, and not the end of the stream.
    breaks: bool,
    reads: usize,
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reads += 1;
        assert!(self.reads <= self.down.len() + 20, "it reads behind the end of the stream");
        let step = self.steps[self.reads % self.steps.len()];
        let end = (self.at + step.min(buffer.remaining())).min(self.down.len());
        if end == self.at && self.breaks {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        buffer.put_slice(&self.down[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Greets a server that sends these bytes.
fn greet(
    config: &Config,
    stream: impl ByteStream + 'static,
) -> Result<Result<Option<Protocol>, Error>, String> {
    let greeting = pin!(greet_over(config, Box::new(stream)));
    match greeting.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Ok(outcome),
        Poll::Pending => Err("it waits, and the stream has ended".into()),
    }
}

pub(super) fn check(input: &[u8]) -> Result<Seen, String> {
    let mut random = Random::new(scan::hash(input));
    let index = random.below(CONFIGS.len());
    let config = &CONFIGS[index];
    let breaks = random.percent(50);
    let mut outcomes = [""; 2];
    let all_steps = [vec![input.len().max(1)], scan::steps(&mut random, 20)];
    for (name, steps) in outcomes.iter_mut().zip(all_steps) {
        let script = Script { down: input.to_vec(), at: 0, steps, breaks, reads: 0 };
        let outcome = greet(config, script).and_then(|outcome| judge(config, &outcome));
        *name = outcome.map_err(|why| format!("identity {index}: {why}"))?;
    }
    let [whole, pieces] = outcomes;
    // How many bytes come with the last reply decides whether more bytes than that are seen.
    if whole != pieces && !outcomes.contains(&"more bytes") {
        return Err(format!("identity {index}: {whole} in one piece, {pieces} in several"));
    }
    Ok(outcomes.to_vec())
}

/// The name of an outcome.
fn judge(config: &Config, outcome: &Result<Option<Protocol>, Error>) -> Result<&'static str, String> {
    let error = match outcome {
        Ok(Some(Protocol::Resp3)) if config.protocol == Protocol::Resp2 => {
            return Err("RESP3 was not asked for".into());
        }
        Ok(Some(Protocol::Resp3)) => return Ok("sessions of RESP3"),
        Ok(Some(_)) => return Ok("sessions of RESP2"),
        Ok(None) => return Ok("closed"),
        Err(error) => error,
    };
    let text = error.to_string();
    // The text of a server is shown as it is.
    let lines = !matches!(error.kind(), ErrorKind::Server(_)) && text.contains(['\r', '\n']);
    if text.contains(PASSWORD) || text.len() > LONGEST || lines {
        return Err(format!("the text of the error: {}", text.escape_debug()));
    }
    match error.kind() {
        ErrorKind::Server(_) => Ok("errors of the server"),
        ErrorKind::Disconnected | ErrorKind::Io => Ok("lost"),
        ErrorKind::Protocol if text.contains("unexpected bytes follow") => Ok("more bytes"),
        ErrorKind::Protocol if text.contains("greeting") => Ok("not a server"),
        _ => Err(format!("not a clear error: {error:?}")),
    }
}

/// A server that sends without an end.
struct Endless {
    sent: usize,
}

impl AsyncRead for Endless {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        assert!(self.sent < 8 << 20, "an answer without an end is kept");
        let piece = vec![b'+'; buffer.remaining()];
        buffer.put_slice(&piece);
        self.sent += piece.len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Endless {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn an_answer_without_an_end_is_refused_in_bounded_memory() {
    for config in CONFIGS.iter() {
        let error = greet(config, Endless { sent: 0 }).unwrap().unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Protocol);
        assert!(error.to_string().contains("a reply of more than 1048576 bytes"), "{error}");
    }
}

#[test]
fn attributes_are_left_out_of_an_answer_and_push_messages_inside_are_refused() {
    let script = |down: &str| Script { down: down.into(), at: 0, steps: vec![9], breaks: false, reads: 0 };
    let names = "+OK\r\n";
    let with = format!("|1\r\n+a\r\n:1\r\n%1\r\n+proto\r\n:3\r\n{names}");
    assert_eq!(greet(&CONFIGS[0], script(&with)).unwrap().unwrap(), Some(Protocol::Resp3));
    let inside = "%1\r\n>1\r\n+p\r\n+proto\r\n:3\r\n";
    let error = greet(&CONFIGS[0], script(inside)).unwrap().unwrap_err();
    assert!(error.to_string().contains("a push message inside a reply"), "{error}");
}
