//! The hash slot of a key: which part of a cluster's keys it belongs to.

/// How many slots a cluster has.
pub const SLOTS: u16 = 16_384;

/// The polynomial of CRC-16/XMODEM, which the cluster specification names.
const POLYNOMIAL: u16 = 0x1021;

/// What a byte adds to the checksum.
const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ POLYNOMIAL };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// The slot of a key, from 0 to 16383, as `CLUSTER KEYSLOT` says it. Keys with the same text in their first braces have the
/// same slot.
///
/// ```
/// use redis_om_client::slot;
///
/// assert_eq!(slot(b"foo"), 12_182);
/// assert_eq!(slot(b"{user:1}:name"), slot(b"{user:1}:visits"));
/// ```
#[must_use]
pub fn slot(key: &[u8]) -> u16 {
    crc16(hashed(key)) % SLOTS
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| (crc << 8) ^ TABLE[usize::from((crc >> 8) as u8 ^ byte)])
}

/// The text between the first `{` and the next `}`, unless there is none or it is empty; else all of the key.
fn hashed(key: &[u8]) -> &[u8] {
    let tag = memchr::memchr(b'{', key).and_then(|open| {
        let behind = &key[open + 1..];
        memchr::memchr(b'}', behind).map(|close| &behind[..close])
    });
    tag.filter(|tag| !tag.is_empty()).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(crc16(b""), 0);
    }

    #[test]
    fn known_keys_have_their_slots() {
        for (key, expected) in [("foo", 12_182), ("bar", 5061), ("hello", 866), ("somekey", 11_058), ("", 0)]
        {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
    }

    #[test]
    fn only_the_first_braces_with_text_between_count() {
        let same = |a: &[u8], b: &[u8]| assert_eq!(slot(a), slot(b), "{a:?} {b:?}");
        same(b"{user}:1", b"user");
        same(b"a{b}c{d}e", b"b");
        // The first `{` counts, and the first `}` behind it.
        same(b"foo{{bar}}zap", b"{bar");
        assert_eq!(hashed(b"foo{}{bar}"), b"foo{}{bar}", "empty braces: all of the key counts");
        assert_eq!(hashed(b"}a{b"), b"}a{b", "no closing brace");
        assert_eq!(hashed(b"a}{b}"), b"b");
    }
}
