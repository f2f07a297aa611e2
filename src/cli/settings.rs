//! Command-line options as settings, and `config`, which shows all settings.

use super::print::out;
use super::{GlobalOptions, exit};
use crate::config::{Config, Environment, KEYS, ValueShape, within};
use crate::fault::Fault;
use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use serde_json::{Map, Value, json};

impl GlobalOptions {
    /// The configuration; command-line options override the other sources.
    pub(super) fn config(&self, env: &Environment) -> Result<Config> {
        let text = |name: &str, value: &Option<String>| value.clone().map(|v| (name.to_owned(), Value::from(v)));
        let mut flags: Vec<(String, Value)> = Vec::new();
        for word in &self.set {
            flags.push(assignment(word)?);
        }
        if !self.models.is_empty() {
            flags.push(("models".into(), json!(self.models)));
        }
        flags.extend(
            [
                text("signature", &self.signature),
                text("module", &self.module),
                text("adapter", &self.adapter),
                text("base_url", &self.base_url),
                text("attribution.referer", &self.referer),
                text("attribution.title", &self.title),
            ]
            .into_iter()
            .flatten(),
        );
        Ok(Config::load(env, &flags)?)
    }

    /// The faults of `--fault`, with their models.
    pub(super) fn faults(&self) -> Result<Vec<(String, Fault)>> {
        let read = |word: &String| {
            // A fault may contain `=`, a model name does not.
            let (model, fault) = word
                .split_once('=')
                .ok_or_else(|| anyhow!("--fault {word}: expected MODEL=FAULT, for example openai/gpt-4o-mini=503"))?;
            Ok((model.to_owned(), fault.parse().with_context(|| format!("--fault {model}"))?))
        };
        self.faults.iter().map(read).collect()
    }

    /// Adds a fault.
    pub(super) fn with_fault(mut self, model: &str, fault: &str) -> Self {
        self.faults.push(format!("{model}={fault}"));
        self
    }
}

/// Parses `key=value`; the value is written as in an environment variable.
fn assignment(word: &str) -> Result<(String, Value)> {
    let (name, text) = word.split_once('=').ok_or_else(|| anyhow!("--set {word}: expected KEY=VALUE"))?;
    let name = name.trim();
    let value = match KEYS.iter().find(|key| key.name == name) {
        Some(key) => key.read(text).map_err(|what| anyhow!("--set {name}: {what}"))?,
        // A request field is JSON, or else a text; a named list is separated by commas. `Config::load` reports unknown
        // keys.
        None => match within(name).map(|(key, _)| key.shape) {
            Some(ValueShape::Json) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
            Some(ValueShape::Lists) => text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect(),
            _ => Value::from(text),
        },
    };
    Ok((name.to_owned(), value))
}

/// Show every setting, its value and where the value comes from.
#[derive(Args, Debug)]
pub(super) struct ConfigArgs {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

impl ConfigArgs {
    pub(super) fn run(&self, settings: &GlobalOptions, env: &Environment) -> Result<u8> {
        let config = settings.config(env)?;
        let secret = config.secret().map(|(secret, origin)| (secret.masked(), origin.to_string()));
        if self.json {
            let mut keys = Map::new();
            for key in KEYS {
                let set = config.get(key.name);
                let (value, origin) = (set.map(|s| &s.value), set.map(|s| s.origin.to_string()));
                keys.insert(
                    key.name.into(),
                    json!({"value": value, "origin": origin, "env": key.env, "options": key.options, "doc": key.doc}),
                );
            }
            let (masked, origin) = secret.unzip();
            keys.insert("key".into(), json!({"value": masked, "origin": origin, "env": crate::config::KEY_VARIABLE}));
            out!("{}", Value::Object(keys));
            return Ok(exit::OK);
        }
        out!("# file: {}", env.config_file().display());
        if let Some(project) = env.project_file() {
            out!("# the project's file: {}", project.display());
        }
        for notice in config.ignored().iter().chain(config.notes()).chain(&config.withheld()) {
            out!("# {notice}");
        }
        out!(
            "# priority, lowest first: defaults, your file and .env files, the project's file, .env files here, environment, command line"
        );
        for key in KEYS {
            let options = if key.options.is_empty() { String::new() } else { format!(", {}", key.options) };
            out!("\n# {}; ${}{options}", key.doc, key.env);
            match config.get(key.name) {
                Some(set) => out!("{} = {}   # {}", key.name, set.value, set.origin),
                None => out!("# {} is not set", key.name),
            }
        }
        out!(
            "\n# The API key, from ${} in the environment or a .env file; not allowed in the configuration file",
            crate::config::KEY_VARIABLE
        );
        match secret {
            Some((masked, origin)) => out!("# {masked}   # {origin}"),
            None => out!("# not set: the built-in simulator is used"),
        }
        Ok(exit::OK)
    }
}
