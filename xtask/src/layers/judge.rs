//! What is against the layers, in words.

use std::collections::{BTreeMap, BTreeSet};

use super::crates::{Use, Uses};
use super::table::Architecture;

/// Every use against the layers, and every circle.
pub(super) fn complaints(architecture: &Architecture, uses: &Uses) -> Vec<String> {
    let mut complaints = Vec::new();
    for module in &uses.modules {
        if architecture.layer(module).is_none() {
            complaints.push(format!(
                "{}: module {module} is in no layer: give it one in xtask/src/layers/table.rs",
                architecture.folder
            ));
        }
    }
    complaints.extend(uses.uses.iter().filter_map(|u| complaint(architecture, uses, u)));
    complaints.extend(circle(uses).map(|c| format!("{}: a circle: {}", architecture.folder, c.join(" -> "))));
    complaints
}

fn complaint(architecture: &Architecture, uses: &Uses, one: &Use) -> Option<String> {
    let Use { from, to, place } = one;
    if !uses.modules.contains(to) {
        return Some(format!(
            "{place}: {from} uses crate::{to}, which is no module: name it by the path of its module"
        ));
    }
    let (below, above) = (architecture.layer(to)?, architecture.layer(from)?);
    if let Some((_, allowed)) = architecture.only.iter().find(|(module, _)| module == from) {
        let words = allowed.join(", ");
        return (!allowed.contains(&to.as_str()))
            .then(|| format!("{place}: {from} uses {to}; it may use only {words}"));
    }
    let declared = architecture.declared.iter().any(|(a, b)| a == from && b == to);
    if below < above || declared {
        return None;
    }
    let why = if below == above { "its neighbour" } else { "above it" };
    Some(format!(
        "{place}: {from} (layer {above}) uses {to} (layer {below}), {why}: a module uses lower layers only"
    ))
}

/// One circle between modules, if there is any.
fn circle(uses: &Uses) -> Option<Vec<String>> {
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for Use { from, to, .. } in &uses.uses {
        edges.entry(from).or_default().insert(to);
    }
    let mut done = BTreeSet::new();
    edges.keys().find_map(|start| follow(start, &edges, &mut Vec::new(), &mut done))
}

fn follow<'a>(
    module: &'a str,
    edges: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    path: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<String>> {
    if let Some(start) = path.iter().position(|m| *m == module) {
        let circle = path[start..].iter().copied().chain([module]);
        return Some(circle.map(str::to_owned).collect());
    }
    if done.contains(module) {
        return None;
    }
    path.push(module);
    let found = edges.get(module).into_iter().flatten().find_map(|next| follow(next, edges, path, done));
    path.pop();
    done.insert(module);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: Architecture = Architecture {
        folder: "a-crate",
        layers: &[&["error"], &["left", "right"], &["roof", "shed"]],
        only: &[("shed", &["error"])],
        declared: &[("left", "right")],
    };

    fn judge(edges: &[(&str, &str)]) -> Vec<String> {
        let modules = ["error", "left", "right", "roof", "shed"].map(str::to_owned).into();
        let uses = edges
            .iter()
            .map(|(from, to)| Use { from: (*from).into(), to: (*to).into(), place: "f.rs:3".into() })
            .collect();
        complaints(&EXAMPLE, &Uses { modules, uses })
    }

    #[test]
    fn down_and_declared_is_allowed() {
        assert!(
            judge(&[("roof", "error"), ("roof", "left"), ("left", "right"), ("shed", "error")]).is_empty()
        );
    }

    #[test]
    fn up_is_refused_with_the_place() {
        let found = judge(&[("error", "roof")]);
        assert_eq!(
            found,
            ["f.rs:3: error (layer 0) uses roof (layer 2), above it: a module uses lower layers only"]
        );
    }

    #[test]
    fn neighbours_are_refused_unless_declared_in_this_direction() {
        assert!(judge(&[("right", "left")])[0].contains("its neighbour"));
    }

    #[test]
    fn a_restricted_module_is_held_to_its_list() {
        assert!(judge(&[("shed", "left")])[0].contains("it may use only error"));
    }

    #[test]
    fn circles_are_shown_whole() {
        let found = judge(&[("error", "left"), ("left", "right"), ("right", "error")]);
        assert!(found.iter().any(|c| c == "a-crate: a circle: error -> left -> right -> error"), "{found:?}");
    }

    #[test]
    fn a_module_without_a_floor_and_a_path_without_a_module_are_complaints() {
        assert!(judge(&[("roof", "Thing")])[0].contains("which is no module"));
        let uses = Uses { modules: ["unplaced".to_owned()].into(), uses: Vec::new() };
        assert!(complaints(&EXAMPLE, &uses)[0].contains("unplaced is in no layer"));
    }
}
