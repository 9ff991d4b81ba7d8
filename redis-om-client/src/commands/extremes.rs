//! No number, duration or point in time that a user passes panics while a command is built, and none becomes another
//! one on the way.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::command::{Cmd, Command, Plan, cmd, pipe};

fn durations() -> impl Strategy<Value = Duration> {
    let nanos = prop_oneof![Just(0), Just(1), Just(999_999_999), 0_u32..1_000_000_000];
    let secs = prop_oneof![
        Just(0),
        Just(1),
        Just(u64::MAX),
        9_223_372_036_854_774_u64..9_223_372_036_854_777,
        any::<u64>()
    ];
    prop_oneof![Just(Duration::MAX), (secs, nanos).prop_map(|(secs, nanos)| Duration::new(secs, nanos))]
}

/// As far from 1970 as this machine's clock can say, in both directions.
fn times() -> impl Strategy<Value = SystemTime> {
    (durations(), any::<bool>()).prop_map(|(duration, later)| {
        let time = if later { UNIX_EPOCH.checked_add(duration) } else { UNIX_EPOCH.checked_sub(duration) };
        time.unwrap_or(UNIX_EPOCH)
    })
}

fn integers() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MIN), Just(-1), Just(0), Just(i64::MAX), any::<i64>()]
}

fn naturals() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(u64::MAX), Just(1 << 63), any::<u64>()]
}

fn built<R>(command: Command<R>) -> Cmd {
    command.cmd().clone()
}

/// Refused with a text, or a time that is not zero and fits beside the server's clock.
fn is_a_lifetime(cmd: &Cmd, index: usize) -> Result<(), TestCaseError> {
    if let Err(error) = cmd.check() {
        prop_assert!(
            error.to_string().contains(" must be later ") || error.to_string().contains("a lifetime of "),
            "{error}"
        );
        return Ok(());
    }
    let words = cmd.to_string();
    let time = words.split(' ').nth(index).and_then(|word| word.parse::<i64>().ok());
    prop_assert!(time.is_some_and(|time| time > 0), "{words}");
    Ok(())
}

proptest! {
    #[test]
    fn lifetimes(time in durations(), at in times()) {
        let sent = [
            (built(cmd().expire("k", time)), 2),
            (built(cmd().expire_with("k", time, ExpireOptions::new().gt())), 2),
            (built(cmd().pexpire("k", time)), 2),
            (built(cmd().pexpire_with("k", time, ExpireOptions::new().lt())), 2),
            (built(cmd().setex("k", time, 1)), 2),
            (built(cmd().psetex("k", time, 1)), 2),
            (built(cmd().set_with("k", 1, SetOptions::new().ex(time))), 4),
            (built(cmd().getex::<String>("k", GetEx::In(time))), 3),
            (built(cmd().restore_with("k", 1, RestoreOptions::new().ex(time))), 2),
            (built(cmd().hexpire("k", time, "f")), 2),
            (built(cmd().hpexpire("k", time, "f")), 2),
            (built(cmd().hgetex::<String>("k", "f", HGetEx::In(time))), 3),
            (built(cmd().hsetex("k", ("f", 1), HSetExOptions::new().ex(time))), 3),
            (built(cmd().expireat("k", at)), 2),
            (built(cmd().pexpireat("k", at)), 2),
            (built(cmd().set_with("k", 1, SetOptions::new().exat(at))), 4),
            (built(cmd().getex::<String>("k", GetEx::At(at))), 3),
            (built(cmd().restore_with("k", 1, RestoreOptions::new().exat(at))), 2),
            (built(cmd().hexpireat("k", at, "f")), 2),
            (built(cmd().hpexpireat("k", at, "f")), 2),
            (built(cmd().hgetex::<String>("k", "f", HGetEx::At(at))), 3),
            (built(cmd().hsetex("k", ("f", 1), HSetExOptions::new().exat(at))), 3),
        ];
        for (cmd, index) in &sent {
            is_a_lifetime(cmd, *index)?;
        }
    }

    #[test]
    fn timeouts(time in durations(), other in durations()) {
        let (left, right) = (ListEnd::Left, ListEnd::Right);
        let sent = [
            (built(cmd().blpop::<String>("k", time)), 2),
            (built(cmd().brpop::<String>("k", time)), 2),
            (built(cmd().blmove::<String>("k", "l", left, right, time)), 5),
            (built(cmd().brpoplpush::<String>("k", "l", time)), 3),
            (built(cmd().blmpop::<String>("k", left, 1, time)), 1),
            (built(cmd().blmovem::<Vec<String>>("k", "l", left, right, LMoveM::up_to(1), time)), 5),
            (built(cmd().bzpopmin::<String>("k", time)), 2),
            (built(cmd().bzpopmax::<String>("k", time)), 2),
            (built(cmd().bzmpop::<String>("k", ZEnd::Min, 1, time)), 1),
            (pipe().set("k", 1).wait(1, time).cmd().clone(), 6),
            (pipe().set("k", 1).waitaof(true, 1, time).cmd().clone(), 7),
        ];
        for (cmd, index) in &sent {
            prop_assert!(cmd.check().is_ok());
            let words = cmd.to_string();
            let sent: f64 = words.split(' ').nth(*index).unwrap().parse().unwrap();
            prop_assert_eq!(sent == 0.0, time.is_zero(), "{}", words);
        }
        prop_assert!(pipe().blpop::<String>("k", time).blpop::<String>("l", other).cmd().is_blocking());
        let migrate = cmd().migrate("h", 1, "k", time, MigrateOptions::new());
        prop_assert_eq!(migrate.cmd().check().is_err(), time.is_zero());
        prop_assert_eq!(cmd().client_pause(time, PauseMode::All).cmd().check().is_err(), time.is_zero());
        let filter = ClientFilter::new().maxage(time).idle(other);
        prop_assert!(cmd().client_kill(filter).cmd().check().is_ok());
    }

    #[test]
    fn numbers(a in integers(), b in integers(), n in naturals(), m in naturals(), x: f64) {
        let sent = [
            (built(cmd().decr_by("k", a)), format!("DECRBY k {a}")),
            (built(cmd().incr_by("k", a)), format!("INCRBY k {a}")),
            (built(cmd().getrange::<String>("k", a, b)), format!("GETRANGE k {a} {b}")),
            (built(cmd().setrange("k", n, "v")), format!("SETRANGE k {n} v")),
            (built(cmd().lcs_idx("k", "l", LcsOptions::new().min_match_len(n))), format!("LCS k l IDX MINMATCHLEN {n}")),
            (built(cmd().lrange::<Vec<String>>("k", a, b)), format!("LRANGE k {a} {b}")),
            (built(cmd().lpop_count::<Vec<String>>("k", n)), format!("LPOP k {n}")),
            (built(cmd().lmpop::<String>("k", ListEnd::Left, n)), format!("LMPOP 1 k LEFT COUNT {n}")),
            (built(cmd().lpos_with("k", "v", LPosOptions::new().rank(a).maxlen(n))), format!("LPOS k v RANK {a} MAXLEN {n}")),
            (built(cmd().spop_count::<Vec<String>>("k", n)), format!("SPOP k {n}")),
            (built(cmd().zpopmin_count::<String>("k", n)), format!("ZPOPMIN k {n}")),
            (built(cmd().zrange::<Vec<String>>("k", a, b)), format!("ZRANGE k {a} {b}")),
            (built(cmd().zrange_with::<Vec<String>>("k", ZRange::by_score(..).limit(n, b))), format!("ZRANGE k -inf inf BYSCORE LIMIT {n} {b}")),
            (built(cmd().sort_with::<Vec<i64>>("k", SortOptions::new().limit(n, b))), format!("SORT k LIMIT {n} {b}")),
            (built(cmd().hrandfield_count::<Vec<String>>("k", a)), format!("HRANDFIELD k {a}")),
            (built(cmd().scan_with(n, ScanOptions::new().count(m))), format!("SCAN {n} COUNT {m}")),
            (built(cmd().json_arrpop::<Vec<String>>("k", "$", a)), format!("JSON.ARRPOP k $ {a}")),
            (built(cmd().client_unblock(n, Unblock::Error)), format!("CLIENT UNBLOCK {n} ERROR")),
        ];
        for (cmd, words) in &sent {
            prop_assert!(cmd.check().is_ok());
            prop_assert_eq!(&cmd.to_string(), words);
        }
        for cmd in [built(cmd().incr_by_float("k", x)), built(cmd().zincr_by("k", x, "v")), built(cmd().zcount("k", x..x))] {
            prop_assert_eq!(cmd.check().is_err(), x.is_nan());
        }
    }
}
