//! `scenarios`: the claims about headers, failover and modules as commands that check them,
//! on what the server received.

mod stage;

use super::{GlobalOptions, exit, setup};
use crate::config::Environment;
use crate::dspy::Module;
use crate::failover::{Failover, Outcome};
use crate::openrouter::headers::{ChosenValue, Headers, ValueOrigin};
use crate::spec::Task;
use crate::transcript::{seconds, usd};
use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use stage::{ScenarioRun, ScenarioStage};

/// Check headers, failover and modules on what the server received.
#[derive(Args, Debug)]
pub(super) struct ScenariosArgs {
    /// Only this one: headers, server-models, client-chain, modules, contrast
    name: Option<String>,
    /// Ask the real service, after naming what that will cost at most; what is broken is still simulated
    #[arg(long)]
    live: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

const NAMES: [(&str, &str); 5] = [
    ("headers", "who we are goes out with every request, once"),
    ("server-models", "one request with a `models` list, and the server falls back by itself"),
    ("client-chain", "the first model is dead, and this program asks the next"),
    ("modules", "each DSPy module asks as often as it should, for the fields it should"),
    ("contrast", "a standard integration and a proper one, on the same dead model"),
];

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    what: String,
    saw: String,
    passed: bool,
}

fn check(what: impl Into<String>, saw: impl Into<String>, passed: bool) -> Check {
    Check { what: what.into(), saw: saw.into(), passed }
}

/// A scenario's result.
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
            bail!("there are the scenarios {}", NAMES.map(|(name, _)| name).join(", "));
        }
        let config = settings.config(env)?;
        let mut task = setup::task(&config, env)?;
        task.inputs = setup::example_inputs(&task.signature)?;
        let spec = setup::spec(&config, task)?;
        if spec.chain.len() < 2 {
            bail!("a scenario needs a chain of two models at least: --model FIRST --model SECOND");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let told = runtime.block_on(async {
            let stage = ScenarioStage::new(&config, spec, self.live)?;
            if let Some(cost) = stage.most(names.iter().map(|(name, _)| calls(name)).sum()).await? {
                eprintln!("On the real service: {cost}. What is broken is simulated, and costs nothing.");
            }
            let mut told = Vec::new();
            for (scenario, about) in names {
                let checks = play(&stage, scenario).await?;
                let passed = checks.iter().all(|check| check.passed);
                let one = ScenarioResult { scenario, about, live: self.live, passed, checks };
                if !self.json {
                    print(&one);
                }
                told.push(one);
            }
            anyhow::Ok(told)
        })?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&told)?);
        }
        Ok(if told.iter().all(|one| one.passed) { exit::OK } else { exit::EXHAUSTED })
    }
}

fn print(told: &ScenarioResult) {
    println!("{} {}: {}", if told.passed { "✓" } else { "✗" }, told.scenario, told.about);
    for check in &told.checks {
        println!("    {} {}", if check.passed { "✓" } else { "✗" }, check.what);
        println!("        saw {}", check.saw);
    }
}

/// The most calls that are answered, and billed, in a scenario that goes well.
fn calls(name: &str) -> u32 {
    match name {
        "modules" => 1 + 1 + 3 + 3,
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
    let played = stage.play(&stage.spec, true, stage.headers()).await?;
    let mut checks = vec![check(
        "more than one attempt was made, so that there is something to compare",
        format!("{} requests", played.wire.len()),
        played.wire.len() > 1,
    )];
    checks.extend(attribution(stage.headers(), &played));
    let keys = played.wire.iter().filter(|request| request.header("authorization").len() == 1).count();
    checks.push(check(
        "each request carries one key",
        format!("{keys} of {}", played.wire.len()),
        keys == played.wire.len(),
    ));
    Ok(checks)
}

/// Every attribution header that was chosen arrived on every request, once.
fn attribution(chosen: &Headers, played: &ScenarioRun) -> Vec<Check> {
    let names = [("HTTP-Referer", &chosen.referer), ("X-OpenRouter-Title", &chosen.title), ("X-Title", &chosen.title)];
    let wanted = names.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?.value.as_str())));
    wanted
        .map(|(name, value)| {
            let saw: Vec<Vec<String>> = played.wire.iter().map(|request| request.header(name)).collect();
            let passed = !saw.is_empty() && saw.iter().all(|values| values == &[value]);
            let each: Vec<String> = saw.iter().map(|values| values.join(" and ")).collect();
            check(format!("{name} is {value} on every request, once"), each.join(" | "), passed)
        })
        .collect()
}

async fn server_models(stage: &ScenarioStage) -> Result<Vec<Check>> {
    let mut spec = stage.spec.clone();
    spec.policy.failover = Failover::Server;
    let played = stage.play(&spec, true, stage.headers()).await?;
    let (first, second) = (&stage.spec.chain[0].model, &stage.spec.chain[1].model);
    let rest: Vec<&str> = stage.spec.chain[1..].iter().map(|route| route.model.as_str()).take(3).collect();
    let list = played.wire.first().map(|request| request.body["models"].clone()).unwrap_or_default();
    let mut checks = vec![
        check("one request is enough", played.models().join(", "), played.models() == [first.as_str()]),
        check(format!("it lists {}", rest.join(", ")), list.to_string(), list == serde_json::json!(rest)),
    ];
    let served = played.served();
    let who = if stage.live { !served.is_empty() } else { served == *second };
    checks.push(check(format!("the server answers with {second} where {first} is dead"), served, who));
    checks.push(answered(&played));
    Ok(checks)
}

async fn client_chain(stage: &ScenarioStage) -> Result<Vec<Check>> {
    let played = stage.play(&stage.spec, true, stage.headers()).await?;
    let (first, second) = (&stage.spec.chain[0].model, &stage.spec.chain[1].model);
    let models = played.models();
    let before = models.iter().rposition(|model| *model == first.as_str());
    let after = models.iter().position(|model| *model == second.as_str());
    let mut checks = vec![
        check(format!("{second} is asked after {first}"), models.join(", then "), before.is_some() && before < after),
        check(format!("{second} answers"), played.winner(), played.winner() == *second),
        answered(&played),
    ];
    checks.extend(attribution(stage.headers(), &played));
    Ok(checks)
}

async fn modules(stage: &ScenarioStage) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    let table = [
        (Module::Predict, 1),
        (Module::ChainOfThought, 1),
        (Module::Majority(3), 3),
        // Two chains, and the call that compares them.
        (Module::MultiChainComparison(2), 3),
    ];
    for (module, calls) in table {
        let mut spec = stage.spec.clone();
        let Task::Signature(task) = &mut spec.task;
        task.module = module;
        let outputs = task.signature.outputs.clone();
        let played = stage.play(&spec, false, stage.headers()).await?;
        let asked = played.wire.len();
        let thinks = |request: &stage::CapturedRequest| request.body["messages"].to_string().contains("reasoning");
        let thinking = played.wire.iter().filter(|request| thinks(request)).count();
        let wanted = if module == Module::Predict { 0 } else { calls };
        let saw = format!("requests: {asked}, for a reasoning: {thinking}, and {}", played.end());
        let passed = asked == calls && thinking == wanted && played.outcome() == Some(Outcome::Succeeded);
        checks.push(check(format!("{module}: requests {calls}, for a reasoning {wanted}"), saw, passed));
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
    let plain = stage.play(&spec, true, &standard).await?;
    let proper = stage.play(&stage.spec, true, stage.headers()).await?;
    let referers = |played: &ScenarioRun| {
        let mut all: Vec<String> = played.wire.iter().flat_map(|request| request.header("http-referer")).collect();
        all.dedup();
        all
    };
    let borrowed = stage.headers().referer.as_ref().is_some_and(|referer| referer.value.contains("litellm.ai"));
    Ok(vec![
        check(
            "standard, as LiteLLM's defaults are: the traffic counts for somebody else",
            referers(&plain).join(", "),
            referers(&plain) == ["https://litellm.ai"],
        ),
        check(
            "standard: one model, and no answer when it is dead",
            plain.end(),
            plain.outcome() == Some(Outcome::Exhausted),
        ),
        check(
            "proper: the traffic counts for this app",
            referers(&proper).join(", "),
            !borrowed && referers(&proper).len() == 1,
        ),
        check("proper: the chain answers", proper.end(), proper.outcome() == Some(Outcome::Succeeded)),
    ])
}

fn answered(played: &ScenarioRun) -> Check {
    check("every output field is there and valid", played.end(), played.outcome() == Some(Outcome::Succeeded))
}

impl ScenarioRun {
    /// How the run ended, in a few words.
    fn end(&self) -> String {
        self.run.finished.as_ref().map_or_else(
            || "no end".to_owned(),
            |end| match &end.headline {
                Some(headline) => headline.clone(),
                None => format!("an answer after {} for {}", seconds(end.took), usd(end.cost)),
            },
        )
    }
}
