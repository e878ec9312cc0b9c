//! The switches that a sabotage turns off: one for every rule of PLATFORM.md that this crate implements.
//!
//! The compiler and the authorizer ask [`Rules::hold`] at the very line that implements the rule. Outside of a
//! sabotage all of them hold.

/// Writes `Rule`, an enum of the rules that can be broken on purpose, each with its requirement's id, and `Rules`, which
/// of them are in force.
#[macro_export]
macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $id:literal,)*) => {
        /// A rule of PLATFORM.md that can be broken on purpose.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule { $($(#[$doc])* $name,)* }

        impl Rule {
            /// Every rule, in the order of PLATFORM.md.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The requirement's id: `OP-COND`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// The rule of an id, if it can be broken here.
            #[must_use]
            pub fn by_id(id: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|rule| rule.id() == id)
            }
        }

        /// Which rules are in force: all, or all but one.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Rules {
            broken: Option<Rule>,
        }

        impl Rules {
            /// Every rule is in force.
            pub const ALL: Self = Self { broken: None };

            /// Every rule but one.
            #[must_use]
            pub const fn without(rule: Rule) -> Self {
                Self { broken: Some(rule) }
            }

            /// The rule is in force.
            #[must_use]
            pub fn hold(self, rule: Rule) -> bool {
                self.broken != Some(rule)
            }

            /// The rule that is broken, if one is.
            #[must_use]
            pub const fn broken(self) -> Option<Rule> {
                self.broken
            }
        }
    };
}

rules! {
    /// Broken: a policy that fails to evaluate is skipped, as Cedar alone would do.
    McpEval = "MCP-EVAL",
    /// Broken: the platform's overrides are ignored, and no dotted path is followed.
    ClaimNames = "CLAIM-NAMES",
    /// Broken: a string is taken for a list of one, and numbers for their text.
    ClaimShape = "CLAIM-SHAPE",
    /// Broken: the groups are looked for elsewhere without being asked to.
    ClaimFallback = "CLAIM-FALLBACK",
    /// Broken: the marks of an overage are ignored, and roles stand in for the groups that are missing.
    ClaimOverage = "CLAIM-OVERAGE",
    /// Broken: the actions of other product groups count as ours.
    OpVocabulary = "OP-VOCABULARY",
    /// Broken: either list of a condition is enough.
    OpCond = "OP-COND",
    /// Broken: a namespaced role binding counts in every namespace.
    OpUnion = "OP-UNION",
    /// Broken: the `from` of a policy's binding is ignored.
    OpNarrow = "OP-NARROW",
    /// Broken: `ruleRestrictions` are ignored.
    OpRestrict = "OP-RESTRICT",
    /// Broken: a tool that says nothing of a hint passes its filter.
    OpHint = "OP-HINT",
    /// Broken: `deny` is ignored.
    OpDeny = "OP-DENY",
    /// Broken: a policy applies to the servers of its target's name, of either kind and in every namespace.
    OpScope = "OP-SCOPE",
    /// Broken: what does not compile is left out, and the rest is put in force.
    OpFailClosed = "OP-FAIL-CLOSED",
    /// Broken: names are pasted into the policies as they are.
    OpText = "OP-TEXT",
}
