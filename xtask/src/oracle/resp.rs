//! Values of RESP2: the records of the client's tests, and the replies of servers.
//!
//! Nothing of the client is used here: the client is what is checked.

use std::io::{BufRead, ErrorKind};

use anyhow::{Context, Result, bail};

/// A value. Strings of both forms are `Text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Text(Vec<u8>),
    Error(String),
    Integer(i64),
    List(Vec<Value>),
}

impl Value {
    pub(super) fn text(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    pub(super) fn bytes(&self) -> Result<&[u8]> {
        match self {
            Self::Text(text) => Ok(text),
            other => bail!("expected a string, found {other:?}"),
        }
    }

    pub(super) fn integer(&self) -> Result<i64> {
        match self {
            Self::Integer(number) => Ok(*number),
            other => bail!("expected an integer, found {other:?}"),
        }
    }

    pub(super) fn list(&self) -> Result<&[Self]> {
        match self {
            Self::List(list) => Ok(list),
            other => bail!("expected an array, found {other:?}"),
        }
    }

    pub(super) fn texts(&self) -> Result<Vec<String>> {
        self.list()?.iter().map(Self::text).collect()
    }
}

/// The next value; `None` at the end.
pub(super) fn read(from: &mut impl BufRead) -> Result<Option<Value>> {
    let mut line = Vec::new();
    if from.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let line = String::from_utf8_lossy(&line);
    let line = line.strip_suffix("\r\n").with_context(|| format!("expected a whole line, found {line:?}"))?;
    let Some(kind) = line.chars().next().filter(char::is_ascii) else {
        bail!("expected a type, found {line:?}")
    };
    let rest = &line[1..];
    let number = || rest.parse::<i64>().with_context(|| format!("expected a number, found {line:?}"));
    let value = match kind {
        '+' => Value::Text(rest.into()),
        '-' => Value::Error(rest.to_owned()),
        ':' => Value::Integer(number()?),
        '$' => match usize::try_from(number()?) {
            Ok(length) => Value::Text(bulk(from, length)?),
            Err(_) => Value::Null,
        },
        '*' => match usize::try_from(number()?) {
            Ok(length) => Value::List((0..length).map(|_| element(from)).collect::<Result<_>>()?),
            Err(_) => Value::Null,
        },
        _ => bail!("expected a value of RESP2, found {line:?}"),
    };
    Ok(Some(value))
}

fn element(from: &mut impl BufRead) -> Result<Value> {
    read(from)?.context("the array ends too early")
}

fn bulk(from: &mut impl BufRead, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length + 2];
    from.read_exact(&mut bytes).map_err(|e| match e.kind() {
        ErrorKind::UnexpectedEof => anyhow::anyhow!("the string ends too early"),
        _ => e.into(),
    })?;
    bytes.truncate(length);
    Ok(bytes)
}

/// A command as a server expects it.
pub(super) fn command<W: AsRef<[u8]>>(words: &[W]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words.iter().map(AsRef::as_ref) {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read() {
        let mut bytes = &b"*5\r\n+get\r\n:-2\r\n$4\r\na\r\nb\r\n*-1\r\n*1\r\n-ERR no\r\n$-1\r\n"[..];
        let list = vec![
            Value::Text(b"get".into()),
            Value::Integer(-2),
            Value::Text(b"a\r\nb".into()),
            Value::Null,
            Value::List(vec![Value::Error("ERR no".into())]),
        ];
        assert_eq!(read(&mut bytes).unwrap(), Some(Value::List(list)));
        assert_eq!(read(&mut bytes).unwrap(), Some(Value::Null));
        assert_eq!(read(&mut bytes).unwrap(), None);
    }

    #[test]
    fn what_is_cut_or_unknown_is_an_error() {
        for bytes in ["*2\r\n:1\r\n", "$5\r\nab", ":1", "$x\r\n", "%1\r\n", "\r\n"] {
            assert!(read(&mut bytes.as_bytes()).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_command_is_what_is_read_back() {
        let bytes = command(&["SET", "k", "a\r\nb"]);
        let words = read(&mut &bytes[..]).unwrap().unwrap().texts().unwrap();
        assert_eq!(words, ["SET", "k", "a\r\nb"]);
    }
}
