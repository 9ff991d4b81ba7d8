//! The content that the line of a value may have.
//!
//! The line of any other content is not RESP. After it a client cannot know what the server means, so the scan refuses
//! it, and no wrong value is decoded from it.

/// Whether this is an integer of 64 bits. A plus sign is allowed.
#[inline]
pub(super) fn is_integer(text: &[u8]) -> bool {
    let digits = unsigned(text);
    // 18 digits always fit.
    is_digits(digits) && (digits.len() <= 18 || fits(text))
}

#[cold]
fn fits(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| text.parse::<i64>().is_ok())
}

/// Whether this is the text of a big number.
pub(super) fn is_big_number(text: &[u8]) -> bool {
    is_digits(unsigned(text))
}

/// Whether this is the text of a double. The specification does not allow an exponent, nor a fraction without an
/// integer part. Servers send exponents, and both have one meaning only, so both are read.
pub(super) fn is_double(text: &[u8]) -> bool {
    let text = unsigned(text);
    if matches!(text, b"inf" | b"nan") {
        return true;
    }
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => digits(rest),
        _ => (0, rest),
    };
    let is_complete = match rest {
        [] => true,
        [b'e' | b'E', exponent @ ..] => is_digits(unsigned(exponent)),
        _ => false,
    };
    whole + fraction > 0 && is_complete
}

#[inline]
fn unsigned(text: &[u8]) -> &[u8] {
    match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    }
}

#[inline]
fn is_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// The number of leading digits, and what follows them.
fn digits(text: &[u8]) -> (usize, &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count, &text[count..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        for text in
            ["0", "-1", "+5", "007", "9223372036854775807", "-9223372036854775808", "000000000000000000001"]
        {
            assert!(is_integer(text.as_bytes()), "{text}");
            assert!(text.parse::<i64>().is_ok(), "{text}");
        }
        for text in
            ["", "-", "+", "abc", "1a", "1.5", " 1", "--1", "9223372036854775808", "-9223372036854775809"]
        {
            assert!(!is_integer(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn doubles() {
        for text in ["1.23", "10", "-1.5e-7", "+1E+300", ".5", "5.", "inf", "-inf", "nan", "-nan"] {
            assert!(is_double(text.as_bytes()), "{text}");
            assert!(text.parse::<f64>().is_ok(), "{text}");
        }
        for text in
            ["", "-", ".", "-.", "abc", "1e", "1e+", "1.5x", "e5", ".e5", "infinity", "0x10", "1.2.3", " 1"]
        {
            assert!(!is_double(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn big_numbers() {
        assert!(is_big_number(b"-3492890328409238509324850943850943825024385"));
        for text in ["", "-", "12x", "1.5"] {
            assert!(!is_big_number(text.as_bytes()), "{text}");
        }
    }
}
