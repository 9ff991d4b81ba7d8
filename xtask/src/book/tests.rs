//! Books with one fault each, which mdBook builds.

use super::*;

/// A folder with a book, removed when dropped.
struct Book(PathBuf);

const SUMMARY: &str =
    "# Summary\n\n[Front](README.md)\n- [One](one.md)\n  - [Two](deep/two.md)\n- [Later]()\n";
const TWO: &str = "# Two\n\n## Of both\n\n[up](../one.md) [front](../index.md#front) [self](#of-both)\n";
const CODE: &str = "fn a() {}\n// ANCHOR: part\nfn b() {}\n// ANCHOR_END: part\n// ANCHOR: open\n";

impl Book {
    /// A book without a fault, with `one` as the text of one of its pages.
    fn new(name: &str, one: &str) -> Self {
        let folder = env::temp_dir().join(format!("redis-om-book-{name}-{}", std::process::id()));
        let book = Self(folder);
        fs::create_dir_all(book.0.join("book/src/deep")).unwrap();
        fs::copy(root().join("book/book.toml"), book.0.join("book/book.toml")).unwrap();
        book.write("src/SUMMARY.md", SUMMARY);
        book.write("src/README.md", "# Front\n\n[one](one.md)\n");
        book.write("src/deep/two.md", TWO);
        book.write("src/code.rs", CODE);
        book.write("src/one.md", one);
        book
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.0.join("book").join(file), text).unwrap();
    }

    /// Documentation of a crate with one module, one type, and the page of a type that was removed.
    fn docs(&self) -> Result<PathBuf> {
        let docs = self.0.join("doc");
        let library = docs.join("redis_om");
        fs::create_dir_all(library.join("model"))?;
        for (file, html) in [
            ("index.html", r#"<a class="mod" href="model/index.html">model</a>"#),
            ("model/index.html", r#"<a class="struct" href="struct.Page.html">Page</a>"#),
            ("model/struct.Page.html", r#"<section id="method.next">"#),
            ("model/struct.Old.html", ""),
        ] {
            fs::write(library.join(file), html)?;
        }
        Ok(docs)
    }

    fn build(&self) -> Result<String> {
        build(&self.0.join("book"), &|| self.docs())
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[test]
fn a_book_without_a_fault_is_built() {
    let book = Book::new(
        "right",
        "# One\n\n[two](deep/two.md#of-both) [front](./index.md) [code](code.rs) [dir](deep/../one.md?x#one)\n\
         [external](https://redis.io/docs) [mail](mailto:a@redis.io) <span id=\"mark\"></span> [mark](#mark)\n\
         `a[0][1]` \\{{#include nothing.rs}}\n\n```rust\n{{#include code.rs:part}}\n{{#rustdoc_include code.rs::1}}\n```\n\
         [crate](https://docs.rs/redis-om) [model](https://docs.rs/redis-om/latest/redis_om/model/)\n\
         [page](https://docs.rs/redis-om/latest/redis_om/model/struct.Page.html#method.next)\n\
         [other](https://docs.rs/tokio/1/tokio/nothing.html)\n",
    );
    let report = book.build().unwrap();
    assert!(report.starts_with("book: 3 pages, 2 includes, "), "{report}");
    let built = fs::read_to_string(book.0.join("target/book/one.html")).unwrap();
    assert!(built.contains("fn b() {}"), "{built}");
    // What an earlier build left is removed.
    fs::write(book.0.join("target/book/old.html"), "").unwrap();
    book.build().unwrap();
    assert!(!book.0.join("target/book/old.html").exists());
}

#[test]
fn each_fault_of_a_page_is_an_error_that_names_the_page() {
    let docs = "[x](https://docs.rs/redis-om/latest/redis_om";
    let cases = [
        ("{{#include none.rs}}", "none.rs: No such file"),
        ("{{#include code.rs:none}}", "no line `ANCHOR: none`"),
        ("{{#rustdoc_include code.rs:open}}", "no line `ANCHOR_END: open`"),
        ("{{#include code.rs:4:99}}", "the file has 5 lines"),
        ("{{#inculde code.rs}}", "found inculde"),
        ("{{#include one.md}}", "nested more than 10 deep"),
        ("[x](none.md)", "the link to `none.html`: leads to no page"),
        // mdBook gives this page the name index.html and leaves the links to it as they are.
        ("[x](README.md)", "the link to `README.html`: leads to no page"),
        ("![x](none.png)", "the link to `none.png`: leads to no page"),
        ("[x](deep/two.md#none)", "has no anchor `none`"),
        ("[x](#none)", "has no anchor `none`"),
        ("[x](code.rs#none)", "a file that is no page"),
        ("[x](../../README.md)", "leaves the book"),
        ("[x](/one.html)", "the root of a site"),
        ("[x][none]", "`[x][none]` is no link"),
        ("[x](https://)", "the name of a host"),
        ("[x](htps://redis.io)", "found `htps`"),
        (&format!("{docs}/none/)"), "`redis_om` has no `none`"),
        (&format!("{docs}/model/struct.None.html)"), "has no `struct.None.html`"),
        (&format!("{docs}/model/struct.Old.html)"), "has no `struct.Old.html`"),
        (&format!("{docs}/model/struct.Page.html#method.none)"), "no anchor `method.none`"),
        ("[x](https://docs.rs/redis-om/0.0.1/redis_om/)", "expected the version `latest`"),
        ("[x](https://docs.rs/redis-om/latest/other/)", "no library `other`"),
    ];
    for (fault, text) in cases {
        let book = Book::new("wrong", &format!("# One\n\n{fault}\n"));
        let error = format!("{:#}", book.build().unwrap_err());
        assert!(error.contains("one.md:") && error.contains(text), "{fault}: {error}");
    }
}

#[test]
fn each_fault_of_the_summary_is_an_error() {
    let book = Book::new("summary", "# One\n");
    book.write("src/deep/lost.md", "# Lost\n");
    let error = book.build().unwrap_err().to_string();
    assert!(error.contains("deep/lost.md: SUMMARY.md does not name this page"), "{error}");
    book.write("src/SUMMARY.md", &format!("{SUMMARY}- [Lost](deep/lost.md)\n- [None](none.md)\n"));
    let error = book.build().unwrap_err().to_string();
    assert!(error.contains("names the page none.md, which does not exist"), "{error}");
    book.write("src/SUMMARY.md", "# Summary\n");
    assert!(book.build().unwrap_err().to_string().contains("names no page"));
}

#[test]
fn what_mdbook_reports_is_an_error() {
    let book = Book::new("reported", "# One\n");
    book.write("book.toml", "[book]\ntitle = \"x\"\n[output.html]\nno-such-setting = true\n");
    let error = book.build().unwrap_err().to_string();
    assert!(error.contains("mdbook build") && error.contains("no-such-setting"), "{error}");
}

#[test]
fn all_faults_are_reported_together() {
    let book = Book::new("several", "# One\n\n[x](#a) [y](#b)\n");
    let error = book.build().unwrap_err().to_string();
    assert!(error.starts_with("the links of the book have 2 faults:\none.md: the link to `#a`"), "{error}");
}

#[test]
fn pages_are_the_links_of_the_summary() {
    let summary = "# Summary\n[Front](README.md)\n- [One](./one.md)\n  - [Two](deep/two.md)\n- [Later]()\n";
    assert_eq!(targets(summary), ["README.md", "one.md", "deep/two.md"].map(PathBuf::from));
    assert_eq!(built_name(Path::new("deep/README.md")), Path::new("deep/index.html"));
    assert_eq!(built_name(Path::new("deep/two.md")), Path::new("deep/two.html"));
}
