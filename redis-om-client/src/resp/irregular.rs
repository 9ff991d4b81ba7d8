//! Rewrites replies with attributes and streamed aggregates to their plain form, with the `redis-protocol` crate.
//!
//! No current server sends these on a hot path. So this module may build a tree of values, and it may lose the order of
//! the entries of a streamed map.

use redis_protocol::resp3::{
    decode::streaming,
    types::{DecodedFrame, OwnedFrame, Resp3Frame, VerbatimStringFormat},
};

use crate::error::{Error, ErrorKind, Execution};

use super::{Limits, Scanner};

/// The deepest nesting of aggregates. The tree is built, written and dropped by recursion.
const DEEPEST: usize = 128;

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
    write(&decode(bytes)?, &mut out);
    Ok(out)
}

fn decode(bytes: &[u8]) -> Result<OwnedFrame, Error> {
    let mut position = 0;
    let mut next = || {
        let (frame, used) = streaming::decode(&bytes[position..])
            .map_err(|error| refused(&error.to_string()))?
            .ok_or_else(|| refused("its stream ends too early"))?;
        position += used;
        Ok::<_, Error>(frame)
    };
    let mut stream = match next()? {
        DecodedFrame::Complete(frame) => return Ok(frame),
        DecodedFrame::Streaming(stream) => stream,
    };
    loop {
        match next()? {
            DecodedFrame::Complete(frame) if frame.is_end_stream_frame() => break,
            DecodedFrame::Complete(frame) => stream.add_frame(frame),
            DecodedFrame::Streaming(_) => return Err(refused("it has a stream inside a stream")),
        }
    }
    stream.take().map_err(|error| refused(&error.to_string()))
}

fn refused(why: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        Execution::Answered,
        format!("the reply is streamed or has attributes, and it cannot be read: {why}"),
    )
}

fn write(frame: &OwnedFrame, out: &mut Vec<u8>) {
    match frame {
        OwnedFrame::BlobString { data, .. } => blob(b'$', data, out),
        OwnedFrame::BlobError { data, .. } => blob(b'!', data, out),
        // The chunks of a string are joined here, so the result is an ordinary string.
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
        ] {
            let found = regular(irregular).unwrap();
            assert_eq!(found.escape_ascii().to_string(), plain.escape_ascii().to_string());
        }
        for refused in
            [b"*?\r\n*?\r\n:2\r\n.\r\n.\r\n".to_vec(), [&b"*1\r\n".repeat(200)[..], b"*?\r\n.\r\n"].concat()]
        {
            let error = regular(&refused).unwrap_err();
            assert_eq!((error.kind(), error.execution()), (&ErrorKind::Protocol, Execution::Answered));
        }
    }
}
