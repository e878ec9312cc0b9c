//! How much the published schemas let a resource hold. The reader and the schemas that we publish share these.

/// A name in a condition, a restriction or an action, in characters.
pub(crate) const NAME: usize = 253;

/// `spec.productActions`.
pub(crate) const PRODUCTS: usize = 8;
/// `actions` of a product.
pub(crate) const ACTIONS: usize = 64;
/// What an action's name looks like.
pub(crate) const ACTION_PATTERN: &str = r"^[a-z][a-z0-9_]*$|^\*$";

/// `spec.bindings` of a role binding, of which there is one at least.
pub(crate) const ROLE_BINDINGS: usize = 32;
/// `from` of a role binding, of which there is one at least.
pub(crate) const ROLE_BINDING_CONDITIONS: usize = 32;
/// `groups`, and `roles`, of a condition.
pub(crate) const CLAIM_VALUES: usize = 32;

/// `spec.bindings` of a policy.
pub(crate) const POLICY_BINDINGS: usize = 128;
/// `from` of a policy's binding.
pub(crate) const POLICY_CONDITIONS: usize = 16;
/// `ruleRestrictions`.
pub(crate) const RESTRICTIONS: usize = 16;
/// `tools`, `prompts`, `resources`, of a restriction and of a deny rule.
pub(crate) const NAMES: usize = 64;

/// A rule that the API server evaluates in CEL, with the message that it answers.
pub(crate) struct CelRule {
    /// The expression.
    pub(crate) rule: &'static str,
    /// What is said where it does not hold.
    pub(crate) message: &'static str,
}

/// On `actions`.
pub(crate) const WILDCARD_ALONE: CelRule = CelRule {
    rule: "self.size() == 1 || !('*' in self)",
    message: "wildcard '*' must be the only action when present",
};
/// On a condition.
pub(crate) const CONDITION_NOT_EMPTY: CelRule = CelRule {
    rule: "(has(self.groups) && size(self.groups) > 0) || (has(self.roles) && size(self.roles) > 0)",
    message: "at least one of groups or roles must be non-empty",
};
/// On a policy's `spec`.
pub(crate) const POLICY_NOT_EMPTY: CelRule = CelRule {
    rule: "(has(self.bindings) && self.bindings.size() > 0) || (has(self.deny) && self.deny.size() > 0)",
    message: "at least one of bindings or deny must be non-empty",
};
