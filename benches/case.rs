//! A full case, and its bare limit: what starting and stopping an empty platform of the same values costs.

#![expect(clippy::expect_used, reason = "a benchmark stops at the first thing that is not as it must be")]

use std::{
    collections::BTreeMap, fs, hint::black_box, num::NonZeroUsize, path::Path, sync::Arc, time::Duration,
};

use criterion::{Criterion, criterion_group, criterion_main};
use spanned_yaml::Source;
use tokio::{runtime::Runtime, sync::watch};
use touchstone::{
    model::{divergence::Reading, identifier::ScenarioId, rule::Rules, secret::Secrets},
    outcome::CheckStatus,
    runner::{CasePlan, Settings, run},
    scenario::{
        read::Outside,
        suite::{Suite, resolve},
    },
    target::{PlatformOrder, Target as _, embedded::EmbeddedTarget},
};

/// One sign-in, one minted token, two presentations.
const SCENARIO: &str = "audience/absent";

fn suite() -> Suite {
    fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Source>) {
        for entry in fs::read_dir(folder).expect("the suite").flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(root, &path, files);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = path.strip_prefix(root).expect("below the root").display().to_string();
                files.insert(name, Source::read(&path).expect("a text"));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files = BTreeMap::new();
    collect(&root, &root, &mut files);
    Suite { name: "scenarios".into(), files }
}

fn plan() -> CasePlan {
    let suite = suite().check(Outside::default()).expect("a valid suite");
    let scenario = suite.find(&ScenarioId::new(SCENARIO)).expect("the scenario").clone();
    let cell = scenario.cells().remove(0);
    let values = scenario.values.fill(&cell).expect("a values file");
    let values = resolve(&scenario.id, &values).and_then(|path| suite.files.get(&path).cloned());
    let tenant = scenario.tenant.fill(&cell).expect("a tenant");
    CasePlan {
        manifests: Vec::new(),
        changes: Vec::new(),
        cautions: Vec::new(),
        scenario: Arc::new(scenario),
        cell,
        values: values.expect("the values file"),
        tenant: EmbeddedTarget::shipped_tenant(&tenant).expect("a shipped tenant"),
    }
}

fn settings() -> Settings {
    Settings {
        seed: [0; 32],
        jobs: NonZeroUsize::MIN,
        fail_fast: false,
        strict: false,
        rules: Rules::ALL,
        divergences: Vec::new().into(),
        reading: Reading::default(),
        secrets: Secrets::default(),
        variables: BTreeMap::new(),
        environment: BTreeMap::new(),
        case_limit: Duration::from_secs(30),
    }
}

fn case(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let target = Arc::new(EmbeddedTarget::new(Rules::ALL, None).expect("a target"));
    let (plan, settings) = (plan(), settings());
    let (_interrupt, interrupted) = watch::channel(false);
    let mut group = criterion.benchmark_group("case");
    group.sample_size(20);
    group.bench_function("platform alone", |bencher| {
        let order = PlatformOrder {
            manifests: Vec::new(),
            values: plan.values.clone(),
            tenant: plan.tenant.clone(),
            seed: [0; 32],
            secrets: Secrets::default(),
        };
        bencher
            .to_async(&runtime)
            .iter(|| async { target.start(black_box(&order)).await.expect("a platform") });
    });
    group.bench_function("full case", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let results =
                run(vec![plan.clone()], target.clone(), &settings, interrupted.clone(), |_| {}).await;
            assert_eq!(results.first().map(|result| result.status.clone()), Some(CheckStatus::Pass));
        });
    });
    group.finish();
}

criterion_group!(benches, case);
criterion_main!(benches);
