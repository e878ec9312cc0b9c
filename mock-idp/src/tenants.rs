//! Tenant files that come with the crate: both set-ups of the platform's Okta guide, Okta's org server in its
//! forms, the platform's Entra quickstart, with tokens of version 1.0 and for many tenants too, a generic provider and
//! the providers that most resemble it.

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
    ("rfc9068", include_str!("../tenants/rfc9068.yaml")),
    ("keycloak", include_str!("../tenants/keycloak.yaml")),
    ("auth0", include_str!("../tenants/auth0.yaml")),
    ("auth0-opaque", include_str!("../tenants/auth0-opaque.yaml")),
    ("google", include_str!("../tenants/google.yaml")),
    ("cognito", include_str!("../tenants/cognito.yaml")),
];
