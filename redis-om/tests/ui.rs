//! The mistakes that the derives report, each with its text. `TRYBUILD=overwrite cargo test --test ui` writes the texts
//! again; read them afterwards.

#[test]
fn mistakes_are_reported() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
