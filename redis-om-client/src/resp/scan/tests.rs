//! The ends of replies, for input that is cut at any place.

use proptest::prelude::*;

use super::*;

fn end(bytes: &[u8]) -> Option<usize> {
    Scanner::default().frame(bytes).unwrap().map(|frame| frame.end)
}

#[test]
fn resumes_at_every_cut() {
    let whole = b"*4\r\n$3\r\nfoo\r\n%1\r\n+a\r\n:12\r\n$-1\r\n*2\r\n*0\r\n~1\r\n,1.5\r\n";
    for cut in 0..whole.len() {
        let mut scanner = Scanner::default();
        assert_eq!(scanner.frame(&whole[..cut]).unwrap(), None, "cut at {cut}");
        assert_eq!(scanner.frame(whole).unwrap().unwrap().end, whole.len(), "cut at {cut}");
    }
    let mut scanner = Scanner::default();
    for cut in 0..whole.len() {
        assert_eq!(scanner.frame(&whole[..cut]).unwrap(), None);
    }
    assert_eq!(scanner.frame(whole).unwrap().unwrap().end, whole.len());
}

#[test]
fn finds_the_end_of_the_first_of_several_replies() {
    assert_eq!(end(b"+OK\r\n:1\r\n"), Some(5));
    assert_eq!(end(b"*0\r\n+OK\r\n"), Some(4));
    assert_eq!(end(b"$0\r\n\r\n$1\r\nx\r\n"), Some(6));
}

#[test]
fn recognizes_push_messages_and_attributes() {
    let frame = Scanner::default().frame(b">2\r\n+message\r\n+x\r\n").unwrap().unwrap();
    assert!(frame.push && !frame.irregular);
    let frame = Scanner::default().frame(b"|1\r\n+ttl\r\n:3\r\n*1\r\n:5\r\n+next\r\n").unwrap().unwrap();
    assert!(!frame.push && frame.irregular);
    assert_eq!(frame.end, 22);
}

#[test]
fn finds_the_end_of_streamed_values() {
    for whole in [
        &b"$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n"[..],
        b"*?\r\n:1\r\n*?\r\n:2\r\n.\r\n.\r\n",
        b"%?\r\n+a\r\n:1\r\n.\r\n",
    ] {
        let mut scanner = Scanner::default();
        for cut in 0..whole.len() {
            assert_eq!(scanner.frame(&whole[..cut]).unwrap(), None, "cut {cut}");
        }
        let frame = scanner.frame(whole).unwrap().unwrap();
        assert_eq!((frame.end, frame.irregular), (whole.len(), true));
    }
}

#[test]
fn refuses_bytes_that_are_not_resp() {
    for (bytes, text) in [
        (&b"HTTP/1.1 400 Bad Request\r\n"[..], "found \"HTTP/1.1 400 Bad Request"),
        (b"$4294967296\r\n", "4294967296 bytes, more than the limit"),
        (b"$3\r\nfooXX", "line end"),
        (b"$x\r\n", "a length"),
        (b"$99999999999999999999\r\n", "a length"),
        (b"*-2\r\n", "a length or a count"),
        (b"*999999999999\r\n", "999999999999 entries"),
        (b"+OK\rX", "line end"),
        (b".\r\n", "type byte"),
        (b":\r\n", "an integer of 64 bits (`:`), found \":\\r\\n\""),
        (b":12a\r\n", "an integer of 64 bits"),
        (b":9223372036854775808\r\n", "an integer of 64 bits"),
        (b",abc\r\n", "a double (`,`), found \",abc"),
        (b"*1\r\n,1e\r\n", "a double"),
        (b"#x\r\n", "a boolean (`#t` or `#f`), found \"#x"),
        (b"#tr\n", "a boolean"),
        (b"_x\r\n", "null (`_`), found \"_x"),
        (b"(12x\r\n", "a big number"),
        (b"=2\r\nab\r\n", "a verbatim string with a format of three bytes"),
        (b"=4\r\ntxt-\r\n", "a verbatim string"),
        (b"*?\r\n:1\r\n.x\r\n", "the end of an open-ended aggregate"),
        (b">2\r\n+a\r\n>1\r\n+b\r\n", "inside a push message"),
        (b"*1\r\n>1\r\n*1\r\n>1\r\n", "inside a push message"),
    ] {
        let error = Scanner::default().frame(bytes).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Protocol);
        assert!(error.to_string().contains(text), "{error}");
    }
    let streams = b"*?\r\n".repeat(10_000);
    assert!(Scanner::default().frame(&streams).unwrap_err().to_string().contains("open-ended values nested"));
}

/// The specification allows these, and servers send some of them.
#[test]
fn accepts_every_form_of_a_number() {
    for bytes in [
        &b":+5\r\n"[..],
        b":-9223372036854775808\r\n",
        b",-1.5e-7\r\n",
        b",inf\r\n",
        b",-nan\r\n",
        b"(-12345678901234567890\r\n",
        b"=4\r\ntxt:\r\n",
    ] {
        assert_eq!(end(bytes), Some(bytes.len()), "{}", bytes.escape_ascii());
        let array = [b"*1\r\n", bytes].concat();
        assert_eq!(end(&array), Some(array.len()));
        assert!(crate::Replies::new(bytes).take().is_ok());
    }
}

#[test]
fn a_chunk_whose_length_starts_with_zero_does_not_end_the_string() {
    let bytes = b"$?\r\n;03\r\nabc\r\n;00\r\n+next\r\n";
    assert_eq!(end(bytes), Some(bytes.len() - 7));
}

/// In one piece and in several.
#[test]
fn the_limit_of_a_reply_holds_for_a_line_and_for_a_push_message_inside() {
    for kind in ["+", "-", ",", "("] {
        let line = format!("{kind}{}\r\n", "1".repeat(2_000));
        for step in [1, 100, 3_000] {
            assert_eq!(frames(line.as_bytes(), &[step]).unwrap().0, [None], "{kind}: {step} bytes at a time");
        }
    }
    let push = format!("*1\r\n>2\r\n+message\r\n+{}\r\n:1\r\n", "x".repeat(2_000));
    let push = push.as_bytes();
    for first in [0, 500, 1_500] {
        let mut scanner = Scanner::new(SMALL);
        let error = scanner.frame(&push[..first]).and_then(|_| scanner.frame(push)).unwrap_err();
        assert!(
            error.to_string().contains("a push message that exceeds a limit: found more than 1000"),
            "{error}"
        );
    }
}

/// The end of an aggregate is not awaited for ever in a reply that is skipped.
#[test]
fn the_end_of_an_aggregate_is_kept_short_in_a_reply_that_is_skipped() {
    let deep = format!("{}.{}", "*?\r\n".repeat(8), "x".repeat(10_000));
    let error = frames(deep.as_bytes(), &[100]).unwrap_err();
    assert!(error.to_string().contains("the end of an open-ended aggregate"), "{error}");
}

const SMALL: Limits = Limits { bulk: 300, reply: 1000, depth: 5 };

type Found = (Vec<Option<Vec<u8>>>, Vec<Vec<u8>>);

/// Scans `bytes` in pieces of the sizes in `steps`, and discards the bytes that are no longer needed. Returns each
/// reply without its push messages (`None` if it was refused), and the push messages.
fn frames(bytes: &[u8], steps: &[usize]) -> Result<Found, Error> {
    let mut scanner = Scanner::new(SMALL);
    let (mut found, mut pushes) = (Vec::new(), Vec::new());
    let (mut from, mut to) = (0, 0);
    for step in steps.iter().cycle() {
        if from == bytes.len() {
            break;
        }
        to = (to + step).min(bytes.len());
        while let Some(frame) = scanner.frame(&bytes[from..to])? {
            let whole = &bytes[from..from + frame.end];
            from += frame.end;
            let aside = if frame.aside { scanner.take_aside() } else { Aside::default() };
            if frame.push {
                pushes.push(whole.to_vec());
                continue;
            }
            let mut plain = Vec::new();
            let mut start = 0;
            for range in aside.pushes {
                pushes.push(whole[range.clone()].to_vec());
                plain.extend_from_slice(&whole[start..range.start]);
                start = range.end;
            }
            plain.extend_from_slice(&whole[start..]);
            found.push(aside.error.is_none().then_some(plain));
        }
        assert!(to - from <= SMALL.reply + step, "{} bytes are kept", to - from);
        if let Some((_, end, inside)) = scanner.discard() {
            pushes.extend(inside.into_iter().map(|range| bytes[from..from + end][range].to_vec()));
            from += end;
            assert!(to - from < 40, "{} bytes are kept after a discard", to - from);
        }
        assert!(scanner.outer.len() <= 2 * SMALL.depth + OPEN_BEYOND_DEPTH);
    }
    Ok((found, pushes))
}

fn refused(bytes: &[u8]) -> Error {
    let mut scanner = Scanner::new(SMALL);
    let frame = scanner.frame(bytes).unwrap().unwrap();
    assert_eq!(frame.end, bytes.len());
    let error = scanner.take_aside().error.unwrap();
    assert_eq!((error.kind(), error.execution()), (&ErrorKind::Protocol, Execution::Answered));
    error
}

#[test]
fn a_reply_that_exceeds_a_limit_is_skipped() {
    let string = |bytes: usize| format!("${bytes}\r\n{}\r\n", "x".repeat(bytes));
    let cases = [
        (format!("{}:1\r\n", "*1\r\n".repeat(6)), "nested more than 5 deep, the limit of `max_depth`"),
        (format!("{}:1\r\n", "%1\r\n+k\r\n".repeat(10_000)), "nested more than 5 deep"),
        (format!("{}:1\r\n", "*2\r\n*1\r\n:1\r\n".repeat(3_000)), "nested more than 5 deep"),
        (
            format!(
                "{}*?\r\n:1\r\n$?\r\n;1\r\nx\r\n;0\r\n.\r\n:2\r\n",
                "*1\r\n".repeat(8).replacen('1', "2", 1)
            ),
            "nested",
        ),
        (string(301), "a string of 301 bytes, more than the limit of 300 (`max_bulk`)"),
        (format!("*2\r\n{}{}", string(100_000), string(7)), "a string of 100000 bytes"),
        (format!("*400\r\n{}", ":1\r\n".repeat(400)), "an aggregate of 400 values"),
        (
            format!("*101\r\n{}", "$4\r\ntext\r\n".repeat(101)),
            "a reply of more than 1000 bytes, the limit of `max_reply`",
        ),
        (format!("*1\r\n+{}\r\n", "x".repeat(70_000)), "a reply of more than 1000 bytes"),
    ];
    for (case, text) in &cases {
        let error = refused(case.as_bytes()).to_string();
        assert!(error.contains(text) && error.contains("raise that limit"), "{error}");
        let bytes = [b":1\r\n", case.as_bytes(), b"+OK\r\n", case.as_bytes(), b"*1\r\n:2\r\n"].concat();
        let expected = [Some(&b":1\r\n"[..]), None, Some(b"+OK\r\n"), None, Some(b"*1\r\n:2\r\n")];
        for step in [1, 2, 3, 7, 64, 501] {
            let (found, pushes) = frames(&bytes, &[step]).unwrap();
            let found: Vec<_> = found.iter().map(Option::as_deref).collect();
            assert!(found == expected && pushes.is_empty(), "{text}: {step} bytes at a time");
        }
    }
}

#[test]
fn a_long_line_is_searched_once() {
    let long = [&b"-"[..], &vec![b'x'; 70_000], b"\r\n"].concat();
    let mut scanner = Scanner::default();
    for to in (1..long.len()).step_by(1000) {
        assert_eq!(scanner.frame(&long[..to]).unwrap(), None);
        assert_eq!(scanner.searched, to);
    }
    let to = long.len() - 1;
    assert_eq!(scanner.frame(&long[..to]).unwrap(), None);
    assert_eq!(scanner.searched, to - 1, "a line end may follow");
    assert_eq!(scanner.frame(&long).unwrap().unwrap().end, long.len());
    assert_eq!(scanner.searched, 0);
}

#[test]
fn push_messages_inside_a_reply_are_found() {
    // From Redis 6.2.5: a client writes a key that it tracks, inside a transaction.
    let bytes = b"*2\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n:1\r\n:2\r\n+next\r\n";
    let push = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n".to_vec();
    for step in 1..bytes.len() {
        let (found, pushes) = frames(bytes, &[step]).unwrap();
        assert_eq!(found, [Some(b"*2\r\n:1\r\n:2\r\n".to_vec()), Some(b"+next\r\n".to_vec())]);
        assert_eq!(pushes, std::slice::from_ref(&push));
    }
    // They are also found in a reply that is skipped.
    let long =
        [&b"*200\r\n"[..], &b"$4\r\ntext\r\n".repeat(150), &push, &b"$4\r\ntext\r\n".repeat(50)].concat();
    for step in [1, 10, 333] {
        assert_eq!(frames(&long, &[step]).unwrap(), (vec![None], vec![push.clone()]));
    }
}

#[test]
fn a_push_message_that_exceeds_a_limit_is_an_error_of_the_connection() {
    let long = format!(">2\r\n+message\r\n$400\r\n{}\r\n", "x".repeat(400));
    let deep = format!(">2\r\n+message\r\n{}", "*1\r\n".repeat(9));
    let many = format!(">2\r\n+message\r\n*100\r\n{}", "$10\r\n0123456789\r\n".repeat(100));
    for push in [long, deep, many] {
        for bytes in [push.clone(), format!("*1\r\n{push}")] {
            let error = frames(bytes.as_bytes(), &[100]).unwrap_err();
            assert!(error.to_string().contains("a push message"), "{error}");
        }
    }
}

/// A reply, the same reply without its push messages (`None` if it exceeds a limit), and the number of its push
/// messages.
fn frame() -> impl Strategy<Value = (Vec<u8>, Option<Vec<u8>>, usize)> {
    const PUSH: &[u8] = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n";
    let string = |length: usize| [format!("${length}\r\n").as_bytes(), &vec![b'x'; length], b"\r\n"].concat();
    let leaf = prop_oneof![
        6 => (0usize..40).prop_map(string),
        1 => (290usize..320).prop_map(string),
        2 => any::<i64>().prop_map(|n| format!(":{n}\r\n").into_bytes()),
        2 => "[a-z]{0,60}".prop_map(|text| format!("-{text}\r\n").into_bytes()),
        1 => proptest::sample::select(vec![b"$-1\r\n".to_vec(), b"_\r\n".to_vec(), b"$?\r\n;2\r\nxy\r\n;0\r\n".to_vec()]),
    ]
    .prop_map(|bytes| (bytes.clone(), bytes, 0usize));
    let value = leaf.prop_recursive(7, 40, 5, |inner| {
        (proptest::collection::vec((inner, any::<u8>()), 0..6), 0u8..4).prop_map(|(items, kind)| {
            let header = match kind {
                0 => "*?\r\n".to_owned(),
                1 if items.len() % 2 == 0 => format!("%{}\r\n", items.len() / 2),
                _ => format!("*{}\r\n", items.len()),
            };
            let (mut with, mut without) = (header.clone().into_bytes(), header.into_bytes());
            let mut pushes = 0;
            for ((item, plain, inside), chance) in items {
                if chance % 4 == 0 {
                    with.extend_from_slice(PUSH);
                    pushes += 1;
                }
                with.extend(item);
                without.extend(plain);
                pushes += inside;
            }
            if kind == 0 {
                with.extend_from_slice(b".\r\n");
                without.extend_from_slice(b".\r\n");
            }
            (with, without, pushes)
        })
    });
    value.prop_map(|(with, without, pushes)| {
        // The limits include the push messages of a reply.
        let mut scanner = Scanner::new(SMALL);
        let whole = scanner.frame(&with).unwrap().unwrap();
        let fits = !whole.aside || scanner.take_aside().error.is_none();
        (with, fits.then_some(without), pushes)
    })
}

proptest! {
    /// Replies are found as if each came alone and in one piece, however the input is cut and whatever replies come
    /// before.
    #[test]
    fn replies_are_found_however_the_input_is_cut(
        all in proptest::collection::vec(frame(), 1..8),
        steps in proptest::collection::vec(1usize..200, 1..6),
    ) {
        let bytes: Vec<u8> = all.iter().flat_map(|(bytes, ..)| bytes.clone()).collect();
        let (found, pushes) = frames(&bytes, &steps).unwrap();
        prop_assert_eq!(found.len(), all.len());
        for (found, (_, expected, _)) in found.iter().zip(&all) {
            prop_assert_eq!(found, expected);
        }
        prop_assert_eq!(pushes.len(), all.iter().map(|(_, _, pushes)| pushes).sum::<usize>());
    }
}

#[test]
fn counts_the_missing_bytes_of_a_string() {
    let mut scanner = Scanner::default();
    let bytes = b"*2\r\n:1\r\n$100\r\nabc";
    assert_eq!(scanner.frame(bytes).unwrap(), None);
    assert_eq!(scanner.missing(bytes), 99);
}
