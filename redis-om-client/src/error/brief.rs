//! Texts of users and servers in messages: their beginning and their length.

use std::fmt;

/// The most characters of a key, an argument or a value in a message.
const SHOWN: usize = 100;
/// The most characters of a server's error line. The longest known line, that of protected mode, has 1,100.
const LINE: usize = 1_200;

/// A text that is cut after 100 characters. Its length in bytes follows.
pub(crate) fn brief(text: &str) -> Brief<'_> {
    Brief { text, most: SHOWN }
}

/// The same for an error line of a server, which is cut after 1,200 characters.
pub(super) fn line(text: &str) -> Brief<'_> {
    Brief { text, most: LINE }
}

/// A text in the form that a message shows.
pub(crate) struct Brief<'a> {
    text: &'a str,
    most: usize,
}

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.char_indices().nth(self.most) {
            None => f.write_str(self.text),
            Some((end, _)) => write!(f, "{}… ({} bytes)", &self.text[..end], self.text.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(brief(&"x".repeat(100)).to_string(), "x".repeat(100));
        assert_eq!(brief(&"é".repeat(1 << 20)).to_string(), format!("{}… (2097152 bytes)", "é".repeat(100)));
        assert_eq!(line(&"x".repeat(70_000)).to_string(), format!("{}… (70000 bytes)", "x".repeat(1_200)));
    }
}
