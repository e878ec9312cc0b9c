//! `touchstone run`: replay scenarios, report, and answer with the exit code.

pub(super) mod manifests;
mod order;
mod output;
mod place;
mod shard;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use spanned_yaml::{Diagnostics, Source};
use tokio::sync::watch;

pub(super) use self::output::Output;
use self::{order::Order, place::Place};
use super::{
    refusal::{self, Refusal},
    signals::Signals,
    suite::{self, Chosen, Setup},
    terminal::{PrintError, Progress, Terminal},
};
use crate::{
    chance::Seed,
    clock::Stopwatch,
    model::{
        divergence::Reading,
        identifier::RequirementId,
        rule::{Rule, Rules},
        secret::Secrets,
        shard::Shard,
        values::Values,
    },
    outcome::{
        CaseResult, Event, ExitCode, Report, Selection, SuiteIdentity,
        verdict::{RunParts, Terms},
    },
    reference::enterprise_manager::{SigningKey, exposure},
    report,
    runner::{self, CasePlan},
    scenario::{
        CheckedScenario,
        read::Outside,
        syntax::{Action, Cell},
    },
    target::{Target, embedded::EmbeddedTarget, unplayable},
};

const EXAMPLES: &str = "\
Examples:
  touchstone run                           the whole suite
  touchstone run audience                  one area of it
  touchstone run my/scenarios/login.yaml   a file of yours
  touchstone run --filter 'setup=okta-shared' --jobs 1
  touchstone run --report out --format html,markdown    for a browser, and for a GitHub step
  touchstone run --shard 2/4 --report shards/2          on the second of four machines
  touchstone run --sabotage TOK-AUD        break one rule on purpose: exit 1 = the suite noticed";

/// The real time that one case may take.
const CASE_LIMIT: Duration = Duration::from_mins(1);

/// Replay scenarios against a platform and report.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct Run {
    /// Files, folders, or ids of the built-in suite; all of it by default.
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Only cases whose id, tag or requirement contains this; repeated, one of them suffices.
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,
    #[command(flatten)]
    place: Place,
    /// Cases at a time; by default four times the number of processors, in containers their number.
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Run the second of four parts: `2/4`, or `zero-based:1/4` where the index counts from zero.
    ///
    /// Divides what is selected, in the same way on every machine; `touchstone report merge` joins the reports. A
    /// shard's exit code is about its own cases, 0 where it holds none: that a rule stays untested (6) is found when
    /// they are joined. An indexed Job of Kubernetes passes `zero-based:$(JOB_COMPLETION_INDEX)/4`.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Start no further case once one has failed.
    #[arg(long)]
    fail_fast: bool,
    /// Run the cases in an order drawn from this number, or `reversed`, and not in that of their files.
    #[arg(long, value_name = "SEED")]
    shuffle: Option<Order>,
    /// List what would run, and run nothing.
    #[arg(long)]
    list: bool,
    /// Break the rule of this requirement in the reference: exit 1 = caught, 0 = survived; `none` breaks nothing.
    #[arg(long, value_name = "ID")]
    sabotage: Option<String>,
    /// Everything random is drawn from it: the same seed, the same run.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// The Enterprise Manager's signing key, PEM: SEC1 or PKCS#8, P-256. By default one is generated for each case.
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
    /// Requirements that may stay untested without exit code 6.
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    accept_untested: Vec<String>,
    /// Whom to believe where documents, code and standards disagree: the report lists every such place.
    #[arg(long, value_name = "SIDE", default_value = Reading::default().name(), value_parser = readings())]
    reading: Reading,
    /// Warnings count as failures.
    #[arg(long)]
    strict: bool,
    /// A variable of the scenarios, as `${var.NAME}`.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
    #[command(flatten)]
    output: Output,
    /// Show every case, not only what is not green.
    #[arg(long, short)]
    verbose: bool,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Each reading under its word.
fn readings() -> impl TypedValueParser<Value = Reading> {
    let words = PossibleValuesParser::new(Reading::ALL.map(Reading::name));
    words.map(|word| Reading::ALL.into_iter().find(|reading| reading.name() == word).unwrap_or_default())
}

impl Run {
    pub(super) fn execute(
        self,
        terminal: &Terminal,
        environment: &BTreeMap<String, String>,
    ) -> Result<ExitCode, PrintError> {
        refusal::told(self.attempt(terminal, environment), terminal)
    }

    fn attempt(
        self,
        terminal: &Terminal,
        environment: &BTreeMap<String, String>,
    ) -> Result<ExitCode, Refusal> {
        let rules = self.rules()?;
        let chosen = suite::choose(&self.scenarios, self.outside(environment), terminal.colors_talk())
            .map_err(Refusal::usage)?;
        let accepted_untested = self.accepted(&chosen)?;
        let signing_key = self.signing_key(terminal)?;
        let mut cells = self.cells(&chosen)?;
        let keep = |shard| {
            shard::keep(shard, &mut cells, &chosen, &self.variables, environment, signing_key.as_ref())
        };
        let shard = self.shard.map(keep).transpose()?;
        if self.list {
            let ids = cells.iter().flat_map(|(_, cell)| [cell.id.as_str(), "\n"]);
            terminal.result(&ids.collect::<String>())?;
            return Ok(ExitCode::Conformant);
        }
        let mut plans = plans(&chosen, cells, &self.variables, environment, terminal)?;
        if let Some(order) = self.shuffle {
            order.apply(&mut plans);
        }
        // Better now than after the run.
        self.output.probe()?;
        self.output.clear()?;
        if let Some(rule) = rules.broken()
            && !chosen
                .suite
                .scenarios
                .iter()
                .any(|scenario| scenario.requirements.contains(&rule.requirement()))
        {
            terminal.say(&format!("warning: no scenario of this suite tests {}", rule.id()))?;
        }
        let stopwatch = Stopwatch::start();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Refusal::environment(format!("cannot start: {error}")))?;
        let target = runtime.block_on(self.place.target(rules, signing_key, terminal))?;
        let identity = target.identity();
        let settings = runner::Settings {
            seed: seed(self.seed),
            jobs: self.jobs.unwrap_or_else(|| self.place.jobs()),
            fail_fast: self.fail_fast,
            strict: self.strict,
            divergences: chosen.suite.catalogue.divergences.as_slice().into(),
            reading: self.reading,
            rules,
            secrets: Secrets::default(),
            variables: self.variables.iter().cloned().collect(),
            environment: environment.clone(),
            case_limit: CASE_LIMIT,
        };
        let selection = Selection {
            selected: plans.len(),
            total: chosen.suite.scenarios.iter().map(|scenario| scenario.cells().len()).sum(),
            filter: self.selection(&chosen),
            shard,
        };
        let mut progress = terminal.progress();
        let (cases, interrupted) = replay(&runtime, plans, &target, &settings, &mut progress);
        // What happened is reported, whatever becomes of the target.
        let closed = runtime.block_on(target.close());
        drop(target);
        runtime.shutdown_background();
        let parts = RunParts {
            suite: SuiteIdentity {
                version: env!("CARGO_PKG_VERSION").into(),
                digest: chosen.suite.digest.clone(),
                set: chosen.set_name.clone(),
            },
            target: identity,
            seed: format!("{:016x}", self.seed),
            reading: self.reading,
            sabotaged: rules.broken().map(Rule::requirement),
            selection,
            cases,
            duration_ms: stopwatch.elapsed().as_secs_f64() * 1e3,
        };
        let terms = Terms { accepted_untested, strict: self.strict, interrupted };
        let report = Report::assemble(parts, &chosen.suite.catalogue, &terms);
        // Talk that nobody reads does not end a run.
        let _ = progress.event(&Event::RunFinished { summary: report.summary.clone() });
        let exit = self.output.tell(&report, terminal, self.verbose, Some(&self.again()))?;
        for line in closed.map_err(|error| Refusal::environment(format!("error: {error}")))? {
            terminal.say(&line)?;
        }
        Ok(exit)
    }

    /// The command line without its filters, to run a part of the same again.
    fn again(&self) -> String {
        let mut words = vec!["touchstone".to_owned(), "run".to_owned()];
        words.extend(self.scenarios.iter().cloned());
        let mut option = |name: &str, value: Option<String>| {
            words.extend(value.into_iter().flat_map(|value| [format!("--{name}"), value]));
        };
        option("seed", (self.seed != 0).then(|| self.seed.to_string()));
        option("reading", (self.reading != Reading::default()).then(|| self.reading.name().to_owned()));
        option("sabotage", self.sabotage.clone());
        for (name, value) in self.place.words() {
            option(name, Some(value));
        }
        option("shuffle", self.shuffle.map(|order| order.to_string()));
        option("signing-key", self.signing_key.as_ref().map(|path| path.display().to_string()));
        for (name, value) in &self.variables {
            option("var", Some(format!("{name}={value}")));
        }
        words.iter().map(|word| report::console::shell_word(word)).collect::<Vec<_>>().join(" ")
    }

    /// What was chosen by names and by filters, if it was not the whole suite. Files that belong to none are a part of it
    /// like any other selection.
    fn selection(&self, chosen: &Chosen) -> Option<String> {
        let named = (chosen.alone() || !chosen.ids.is_empty()).then(|| self.scenarios.join(" or "));
        let filter = (!self.filter.is_empty()).then(|| self.filter.join(" or "));
        match (named, filter) {
            (Some(named), Some(filter)) => Some(format!("{named}, of these {filter}")),
            (named, filter) => named.or(filter),
        }
    }

    fn signing_key(&self, terminal: &Terminal) -> Result<Option<SigningKey>, Refusal> {
        let Some(path) = &self.signing_key else { return Ok(None) };
        let key = SigningKey::read(path).map_err(Refusal::usage)?;
        if let Some(warning) = exposure(path) {
            terminal.complain(&format!("warning: {warning}"))?;
        }
        Ok(Some(key))
    }

    fn outside(&self, environment: &BTreeMap<String, String>) -> Outside {
        Outside {
            variables: self.variables.iter().map(|(name, _)| name.clone()).collect(),
            environment: environment.keys().cloned().collect(),
        }
    }

    fn rules(&self) -> Result<Rules, Refusal> {
        match self.sabotage.as_deref() {
            None | Some("none") => Ok(Rules::ALL),
            Some(id) => Rule::by_id(id).map(Rules::without).ok_or_else(|| {
                let known: Vec<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
                let hint = spanned_yaml::closest(id, known.iter().copied());
                let hint = hint.map_or_else(String::new, |name| format!(" Did you mean `{name}`?"));
                Refusal::usage(format!(
                    "`{id}` is no rule that can be broken.{hint}\nThere are {}, none",
                    known.join(", ")
                ))
            }),
        }
    }

    fn accepted(&self, chosen: &Chosen) -> Result<BTreeSet<RequirementId>, Refusal> {
        let known = |id: &String| {
            let id = RequirementId::new(id);
            match chosen.suite.catalogue.find(&id) {
                Some(_) => Ok(id),
                None => Err(Refusal::usage(format!("--accept-untested: there is no requirement `{id}`"))),
            }
        };
        self.accept_untested.iter().map(known).collect()
    }

    fn cells(&self, chosen: &Chosen) -> Result<Vec<(Arc<CheckedScenario>, Cell)>, Refusal> {
        let scenarios = chosen.suite.scenarios.iter().filter(|scenario| chosen.has(scenario.id.as_str()));
        let cells: Vec<_> = scenarios
            .map(|scenario| Arc::new(scenario.clone()))
            .flat_map(|scenario| scenario.cells().into_iter().map(move |cell| (Arc::clone(&scenario), cell)))
            .filter(|(scenario, cell)| {
                self.filter.is_empty() || self.filter.iter().any(|text| matches(text, scenario, cell))
            })
            .collect();
        if cells.is_empty() {
            let filter = self.filter.join("` or `");
            return Err(Refusal::usage(format!(
                "no case matches `{filter}`: `touchstone run --list` shows the cases"
            )));
        }
        Ok(cells)
    }
}

fn matches(text: &str, scenario: &CheckedScenario, cell: &Cell) -> bool {
    cell.id.as_str().contains(text)
        || scenario.tags.iter().any(|tag| tag.contains(text))
        || scenario.requirements.iter().any(|id| id.as_str().contains(text))
}

/// Reads and checks every values and tenant file that a case names, all mistakes before the first case.
fn plans(
    chosen: &Chosen,
    cells: Vec<(Arc<CheckedScenario>, Cell)>,
    variables: &[(String, String)],
    environment: &BTreeMap<String, String>,
    terminal: &Terminal,
) -> Result<Vec<CasePlan>, Refusal> {
    let mut findings: BTreeMap<String, Diagnostics> = BTreeMap::new();
    let mut mistakes = manifests::Mistakes::default();
    let mut unplayed: BTreeMap<(String, String), Option<String>> = BTreeMap::new();
    let mut plans = Vec::new();
    for (scenario, cell) in cells {
        let setup = Setup { cell: &cell, variables, environment };
        let values = chosen.values_of(&scenario, &setup).map_err(Refusal::usage)?;
        let tenant = match chosen.tenant_of(&scenario, &setup).map_err(Refusal::usage)? {
            Ok(file) => file,
            Err(name) => EmbeddedTarget::shipped_tenant(&name).ok_or_else(|| {
                let diagnostics = scenario.tenant_diagnostic(&name, &EmbeddedTarget::shipped_tenants());
                Refusal::usage(diagnostics.render(terminal.colors_talk()).trim_end())
            })?,
        };
        let mut look = |source: &Source, findings_of: fn(&Source) -> Diagnostics| {
            findings.entry(source.name().to_owned()).or_insert_with(|| {
                if suite::is_built_in(source) {
                    Diagnostics::new(source.clone())
                } else {
                    findings_of(source)
                }
            });
        };
        look(&values, |source| Values::read(source).map_or_else(|errors| errors, |(_, warnings)| warnings));
        look(&tenant, EmbeddedTarget::check_tenant);
        unplayed
            .entry((values.name().to_owned(), tenant.name().to_owned()))
            .or_insert_with(|| unplayable(&values, &tenant));
        let manifests =
            chosen.manifests_of(&scenario, &scenario.manifests.written, &setup).map_err(Refusal::usage)?;
        let mut changes = Vec::new();
        for step in &scenario.steps {
            let Action::Manifests(written) = &step.action else { continue };
            changes.push(chosen.manifests_of(&scenario, &written.written, &setup).map_err(Refusal::usage)?);
        }
        let steps = scenario.steps.iter().filter_map(|step| match &step.action {
            Action::Manifests(written) => Some(written.broken),
            _ => None,
        });
        let color = terminal.colors_talk();
        let servers = mistakes.look(&cell.id, &manifests, scenario.manifests.broken, color);
        if !scenario.manifests.broken {
            mistakes.look_for_servers(&scenario, &servers, color);
        }
        for (sources, broken) in changes.iter().zip(steps) {
            mistakes.look(&cell.id, sources, broken, color);
        }
        let cautions = [&values, &tenant]
            .into_iter()
            .filter_map(|source| findings.get(source.name()))
            .flat_map(|found| found.iter().map(|warning| found.line(warning)))
            .collect();
        plans.push(CasePlan { scenario, cell, values, tenant, manifests, changes, cautions });
    }
    let found: String = findings.values().map(|found| found.render(terminal.colors_talk())).collect();
    if findings.values().any(Diagnostics::has_errors) || mistakes.any() {
        let found = format!("{found}{mistakes}");
        return Err(Refusal::usage(found.trim_end()));
    }
    let words =
        unplayed.iter().filter_map(|((file, _), why)| Some(format!("error: {file}: {}", why.as_ref()?)));
    let words: BTreeSet<_> = words.collect();
    if !words.is_empty() {
        return Err(Refusal::usage(words.into_iter().collect::<Vec<_>>().join("\n")));
    }
    if !found.is_empty() {
        terminal.say(&found)?;
    }
    Ok(plans)
}

fn replay(
    runtime: &tokio::runtime::Runtime,
    plans: Vec<CasePlan>,
    target: &Arc<dyn Target>,
    settings: &runner::Settings,
    progress: &mut Progress,
) -> (Vec<CaseResult>, bool) {
    let (interrupt, interrupted) = watch::channel(false);
    runtime.spawn(async move {
        match Signals::catch() {
            Ok(mut signals) => signals.wait().await,
            Err(_) => std::future::pending().await,
        }
        // Nobody listens any more once the run is over.
        let _ = interrupt.send(true);
    });
    let tell = |event: Event| {
        // Talk that nobody reads does not end a run.
        let _ = progress.event(&event);
    };
    let cases = runtime.block_on(runner::run(plans, Arc::clone(target), settings, interrupted.clone(), tell));
    let interrupted = *interrupted.borrow();
    (cases, interrupted)
}

fn seed(number: u64) -> Seed {
    crate::chance::derive(&Seed::default(), &number.to_string())
}
