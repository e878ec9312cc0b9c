//! What a change widens is found by comparing statements, and must be what the decisions say: asked one by one, before
//! and afterwards, for everybody with some of three names and for everything that has a name here.

use std::{cell::RefCell, collections::BTreeSet};

use mcp_policy::{
    authz::Authorizer,
    diff::{Side, unseen},
    manifest,
    matrix::Matrix,
    rbac::{self, Compiled, Matching, Options, Who},
    vocabulary::{Hints, Principal, Request, ServerId},
};
use proptest::{
    collection::vec,
    test_runner::{TestCaseError, TestRunner},
};
use serde_json::Value;
use spanned_yaml::Source;

use super::{
    agreement::{config, yaml},
    generate::world,
};

const NAMES: [&str; 3] = ["engineers", "admins", "viewer"];
const TOOLS: [&str; 4] = ["list_issues", "delete_repo", "say \"hi\"\n// ü", "unheard-of"];
const PROMPTS: [&str; 3] = ["summary", "list_issues", "unheard-of"];
const URIS: [&str; 4] = ["file:///README.md", "file:///readme.md", "repo://x?q=\"*\"", "unheard-of"];

/// A resource by what a cluster knows it by.
fn key(document: &Value) -> [&Value; 3] {
    [&document["kind"], &document["metadata"]["namespace"], &document["metadata"]["name"]]
}

/// Some documents as they were, the others as they are elsewhere, or gone.
fn changed(documents: &[Value], others: &[Value], kept: &[u8]) -> Vec<Value> {
    let pairs = documents.iter().zip(kept.iter().cycle());
    let each = pairs.filter_map(|(document, kept)| match kept {
        0 => others.iter().find(|other| key(other) == key(document)).cloned(),
        _ => Some(document.clone()),
    });
    each.collect()
}

fn everybody() -> Vec<Principal> {
    let some = |bits: usize| -> BTreeSet<String> {
        let names = NAMES.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0);
        names.map(|(_, name)| (*name).to_owned()).collect()
    };
    let each = (0..64).map(|bits| Principal {
        issuer: "https://idp".into(),
        subject: "ann".into(),
        groups: some(bits),
        roles: some(bits >> 3),
    });
    each.collect()
}

fn everything() -> Vec<Request<'static>> {
    let hints =
        [(None, None), (Some(true), None), (Some(false), None), (None, Some(true)), (None, Some(false))];
    let calls = TOOLS.iter().flat_map(|tool| {
        hints.map(|(read_only, destructive)| Request::CallTool {
            tool,
            hints: Hints { read_only, destructive, ..Hints::default() },
        })
    });
    let uses = calls.chain(PROMPTS.map(Request::GetPrompt)).chain(URIS.map(Request::ReadResource));
    uses.collect()
}

/// Every answer at a server: uses, lists, and what lists show.
fn answers(compiled: Option<&Compiled>) -> Vec<bool> {
    let (uses, lists) = (everything(), [Request::ListTools, Request::ListPrompts, Request::ListResources]);
    let authorizer = compiled.map(|compiled| Authorizer::new(compiled).unwrap());
    let mut all = Vec::new();
    for person in everybody() {
        let Some(authorizer) = &authorizer else {
            all.extend(vec![false; 2 * uses.len() + lists.len()]);
            continue;
        };
        let asker = authorizer.for_principal(&person);
        let lists: Vec<bool> = asker.decide_all(&lists).iter().map(|decision| decision.allowed).collect();
        all.extend(asker.decide_all(&uses).iter().map(|decision| decision.allowed));
        let listed = |request: &Request<'_>| match request {
            Request::CallTool { .. } => lists[0],
            Request::GetPrompt(_) => lists[1],
            _ => lists[2],
        };
        all.extend(uses.iter().zip(asker.shows(&uses)).map(|(request, shown)| shown && listed(request)));
        all.extend(lists);
    }
    all
}

/// No statement asks for other names than those of [`everybody`].
fn is_within(compiled: Option<&Compiled>) -> bool {
    let mut whos = compiled.into_iter().flat_map(Compiled::statements).map(|statement| &*statement.who);
    whos.all(|who| match who {
        Who::Everyone => true,
        Who::Holders { held, narrowed } => held.iter().chain(narrowed.iter().flatten()).all(|clause| {
            clause.groups.iter().chain(&clause.roles).all(|name| NAMES.contains(&name.as_str()))
        }),
    })
}

#[test]
fn a_widening_is_found_if_and_only_if_somebody_may_do_more() {
    let tally = RefCell::new((0, 0, 0));
    let worlds = (world(0), world(0), vec(0..3_u8, 20));
    TestRunner::new(config(100))
        .run(&worlds, |(before, others, kept)| {
            let after = changed(&before.documents, &others.documents, &kept);
            let matching = if kept[0] == 0 { Matching::All } else { Matching::Any };
            let read = |documents: &[Value]| {
                let (manifests, _) = manifest::read(vec![Source::new("world.yaml", yaml(documents))]);
                let compilation = rbac::compile(&manifests, &Options { matching, ..Options::default() });
                (manifests, compilation)
            };
            let ((old, of_old), (new, of_new)) = (read(&before.documents), read(&after));
            let matrix = Matrix::default();
            let side = |manifests, compilation| Side { manifests, compilation, matrix: &matrix };
            let found = unseen(&side(&old, &of_old), &side(&new, &of_new), &[]);
            let servers: BTreeSet<&ServerId> = of_old.targets.keys().chain(of_new.targets.keys()).collect();
            for server in servers {
                let [was, is] =
                    [&of_old, &of_new].map(|one| one.targets.get(server).and_then(|one| one.as_ref().ok()));
                if was.map(Compiled::cedar) == is.map(Compiled::cedar) {
                    let told = found.iter().filter(|one| one.server.as_ref() == Some(server));
                    assert!(told.into_iter().all(|one| one.message.starts_with("tokens of")), "{found:#?}");
                    continue;
                }
                let (answered, answers_now) = (answers(was), answers(is));
                for widens in [true, false] {
                    let other = answered.iter().zip(&answers_now).any(|(was, is)| was != is && *is == widens);
                    let told = found.iter().any(|one| {
                        one.server.as_ref() == Some(server)
                            && one.widens == widens
                            && !one.message.starts_with("tokens of")
                    });
                    let (asked, differ, alike) = &mut *tally.borrow_mut();
                    *asked += 1;
                    *(if other { differ } else { alike }) += 1;
                    // What a list shows is told even where nobody gets both.
                    let only_shown = found.iter().all(|one| {
                        one.server.as_ref() != Some(server) || one.widens != widens || one.message.contains("see `")
                    });
                    let wrong = if other { !told } else { told && !only_shown && is_within(was) && is_within(is) };
                    if wrong {
                        return Err(TestCaseError::fail(format!(
                            "{server}, widens: {widens}, decisions differ: {other}, {found:#?}\n{}\n=====\n{}",
                            yaml(&before.documents),
                            yaml(&after)
                        )));
                    }
                }
            }
            Ok(())
        })
        .unwrap();
    let (asked, differ, alike) = tally.into_inner();
    assert!(differ >= 40 && alike >= 20, "{asked}: {differ} differ, {alike} are alike");
}
