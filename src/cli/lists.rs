//! `faults` and `models`: what can be broken, and what can be asked.

use super::{Settings, exit, setup};
use crate::config::Surroundings;
use crate::fault::TABLE;
use crate::openrouter::model::{Model, Reasons};
use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use serde_json::{Value, json};

/// List the faults that can be injected.
#[derive(Args, Debug)]
pub(super) struct Faults {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl Faults {
    pub(super) fn run(&self) -> Result<u8> {
        if self.json {
            println!("{}", serde_json::to_string_pretty(TABLE)?);
            return Ok(exit::OK);
        }
        println!("--fault MODEL=WORD breaks a model, for example --fault openai/gpt-4o-mini=503");
        println!("A word may end in a schedule: @once @first=3 @every=2 @p=0.3,seed=7 @window=10s..20s @flap=5s,5s");
        let mut group = None;
        for row in TABLE {
            if group.replace(row.group) != Some(row.group) {
                println!("\n{}", json!(row.group).as_str().unwrap_or_default());
            }
            println!("  {:<28} {}", row.example, row.does);
            println!("  {:<28} → {}", "", row.expect);
        }
        Ok(exit::OK)
    }
}

/// List the models that can be asked.
#[derive(Args, Debug)]
pub(super) struct Models {
    /// Only those that match, fuzzily
    query: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl Models {
    pub(super) fn run(&self, settings: &Settings, around: &Surroundings) -> Result<u8> {
        let config = settings.config(around)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let catalogue = runtime.block_on(async {
            let world = setup::world(&config, settings).await?;
            let asked = world.ask_catalogue().await.map_err(|failure| anyhow!("{}", failure.reason));
            asked.with_context(|| format!("{}/models", world.endpoint().base))
        })?;
        let matches = catalogue.search(self.query.as_deref().unwrap_or_default());
        let models: Vec<&Model> = matches.iter().map(|found| &catalogue.models[found.index]).collect();
        if self.json {
            let rows: Vec<_> = models.iter().map(|model| row(model)).collect();
            println!("{}", serde_json::to_string_pretty(&rows)?);
            return Ok(exit::OK);
        }
        println!("{:<44} {:>9} {:>10} {:>10}", "model", "context", "$/M in", "$/M out");
        for model in models {
            let context = model.context.map_or_else(|| "?".to_owned(), |tokens| format!("{}k", tokens / 1000));
            let (input, output) = match model.price.per_million() {
                Some((input, output)) => (format!("{input:.2}"), format!("{output:.2}")),
                None => ("varies".to_owned(), "varies".to_owned()),
            };
            let notes = [(model.price.is_free(), "free"), (model.reasoning != Reasons::No, "reasons")];
            let notes: Vec<_> = notes.iter().filter(|(holds, _)| *holds).map(|(_, note)| *note).collect();
            println!("{:<44} {context:>9} {input:>10} {output:>10}  {}", model.id, notes.join(", "));
        }
        Ok(exit::OK)
    }
}

fn row(model: &Model) -> Value {
    json!({
        "id": model.id, "name": model.name, "canonical": model.canonical, "context": model.context,
        "max_output": model.max_output, "parameters": model.parameters, "free": model.price.is_free(),
        "usd_per_token": {"prompt": model.price.prompt, "completion": model.price.completion},
    })
}
