//! The examples in the documentation of a folder, as functions of the crate that they document.
//!
//! rustdoc compiles an example against the built library, which shows it the public items only. As a function of a
//! test build, the same example also reaches what exists in tests only. Nothing has to be written twice.

mod extract;

use std::{fs, io, path::Path};

use proc_macro::TokenStream;

/// Expands to one function for each example in a folder, and to `fn run()`, which calls them all.
///
/// The argument is a string literal: the folder, as seen from the folder of the crate's `Cargo.toml`. An example is a
/// code block without a language. The examples use the crate by its name, so that this name must be in scope.
#[proc_macro]
pub fn doc_examples(folder: TokenStream) -> TokenStream {
    let folder = folder.to_string();
    let root = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let place = Path::new(&root).join(folder.trim_matches('"'));
    let mut code = String::new();
    let mut calls = String::new();
    let read = visit(&place, &mut |file, text| {
        for example in extract::examples(text) {
            let name = function_name(file.strip_prefix(&place).unwrap_or(file), example.line);
            code += &format!("fn {name}() {{\n{}\n}}\n", example.code);
            calls += &format!("{name}();\n");
        }
    });
    if let Err(e) = read {
        return error(&format!("read the sources in {}: {e}", place.display()));
    }
    match format!("{code}\nfn run() {{\n{calls}}}\n").parse() {
        Ok(tokens) => tokens,
        Err(e) => error(&format!("parse the examples in {}: {e}", place.display())),
    }
}

fn error(text: &str) -> TokenStream {
    format!("compile_error!({text:?});").parse().unwrap_or_default()
}

/// Calls `with` for each Rust file in a folder, in the order of their names.
fn visit(folder: &Path, with: &mut impl FnMut(&Path, &str)) -> io::Result<()> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            visit(&path, with)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            with(&path, &fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// The name shows the place: `set_rs_12` is line 12 of `set.rs`.
fn function_name(file: &Path, line: usize) -> String {
    let letters = file.to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("{letters}_{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_function_shows_file_and_line() {
        assert_eq!(function_name(Path::new("key/mod.rs"), 12), "key_mod_rs_12");
    }
}
