//! `scenarios`: checks headers, failover and modules by what the server receives.

mod stage;

use super::print::{note, out};
use super::runtime::runtime;
use super::{GlobalOptions, exit, setup};
use crate::config::Environment;
use crate::dspy::Module;
use crate::failover::{Failover, Outcome};
use crate::openrouter::headers::{ChosenValue, Headers, ValueOrigin};
use crate::transcript::{seconds, usd};
use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use stage::{FirstModel, ScenarioRun, ScenarioStage};

/// Check headers, failover and modules by what the server receives.
#[derive(Args, Debug)]
pub(super) struct ScenariosArgs {
    /// Run only this scenario: headers, server-models, client-chain, modules, contrast
    name: Option<String>,
    /// Use the real service; prints the maximum cost first. Broken models are still simulated
    #[arg(long)]
    live: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

const NAMES: [(&str, &str); 5] = [
    ("headers", "every request carries each attribution header once"),
    ("server-models", "one request with a `models` list, and the server tries the next model"),
    ("client-chain", "the first model fails, and this program tries the next"),
    ("modules", "each DSPy module makes the right number of requests for the right fields"),
    ("contrast", "a standard integration and this program, with the same failing model"),
];

/// One check: what is expected, and what was seen.
#[derive(Debug, Serialize)]
struct Check {
    what: String,
    saw: String,
    passed: bool,
}

fn check(what: impl Into<String>, saw: impl Into<String>, passed: bool) -> Check {
    Check { what: what.into(), saw: saw.into(), passed }
}

/// The result of a scenario.
#[derive(Debug, Serialize)]
struct ScenarioResult {
    scenario: &'static str,
    about: &'static str,
    live: bool,
    passed: bool,
    checks: Vec<Check>,
}

impl ScenariosArgs {
    pub(super) fn run(self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let names: Vec<_> = NAMES.iter().filter(|(name, _)| self.name.as_deref().is_none_or(|n| n == *name)).collect();
        if names.is_empty() {
            bail!("unknown scenario; expected one of {}", NAMES.map(|(name, _)| name).join(", "));
        }
        let config = settings.config(env)?;
        let mut task = setup::task(&config, env)?;
        task.inputs = setup::example_inputs(&task.signature)?;
        let spec = setup::spec(&config, task)?;
        if spec.chain.len() < 2 {
            bail!("scenarios need a chain of at least two models: --model FIRST --model SECOND");
        }
        let runtime = runtime(None)?;
        let results = runtime.block_on(async {
            let stage = ScenarioStage::new(&config, spec, self.live)?;
            if let Some(cost) = stage.max_cost(names.iter().map(|(name, _)| calls(name)).sum()).await? {
                note!("Cost on the real service: {cost}. Broken models are simulated and cost nothing.");
            }
            let mut results = Vec::new();
            for (scenario, about) in names {
                let checks = play(&stage, scenario).await?;
                let passed = checks.iter().all(|check| check.passed);
                let result = ScenarioResult { scenario, about, live: self.live, passed, checks };
                if !self.json {
                    print(&result);
                }
                results.push(result);
            }
            anyhow::Ok(results)
        })?;
        if self.json {
            out!("{}", serde_json::to_string_pretty(&results)?);
        }
        Ok(if results.iter().all(|result| result.passed) { exit::OK } else { exit::EXHAUSTED })
    }
}

fn print(result: &ScenarioResult) {
    out!("{} {}: {}", if result.passed { "✓" } else { "✗" }, result.scenario, result.about);
    for check in &result.checks {
        out!("    {} {}", if check.passed { "✓" } else { "✗" }, check.what);
        out!("        saw {}", check.saw);
    }
}

/// The modules that are checked, each with its number of requests.
const MODULES: [(Module, u32); 4] = [
    (Module::Predict, 1),
    (Module::ChainOfThought, 1),
    (Module::Majority(3), 3),
    // Two chains, and the call that compares them.
    (Module::MultiChainComparison(2), 3),
];

/// The number of calls that are answered, and billed, in a scenario without failures.
fn calls(name: &str) -> u32 {
    match name {
        "modules" => MODULES.iter().map(|(_, calls)| calls).sum(),
        _ => 1,
    }
}

async fn play(stage: &ScenarioStage, name: &str) -> Result<Vec<Check>> {
    match name {
        "headers" => headers(stage).await,
        "server-models" => server_models(stage).await,
        "client-chain" => client_chain(stage).await,
        "modules" => modules(stage).await,
        _ => contrast(stage).await,
    }
}

async fn headers(stage: &ScenarioStage) -> Result<Vec<Check>> {
    let played = stage.play(&stage.spec, FirstModel::Broken, stage.headers()).await?;
    let mut checks = vec![check(
        "there is more than one attempt to compare",
        format!("{} requests", played.wire.len()),
        played.wire.len() > 1,
    )];
    checks.extend(attribution(stage.headers(), &played));
    let keys = played.wire.iter().filter(|request| request.header("authorization").len() == 1).count();
    checks.push(check(
        "each request carries one API key",
        format!("{keys} of {}", played.wire.len()),
        keys == played.wire.len(),
    ));
    Ok(checks)
}

/// Checks that every attribution header arrived once with every request.
fn attribution(chosen: &Headers, played: &ScenarioRun) -> Vec<Check> {
    let names = [("HTTP-Referer", &chosen.referer), ("X-OpenRouter-Title", &chosen.title), ("X-Title", &chosen.title)];
    let expected = names.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?.value.as_str())));
    expected
        .map(|(name, value)| {
            let saw: Vec<Vec<String>> = played.wire.iter().map(|request| request.header(name)).collect();
            let passed = !saw.is_empty() && saw.iter().all(|values| values == &[value]);
            let each: Vec<String> = saw.iter().map(|values| values.join(" and ")).collect();
            check(format!("every request carries {name}: {value} once"), each.join(" | "), passed)
        })
        .collect()
}

async fn server_models(stage: &ScenarioStage) -> Result<Vec<Check>> {
    let mut spec = stage.spec.clone();
    spec.policy.failover = Failover::Server;
    let played = stage.play(&spec, FirstModel::Broken, stage.headers()).await?;
    let (first, second) = (&stage.spec.chain[0].model, &stage.spec.chain[1].model);
    let rest: Vec<&str> = stage.spec.chain[1..].iter().map(|route| route.model.as_str()).take(3).collect();
    let list = played.wire.first().map(|request| request.body["models"].clone()).unwrap_or_default();
    let mut checks = vec![
        check("there is one request", played.models().join(", "), played.models() == [first.as_str()]),
        check(format!("it lists {}", rest.join(", ")), list.to_string(), list == serde_json::json!(rest)),
    ];
    let served = played.served();
    let passed = if stage.live { !served.is_empty() } else { served == *second };
    checks.push(check(format!("{first} fails, so the server answers with {second}"), served, passed));
    checks.push(answered(&played));
    Ok(checks)
}

async fn client_chain(stage: &ScenarioStage) -> Result<Vec<Check>> {
    let played = stage.play(&stage.spec, FirstModel::Broken, stage.headers()).await?;
    let (first, second) = (&stage.spec.chain[0].model, &stage.spec.chain[1].model);
    let models = played.models();
    let before = models.iter().rposition(|model| *model == first.as_str());
    let after = models.iter().position(|model| *model == second.as_str());
    let mut checks = vec![
        check(format!("{second} is tried after {first}"), models.join(", then "), before.is_some() && before < after),
        check(format!("{second} answers"), played.winner(), played.winner() == *second),
        answered(&played),
    ];
    checks.extend(attribution(stage.headers(), &played));
    Ok(checks)
}

async fn modules(stage: &ScenarioStage) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for (module, calls) in MODULES {
        let calls = calls as usize;
        let mut spec = stage.spec.clone();
        let Some(task) = spec.task.signature_mut() else { bail!("scenarios ask a signature") };
        task.module = module;
        let outputs = task.signature.outputs.clone();
        let played = stage.play(&spec, FirstModel::Healthy, stage.headers()).await?;
        let requests = played.wire.len();
        let reasons = |request: &stage::CapturedRequest| request.body["messages"].to_string().contains("reasoning");
        let reasoning = played.wire.iter().filter(|request| reasons(request)).count();
        let expected = if module == Module::Predict { 0 } else { calls };
        let saw = format!("{requests} requests, {reasoning} with a reasoning field, and {}", played.end());
        let passed = requests == calls && reasoning == expected && played.outcome() == Some(Outcome::Succeeded);
        checks.push(check(format!("{module}: {calls} requests, {expected} with a reasoning field"), saw, passed));
        let fields = played.fields();
        let all = outputs.iter().all(|output| fields.contains(&output.name));
        checks.push(check(format!("{module} fills every output"), fields.join(", "), all));
    }
    Ok(checks)
}

async fn contrast(stage: &ScenarioStage) -> Result<Vec<Check>> {
    let chosen = |value: &str| Some(ChosenValue { value: value.to_owned(), from: ValueOrigin::Default });
    let standard = Headers { referer: chosen("https://litellm.ai"), title: chosen("liteLLM"), ..Headers::default() };
    let mut spec = stage.spec.clone();
    spec.policy.failover = Failover::Strict;
    let without_failover = stage.play(&spec, FirstModel::Broken, &standard).await?;
    let with_failover = stage.play(&stage.spec, FirstModel::Broken, stage.headers()).await?;
    let referers = |played: &ScenarioRun| {
        let mut all: Vec<String> = played.wire.iter().flat_map(|request| request.header("http-referer")).collect();
        all.dedup();
        all
    };
    let credits_litellm = stage.headers().referer.as_ref().is_some_and(|referer| referer.value.contains("litellm.ai"));
    Ok(vec![
        check(
            "standard integration, with LiteLLM's defaults: OpenRouter credits another app",
            referers(&without_failover).join(", "),
            referers(&without_failover) == ["https://litellm.ai"],
        ),
        check(
            "standard integration: one model, and no answer when it fails",
            without_failover.end(),
            without_failover.outcome() == Some(Outcome::Exhausted),
        ),
        check(
            "this program: OpenRouter credits your app",
            referers(&with_failover).join(", "),
            !credits_litellm && referers(&with_failover).len() == 1,
        ),
        check(
            "this program: the chain answers",
            with_failover.end(),
            with_failover.outcome() == Some(Outcome::Succeeded),
        ),
    ])
}

fn answered(played: &ScenarioRun) -> Check {
    check("every output field is present and valid", played.end(), played.outcome() == Some(Outcome::Succeeded))
}

impl ScenarioRun {
    /// How the run ended, in a few words.
    fn end(&self) -> String {
        self.run.finished.as_ref().map_or_else(
            || "no final event".to_owned(),
            |end| match &end.headline {
                Some(headline) => headline.clone(),
                None => format!("an answer after {} for {}", seconds(end.took), usd(end.cost)),
            },
        )
    }
}
