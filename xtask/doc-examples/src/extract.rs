//! Finds the examples in a source file, as rustdoc does.

/// The code of an example.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Example {
    /// The line of the file that opens the code block.
    pub(crate) line: usize,
    pub(crate) code: String,
}

/// The examples in the doc comments of a file: their code blocks without a language. A block with one, such as
/// `no_run` or `text`, is no example that runs.
pub(crate) fn examples(text: &str) -> Vec<Example> {
    let mut found = Vec::new();
    let mut open: Option<(Example, bool)> = None;
    for (number, line) in text.lines().enumerate() {
        let Some(comment) = doc_comment(line) else {
            open = None;
            continue;
        };
        match (&mut open, comment.trim().strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some((Example { line: number + 1, code: String::new() }, language.is_empty()));
            }
            (None, None) => {}
            (Some((example, _)), None) => {
                example.code += shown_or_hidden(comment);
                example.code.push('\n');
            }
            (Some(_), Some(_)) => {
                found.extend(open.take().filter(|(_, runs)| *runs).map(|(example, _)| example));
            }
        }
    }
    found
}

fn doc_comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))
}

/// A line of an example. A line that rustdoc hides begins with `# `, or is `#` alone.
fn shown_or_hidden(comment: &str) -> &str {
    let line = comment.trim_start();
    if line == "#" { "" } else { line.strip_prefix("# ").unwrap_or(comment) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_without_a_language_are_examples() {
        let text = "//! ```\n//! of_the_file();\n//! ```\n\
                    /// Words.\n///\n/// ```\n/// # use a::b;\n/// #[cfg(x)]\n/// f();\n/// #\n/// ```\nfn f() {}\n\
                    /// ```text\n/// nothing\n/// ```\n/// ```no_run\n/// send();\n/// ```\n\
                    // ```\n// no_documentation();\n// ```\n\
                    \x20   /// ```\n    /// inner();\n    /// ```\n\
                    /// ```\n/// without_an_end();\nfn g() {}\n";
        let found: Vec<_> = examples(text).into_iter().map(|e| (e.line, e.code)).collect();
        let expected =
            [(1, " of_the_file();\n"), (6, "use a::b;\n #[cfg(x)]\n f();\n\n"), (22, " inner();\n")];
        assert_eq!(found, expected.map(|(line, code)| (line, code.to_owned())));
    }
}
