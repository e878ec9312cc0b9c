//! The schemas that we publish are those of the types.

use expect_test::expect_file;
use mcp_policy::schema;

use crate::published::shape;

#[test]
fn the_files_are_up_to_date() {
    for published in schema::all() {
        expect_file![format!("../../schemas/{}.schema.json", published.plural)].assert_eq(&published.file());
    }
}

/// What people write as examples is what the schemas take; the reader's verdict is in the goldens.
#[test]
fn good_files_pass_the_schemas() {
    let schemas = schema::all();
    let mut checked = 0;
    for name in ["quickstart-entra", "everything", "empty-is-absent", "namespaces", "servers-without-oidc"] {
        let path = format!("{}/tests/golden/manifest/good/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let source = spanned_yaml::Source::read(path.as_ref()).unwrap();
        let mut findings = spanned_yaml::Diagnostics::new(source);
        for document in spanned_yaml::parse_documents(&mut findings, spanned_yaml::Limits::default()) {
            let mut document = document.to_json();
            shape::drop_nulls(&mut document);
            let Some(published) = schemas.iter().find(|schema| {
                document["kind"] == schema.kind && document["apiVersion"] != "kagent.dev/v1alpha1"
            }) else {
                continue;
            };
            shape::check(&published.schema, &document).unwrap_or_else(|why| panic!("{name}: {why}"));
            checked += 1;
        }
    }
    assert!(checked >= 12, "{checked}");
}
