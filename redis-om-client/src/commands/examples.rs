//! The examples of this folder's documentation, as functions of a test build, which records the commands that they
//! build for `cargo xtask oracle`.

// The examples are written for users of the crate, and use it by its name.
#![allow(unused, clippy::all)]
extern crate self as redis_om_client;

doc_examples::doc_examples!("src/commands");

#[test]
fn every_example_of_the_documentation_runs() {
    run();
}
