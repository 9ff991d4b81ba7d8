//! Rewrites replies with attributes and streamed aggregates to their plain form, with the `redis-protocol` crate.
//!
//! No current server sends these on a hot path. So this module may build a tree of values, and it may lose the order of
//! the entries of a map inside.

use redis_protocol::resp3::{
    decode::streaming,
    types::{DecodedFrame, FrameKind, OwnedFrame, Resp3Frame, VerbatimStringFormat},
};

use crate::error::{Error, ErrorKind, Execution, brief};

use super::{Limits, Scanner};

/// The deepest nesting of aggregates. The tree is built, written and dropped by recursion. This number of levels fits
/// into 1 MiB of stack in a build without optimizations, half of the stack of a thread.
const DEEPEST: usize = 32;

/// Returns the same reply without attributes, and with a count in each aggregate.
///
/// # Errors
///
/// The reply has a stream inside a stream, is nested too deeply, or has bytes that the crate does not support. The
/// error belongs to the command of the reply.
pub(crate) fn regular(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut scanner = Scanner::new(Limits { bulk: usize::MAX, reply: usize::MAX, depth: DEEPEST });
    // The bytes were scanned before with the configured limits. Only the depth is checked here.
    if !matches!(scanner.frame(bytes), Ok(Some(frame)) if !frame.aside) {
        return Err(refused(&format!("it is nested more than {DEEPEST} deep")));
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut position = 0;
    let mut next = || {
        let (frame, used) = streaming::decode(&bytes[position..])
            .map_err(|error| refused(&error.to_string()))?
            .ok_or_else(|| refused("its stream ends too early"))?;
        position += used;
        Ok::<_, Error>(frame)
    };
    match next()? {
        DecodedFrame::Complete(frame) => write(&frame, &mut out),
        DecodedFrame::Streaming(stream) => {
            let mut items = Vec::new();
            loop {
                match next()? {
                    DecodedFrame::Complete(frame) if frame.is_end_stream_frame() => break,
                    DecodedFrame::Complete(frame) => items.push(frame),
                    DecodedFrame::Streaming(_) => return Err(refused("it has a stream inside a stream")),
                }
            }
            write_streamed(stream.kind, &items, &mut out)?;
        }
    }
    if position != bytes.len() {
        return Err(refused("bytes are left behind its value"));
    }
    Ok(out)
}

/// Writes the values of a stream with their count. The crate would put those of a map or a set into a hash table, and
/// panics there at a key that is an aggregate.
fn write_streamed(kind: FrameKind, items: &[OwnedFrame], out: &mut Vec<u8>) -> Result<(), Error> {
    let (kind, count) = match kind {
        FrameKind::BlobString => {
            let chunks = items.iter().filter_map(Resp3Frame::as_bytes);
            blob(b'$', &chunks.collect::<Vec<_>>().concat(), out);
            return Ok(());
        }
        FrameKind::Array => (b'*', items.len()),
        FrameKind::Set => (b'~', items.len()),
        FrameKind::Map if items.len().is_multiple_of(2) => (b'%', items.len() / 2),
        FrameKind::Map => return Err(refused("its map ends after a key, before the value")),
        _ => return Err(refused("its stream is of a kind that is not known")),
    };
    line(kind, count.to_string().as_bytes(), out);
    items.iter().for_each(|item| write(item, out));
    Ok(())
}

fn refused(why: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        Execution::Answered,
        // The errors of the crate show all bytes of the reply.
        format!("the reply is streamed or has attributes, and it cannot be read: {}", brief(why)),
    )
}

fn write(frame: &OwnedFrame, out: &mut Vec<u8>) {
    match frame {
        OwnedFrame::BlobString { data, .. } => blob(b'$', data, out),
        OwnedFrame::BlobError { data, .. } => blob(b'!', data, out),
        // A chunk is never a value of its own: the scan refuses it.
        OwnedFrame::ChunkedString(data) => blob(b'$', data, out),
        OwnedFrame::VerbatimString { data, format, .. } => {
            let format: &[u8] = match format {
                VerbatimStringFormat::Text => b"txt:",
                VerbatimStringFormat::Markdown => b"mkd:",
            };
            let text = [format, data].concat();
            blob(b'=', &text, out);
        }
        OwnedFrame::SimpleString { data, .. } => line(b'+', data, out),
        OwnedFrame::SimpleError { data, .. } => line(b'-', data.as_bytes(), out),
        OwnedFrame::BigNumber { data, .. } => line(b'(', data, out),
        OwnedFrame::Boolean { data, .. } => line(b'#', if *data { b"t" } else { b"f" }, out),
        OwnedFrame::Null => line(b'_', b"", out),
        OwnedFrame::Double { data, .. } => line(b',', data.to_string().as_bytes(), out),
        OwnedFrame::Number { data, .. } => line(b':', data.to_string().as_bytes(), out),
        OwnedFrame::Array { data, .. } => {
            line(b'*', data.len().to_string().as_bytes(), out);
            data.iter().for_each(|item| write(item, out));
        }
        OwnedFrame::Push { data, .. } => {
            line(b'>', data.len().to_string().as_bytes(), out);
            data.iter().for_each(|item| write(item, out));
        }
        OwnedFrame::Set { data, .. } => {
            line(b'~', data.len().to_string().as_bytes(), out);
            data.iter().for_each(|item| write(item, out));
        }
        OwnedFrame::Map { data, .. } => {
            line(b'%', data.len().to_string().as_bytes(), out);
            for (key, value) in data {
                write(key, out);
                write(value, out);
            }
        }
        // `HELLO` is a command of a client and is never a reply.
        OwnedFrame::Hello { .. } => line(b'_', b"", out),
    }
}

fn blob(kind: u8, data: &[u8], out: &mut Vec<u8>) {
    line(kind, data.len().to_string().as_bytes(), out);
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

fn line(kind: u8, data: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn irregular_replies_are_rewritten_or_refused() {
        for (irregular, plain) in [
            (&b"$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n"[..], &b"$5\r\nHello\r\n"[..]),
            (b"*?\r\n:1\r\n+b\r\n.\r\n", b"*2\r\n:1\r\n+b\r\n"),
            (b"|1\r\n+ttl\r\n:3\r\n*1\r\n:5\r\n", b"*1\r\n:5\r\n"),
            (b"|1\r\n+ttl\r\n*2\r\n+k\r\n:3\r\n*1\r\n:5\r\n", b"*1\r\n:5\r\n"),
            (b"%?\r\n+a\r\n#t\r\n.\r\n", b"%1\r\n+a\r\n#t\r\n"),
            // Order and repeated entries are kept, and a key may be an aggregate.
            (b"~?\r\n:2\r\n:1\r\n:2\r\n.\r\n", b"~3\r\n:2\r\n:1\r\n:2\r\n"),
            (b"%?\r\n*1\r\n+a\r\n:1\r\n.\r\n", b"%1\r\n*1\r\n+a\r\n:1\r\n"),
        ] {
            let found = regular(irregular).unwrap();
            assert_eq!(found.escape_ascii().to_string(), plain.escape_ascii().to_string());
        }
        for refused in [
            b"*?\r\n*?\r\n:2\r\n.\r\n.\r\n".to_vec(),
            b"%?\r\n+a\r\n.\r\n".to_vec(),
            [&b"*1\r\n".repeat(200)[..], b"*?\r\n.\r\n"].concat(),
        ] {
            let error = regular(&refused).unwrap_err();
            assert_eq!((error.kind(), error.execution()), (&ErrorKind::Protocol, Execution::Answered));
        }
        let nested = format!("|1\r\n+k\r\n:1\r\n%1\r\n*0\r\n$5000\r\n{}\r\n", "x".repeat(5000));
        let text = regular(nested.as_bytes()).unwrap_err().to_string();
        assert!(text.len() < 300, "{text}");
    }
    #[test]
    fn a_deep_reply_fits_into_the_stack_and_a_deeper_one_is_refused() {
        let work = || {
            for (header, tail) in [("*1\r\n", ""), ("%1\r\n+k\r\n", ""), ("|1\r\n+k\r\n", ":1\r\n")] {
                let nested = |depth: usize| {
                    format!("*2\r\n|0\r\n:1\r\n{}:1\r\n{}", header.repeat(depth), tail.repeat(depth))
                };
                assert!(regular(nested(DEEPEST - 1).as_bytes()).is_ok());
                let error = regular(nested(DEEPEST).as_bytes()).unwrap_err();
                assert!(error.to_string().contains("nested more than 32 deep"), "{error}");
            }
        };
        // Half of a thread's stack.
        std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
    }
}
