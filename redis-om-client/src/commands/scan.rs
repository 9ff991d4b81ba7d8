//! The shared parts of `SCAN`, `HSCAN`, `SSCAN` and `ZSCAN`: their options, and one page.

use crate::{
    error::DecodeError,
    resp::Reply,
    value::{Args, FromRedis, ToArg, ToArgs},
};

use super::{KeyType, kept::Kept};

/// One page of a scan.
///
/// A scan starts with the cursor 0 and continues with the cursor of the last page, until that is 0 again. A page can be
/// empty without being the last. An element that exists during the whole scan is returned at least once. It may be
/// returned twice if the server resized its table meanwhile.
///
/// ```
/// # use redis_om_client::{commands::ScanOptions, prelude::*};
/// # async fn example(client: Client) -> redis_om_client::Result<()> {
/// let mut cursor = 0;
/// loop {
///     let page = client.scan_with(cursor, ScanOptions::new().pattern("user:*")).await?;
///     for key in page.items {
///         println!("{key}");
///     }
///     cursor = page.cursor;
///     if cursor == 0 {
///         break;
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanPage<T> {
    /// The cursor of the next page; 0 in the last page.
    pub cursor: u64,
    /// The found keys or members, or pairs of field and value, or of member and score.
    pub items: Vec<T>,
}

impl<T> ScanPage<T> {
    /// Whether this is the last page.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.cursor == 0
    }
}

impl<T: FromRedis> FromRedis for ScanPage<T> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let (cursor, items) = FromRedis::from_redis(reply)?;
        Ok(Self { cursor, items })
    }
}

/// Options of SCAN, HSCAN, SSCAN and ZSCAN.
///
/// ```
/// # use redis_om_client::{commands::{KeyType, ScanOptions}, prelude::*};
/// let options = ScanOptions::new().pattern("user:*").count(500).type_(KeyType::Hash);
/// let command = cmd().scan_with(0, options);
/// assert_eq!(command.to_string(), "SCAN 0 MATCH user:* COUNT 500 TYPE hash");
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
#[non_exhaustive]
pub struct ScanOptions {
    pattern: Option<Kept>,
    count: Option<u64>,
    type_: Option<KeyType>,
}

impl ScanOptions {
    /// No options: everything, in pages of a size that the server chooses (about 10).
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns only elements that match this glob: `*` any text, `?` one byte, `[a-z]` one of these bytes; `\` makes
    /// the next byte literal.
    ///
    /// It is applied after the server has collected a page, so pages become smaller, not fewer.
    pub fn pattern(mut self, pattern: impl ToArg) -> Self {
        self.pattern = Some(Kept::new(pattern));
        self
    }

    /// Sets about how many elements the server examines for one page. A larger number needs fewer round trips, each of
    /// which takes longer.
    pub fn count(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// `SCAN` only: returns only keys that hold a value of this type. Since 6.0.0.
    pub fn type_(mut self, type_: KeyType) -> Self {
        self.type_ = Some(type_);
        self
    }
}

impl ToArgs for ScanOptions {
    fn to_args(&self, args: &mut Args<'_>) {
        if let Some(pattern) = &self.pattern {
            args.arg("MATCH").arg(pattern);
        }
        if let Some(count) = self.count {
            args.arg("COUNT").arg(&count);
        }
        if let Some(type_) = &self.type_ {
            args.arg("TYPE").arg(type_);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{command::Cmd, resp::Replies};

    fn decode<T: FromRedis>(bytes: &[u8]) -> Result<T, DecodeError> {
        T::from_redis(Replies::new(bytes).take()?)
    }

    #[test]
    fn options_in_the_order_of_the_documentation() {
        assert_eq!(Cmd::new("SCAN").arg(0).args(ScanOptions::new()).to_string(), "SCAN 0");
        let options = ScanOptions::new().type_(KeyType::Other("ReJSON-RL".into())).count(1).pattern("a b");
        assert_eq!(
            Cmd::new("SCAN").arg(5).args(options).to_string(),
            "SCAN 5 MATCH \"a b\" COUNT 1 TYPE ReJSON-RL"
        );
    }

    #[test]
    fn pages() {
        // A cursor has 64 bits, and arrives as digits.
        let page: ScanPage<String> =
            decode(b"*2\r\n$20\r\n18446744073709551615\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n").unwrap();
        assert_eq!((page.cursor, page.items.len(), page.is_last()), (u64::MAX, 2, false));
        let page: ScanPage<(String, f64)> =
            decode(b"*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$3\r\n1.5\r\n").unwrap();
        assert_eq!(page.items, [("a".to_owned(), 1.5)]);
        assert!(page.is_last());
        assert!(decode::<ScanPage<String>>(b"*1\r\n$1\r\n0\r\n").is_err());
    }
}
