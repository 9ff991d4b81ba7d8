//! The kept inputs: text files with one input a line, its bytes escaped as in a Rust string, and behind `  // ` what it
//! is. A line that starts with `//` is a comment.

/// The bytes of every line of a file.
///
/// # Errors
///
/// A line has no remark, or an escape that is not known.
pub(super) fn read(file: &str) -> Result<Vec<Vec<u8>>, String> {
    let lines = file.lines().filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines
        .map(|line| {
            let (text, _) = line
                .split_once("  // ")
                .ok_or_else(|| format!("expected `  // ` and a remark in `{line}`"))?;
            unescape(text.trim_end())
        })
        .collect()
}

/// The form in which an input is printed and kept.
pub(super) fn escape(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// The bytes of an escaped text. `{n*text}` stands for `n` times the text.
///
/// # Errors
///
/// An escape is not known.
pub(super) fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        rest = behind;
        match (*byte, behind) {
            (b'\\', [b'r', behind @ ..]) => (out.push(b'\r'), rest = behind).0,
            (b'\\', [b'n', behind @ ..]) => (out.push(b'\n'), rest = behind).0,
            (b'\\', [b't', behind @ ..]) => (out.push(b'\t'), rest = behind).0,
            (b'\\', [b'x', high, low, behind @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).map_err(|error| error.to_string())?;
                out.push(u8::from_str_radix(digits, 16).map_err(|error| format!("`\\x{digits}`: {error}"))?);
                rest = behind;
            }
            (b'\\', [quoted @ (b'\\' | b'"' | b'\''), behind @ ..]) => (out.push(*quoted), rest = behind).0,
            (b'\\', _) => return Err(format!("an escape that is not known in `{text}`")),
            (b'{', _) => {
                let whole = std::str::from_utf8(behind).map_err(|error| error.to_string())?;
                let (repeated, _) =
                    whole.split_once('}').ok_or_else(|| format!("`{{` without `}}` in `{text}`"))?;
                let (times, what) =
                    repeated.split_once('*').ok_or_else(|| format!("expected `n*` in `{text}`"))?;
                let times = times.parse().map_err(|error| format!("`{times}`: {error}"))?;
                out.extend(unescape(what)?.repeat(times));
                rest = &behind[repeated.len() + 1..];
            }
            (byte, _) => out.push(byte),
        }
    }
    Ok(out)
}

#[test]
fn what_is_printed_can_be_kept() {
    let all: Vec<u8> = (0..=255).filter(|byte| *byte != b'{').collect();
    assert_eq!(unescape(&escape(&all)), Ok(all));
    assert_eq!(unescape("{3*ab}c\\r"), Ok(b"abababc\r".to_vec()));
    assert!(unescape("\\q").is_err());
    assert_eq!(read("// no input\n+OK\\r\\n  // a line\n"), Ok(vec![b"+OK\r\n".to_vec()]));
    assert!(read("+OK\\r\\n\n").is_err());
}
