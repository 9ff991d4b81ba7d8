//! `cargo xtask layers`: every module has a layer and uses lower layers only, and no modules of one folder use one
//! another in a cycle.

mod crates;
mod cycles;
mod judge;
mod paths;
mod resolve;
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
                "{:<16} {} modules, {} uses between them and their submodules",
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
