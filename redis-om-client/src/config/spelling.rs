//! Suggestions for misspelled names.

/// The candidate nearest to `word`: `word` is its beginning, or differs by one or two typos.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // No name is longer, and the work grows with the square of the length.
    if word.len() > 40 {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let allowed = ((word.len() + 1) / 3).min(2);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let begins = word.len() >= 3 && candidate.starts_with(&word);
            let typos = if begins { 1 } else { distance(word.as_bytes(), candidate.as_bytes()) };
            (begins || typos <= allowed).then_some((typos, candidate))
        })
        .min_by_key(|(typos, _)| *typos)
        .map(|(_, candidate)| candidate)
}

/// The edit distance: how many bytes must be inserted, removed or changed.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, above) in b.iter().zip(&mut row[1..]) {
            let cost = (diagonal + usize::from(x != y)).min(left + 1).min(*above + 1);
            diagonal = std::mem::replace(above, cost);
            left = cost;
        }
        row[0] = i + 1;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let names = ["protocol", "pool_size", "pool_timeout", "username", "db"];
        for (word, meant) in [
            ("protcol", Some("protocol")),
            ("pol_sice", Some("pool_size")),
            ("poolsize", Some("pool_size")),
            ("user", Some("username")),
            ("DB", Some("db")),
            ("x", None),
            ("", None),
            ("colour", None),
        ] {
            assert_eq!(nearest(word, names), meant, "{word}");
        }
    }

    #[test]
    fn counts_edits() {
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
        assert_eq!(distance(b"abc", b""), 3);
    }
}
