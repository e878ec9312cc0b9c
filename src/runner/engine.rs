//! Runs the cases side by side, in the order given, and reports as they end.

use std::{collections::BTreeMap, num::NonZeroUsize, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet};

use super::case::{self, CasePlan};
use crate::{
    chance::Seed,
    model::{
        divergence::{Divergence, Reading},
        rule::Rules,
        secret::Secrets,
    },
    outcome::{CaseResult, Cause, CheckStatus, Event},
    target::Target,
};

/// What holds for every case of a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Every case derives its own seed from it.
    pub seed: Seed,
    /// Cases at a time.
    pub jobs: NonZeroUsize,
    /// Start no further case once one has failed.
    pub fail_fast: bool,
    /// A warning counts as a failure.
    pub strict: bool,
    /// The rules of the simulated client; a target has its own.
    pub rules: Rules,
    /// Where documents, code and standards disagree.
    pub divergences: Arc<[Divergence]>,
    /// Whom to believe there.
    pub reading: Reading,
    /// Where secrets are registered and redacted.
    pub secrets: Secrets,
    /// `${var.…}`
    pub variables: BTreeMap<String, String>,
    /// `${env.…}`, handed in by whoever read the environment.
    pub environment: BTreeMap<String, String>,
    /// Real time after which a case is given up.
    pub case_limit: Duration,
}

/// Runs the plans. When `interrupted` turns true, what runs is given up and what waits is skipped.
pub async fn run(
    plans: Vec<CasePlan>,
    target: Arc<dyn Target>,
    settings: &Settings,
    mut interrupted: watch::Receiver<bool>,
    mut tell: impl FnMut(Event),
) -> Vec<CaseResult> {
    tell(Event::RunStarted { cases: plans.len() });
    let mut waiting = plans.into_iter();
    let mut running = JoinSet::new();
    let mut plan_of = BTreeMap::new();
    let mut results = Vec::new();
    let mut stop = None;
    loop {
        while stop.is_none() && running.len() < settings.jobs.get() {
            let Some(plan) = waiting.next() else { break };
            tell(Event::CaseStarted { case: plan.cell.id.clone() });
            let (target, settings, task_plan) = (Arc::clone(&target), settings.clone(), plan.clone());
            let handle =
                running.spawn(async move { Box::pin(limited(&task_plan, &*target, &settings)).await });
            plan_of.insert(handle.id(), plan);
        }
        let ended = tokio::select! {
            ended = running.join_next_with_id() => ended,
            () = turned_true(&mut interrupted), if stop.is_none() => {
                stop = Some("interrupted");
                running.abort_all();
                continue;
            }
        };
        let Some(ended) = ended else { break };
        let result = match ended {
            Ok((id, result)) => {
                plan_of.remove(&id);
                result
            }
            Err(error) => {
                let Some(plan) = plan_of.remove(&error.id()) else { continue };
                if error.is_cancelled() { skipped(&plan, "interrupted") } else { crashed(&plan) }
            }
        };
        let warned = settings.strict && matches!(result.status, CheckStatus::Warn(_));
        if settings.fail_fast && (result.status.needs_action() || warned) && stop.is_none() {
            stop = Some("an earlier case failed (--fail-fast)");
        }
        tell(Event::CaseFinished { result: Box::new(result.clone()) });
        results.push(result);
    }
    results.extend(waiting.map(|plan| skipped(&plan, stop.unwrap_or("not started"))));
    results
}

async fn turned_true(interrupted: &mut watch::Receiver<bool>) {
    if interrupted.wait_for(|value| *value).await.is_err() {
        // Nobody can interrupt any more.
        std::future::pending::<()>().await;
    }
}

async fn limited(plan: &CasePlan, target: &dyn Target, settings: &Settings) -> CaseResult {
    if let Ok(result) =
        tokio::time::timeout(settings.case_limit, Box::pin(case::run(plan, target, settings))).await
    {
        return result;
    }
    let reason = format!("the case took longer than {} s", settings.case_limit.as_secs());
    plan.result(CheckStatus::Error(reason), Some(Cause::Environment))
}

fn skipped(plan: &CasePlan, reason: &str) -> CaseResult {
    plan.result(CheckStatus::Skipped(reason.into()), None)
}

fn crashed(plan: &CasePlan) -> CaseResult {
    let reason = "the harness crashed in this case: please report it".into();
    plan.result(CheckStatus::Error(reason), Some(Cause::Harness))
}
