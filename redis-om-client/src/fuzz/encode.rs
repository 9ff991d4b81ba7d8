//! Encoded commands: `redis-protocol` reads from them the words that were put in.
//!
//! An input is cut into commands at each line feed, and into arguments at each space. An argument that is a number is
//! also written as one.

use bytes::Bytes;
use redis_protocol::resp3::{decode::complete, types::OwnedFrame};

use crate::{
    command::Cmd,
    session::{Outgoing, Output, Runs},
};

use super::Seen;

pub(super) const MUST_SEE: &[&str] =
    &["bytes", "integers", "floats", "beside the body", "on the heap", "inline", "several"];

/// The most commands of an input. The last one takes the rest.
const MOST: usize = 4;
/// In bytes. The rest of a longer input is left out.
const LONGEST: usize = 80;

pub(super) fn check(input: &[u8]) -> Result<Seen, String> {
    let mut seen = Vec::new();
    let mut batch = Cmd::batch();
    let mut all = Vec::new();
    let input = &input[..input.len().min(LONGEST)];
    for line in input.splitn(MOST, |byte| *byte == b'\n') {
        let (cmd, words) = command(line, &mut seen);
        let wire = wire(&cmd);
        let (found, used) = read(&wire)?;
        if used != wire.len() || found != words {
            return Err(format!("{words:?} is encoded as {}", wire.escape_ascii()));
        }
        let body = if cmd.body().len() > 63 { "on the heap" } else { "inline" };
        seen.push(if cmd.large().is_some() { "beside the body" } else { body });
        batch.push(&cmd);
        all.push(words);
    }
    if all.len() > 1 {
        seen.push("several");
        let wire = wire(&batch);
        let mut start = 0;
        for words in all {
            let (found, used) = read(&wire[start..])?;
            if found != words {
                return Err(format!("{words:?} is encoded in a batch as {}", wire.escape_ascii()));
            }
            start += used;
        }
        if start != wire.len() {
            return Err(format!("{} bytes follow a batch", wire.len() - start));
        }
    }
    Ok(seen)
}

/// A command, and its words.
fn command(line: &[u8], seen: &mut Seen) -> (Cmd, Vec<Vec<u8>>) {
    let mut arguments = line.split(|byte| *byte == b' ');
    let name = String::from_utf8_lossy(arguments.next().unwrap_or_default()).into_owned();
    let mut cmd = Cmd::new(&name);
    let mut words = vec![name.into_bytes()];
    for (index, argument) in arguments.enumerate() {
        let text = std::str::from_utf8(argument).ok();
        if let Some(number) = text.and_then(|text| text.parse::<i64>().ok()) {
            seen.push("integers");
            cmd = cmd.arg(number);
            words.push(number.to_string().into_bytes());
        } else if let Some(number) =
            text.and_then(|text| text.parse::<f64>().ok()).filter(|number| !number.is_nan())
        {
            // The text of a float is the encoder's own: it must give the same number.
            cmd = cmd.arg(number);
            let argument = last(&wire(&cmd));
            let same = std::str::from_utf8(&argument).ok().and_then(|text| text.parse::<f64>().ok());
            assert!(same.is_some_and(|same| same == number), "{number}");
            seen.push("floats");
            words.push(argument);
        } else if let [b'@', byte, ..] = argument {
            let long = Bytes::from(vec![*byte; (32 << 10) + argument.len()]);
            cmd = cmd.arg(long.clone());
            words.push(long.to_vec());
        } else {
            seen.push("bytes");
            cmd = if index % 3 == 0 { cmd.key(argument) } else { cmd.arg(argument) };
            words.push(argument.to_vec());
        }
    }
    (cmd, words)
}

/// The last argument of a command.
fn last(wire: &[u8]) -> Vec<u8> {
    read(wire).ok().and_then(|(mut words, _)| words.pop()).unwrap_or_default()
}

/// The bytes on the connection.
fn wire(cmd: &Cmd) -> Vec<u8> {
    let out = Outgoing {
        body: cmd.body(),
        args: cmd.argument_count(),
        parts: 1,
        runs: Runs::Whole,
        blocking: false,
        timeout: None,
        for_sink: false,
        large: cmd.large(),
    };
    Output::of(&out).pieces(0).map(|piece| piece.to_vec()).concat()
}

/// The words of the first command, and the length of its bytes.
fn read(wire: &[u8]) -> Result<(Vec<Vec<u8>>, usize), String> {
    let unread = || format!("redis-protocol does not read {}", wire.escape_ascii());
    let Ok(Some((OwnedFrame::Array { data, .. }, used))) = complete::decode(wire) else {
        return Err(unread());
    };
    let words = data.into_iter().map(|word| match word {
        OwnedFrame::BlobString { data, .. } => Ok(data),
        _ => Err(unread()),
    });
    Ok((words.collect::<Result<_, _>>()?, used))
}
