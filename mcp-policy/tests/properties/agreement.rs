//! The comparison: one world through the real reader, compiler and authorizer, and through the interpreter.

use std::{cell::RefCell, collections::BTreeMap};

use mcp_policy::{
    authz::Authorizer,
    claims::{ClaimNames, Reading},
    manifest,
    rbac::{self, Matching, Options},
    vocabulary::{Hints, Principal, Request, ServerId, TargetKind},
};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use serde_json::{Value, json};
use spanned_yaml::Source;

use super::{
    census::Census,
    generate::world,
    interpreter::{self, Target, Wish, Within},
    toolhive::Proxy,
};

const MATCHINGS: [(Within, Matching); 2] = [(Within::Any, Matching::Any), (Within::All, Matching::All)];

/// The policies in force on every server, for both readings.
pub(crate) struct Platform {
    reading: Reading,
    servers: [BTreeMap<ServerId, (Authorizer, Proxy)>; 2],
}

/// What the compiled forms say of a question.
pub(crate) struct Answers {
    pub(crate) ours: bool,
    /// Of a thing: whether a list shows it.
    pub(crate) shown: bool,
    /// What the open-source proxy answers, if it asks its policies at all.
    pub(crate) by_proxy: Option<bool>,
}

/// How two opinions on one question compare.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) decisions: usize,
    pub(crate) allowed: usize,
    pub(crate) by_proxy: usize,
    pub(crate) by_proxy_allowed: usize,
}

impl Platform {
    /// Reads and compiles documents as they would stand in a file.
    pub(crate) fn of(documents: &[Value]) -> Self {
        let (manifests, _) = manifest::read(vec![Source::new("world.yaml", yaml(documents))]);
        let names = ClaimNames::default().overridden(&manifests.claim_names);
        let servers = MATCHINGS.map(|(_, matching)| {
            let compilation = rbac::compile(&manifests, &Options { matching, ..Options::default() });
            let compiled =
                compilation.targets.into_iter().filter_map(|(id, compiled)| Some((id, compiled.ok()?)));
            compiled
                .map(|(id, compiled)| {
                    let file = compiled.toolhive().expect("a file for that proxy");
                    let proxy = Proxy::load(&json(file.text()), &id.name).expect("a file that it loads");
                    (id, (Authorizer::new(&compiled).expect("an authorizer"), proxy))
                })
                .collect()
        });
        Self { reading: Reading { names, ..Reading::default() }, servers }
    }

    /// What the compiled forms say.
    pub(crate) fn decide(&self, within: Within, target: &Target, claims: &Value, wish: &Wish) -> Answers {
        let [any, all] = &self.servers;
        let servers = if within == Within::Any { any } else { all };
        let kind = match target.kind.as_str() {
            "MCPServer" => TargetKind::McpServer,
            _ => TargetKind::McpRemoteProxy,
        };
        let id = ServerId { namespace: target.namespace.clone(), kind, name: target.name.clone() };
        let Some((authorizer, proxy)) = servers.get(&id) else {
            let by_proxy = (!wish.action.starts_with("list_")).then_some(false);
            return Answers { ours: false, shown: false, by_proxy };
        };
        let membership = self.reading.read(claims.as_object().expect("claims"));
        let said = |name: &str| claims[name].as_str().expect("a claim that every token has").to_owned();
        let principal = Principal {
            issuer: said("iss"),
            subject: said("sub"),
            groups: membership.groups,
            roles: membership.roles,
        };
        let request = request(wish);
        let asker = authorizer.for_principal(&principal);
        let decision = asker.decide(&request);
        assert!(decision.errors.is_empty(), "evaluation failed: {:?}", decision.errors);
        let narrowed = authorizer.narrowed(principal.clone());
        assert_eq!(authorizer.decide(&narrowed, &request), decision, "{narrowed:?} is all that counts");
        let shown = asker.shows(&[request]) == [true];
        let by_proxy = proxy.answer(claims, wish).map(|answer| {
            assert!(answer.errors.is_empty() || !well_shaped(claims), "the proxy: {:?}", answer.errors);
            answer.allowed
        });
        Answers { ours: decision.allowed, shown, by_proxy }
    }
}

fn request(wish: &Wish) -> Request<'_> {
    let name = wish.name.as_str();
    match wish.action.as_str() {
        "list_tools" => Request::ListTools,
        "call_tool" => Request::CallTool {
            tool: name,
            hints: Hints { read_only: wish.read_only, destructive: wish.destructive, ..Hints::default() },
        },
        "list_prompts" => Request::ListPrompts,
        "get_prompt" => Request::GetPrompt(name),
        "list_resources" => Request::ListResources,
        "read_resource" => Request::ReadResource(name),
        other => panic!("no action `{other}`"),
    }
}

/// Asks both for one question. The error says what differs and gives the case to keep.
pub(crate) fn compare(
    documents: &[Value],
    platform: &Platform,
    target: &Target,
    claims: &Value,
    wish: &Wish,
    tally: &mut Tally,
) -> Result<(), String> {
    let asker = interpreter::asker(documents, claims);
    for (within, _) in MATCHINGS {
        let expected = interpreter::allowed(documents, target, &asker, wish, within);
        let Answers { ours, shown, by_proxy } = platform.decide(within, target, claims, wish);
        tally.decisions += 1;
        tally.allowed += usize::from(expected);
        if ours != expected {
            return Err(difference("compiled", within, expected, documents, target, claims, wish));
        }
        let Some(by_proxy) = by_proxy else { continue };
        if shown != interpreter::shown(documents, target, &asker, wish, within) {
            return Err(difference("listed", within, !shown, documents, target, claims, wish));
        }
        tally.by_proxy += 1;
        tally.by_proxy_allowed += usize::from(by_proxy);
        // What an identity provider should not send makes the proxy's policies fail, and it denies. It reads groups
        // under an overage, which it does not know (§11, 7).
        let same = by_proxy == expected || (!well_shaped(claims) && !by_proxy) || overage(claims);
        if !same {
            return Err(difference("cedarv1", within, expected, documents, target, claims, wish));
        }
    }
    Ok(())
}

/// Every claim that can name groups or roles is a list, if it is there.
fn well_shaped(claims: &Value) -> bool {
    let lists = |value: &Value| value.is_array();
    claims.as_object().expect("claims").iter().all(|(name, value)| match name.as_str() {
        "iss" | "sub" | "hasgroups" | "_claim_names" => true,
        "realm_access" => lists(&value["roles"]),
        _ => lists(value),
    })
}

fn overage(claims: &Value) -> bool {
    claims["hasgroups"] == true || !claims["_claim_names"].is_null()
}

/// What differs, and the world as a file for `cases/`.
fn difference(
    form: &str,
    within: Within,
    expected: bool,
    documents: &[Value],
    target: &Target,
    claims: &Value,
    wish: &Wish,
) -> String {
    let word = |allowed: bool| if allowed { "allow" } else { "deny" };
    let answer = |within| {
        word(interpreter::allowed(documents, target, &interpreter::asker(documents, claims), wish, within))
    };
    let decision = json!({
        "server": format!("{}/{}/{}", target.namespace, target.kind, target.name),
        "claims": claims,
        "action": wish.action,
        "name": wish.name,
        "readOnlyHint": wish.read_only,
        "destructiveHint": wish.destructive,
        "any": answer(Within::Any),
        "all": answer(Within::All),
    });
    format!(
        "the {form} form says {}, the contract {} under {within:?}; the case:\nwhy: TODO\ndecisions:\n- {decision}\n---\n{}",
        word(!expected),
        word(expected),
        yaml(documents)
    )
}

/// JSON is YAML.
pub(crate) fn yaml(documents: &[Value]) -> String {
    documents.iter().map(|document| format!("{document}\n")).collect::<Vec<_>>().join("---\n")
}

/// YAML is not JSON, but ours can be read as if it were.
pub(crate) fn json(yaml: &str) -> Value {
    let mut diagnostics = spanned_yaml::Diagnostics::new(Source::new("file", yaml));
    let node = spanned_yaml::parse(&mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.render(false));
    node.map_or(Value::Null, |node| node.to_json())
}

/// The same run every time, unless proptest's own variables ask for another.
pub(crate) fn config(cases: u32) -> Config {
    let standard = Config::default();
    let rng_seed = match standard.rng_seed {
        RngSeed::Random => RngSeed::Fixed(0x544f_5543_4853_544f),
        fixed @ RngSeed::Fixed(_) => fixed,
    };
    // 256 is what proptest says if nobody has asked for anything.
    let cases = if standard.cases == 256 { cases } else { standard.cases };
    Config { cases, rng_seed, failure_persistence: None, max_shrink_time: 120_000, ..standard }
}

const CASES: u32 = 260;
const QUESTIONS: usize = 24;

#[test]
fn compiled_policies_decide_as_the_contract_says() {
    let counted = RefCell::new((Census::default(), Tally::default(), None));
    let outcome = TestRunner::new(config(CASES)).run(&world(QUESTIONS), |world| {
        let (census, tally, failed) = &mut *counted.borrow_mut();
        if failed.is_none() {
            census.count(&world.documents);
        }
        let platform = Platform::of(&world.documents);
        for question in &world.questions {
            let target = world.target(question);
            if let Err(difference) =
                compare(&world.documents, &platform, &target, &question.claims, &question.wish, tally)
            {
                failed.get_or_insert((census.manifests, tally.decisions));
                return Err(TestCaseError::fail(difference));
            }
        }
        Ok(())
    });
    let (census, tally, failed) = counted.into_inner();
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, _)) => {
            let (manifests, decisions) = failed.unwrap_or_default();
            panic!("\nfound after {manifests} manifests and {decisions} decisions: {why}");
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
    // The quotas, which say that the agreement is about something.
    let Tally { decisions, allowed, by_proxy, by_proxy_allowed } = tally;
    assert!(decisions >= 10_000, "{decisions} decisions");
    assert!(allowed * 5 >= decisions, "{allowed} of {decisions} are allows");
    assert!(by_proxy * 2 >= decisions, "{by_proxy} of {decisions} were put to the proxy");
    assert!(by_proxy_allowed * 5 >= by_proxy, "{by_proxy_allowed} of {by_proxy} are allows of the proxy");
    assert!(census.rare().is_empty(), "too rare in {} manifests: {:?}", census.manifests, census.rare());
}
