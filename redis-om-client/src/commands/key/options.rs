//! Options of the key commands.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use crate::{
    commands::{
        expiry::{self, Unfit},
        kept::Kept,
    },
    value::{Args, ToArg, ToArgs},
};

/// Options of COPY.
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
#[non_exhaustive]
pub struct CopyOptions {
    db: Option<u32>,
    replace: bool,
}

impl CopyOptions {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Copies into this database of the same server.
    pub fn db(mut self, db: u32) -> Self {
        self.db = Some(db);
        self
    }

    /// Replaces an existing key.
    pub fn replace(mut self) -> Self {
        self.replace = true;
        self
    }
}

impl ToArgs for CopyOptions {
    fn to_args(&self, args: &mut Args<'_>) {
        if let Some(db) = self.db {
            args.arg("DB").arg(&db);
        }
        if self.replace {
            args.arg("REPLACE");
        }
    }
}

/// Options of RESTORE.
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
#[non_exhaustive]
pub struct RestoreOptions {
    expiry: Option<Expiry>,
    replace: bool,
    idle_time: Option<u64>,
    freq: Option<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Expiry {
    In(Duration),
    At(SystemTime),
}

impl RestoreOptions {
    /// No options: the key must not exist, and does not expire.
    pub fn new() -> Self {
        Self::default()
    }

    /// It expires after this time, rounded up to milliseconds.
    pub fn ex(mut self, lifetime: Duration) -> Self {
        self.expiry = Some(Expiry::In(lifetime));
        self
    }

    /// It expires at this time, rounded up to milliseconds. Since 5.0.0.
    pub fn exat(mut self, time: SystemTime) -> Self {
        self.expiry = Some(Expiry::At(time));
        self
    }

    /// Replaces an existing key. Since 3.0.0.
    pub fn replace(mut self) -> Self {
        self.replace = true;
        self
    }

    /// Sets the time since its last access, in whole seconds, for eviction by LRU. Since 5.0.0.
    pub fn idle_time(mut self, idle: Duration) -> Self {
        self.idle_time = Some(idle.as_secs());
        self
    }

    /// Sets its access frequency, on the server's logarithmic scale, for eviction by LFU. Since 5.0.0.
    pub fn freq(mut self, frequency: u8) -> Self {
        self.freq = Some(frequency);
        self
    }

    /// The time before the value; 0 means no expiry.
    pub(super) fn ttl(&self) -> Result<u64, Unfit> {
        match self.expiry {
            None => Ok(0),
            Some(Expiry::In(lifetime)) => expiry::millis(lifetime),
            Some(Expiry::At(time)) => expiry::unix_millis(time),
        }
    }
}

impl ToArgs for RestoreOptions {
    fn to_args(&self, args: &mut Args<'_>) {
        if self.replace {
            args.arg("REPLACE");
        }
        if let Some(Expiry::At(_)) = self.expiry {
            args.arg("ABSTTL");
        }
        if let Some(seconds) = self.idle_time {
            args.arg("IDLETIME").arg(&seconds);
        }
        if let Some(frequency) = self.freq {
            args.arg("FREQ").arg(&u32::from(frequency));
        }
    }
}

/// Options of MIGRATE.
#[derive(Debug, Clone, Default)]
#[must_use]
#[non_exhaustive]
pub struct MigrateOptions {
    db: u32,
    copy: bool,
    replace: bool,
    auth: Option<Auth>,
}

/// The login of this server at the other one.
#[derive(Clone)]
struct Auth {
    user: Option<Kept>,
    password: Kept,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A log must not show the password.
        f.debug_struct("Auth").field("user", &self.user).finish_non_exhaustive()
    }
}

impl MigrateOptions {
    /// No options: moves into database 0; the keys must not exist there.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves into this database.
    pub fn db(mut self, db: u32) -> Self {
        self.db = db;
        self
    }

    /// Keeps the keys on this server.
    pub fn copy(mut self) -> Self {
        self.copy = true;
        self
    }

    /// Replaces existing keys.
    pub fn replace(mut self) -> Self {
        self.replace = true;
        self
    }

    /// The password for the other server. Since 4.0.7.
    pub fn auth(mut self, password: impl ToArg) -> Self {
        self.auth = Some(Auth { user: None, password: Kept::new(password) });
        self
    }

    /// The user and the password for the other server. Since 6.0.0.
    pub fn auth2(mut self, user: impl ToArg, password: impl ToArg) -> Self {
        self.auth = Some(Auth { user: Some(Kept::new(user)), password: Kept::new(password) });
        self
    }

    pub(super) fn database(&self) -> u32 {
        self.db
    }
}

impl ToArgs for MigrateOptions {
    fn to_args(&self, args: &mut Args<'_>) {
        if self.copy {
            args.arg("COPY");
        }
        if self.replace {
            args.arg("REPLACE");
        }
        match &self.auth {
            None => {}
            Some(Auth { user: None, password }) => {
                args.arg("AUTH").arg(password);
            }
            Some(Auth { user: Some(user), password }) => {
                args.arg("AUTH2").arg(user).arg(password);
            }
        }
    }
}

/// Options of SORT and SORT_RO.
///
/// ```
/// # use redis_om_client::{commands::SortOptions, prelude::*};
/// // The names of the ten users that have most points; `#` would be the element itself.
/// let best = SortOptions::new().by("user:*->points").desc().limit(0, 10).get("user:*->name");
/// assert_eq!(
///     cmd().sort_ro::<Vec<Option<String>>>("users", best).to_string(),
///     "SORT_RO users BY user:*->points LIMIT 0 10 GET user:*->name DESC"
/// );
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
#[non_exhaustive]
pub struct SortOptions {
    by: Option<Kept>,
    limit: Option<(u64, i64)>,
    get: Vec<Kept>,
    desc: bool,
    alpha: bool,
}

impl SortOptions {
    /// No options: the elements themselves, sorted as numbers, ascending.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sorts by the values of other keys: `weight:*` with the element in the place of `*`, or `user:*->points` for a
    /// field of a hash. A pattern without `*`, such as `nosort`, keeps the order.
    pub fn by(mut self, pattern: impl ToArg) -> Self {
        self.by = Some(Kept::new(pattern));
        self
    }

    /// Skips `offset` elements and returns `count` of them; a negative count returns all that follow.
    pub fn limit(mut self, offset: u64, count: i64) -> Self {
        self.limit = Some((offset, count));
        self
    }

    /// Returns the values of other keys instead of the elements, one for each call of this method; `#` is the element
    /// itself.
    pub fn get(mut self, pattern: impl ToArg) -> Self {
        self.get.push(Kept::new(pattern));
        self
    }

    /// Sorts in descending order.
    pub fn desc(mut self) -> Self {
        self.desc = true;
        self
    }

    /// Sorts in ascending order, which is the default.
    pub fn asc(mut self) -> Self {
        self.desc = false;
        self
    }

    /// Sorts as text instead of numbers.
    pub fn alpha(mut self) -> Self {
        self.alpha = true;
        self
    }
}

impl ToArgs for SortOptions {
    fn to_args(&self, args: &mut Args<'_>) {
        if let Some(pattern) = &self.by {
            args.arg("BY").arg(pattern);
        }
        if let Some((offset, count)) = self.limit {
            args.arg("LIMIT").arg(&offset).arg(&count);
        }
        for pattern in &self.get {
            args.arg("GET").arg(pattern);
        }
        if self.desc {
            args.arg("DESC");
        }
        if self.alpha {
            args.arg("ALPHA");
        }
    }
}
