//! The mistakes that the derives tell, each with its text. `TRYBUILD=overwrite cargo test --test ui` writes the texts
//! anew; read them then.

#[test]
fn mistakes_are_told() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
