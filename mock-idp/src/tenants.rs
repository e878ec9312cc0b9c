//! Tenant files that come with the crate: both set-ups of the platform's Okta guide, Okta's org server in its
//! forms, the platform's Entra quickstart, with tokens of version 1.0 and for many tenants too, and a generic provider.

/// Name and text of each.
pub const SHIPPED: &[(&str, &str)] = &[
    ("okta-per-component", include_str!("../tenants/okta-per-component.yaml")),
    ("okta-shared", include_str!("../tenants/okta-shared.yaml")),
    ("okta-org-jwt", include_str!("../tenants/okta-org-jwt.yaml")),
    ("okta-org-unpublished", include_str!("../tenants/okta-org-unpublished.yaml")),
    ("okta-org-opaque", include_str!("../tenants/okta-org-opaque.yaml")),
    ("okta-org-beside-custom", include_str!("../tenants/okta-org-beside-custom.yaml")),
    ("entra-quickstart", include_str!("../tenants/entra-quickstart.yaml")),
    ("entra-v1", include_str!("../tenants/entra-v1.yaml")),
    ("entra-multitenant", include_str!("../tenants/entra-multitenant.yaml")),
    ("generic", include_str!("../tenants/generic.yaml")),
];
