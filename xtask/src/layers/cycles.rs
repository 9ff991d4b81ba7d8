//! Cycles between the modules of one folder.
//!
//! A folder's own `mod.rs` is left out: its modules use what it declares, and it re-exports what they have. A name that
//! it re-exports counts as a use of the module that has the item.

use std::collections::{BTreeMap, VecDeque};

use super::crates::{Use, Uses};

/// A module that uses another one.
type Edge = (Vec<String>, Vec<String>);
/// The uses between the modules of one folder, each with the first place where it stands.
type Edges = BTreeMap<Edge, String>;

/// The modules that stand beside each other where `from` uses `to`: `net::link` and `net::driver` for
/// `net::link::Handle` and `net::driver`. `None` where one holds the other.
pub(super) fn siblings<'a>(from: &'a [String], to: &'a [String]) -> Option<(&'a [String], &'a [String])> {
    let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    (common < from.len() && common < to.len()).then(|| (&from[..=common], &to[..=common]))
}

/// Every cycle, as the chain of its uses. `accepted` uses are left out.
pub(super) fn cycles(uses: &Uses, accepted: impl Fn(&[String], &[String]) -> bool) -> Vec<String> {
    let mut edges = Edges::new();
    for Use { from, to, place } in &uses.uses {
        if let Some((from, to)) = siblings(from, to).filter(|(from, to)| !accepted(from, to)) {
            edges.entry((from.to_vec(), to.to_vec())).or_insert_with(|| place.clone());
        }
    }
    let mut found = Vec::new();
    while let Some(cycle) = shortest(&edges) {
        let steps: Vec<_> = cycle
            .iter()
            .map(|edge| format!("{} uses {} ({})", edge.0.join("::"), edge.1.join("::"), edges[edge]))
            .collect();
        found.push(steps.join(", "));
        // Cycles that share no use with this one are told, too; the others show once it is gone.
        cycle.iter().for_each(|edge| drop(edges.remove(edge)));
    }
    found
}

/// The shortest cycle.
fn shortest(edges: &Edges) -> Option<Vec<Edge>> {
    let cycles = edges.keys().filter_map(|first| {
        let mut rest = chain(edges, &first.1, &first.0)?;
        rest.insert(0, first.clone());
        Some(rest)
    });
    cycles.min_by_key(Vec::len)
}

/// The shortest chain of uses from one module to another.
fn chain(edges: &Edges, from: &[String], to: &[String]) -> Option<Vec<Edge>> {
    let mut reached: BTreeMap<&[String], Option<&Edge>> = [(from, None)].into();
    let mut queue = VecDeque::from([from]);
    while let Some(module) = queue.pop_front() {
        if module == to {
            let mut chain = Vec::new();
            let mut place = module;
            while let Some(edge) = reached[place] {
                chain.push(edge.clone());
                place = &edge.0;
            }
            chain.reverse();
            return Some(chain);
        }
        for edge in edges.keys().filter(|edge| edge.0 == module) {
            if !reached.contains_key(&edge.1[..]) {
                reached.insert(&edge.1, Some(edge));
                queue.push_back(&edge.1);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pairs: &[(&str, &str)], accepted: &[(&str, &str)]) -> Vec<String> {
        let words = |path: &str| path.split("::").map(str::to_owned).collect::<Vec<_>>();
        let uses = pairs.iter().enumerate().map(|(line, (from, to))| Use {
            from: words(from),
            to: words(to),
            place: format!("f.rs:{line}"),
        });
        let uses = Uses { modules: [].into(), uses: uses.collect(), unknown: Vec::new() };
        cycles(&uses, |from, to| accepted.iter().any(|(a, b)| words(a) == from && words(b) == to))
    }

    #[test]
    fn files_of_one_folder_in_a_cycle_are_told_with_the_chain() {
        let pairs =
            [("net::link", "net::driver"), ("net::driver", "net::reader"), ("net::reader", "net::link")];
        assert_eq!(
            found(&pairs, &[]),
            ["net::driver uses net::reader (f.rs:1), net::reader uses net::link (f.rs:2), \
              net::link uses net::driver (f.rs:0)"]
        );
        assert!(found(&pairs[..2], &[]).is_empty());
        assert!(found(&pairs, &[("net::reader", "net::link")]).is_empty());
    }

    #[test]
    fn what_is_in_a_module_counts_as_the_module() {
        let pairs = [("a::x::deep", "a::y"), ("a::y::other", "a::x")];
        assert_eq!(found(&pairs, &[]), ["a::x uses a::y (f.rs:0), a::y uses a::x (f.rs:1)"]);
    }

    #[test]
    fn a_parent_and_its_modules_are_no_cycle() {
        assert!(found(&[("a::x", "a"), ("a", "a::x"), ("a::x", "a::x::inner")], &[]).is_empty());
    }

    #[test]
    fn two_cycles_are_both_told() {
        let pairs = [("a", "b"), ("b", "a"), ("c::x", "c::y"), ("c::y", "c::x")];
        assert_eq!(found(&pairs, &[]).len(), 2);
    }
}
