//! `faults`, `models` and `key`: the faults that can be injected, the server's models, the key's limits.

use super::print::{note, out};
use super::runtime::runtime;
use super::{GlobalOptions, exit, setup};
use crate::config::Environment;
use crate::fault::TABLE;
use crate::openrouter::Dialect;
use crate::openrouter::catalogue::Catalogue;
use crate::openrouter::model::{ModelInfo, ReasoningSupport};
use crate::text::counted;
use crate::worker::Services;
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// List the faults that can be injected.
#[derive(Args, Debug)]
pub(super) struct FaultsArgs {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl FaultsArgs {
    pub(super) fn run(&self) -> Result<u8> {
        if self.json {
            out!("{}", serde_json::to_string_pretty(TABLE)?);
            return Ok(exit::OK);
        }
        out!("--fault MODEL=FAULT breaks a model on purpose, for example --fault openai/gpt-4o-mini=503");
        out!("A fault may end in a schedule: @once @first=3 @every=2 @p=0.3,seed=7 @window=10s..20s @flap=5s,5s");
        let mut group = None;
        for row in TABLE {
            if group.replace(row.group) != Some(row.group) {
                out!("\n{}", json!(row.group).as_str().unwrap_or_default());
            }
            out!("  {:<28} {}", row.example, row.does);
            out!("  {:<28} → {}", "", row.expect);
        }
        Ok(exit::OK)
    }
}

/// List the server's models with context size and prices.
#[derive(Args, Debug)]
pub(super) struct ModelsArgs {
    /// Show only models that match this text approximately
    query: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl ModelsArgs {
    pub(super) fn run(&self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let config = settings.config(env)?;
        let runtime = runtime(None)?;
        let catalogue = runtime.block_on(async {
            let services = Services::new(setup::service_options(&config, settings, env).await?);
            match services.ask_catalogue().await {
                Ok(catalogue) => Ok(catalogue),
                Err(failure) => offline(&services, &failure.reason),
            }
        })?;
        let matches = catalogue.search(self.query.as_deref().unwrap_or_default());
        let models: Vec<&ModelInfo> = matches.iter().map(|found| &catalogue.models[found.index]).collect();
        if self.json {
            let rows: Vec<_> = models.iter().map(|model| row(model)).collect();
            out!("{}", serde_json::to_string_pretty(&rows)?);
            return Ok(exit::OK);
        }
        if models.is_empty() {
            let query = self.query.as_deref().unwrap_or_default();
            note!("no model matches `{query}`; `switchover models` lists all {}", catalogue.models.len());
            return Ok(exit::OK);
        }
        out!("{:<44} {:>9} {:>10} {:>10}", "model", "context", "$/M in", "$/M out");
        for model in models {
            let context = model.context.map_or_else(|| "?".to_owned(), |tokens| format!("{}k", tokens / 1000));
            let (input, output) = match model.price.per_million() {
                Some((input, output)) => (format!("{input:.2}"), format!("{output:.2}")),
                None => ("varies".to_owned(), "varies".to_owned()),
            };
            let notes = [(model.price.is_free(), "free"), (model.reasoning != ReasoningSupport::No, "reasons")];
            let notes: Vec<_> = notes.iter().filter(|(applies, _)| *applies).map(|(_, note)| *note).collect();
            out!("{:<44} {context:>9} {input:>10} {output:>10}  {}", model.id, notes.join(", "));
        }
        Ok(exit::OK)
    }
}

/// The list to use when the server does not answer: the cached one, else for OpenRouter the built-in one. Prints which.
fn offline(services: &Services, reason: &str) -> Result<Arc<Catalogue>> {
    let base = services.endpoint().base;
    let list = match services.models_age() {
        Some(age) => format!("this is the list of {} ago", ago(age)),
        None if base.dialect() == Dialect::OpenRouter => "this is the short built-in list".to_owned(),
        None => bail!("{base}/models: {reason}"),
    };
    note!("switchover: {base}/models: {reason}; {list}");
    Ok(services.catalogue())
}

/// The origin of the list of models, for the screen.
pub(super) fn listed(services: &Services) -> String {
    match services.models_age() {
        Some(age) if age.as_secs() < 60 => "as listed now".to_owned(),
        Some(age) => format!("as listed {} ago", ago(age)),
        None => "built-in list".to_owned(),
    }
}

/// A duration in its largest unit, such as `3 hours`.
fn ago(age: Duration) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (size, unit) = units.into_iter().find(|(size, _)| age.as_secs() >= *size).unwrap_or((1, "second"));
    counted((age.as_secs() / size) as usize, unit)
}

/// Show the key's limits and remaining credit, as the server reports them.
#[derive(Args, Debug)]
pub(super) struct KeyArgs {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl KeyArgs {
    pub(super) fn run(&self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let config = settings.config(env)?;
        let runtime = runtime(None)?;
        let (info, simulated) = runtime.block_on(async {
            let services = Services::new(setup::service_options(&config, settings, env).await?);
            let info = services.key_info().await.map_err(|failure| anyhow!("{}", failure.reason));
            Ok::<_, anyhow::Error>((
                info.with_context(|| format!("{}/key", services.endpoint().base))?,
                services.simulated(),
            ))
        })?;
        if self.json {
            out!("{}", serde_json::to_string_pretty(&info)?);
            return Ok(exit::OK);
        }
        for (name, value) in info.lines() {
            let simulated = if name == "key" && simulated { " (simulated)" } else { "" };
            out!("{name:<12}{value}{simulated}");
        }
        Ok(exit::OK)
    }
}

fn row(model: &ModelInfo) -> Value {
    json!({
        "id": model.id, "name": model.name, "canonical": model.canonical, "context": model.context,
        "max_output": model.max_output, "parameters": model.parameters, "free": model.price.is_free(),
        "usd_per_token": {"prompt": model.price.prompt, "completion": model.price.completion},
    })
}
