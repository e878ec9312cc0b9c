//! One case: its platform, its steps in order, then the credit that its checks deserve.

use std::sync::Arc;

use spanned_yaml::Source;

use super::{Settings, context::Context, credit, step, wire::shown};
use crate::{
    chance,
    clock::Stopwatch,
    model::identifier::Component,
    outcome::{CaseResult, Cause, Check, CheckStatus, ComponentLog, Location, StepResult, verdict},
    scenario::{CheckedScenario, syntax::Cell, syntax::Step},
    target::{PlatformOrder, Target, TargetError},
};

/// A case with everything that it needs at hand.
#[derive(Clone, Debug)]
pub struct CasePlan {
    /// The scenario.
    pub scenario: Arc<CheckedScenario>,
    /// The cell of its matrix.
    pub cell: Cell,
    /// The values file, read.
    pub values: Source,
    /// The tenant file, read.
    pub tenant: Source,
    /// The custom resources that it begins with.
    pub manifests: Vec<Source>,
    /// Those of its `manifests` steps, in order.
    pub changes: Vec<Vec<Source>>,
    /// What was noticed about its files, and readers of the report must know.
    pub cautions: Vec<String>,
}

impl CasePlan {
    /// A result without steps.
    pub(super) fn result(&self, status: CheckStatus, cause: Option<Cause>) -> CaseResult {
        let scenario = &self.scenario;
        CaseResult {
            id: self.cell.id.clone(),
            scenario: scenario.id.clone(),
            title: scenario.title_of(&self.cell),
            why: scenario.why.clone(),
            requirements: scenario.requirements.clone(),
            tags: scenario.tags.clone(),
            matrix: self.cell.values.clone(),
            status,
            cause,
            steps: Vec::new(),
            steps_not_taken: 0,
            tokens: Vec::new(),
            notes: Vec::new(),
            cautions: self.cautions.clone(),
            observations: Vec::new(),
            logs: Vec::new(),
            duration_ms: 0.0,
        }
    }
}

/// Runs a case to its end; every way to fail is in the result.
pub(super) async fn run(plan: &CasePlan, target: &dyn Target, settings: &Settings) -> CaseResult {
    let stopwatch = Stopwatch::start();
    let settings = &Settings { secrets: settings.secrets.fork(), ..settings.clone() };
    let lacking = plan.scenario.needs.iter().find(|need| !target.can(**need));
    let mut result = match lacking {
        Some(need) => {
            let reason = format!("the target {} lacks {}", target.identity().name, need.name());
            plan.result(CheckStatus::NotApplicable(reason), None)
        }
        None => match start(plan, target, settings).await {
            Ok(mut context) => match absent_component(plan, &context) {
                Some(component) => {
                    context.platform.over();
                    let reason = format!("the platform of these values has no {component}");
                    plan.result(CheckStatus::NotApplicable(reason), None)
                }
                None => play(plan, context).await,
            },
            Err(error) => not_started(plan, settings, &error),
        },
    };
    result.duration_ms = stopwatch.elapsed().as_secs_f64() * 1e3;
    result
}

async fn start<'a>(
    plan: &'a CasePlan,
    target: &dyn Target,
    settings: &'a Settings,
) -> Result<Context<'a>, TargetError> {
    let seed = chance::derive(&settings.seed, plan.cell.id.as_str());
    let order = PlatformOrder {
        values: plan.values.clone(),
        tenant: plan.tenant.clone(),
        manifests: plan.manifests.clone(),
        seed,
        secrets: settings.secrets.clone(),
    };
    let platform = target.start(&order).await?;
    Ok(Context::new(plan, settings, seed, platform))
}

/// A component that the steps speak to and the platform does not have: switched off in the values file.
fn absent_component<'p>(plan: &'p CasePlan, context: &Context<'_>) -> Option<&'p Component> {
    let steps = plan.scenario.steps.iter().chain(&plan.scenario.always);
    steps.filter_map(|step| step.action.component()).find(|component| context.endpoint(component).is_err())
}

async fn play(plan: &CasePlan, mut context: Context<'_>) -> CaseResult {
    let mut steps = Vec::new();
    for step in &plan.scenario.steps {
        let (result, go_on) = take(plan, &mut context, step, steps.len()).await;
        steps.push(result);
        if !go_on {
            break;
        }
    }
    let steps_not_taken = plan.scenario.steps.len() - steps.len();
    let left_over = step::left_over_faults(&context).await;
    if let Some(last) = steps.last_mut() {
        last.checks.extend(left_over.into_iter().map(|check| redacted(check, &context)));
    }
    for step in &plan.scenario.always {
        let (result, _) = take(plan, &mut context, step, steps.len()).await;
        steps.push(result);
    }
    credit::settle(&mut steps, &context);
    let mut result = plan.result(verdict::case_status(&steps), verdict::case_cause(&steps));
    if result.status.needs_action() {
        let logs = context.platform.logs().await.into_iter();
        result.logs =
            logs.map(|(component, text)| ComponentLog { component, text: context.redact(&text) }).collect();
    }
    context.platform.over();
    result.observations = credit::counted(&steps, std::mem::take(&mut context.observed));
    result.steps = steps;
    result.steps_not_taken = steps_not_taken;
    result.tokens = context.shown_tokens();
    result.notes = context.platform.notes().to_vec();
    result.cautions.extend_from_slice(context.platform.cautions());
    result
}

/// Takes one step. False if nothing after it makes sense.
async fn take(plan: &CasePlan, context: &mut Context<'_>, step: &Step, index: usize) -> (StepResult, bool) {
    context.step = index;
    let done = step::take(context, &step.action).await;
    let source = &plan.scenario.source;
    let result = StepResult {
        kind: step.action.kind().into(),
        title: context.redact(&done.title),
        location: Location { file: source.name().into(), line: source.position(step.span).0 },
        checks: done.checks.into_iter().map(|check| redacted(check, context)).collect(),
        exchanges: context.wire.drain(),
    };
    (result, done.go_on)
}

/// The one gate through which every word of a check goes: nothing that a target or a variable said passes unredacted.
fn redacted(check: Check, context: &Context<'_>) -> Check {
    check.redacted(&|text| context.redact(text))
}

fn not_started(plan: &CasePlan, settings: &Settings, error: &TargetError) -> CaseResult {
    let (reason, cause) = match error {
        TargetError::Values(diagnostics) | TargetError::Tenant(diagnostics) => {
            (format!("{error}\n{diagnostics}"), Cause::Configuration)
        }
        TargetError::Mismatch(_) | TargetError::Unplayable(_) => (error.to_string(), Cause::Configuration),
        TargetError::Environment(_) => (error.to_string(), Cause::Environment),
        TargetError::Unsupported(_) => (error.to_string(), Cause::Harness),
    };
    plan.result(CheckStatus::Error(shown(&settings.secrets, &reason)), Some(cause))
}
