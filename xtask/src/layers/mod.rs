//! `cargo xtask layers`: every module stands on a layer and uses lower ones only.

mod crates;
mod judge;
mod paths;
mod table;

use anyhow::{Result, bail};

use crate::cargo::root;

pub(crate) fn run() -> Result<()> {
    let root = root();
    let mut complaints = Vec::new();
    for architecture in table::CRATES {
        let uses = crates::uses(&root, &root.join(architecture.folder).join("src").join("lib.rs"))?;
        let found = judge::complaints(architecture, &uses);
        if found.is_empty() {
            println!(
                "{:<16} {} modules, {} uses between them",
                architecture.folder,
                uses.modules.len(),
                uses.uses.len()
            );
        }
        complaints.extend(found);
    }
    if !complaints.is_empty() {
        bail!("{} uses against the layers:\n{}", complaints.len(), complaints.join("\n"));
    }
    Ok(())
}
