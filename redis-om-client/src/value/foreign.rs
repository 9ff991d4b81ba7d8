//! Types of other crates: uuid, ulid, chrono.

#[cfg(any(feature = "uuid", feature = "ulid"))]
mod ids {
    use crate::{
        error::DecodeError,
        resp::Reply,
        value::{Arg, Args, FromRedis, ToArg, ToArgs, Written},
    };

    #[cfg(feature = "uuid")]
    impl ToArg for uuid::Uuid {
        /// The hyphenated text, in lower case.
        fn to_arg(&self, arg: Arg<'_>) -> Written {
            arg.bytes(self.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes())
        }
    }

    #[cfg(feature = "uuid")]
    impl ToArgs for uuid::Uuid {
        fn to_args(&self, args: &mut Args<'_>) {
            args.arg(self);
        }
    }

    #[cfg(feature = "uuid")]
    impl FromRedis for uuid::Uuid {
        fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
            let blob = reply.blob("a UUID")?;
            Self::try_parse_ascii(&blob).map_err(|_| DecodeError::expected("a UUID", blob))
        }
    }

    #[cfg(feature = "ulid")]
    impl ToArg for ulid::Ulid {
        /// The 26 characters of Crockford's base 32.
        fn to_arg(&self, arg: Arg<'_>) -> Written {
            arg.bytes(self.array_to_str(&mut [0; ulid::ULID_LEN]).as_bytes())
        }
    }

    #[cfg(feature = "ulid")]
    impl ToArgs for ulid::Ulid {
        fn to_args(&self, args: &mut Args<'_>) {
            args.arg(self);
        }
    }

    #[cfg(feature = "ulid")]
    impl FromRedis for ulid::Ulid {
        fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
            let blob = reply.blob("a ULID")?;
            blob.as_str()
                .ok()
                .and_then(|text| Self::from_string(text).ok())
                .ok_or_else(|| DecodeError::expected("a ULID (26 characters)", blob))
        }
    }
}

#[cfg(feature = "chrono")]
mod times {
    use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};

    use crate::{
        error::DecodeError,
        resp::Reply,
        value::{Arg, Args, FromRedis, ToArg, ToArgs, Written},
    };

    /// Milliseconds since 1970 in UTC.
    impl<Tz: TimeZone> ToArg for DateTime<Tz> {
        fn to_arg(&self, arg: Arg<'_>) -> Written {
            arg.integer(self.timestamp_millis())
        }
    }

    impl<Tz: TimeZone> ToArgs for DateTime<Tz> {
        fn to_args(&self, args: &mut Args<'_>) {
            args.arg(self);
        }
    }

    /// From milliseconds since 1970 in UTC.
    impl FromRedis for DateTime<Utc> {
        fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
            let millis = i64::from_redis(reply)?;
            Self::from_timestamp_millis(millis)
                .ok_or_else(|| DecodeError::expected("milliseconds since 1970 within the calendar", millis))
        }
    }

    impl FromRedis for DateTime<chrono::FixedOffset> {
        fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
            DateTime::<Utc>::from_redis(reply).map(|time| time.fixed_offset())
        }
    }

    macro_rules! text {
        ($($type:ty, $format:literal, $name:literal);*) => { $(
            impl ToArg for $type {
                fn to_arg(&self, arg: Arg<'_>) -> Written {
                    arg.display(self.format($format))
                }
            }

            impl ToArgs for $type {
                fn to_args(&self, args: &mut Args<'_>) {
                    args.arg(self);
                }
            }

            impl FromRedis for $type {
                fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
                    let blob = reply.blob($name)?;
                    blob.as_str()
                        .ok()
                        .and_then(|text| text.parse().ok())
                        .ok_or_else(|| DecodeError::expected($name, blob))
                }
            }
        )* };
    }

    text!(
        NaiveDate, "%Y-%m-%d", "a date (2026-01-31)";
        NaiveTime, "%H:%M:%S%.f", "a time (23:59:59.5)";
        NaiveDateTime, "%Y-%m-%dT%H:%M:%S%.f", "a date and time (2026-01-31T23:59:59.5)"
    );
}
