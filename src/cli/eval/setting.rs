//! From words to what is asked: variants, fault plans, metrics, judges.

use crate::cli::{GlobalOptions, setup};
use crate::config::{Config, Environment};
use crate::dspy::Signature;
use crate::eval::{Case, FaultPlan, Judge, Metric, Variant};
use crate::fault::Fault;
use crate::nearest::nearest;
use crate::spec::SignatureTask;
use anyhow::{Context as _, Result, anyhow, bail};
use std::collections::BTreeMap;

/// Settings of a variant, each with its value.
type Combination<'a> = Vec<(&'a str, &'a str)>;

/// One setting with the values that are tried.
struct Axis<'a> {
    key: &'a str,
    values: Vec<&'a str>,
}

/// The variants: each chain with each combination of the varied settings.
pub(super) fn variants(
    against: &[String],
    vary: &[String],
    settings: &GlobalOptions,
    env: &Environment,
) -> Result<Vec<Variant>> {
    let mut combinations: Vec<Combination<'_>> = vec![Vec::new()];
    for word in vary {
        let Axis { key, values } = axis(word)?;
        let mut longer = Vec::new();
        for so_far in &combinations {
            for value in &values {
                longer.push(so_far.iter().copied().chain([(key, *value)]).collect());
            }
        }
        combinations = longer;
    }
    let mut chains: Vec<Option<Vec<String>>> = vec![None];
    for words in against {
        let words: Vec<String> = words.split(',').map(|word| word.trim().to_owned()).collect();
        chains.push(Some(words));
    }
    let mut variants: Vec<Variant> = Vec::new();
    for chain in &chains {
        for combination in &combinations {
            let mut settings = settings.clone();
            if let Some(words) = chain {
                settings.models.clone_from(words);
            }
            let mut demos = true;
            for (key, value) in combination {
                match (*key, *value) {
                    ("module", value) => settings.module = Some(value.to_owned()),
                    ("adapter", value) => settings.adapter = Some(value.to_owned()),
                    ("demos", "on" | "off") => demos = *value == "on",
                    ("demos", other) => bail!("--vary demos={other}: expected on or off"),
                    (key, value) => settings.set.push(format!("{key}={value}")),
                }
            }
            let config = settings.config(env).with_context(|| format!("--vary {}", words(combination)))?;
            let mut task = setup::task(&config, env)?;
            if !demos {
                task.demos.clear();
            }
            let spec = setup::spec(&config, task)?;
            let models: Vec<&str> = spec.chain.iter().map(|route| route.model.as_str()).collect();
            let called = match chain {
                Some(words) => words.join(" › "),
                None => models.join(" › "),
            };
            let name = match (chains.len() > 1 || combination.is_empty(), combination.is_empty()) {
                (true, true) => called,
                (true, false) => format!("{called} · {}", words(combination)),
                (false, _) => words(combination),
            };
            if variants.iter().any(|other| other.name == name) {
                bail!("two variants are the same: {name}");
            }
            variants.push(Variant { name, spec });
        }
    }
    Ok(variants)
}

fn words(combination: &[(&str, &str)]) -> String {
    combination.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

fn axis(word: &str) -> Result<Axis<'_>> {
    let (key, values) = word.split_once('=').ok_or_else(|| anyhow!("--vary {word}: expected KEY=VALUE,VALUE"))?;
    let key = key.trim();
    if matches!(key, "signature" | "models" | "chains" | "base_url") {
        bail!("--vary {key}: this cannot be varied; --against adds a chain");
    }
    let values: Vec<&str> = values.split(',').map(str::trim).filter(|value| !value.is_empty()).collect();
    if values.is_empty() {
        bail!("--vary {word}: expected at least one value");
    }
    Ok(Axis { key, values })
}

/// The fault plans of the words: `none`, the name of a plan of the configuration, or faults separated by `;`. Without
/// words, the faults of `--fault` are the only plan.
pub(super) fn plans(words: &[String], config: &Config, settings: &GlobalOptions) -> Result<Vec<FaultPlan>> {
    if words.is_empty() {
        let faults = settings.faults()?;
        let named = |(model, fault): &(String, Fault)| format!("{model}={fault}");
        let name = faults.iter().map(named).collect::<Vec<_>>().join("; ");
        return Ok(vec![if faults.is_empty() { FaultPlan::none() } else { FaultPlan { name, faults } }]);
    }
    if !settings.faults()?.is_empty() {
        bail!("use --faults for the faults too: each of its plans is one row of the result");
    }
    let named: BTreeMap<String, Vec<String>> = config.read("eval.faults")?.unwrap_or_default();
    let mut plans: Vec<FaultPlan> = Vec::new();
    for word in words {
        let plan = match (word.trim(), named.get(word.trim())) {
            (FaultPlan::NONE, _) => FaultPlan::none(),
            (name, Some(faults)) => {
                FaultPlan { name: name.to_owned(), faults: faults_of(faults.iter().map(String::as_str))? }
            }
            (text, None) if !text.contains('=') => match nearest(text, named.keys().map(String::as_str)) {
                Some(near) => bail!("--faults {text}: no plan has this name; did you mean `{near}`?"),
                None => bail!("--faults {text}: expected `none`, a plan of eval.faults, or MODEL=FAULT"),
            },
            (text, None) => FaultPlan { name: text.to_owned(), faults: faults_of(text.split(';'))? },
        };
        if plans.iter().any(|other| other.name == plan.name) {
            bail!("--faults {}: the plan is there twice", plan.name);
        }
        plans.push(plan);
    }
    Ok(plans)
}

/// Checks that each fault of the plans breaks a model that is asked.
pub(super) fn check_plans(plans: &[FaultPlan], variants: &[Variant]) -> Result<()> {
    let models: Vec<&str> =
        variants.iter().flat_map(|variant| &variant.spec.chain).map(|route| route.model.as_str()).collect();
    for plan in plans {
        for (at, (model, _)) in plan.faults.iter().enumerate() {
            if let Some(hint) = setup::not_asked(model, &models) {
                bail!("fault plan `{}`: no chain has the model `{model}`{hint}", plan.name);
            }
            if plan.faults[..at].iter().any(|(other, _)| other == model) {
                bail!("fault plan `{}`: `{model}` has two faults; one model has one", plan.name);
            }
        }
    }
    Ok(())
}

/// Checks the metrics and the fault plans of the configuration, also those that no evaluation uses yet.
pub(in crate::cli) fn check_settings(config: &Config) -> Result<()> {
    let metrics: BTreeMap<String, String> = config.read("eval.metrics")?.unwrap_or_default();
    for (output, metric) in &metrics {
        metric.parse::<Metric>().with_context(|| format!("eval.metrics.{output}"))?;
    }
    let plans: BTreeMap<String, Vec<String>> = config.read("eval.faults")?.unwrap_or_default();
    for (name, faults) in &plans {
        faults_of(faults.iter().map(String::as_str)).with_context(|| format!("eval.faults.{name}"))?;
    }
    Ok(())
}

fn faults_of<'a>(words: impl Iterator<Item = &'a str>) -> Result<Vec<(String, Fault)>> {
    let faults = words.map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    GlobalOptions { faults, ..GlobalOptions::default() }.faults()
}

/// The scored outputs with their metrics: those of the words, those of the configuration, and for the other outputs that
/// a case expects a value of, the default of their types.
pub(super) fn metrics(
    words: &[String],
    config: &Config,
    signature: &Signature,
    cases: &[Case],
) -> Result<Vec<(String, Metric)>> {
    if config.withheld().iter().any(|notice| notice.found.contains("eval.metrics")) {
        bail!("eval.metrics of this folder runs a program; `switchover trust` allows it");
    }
    let mut chosen: BTreeMap<String, String> = config.read("eval.metrics")?.unwrap_or_default();
    for word in words {
        let (output, metric) = word
            .split_once('=')
            .ok_or_else(|| anyhow!("--metric {word}: expected OUTPUT=METRIC, for example answer=exact"))?;
        chosen.insert(output.trim().to_owned(), metric.to_owned());
    }
    let known = |name: &str| signature.output(name).is_some();
    if let Some(name) = chosen.keys().find(|name| !known(name)) {
        let outputs: Vec<&str> = signature.outputs.iter().map(|field| field.name.as_str()).collect();
        bail!("metric of `{name}`: the signature has no such output; it has {}", outputs.join(", "));
    }
    let mut metrics = Vec::new();
    for field in &signature.outputs {
        let expected = cases.iter().any(|case| case.expected.contains_key(&field.name));
        let metric = match chosen.get(&field.name) {
            Some(word) => word.parse::<Metric>().with_context(|| format!("metric of `{}`", field.name))?,
            None if expected => Metric::default_for(&field.field_type),
            None => continue,
        };
        if metric.needs_expected() && !expected {
            bail!("metric of `{}`: no case has an expected value of it", field.name);
        }
        metrics.push((field.name.clone(), metric));
    }
    if metrics.is_empty() {
        let outputs: Vec<&str> = signature.outputs.iter().map(|field| field.name.as_str()).collect();
        bail!(
            "nothing can be scored: no case has an expected value of {}; add a column with this name, or use --metric \
             with judge: or cmd:",
            outputs.join(" or ")
        );
    }
    let is_scored = |case: &&Case| {
        metrics.iter().any(|(name, metric)| !metric.needs_expected() || case.expected.contains_key(name))
    };
    if let Some(case) = cases.iter().find(|case| !is_scored(case)) {
        let outputs: Vec<&str> = metrics.iter().map(|(name, _)| name.as_str()).collect();
        bail!("case {} has no expected value of {}", case.id, outputs.join(" or "));
    }
    Ok(metrics)
}

/// The judges of the metrics. They use the chain of the settings.
pub(in crate::cli) fn judges(
    evaluated: &SignatureTask,
    metrics: &[(String, Metric)],
    config: &Config,
    env: &Environment,
) -> Result<BTreeMap<String, Judge>> {
    let mut judges = BTreeMap::new();
    for (output, metric) in metrics {
        let Metric::Judge(name) = metric else { continue };
        let entry = setup::signature(name, config, env).with_context(|| format!("judge of `{output}`"))?;
        let task = SignatureTask {
            module: entry.module,
            adapter: evaluated.adapter,
            demos: entry.demos,
            ..SignatureTask::new(entry.signature, crate::dspy::Values::new())
        };
        let judge = Judge::new(setup::spec(config, task)?, &evaluated.signature, output)
            .map_err(|why| anyhow!("judge:{name} of `{output}`: {why}"))?;
        judges.insert(output.clone(), judge);
    }
    Ok(judges)
}
