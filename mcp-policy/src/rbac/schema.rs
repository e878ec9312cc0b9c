//! The Cedar schema of the platform's own form.

use cedar_policy::Schema;

/// Every policy is validated against it in strict mode; so can every request be.
pub const SCHEMA: &str = include_str!("platform.cedarschema");

/// The schema, parsed.
pub(super) fn schema() -> Result<Schema, String> {
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|error| error.to_string())?;
    Ok(schema)
}
