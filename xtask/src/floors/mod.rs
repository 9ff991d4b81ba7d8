//! `cargo xtask floors`: every module stands on a floor and uses lower ones only.

mod crates;
mod judge;
mod paths;
mod table;

use anyhow::{Result, bail};

use crate::cargo::root;

pub(crate) fn run() -> Result<()> {
    let root = root();
    let mut complaints = Vec::new();
    for house in table::HOUSES {
        let uses = crates::uses(&root, &root.join(house.folder).join("src").join("lib.rs"))?;
        let found = judge::complaints(house, &uses);
        if found.is_empty() {
            println!(
                "{:<16} {} modules, {} uses between them",
                house.folder,
                uses.modules.len(),
                uses.uses.len()
            );
        }
        complaints.extend(found);
    }
    if !complaints.is_empty() {
        bail!("{} uses against the floors:\n{}", complaints.len(), complaints.join("\n"));
    }
    Ok(())
}
