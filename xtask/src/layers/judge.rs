//! The uses that are against the layers, in words.

use super::{
    crates::{Use, Uses},
    cycles::{cycles, siblings},
    table::{Accepted, Architecture},
};

/// Every use against the layers, every cycle, and every entry of the table that is not needed.
pub(super) fn complaints(architecture: &Architecture, uses: &Uses) -> Vec<String> {
    let folder = architecture.folder;
    let mut complaints = Vec::new();
    for module in &uses.modules {
        if architecture.layer(module).is_none() {
            complaints.push(format!(
                "{folder}: module {module} is in no layer: give it one in xtask/src/layers/table.rs"
            ));
        }
    }
    complaints.extend(uses.unknown.iter().map(|(path, place)| {
        let path = path.join("::");
        format!("{place}: crate::{path} leads to no module: name it by the path of its module")
    }));
    complaints.extend(uses.uses.iter().filter_map(|one| complaint(architecture, one)));
    let cycles = cycles(uses, |from, to| architecture.accepts(from, to));
    complaints.extend(cycles.iter().map(|cycle| format!("{folder}: a cycle: {cycle}")));
    complaints.extend(architecture.accepted.iter().filter(|one| !needed(one, uses)).map(|one| {
        let Accepted { from, to, .. } = one;
        format!("{folder}: {from} does not use {to}: take it out of `accepted` in xtask/src/layers/table.rs")
    }));
    complaints
}

fn complaint(architecture: &Architecture, one: &Use) -> Option<String> {
    let (from, to, place) = (one.from.first()?, one.to.first()?, &one.place);
    if from == to || architecture.accepts(&one.from[..1], &one.to[..1]) {
        return None;
    }
    let (below, above) = (architecture.layer(to)?, architecture.layer(from)?);
    if let Some((_, allowed)) = architecture.only.iter().find(|(module, _)| module == from) {
        let words = allowed.join(", ");
        return (!allowed.contains(&to.as_str()))
            .then(|| format!("{place}: {from} uses {to}; it may use only {words}"));
    }
    if let Some((.., instead)) = architecture.barred.iter().find(|(a, b, _)| a == from && b == to) {
        return Some(format!("{place}: {from} uses {to}; it reaches that through {instead} only"));
    }
    if below < above {
        return None;
    }
    let why = if below == above { "of the same layer" } else { "a higher one" };
    Some(format!(
        "{place}: {from} (layer {above}) uses {to} (layer {below}), {why}: a module uses lower layers only"
    ))
}

/// Whether a use that is accepted is there.
fn needed(accepted: &Accepted, uses: &Uses) -> bool {
    let pairs = uses.uses.iter().filter_map(|one| siblings(&one.from, &one.to));
    pairs.into_iter().any(|(from, to)| accepted.is(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: Architecture = Architecture {
        folder: "a-crate",
        layers: &[&["error"], &["left", "right"], &["roof", "shed"]],
        only: &[("shed", &["error"])],
        barred: &[("roof", "error", "left")],
        accepted: &[],
    };

    fn uses(edges: &[(&str, &str)]) -> Uses {
        let modules = ["error", "left", "right", "roof", "shed"].map(str::to_owned).into();
        let words = |path: &str| path.split("::").map(str::to_owned).collect();
        let uses = edges
            .iter()
            .map(|(from, to)| Use { from: words(from), to: words(to), place: "f.rs:3".into() })
            .collect();
        Uses { modules, uses, unknown: Vec::new() }
    }

    fn judge(edges: &[(&str, &str)]) -> Vec<String> {
        complaints(&EXAMPLE, &uses(edges))
    }

    #[test]
    fn lower_layers_are_allowed() {
        assert!(judge(&[("roof", "left::inner"), ("left::inner", "error"), ("shed", "error")]).is_empty());
    }

    #[test]
    fn a_higher_layer_is_refused_with_the_place_also_in_a_submodule() {
        assert_eq!(
            judge(&[("error::inner", "roof")]),
            ["f.rs:3: error (layer 0) uses roof (layer 2), a higher one: a module uses lower layers only"]
        );
    }

    #[test]
    fn the_same_layer_is_refused() {
        assert!(judge(&[("right", "left")])[0].contains("of the same layer"));
    }

    #[test]
    fn a_restricted_module_is_held_to_its_list() {
        assert!(judge(&[("shed", "left")])[0].contains("it may use only error"));
    }

    #[test]
    fn a_barred_use_names_what_to_use_instead() {
        assert_eq!(
            judge(&[("roof::inner", "error")]),
            ["f.rs:3: roof uses error; it reaches that through left only"]
        );
    }

    #[test]
    fn a_cycle_of_submodules_is_refused() {
        let found = judge(&[("left::a", "left::b"), ("left::b", "left::a")]);
        assert_eq!(found, ["a-crate: a cycle: left::a uses left::b (f.rs:3), left::b uses left::a (f.rs:3)"]);
    }

    #[test]
    fn what_is_accepted_passes_and_is_refused_once_it_is_not_needed() {
        const ACCEPTING: Architecture = Architecture {
            accepted: &[
                Accepted { from: "left", to: "right", why: "a test" },
                Accepted { from: "left::b", to: "left::a", why: "a test" },
            ],
            ..EXAMPLE
        };
        let edges = [("left", "right"), ("left::a", "left::b"), ("left::b", "left::a")];
        assert!(complaints(&ACCEPTING, &uses(&edges)).is_empty());
        let found = complaints(&ACCEPTING, &uses(&edges[..2]));
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("left::b does not use left::a: take it out"), "{found:?}");
    }

    #[test]
    fn a_module_without_a_layer_and_a_path_without_a_module_are_refused() {
        let unknown = vec![(vec!["Thing".to_owned()], "f.rs:3".to_owned())];
        let found = complaints(&EXAMPLE, &Uses { modules: ["new".to_owned()].into(), uses: vec![], unknown });
        assert!(found[0].contains("new is in no layer"), "{found:?}");
        assert!(found[1].contains("crate::Thing leads to no module"), "{found:?}");
    }
}
