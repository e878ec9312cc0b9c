//! Tenant files that come with the crate: both set-ups of the platform's Okta guide, and a generic provider.

/// Name and text of each.
pub const SHIPPED: &[(&str, &str)] = &[
    ("okta-per-component", include_str!("../tenants/okta-per-component.yaml")),
    ("okta-shared", include_str!("../tenants/okta-shared.yaml")),
    ("generic", include_str!("../tenants/generic.yaml")),
];
