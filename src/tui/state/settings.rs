//! The settings of the next run by the keys of the configuration: to show them, to set one, and to save them.

use super::next_run::NextRun;
use crate::config::edit::Change;
use crate::config::{ConfigKey, KEYS, POLICY, REQUEST_FIELDS, ValueShape};
use crate::dspy::{Adapter, Module, ReasoningSource};
use crate::failover::Policy;
use crate::openrouter::headers::{ChosenValue, Headers};
use crate::openrouter::settings::RequestSettings;
use crate::text::value_text;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Values by the key of the configuration.
pub type Settings = BTreeMap<String, Value>;

/// A setting that can be chosen on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingKey {
    /// The key of the configuration.
    pub key: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// The shape of its value; `None` for a field of the request, which is JSON or a text.
    shape: Option<ValueShape>,
}

/// All settings that can be chosen on the screen, those of the request first.
pub fn choosable() -> impl Iterator<Item = SettingKey> {
    let fields = REQUEST_FIELDS.iter().map(|(key, doc)| SettingKey { key, doc, shape: None });
    let is_offered =
        |key: &str| ["module", "adapter", "reasoning"].contains(&key) || POLICY.iter().any(|part| part.key == key);
    let keys = KEYS.iter().filter(move |key| is_offered(key.name));
    fields.chain(keys.map(|key| SettingKey { key: key.name, doc: key.doc, shape: Some(key.shape) }))
}

impl SettingKey {
    /// Its name without the section that most of them are in.
    pub fn short(self) -> &'static str {
        self.key.trim_start_matches("request.").trim_start_matches("failover.")
    }

    /// What it is if nobody sets it.
    pub fn default_text(self) -> String {
        match KEYS.iter().find(|key| key.name == self.key).and_then(ConfigKey::default) {
            Some(value) => format!("default: {}", value_text(&value)),
            None if self.shape.is_none() => "unset: the provider decides".to_owned(),
            None => "not set".to_owned(),
        }
    }

    /// The words that its value may be; empty if it is a number or any text.
    pub fn words(self) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match (self.key, self.shape) {
            ("module", _) => Module::ALL.iter().map(ToString::to_string).collect(),
            ("request.reasoning.effort", _) => words(&["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
            ("request.provider.sort", _) => words(&["price", "throughput", "latency", "exacto"]),
            (_, Some(ValueShape::Word(list))) => words(list),
            (_, Some(ValueShape::Switch)) => words(&["true", "false"]),
            _ => Vec::new(),
        }
    }
}

/// The parts of `request` that are keys of their own; the parts of other objects are kept as one value.
const NESTED: [&str; 2] = ["reasoning", "provider"];

fn request_values(settings: &RequestSettings) -> Settings {
    let Ok(Value::Object(fields)) = serde_json::to_value(settings) else { return Settings::new() };
    let mut values = Settings::new();
    for (name, value) in fields {
        match value {
            Value::Object(parts) if NESTED.contains(&name.as_str()) => {
                values.extend(parts.into_iter().map(|(part, value)| (format!("request.{name}.{part}"), value)));
            }
            value => _ = values.insert(format!("request.{name}"), value),
        }
    }
    values
}

fn header_values(headers: &Headers) -> Settings {
    let text = |chosen: &Option<ChosenValue>| chosen.as_ref().map(|chosen| chosen.value.clone()).unwrap_or_default();
    let categories = text(&headers.categories);
    let categories: Vec<&str> = categories.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    // Extra headers are not kept: their values may be secret, and their place is the environment or a file that is not
    // shown.
    Settings::from([
        ("attribution.referer".to_owned(), json!(text(&headers.referer))),
        ("attribution.title".to_owned(), json!(text(&headers.title))),
        ("attribution.categories".to_owned(), json!(categories)),
    ])
}

impl NextRun {
    /// All settings that have a value: those of the request, of the policy, and how a signature is asked.
    pub fn settings(&self) -> Settings {
        let mut values = request_values(&self.settings);
        values.extend(POLICY.iter().map(|part| (part.key.to_owned(), (part.get)(&self.policy))));
        values.insert("module".to_owned(), json!(self.module.to_string()));
        values.insert("adapter".to_owned(), json!(self.adapter));
        values.insert("reasoning".to_owned(), json!(self.reasoning));
        values.retain(|_, value| !value.is_null());
        values
    }

    /// The settings with the chain and the headers, as the configuration has them.
    pub fn configuration(&self, headers: &Headers) -> Settings {
        let models = self.chain.iter().map(|entry| Value::from(entry.model.clone())).collect();
        let mut values = self.settings();
        // The library keeps the module of each signature.
        values.remove("module");
        values.extend(header_values(headers));
        values.insert("models".to_owned(), models);
        values
    }

    /// Settings of the request and the policy that are not the default, in few words: `temperature 0.2`.
    pub fn unusual(&self) -> Vec<String> {
        let shown_elsewhere = ["module", "adapter", "failover.mode", "failover.hedge"];
        let defaults: Settings =
            POLICY.iter().map(|part| (part.key.to_owned(), (part.get)(&Policy::default()))).collect();
        let unusual = |(key, value): &(String, Value)| {
            let is_default = match key.as_str() {
                "reasoning" => self.reasoning == ReasoningSource::default(),
                key => defaults.get(key) == Some(value),
            };
            !is_default && !shown_elsewhere.contains(&key.as_str())
        };
        let words = |(key, value): (String, Value)| {
            let name = key.trim_start_matches("request.").trim_start_matches("failover.");
            match value {
                Value::String(word) => format!("{name} {word}"),
                Value::Number(number) => format!("{name} {number}"),
                Value::Bool(false) => format!("{name} off"),
                _ => name.to_owned(),
            }
        };
        self.settings().into_iter().filter(unusual).map(words).collect()
    }

    /// The next run with another value of a setting; an empty text is the default.
    ///
    /// # Errors
    /// Why it cannot have this value.
    pub fn with_setting(&self, key: SettingKey, text: &str) -> Result<Self, String> {
        let mut next = self.clone();
        let text = text.trim();
        if let Some(field) = key.key.strip_prefix("request.") {
            let mut fields = serde_json::to_value(&self.settings).map_err(|error| error.to_string())?;
            let value = match text {
                "" => Value::Null,
                text => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
            };
            put(&mut fields, field, value);
            next.settings = serde_json::from_value(fields).map_err(|error| error.to_string())?;
            next.settings.check().map_err(|error| error.to_string())?;
            return Ok(next);
        }
        let known = KEYS.iter().find(|known| known.name == key.key).ok_or("there is no such setting")?;
        let value = if text.is_empty() { known.default().unwrap_or_default() } else { known.read(text)? };
        let word = value.as_str().unwrap_or_default();
        match key.key {
            "module" if text.is_empty() => next.module = Module::default(),
            "module" => next.module = word.parse::<Module>().map_err(|error| error.to_string())?,
            "adapter" => next.adapter = word.parse::<Adapter>().map_err(|error| error.to_string())?,
            "reasoning" => next.reasoning = serde_json::from_value(value).map_err(|error| error.to_string())?,
            name => {
                let part = POLICY.iter().find(|part| part.key == name).ok_or("it cannot be set here")?;
                (part.set)(&mut next.policy, value).map_err(|error| error.to_string())?;
            }
        }
        Ok(next)
    }
}

/// Sets the field at a path, or removes it if the value is null.
fn put(into: &mut Value, path: &str, value: Value) {
    match path.split_once('.') {
        Some((table, rest)) => {
            if !into[table].is_object() {
                into[table] = json!({});
            }
            put(&mut into[table], rest, value);
        }
        None if value.is_null() => _ = into.as_object_mut().and_then(|fields| fields.shift_remove(path)),
        None => into[path] = value,
    }
}

/// The changes that lead from one configuration to another, by key.
pub fn changes(before: &Settings, after: &Settings) -> Vec<Change> {
    let set = after.iter().filter(|(key, value)| before.get(*key) != Some(value));
    let set = set.map(|(key, value)| Change::new(key, Some(value.clone())));
    let removed = before.keys().filter(|key| !after.contains_key(*key)).map(|key| Change::new(key, None));
    set.chain(removed).collect()
}

/// What the configuration has, as far as the screen knows: to say what is different on the screen.
#[derive(Clone, Debug, Default)]
pub struct Configured {
    /// Its settings, at the start or when they were saved last.
    pub settings: Settings,
    /// The named chains.
    pub chains: BTreeMap<String, Vec<String>>,
}

impl Configured {
    /// Remembers that these changes were kept.
    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            let key = change.path.join(".");
            match (change.path.as_slice(), &change.value) {
                ([table, name], Some(Value::Array(models))) if table == "chains" => {
                    let models = models.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                    self.chains.insert(name.clone(), models);
                }
                (_, Some(value)) => _ = self.settings.insert(key, value.clone()),
                (_, None) => _ = self.settings.remove(&key),
            }
        }
    }
}
