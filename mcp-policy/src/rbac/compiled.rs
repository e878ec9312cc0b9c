//! What a target gets: the statements, the platform's text, and the policies as Cedar has read them back.

use std::sync::Arc;

use cedar_policy::{Policy as CedarPolicy, PolicyId, PolicySet, ValidationMode, Validator};
use serde_json::json;

use super::{
    Idle, Matching, NotCompiled, Options, SCHEMA, Statement,
    literal::{entity, remark},
    status::{Cause, Code},
    toolhive::{Dialect, Inexpressible, Toolhive},
    write::{self, Form, List},
};
use crate::{rule::Rules, vocabulary::ServerId};

/// The policies of one target.
#[derive(Clone, Debug)]
pub struct Compiled {
    server: ServerId,
    matching: Matching,
    statements: Vec<Statement>,
    idle: Vec<Idle>,
    policies: Vec<CedarPolicy>,
    cedar: String,
    dialect: Arc<Result<Dialect, Inexpressible>>,
    rules: Rules,
}

/// What every target is compiled with.
pub(super) struct Tools<'t> {
    /// How.
    pub(super) options: &'t Options,
    /// Holds the policies to the schema.
    pub(super) validator: Result<Validator, String>,
    /// The second form.
    pub(super) dialect: Arc<Result<Dialect, Inexpressible>>,
}

impl Compiled {
    /// Writes the statements down, and has Cedar read and validate what was written: the last gate.
    pub(super) fn new(
        server: ServerId,
        mut statements: Vec<Statement>,
        mut idle: Vec<Idle>,
        tools: &Tools<'_>,
    ) -> Result<Self, NotCompiled> {
        let options = tools.options;
        statements.sort_by(|left, right| left.id.cmp(&right.id));
        idle.sort_by_key(|idle| idle.origin.id());
        let rules = options.rules;
        let member = |list: List, values: &_, matching| write::platform_member(list, values, matching, rules);
        let server_entity = entity("MCP", &server.to_string(), rules);
        let form = Form { server: server_entity, member: &member, matching: options.matching, rules };
        let texts: Vec<_> = statements.iter().map(|statement| write::statement(statement, &form)).collect();
        let validator = tools.validator.as_ref().map_err(Clone::clone);
        let policies = match validator.and_then(|validator| read_back(&statements, &texts, validator)) {
            Ok(policies) => policies,
            Err(message) => {
                let cause = Cause { code: Code::ValidationFailed, message, help: None, place: None };
                return Err(NotCompiled { server, causes: vec![cause] });
            }
        };
        let mut parts = vec![head(&server, statements.is_empty(), options)];
        parts.extend(idle.iter().map(|idle| write::idle(idle, rules)));
        parts.extend(texts);
        let (matching, cedar, dialect) = (options.matching, parts.join("\n"), Arc::clone(&tools.dialect));
        Ok(Self { server, matching, statements, idle, policies, cedar, dialect, rules })
    }

    /// The target.
    #[must_use]
    pub fn server(&self) -> &ServerId {
        &self.server
    }

    /// How the lists of conditions were read.
    #[must_use]
    pub fn matching(&self) -> Matching {
        self.matching
    }

    /// The grants and denies, by id.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The bindings that grant nothing.
    #[must_use]
    pub fn idle(&self) -> &[Idle] {
        &self.idle
    }

    /// The same as Cedar policies, in the same order, each under its statement's id.
    #[must_use]
    pub fn policies(&self) -> &[CedarPolicy] {
        &self.policies
    }

    /// The policies in the platform's own form, with a comment above each that says where it comes from.
    #[must_use]
    pub fn cedar(&self) -> &str {
        &self.cedar
    }

    /// The schema of that form.
    #[must_use]
    pub fn schema(&self) -> &'static str {
        SCHEMA
    }

    /// The entities of that form that are known beforehand: the server. JSON, as Cedar's tools read it.
    #[must_use]
    pub fn entities(&self) -> String {
        let uid = json!({"type": "MCP", "id": self.server.to_string()});
        format!("{:#}\n", json!([{"uid": uid, "attrs": {}, "parents": []}]))
    }

    /// The file for the open-source proxy, if its form can express these policies. It is written, read back and validated
    /// here: who evaluates the platform's own form does not pay for it.
    pub fn toolhive(&self) -> Result<Toolhive, Inexpressible> {
        let dialect = (*self.dialect).as_ref().map_err(Clone::clone)?;
        dialect.file(&self.server, &self.statements, self.matching, self.rules)
    }

    /// Which rules hold for whoever evaluates these policies.
    pub(crate) fn rules(&self) -> Rules {
        self.rules
    }
}

fn head(server: &ServerId, empty: bool, options: &Options) -> String {
    let reading = match options.matching {
        Matching::Any => "any value of a list of groups or roles is enough",
        Matching::All => "every value of a list of groups or roles is needed",
    };
    let nothing = if empty { "// Nothing is granted.\n" } else { "" };
    format!("// Policies of {}; {reading}.\n{nothing}", remark(&server.to_string(), options.rules))
}

/// One statement, one policy, of the statement's effect and with its very text, and all of them valid by the strict rules.
///
/// They are parsed as one text: Cedar's lexer begins with an empty table at every parse, and fills it again.
pub(super) fn read_back(
    statements: &[Statement],
    texts: &[String],
    validator: &Validator,
) -> Result<Vec<CedarPolicy>, String> {
    let read: PolicySet =
        texts.concat().parse().map_err(|error| format!("what was written is no Cedar: {error}"))?;
    let other = |statement: &Statement| format!("`{}` reads as another policy", statement.id);
    let mut policies = Vec::with_capacity(statements.len());
    for (at, (statement, text)) in statements.iter().zip(texts).enumerate() {
        // Cedar numbers them as they come.
        let policy = read.policy(&PolicyId::new(format!("policy{at}"))).ok_or_else(|| other(statement))?;
        if policy.effect() != statement.effect.cedar()
            || policy.annotation("id") != Some(&statement.id)
            || !text.trim_end().ends_with(&policy.to_string())
        {
            return Err(other(statement));
        }
        policies.push(policy.new_id(PolicyId::new(&statement.id)));
    }
    if read.num_of_policies() != statements.len() || read.num_of_templates() != 0 {
        return Err("what was written reads as more policies than were meant".to_owned());
    }
    let set = PolicySet::from_policies(policies.iter().cloned()).map_err(|error| error.to_string())?;
    let result = validator.validate(&set, ValidationMode::Strict);
    match result.validation_errors().next() {
        None => Ok(policies),
        Some(error) => Err(error.to_string()),
    }
}
