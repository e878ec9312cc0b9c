//! What the server offers: tools of GitHub's own server, prompts, resources, templates. Tools can change.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rmcp::model::{Prompt, PromptArgument, Resource, ResourceTemplate, Tool, ToolAnnotations};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

/// Every tool, with the hints that the server gives of it.
const TOOLS: [(&str, &str, Said); 6] = [
    ("list_issues", "Lists the issues of a repository", Said::READ_ONLY),
    ("pull_request_read", "Reads a pull request", Said::READ_ONLY),
    ("search_code", "Searches code", Said::READ_ONLY),
    ("get_file_contents", "Reads a file", Said::READ_ONLY),
    ("issue_write", "Opens or changes an issue", Said::NOTHING),
    ("delete_repo", "Deletes a repository", Said::DESTRUCTIVE),
];

const PROMPTS: [(&str, &str, &str); 3] = [
    ("summarize_issue", "Summarizes an issue", "issue"),
    ("review_pull_request", "Reviews a pull request", "pull_request"),
    ("release_notes", "Writes release notes", "tag"),
];

const RESOURCES: [(&str, &str); 3] = [
    ("repo://acme/payments/README.md", "README.md"),
    ("repo://acme/payments/SECURITY.md", "SECURITY.md"),
    ("repo://acme/secrets/keys.txt", "keys.txt"),
];

const TEMPLATES: [(&str, &str); 2] =
    [("repo://{owner}/{repo}/{path}", "file"), ("repo://{owner}/{repo}/issues/{number}", "issue")];

/// `ToolAnnotations` as the control wire takes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "these are the protocol's words")]
pub(super) struct Said {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_only_hint: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    destructive_hint: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idempotent_hint: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open_world_hint: Option<bool>,
}

/// The catalogue.
#[derive(Debug)]
pub(super) struct Catalogue(Mutex<Vec<(String, String, Said)>>);

impl Said {
    const NOTHING: Self =
        Self { read_only_hint: None, destructive_hint: None, idempotent_hint: None, open_world_hint: None };
    const READ_ONLY: Self = Self { read_only_hint: Some(true), ..Self::NOTHING };
    const DESTRUCTIVE: Self =
        Self { read_only_hint: Some(false), destructive_hint: Some(true), ..Self::NOTHING };

    fn annotations(self) -> Option<ToolAnnotations> {
        let Self { read_only_hint, destructive_hint, idempotent_hint, open_world_hint } = self;
        (self != Self::NOTHING).then(|| {
            ToolAnnotations::from_raw(
                None,
                read_only_hint,
                destructive_hint,
                idempotent_hint,
                open_world_hint,
            )
        })
    }
}

impl Default for Catalogue {
    fn default() -> Self {
        Self(Mutex::new(start()))
    }
}

impl Catalogue {
    pub(super) fn tools(&self) -> Vec<Tool> {
        let tool = |(name, words, said): &(String, String, Said)| {
            let mut tool = Tool::new(name.clone(), words.clone(), Arc::new(schema()));
            tool.annotations = said.annotations();
            tool
        };
        self.lock().iter().map(tool).collect()
    }

    pub(super) fn has_tool(&self, name: &str) -> bool {
        self.lock().iter().any(|(known, ..)| known == name)
    }

    /// Changes tools: other annotations, or none of that name. A name that is not there is a new tool.
    pub(super) fn change(&self, changes: BTreeMap<String, Option<Said>>) {
        let mut tools = self.lock();
        for (name, change) in changes {
            let at = tools.iter().position(|(known, ..)| *known == name);
            match (at, change) {
                (Some(at), Some(said)) => {
                    if let Some((_, _, before)) = tools.get_mut(at) {
                        *before = said;
                    }
                }
                (Some(at), None) => {
                    tools.remove(at);
                }
                (None, Some(said)) => tools.push((name, "A tool that was added".to_owned(), said)),
                (None, None) => {}
            }
        }
    }

    pub(super) fn reset(&self) {
        *self.lock() = start();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, String, Said)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn prompts() -> Vec<Prompt> {
    let prompt = |(name, words, argument): &(&str, &str, &str)| {
        Prompt::new(*name, Some(*words), Some(vec![PromptArgument::new(*argument).with_required(true)]))
    };
    PROMPTS.iter().map(prompt).collect()
}

pub(super) fn resources() -> Vec<Resource> {
    RESOURCES.iter().map(|(uri, name)| Resource::new(*uri, *name).with_mime_type("text/plain")).collect()
}

pub(super) fn templates() -> Vec<ResourceTemplate> {
    TEMPLATES.iter().map(|(text, name)| ResourceTemplate::new(*text, *name)).collect()
}

fn start() -> Vec<(String, String, Said)> {
    TOOLS.iter().map(|(name, words, said)| ((*name).to_owned(), (*words).to_owned(), *said)).collect()
}

/// Any arguments.
fn schema() -> Map<String, Json> {
    Map::from_iter([("type".to_owned(), json!("object"))])
}
