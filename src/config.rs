//! The user's settings and where each comes from: defaults, one TOML file, `.env` files, the environment and
//! flags. Each layer replaces the one before. One table of keys serves the reading, the error messages,
//! `switchover config` and the documentation. Must not know what the values are used for.

mod choices;
mod dotenv;
mod keys;

pub use crate::openrouter::headers::ValueOrigin;
pub use choices::DEFAULT_CHAIN;
pub use keys::{ConfigKey, KEYS, ValueShape, within};

use crate::openrouter::headers::{ExtraHeader, HeaderValue, Visibility, visibility};
use crate::secret::Secret;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use tracing::{debug, info, warn};

/// All that the program reads from its process environment, once, in `main`.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The environment variables.
    pub vars: BTreeMap<String, String>,
    /// The working directory.
    pub cwd: PathBuf,
    /// The user's configuration directory for this program.
    pub config_dir: PathBuf,
    /// The user's data directory for this program.
    pub data_dir: PathBuf,
    /// The user's cache directory for this program.
    pub cache_dir: PathBuf,
}

impl Environment {
    /// The configuration file: `$SWITCHOVER_CONFIG`, or `config.toml` in the configuration directory.
    pub fn config_file(&self) -> PathBuf {
        self.vars.get("SWITCHOVER_CONFIG").map_or_else(|| self.config_dir.join("config.toml"), PathBuf::from)
    }

    /// The `.env` files that are read. An earlier one replaces the values of a later one.
    pub fn env_files(&self) -> Vec<PathBuf> {
        [&self.cwd, &self.config_dir].iter().flat_map(|dir| [dir.join(".env.local"), dir.join(".env")]).collect()
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {what}")]
pub struct ConfigError {
    /// The file, variable or flag, and the key.
    pub place: String,
    /// What is wrong and what to do.
    pub what: String,
}

impl ConfigError {
    fn new(place: impl fmt::Display, what: impl Into<String>) -> Self {
        Self { place: place.to_string(), what: what.into() }
    }
}

/// A setting's value and its origin.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigValue {
    /// The value, in the shape of its key.
    pub value: Value,
    /// The place that set it.
    pub origin: ValueOrigin,
}

/// The values of all keys. Secrets (the API key and the extra headers) are stored apart from them.
#[derive(Clone)]
pub struct Config {
    values: BTreeMap<String, ConfigValue>,
    secret: Option<(Secret, ValueOrigin)>,
    headers: Vec<ExtraHeader>,
    ignored: Vec<String>,
}

/// Sets the field at a path, and makes the tables on the way to it.
fn put(into: &mut Value, path: &str, separator: char, value: Value) {
    if !into.is_object() {
        *into = Value::Object(serde_json::Map::new());
    }
    match path.split_once(separator) {
        Some((table, rest)) => put(&mut into[table], rest, separator, value),
        None => into[path] = value,
    }
}

/// The variable that holds the API key.
pub const KEY_VARIABLE: &str = "OPENROUTER_API_KEY";

impl Config {
    /// Reads all layers. `flags` are keys and values from the command line.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown key (with a suggestion) or a value of the wrong shape.
    pub fn load(env: &Environment, flags: &[(String, Value)]) -> Result<Self, ConfigError> {
        let mut config = Self { values: BTreeMap::new(), secret: None, headers: Vec::new(), ignored: Vec::new() };
        for key in KEYS {
            if let Some(value) = key.default() {
                config.values.insert(key.name.to_owned(), ConfigValue { value, origin: ValueOrigin::Default });
            }
        }
        config.read_file(&env.config_file())?;
        for path in env.env_files().iter().rev() {
            if let Some(vars) = dotenv::read(path)? {
                config.read_env(&vars, |_| ValueOrigin::EnvFile(path.clone()))?;
            }
        }
        config.read_env(&env.vars, |name| ValueOrigin::Env(name.to_owned()))?;
        for (name, value) in flags {
            config.set(name, value.clone(), ValueOrigin::Flag)?;
        }
        config.publish_headers()?;
        config.trace(env);
        Ok(config)
    }

    /// Logs which files were found and what set which key. Values are left out: some are secret.
    fn trace(&self, env: &Environment) {
        let files = || std::iter::once(env.config_file()).chain(env.env_files()).filter(|path| path.exists());
        info!(target: "config", files = ?files().collect::<Vec<_>>(), key = self.secret.is_some(), "configuration found");
        for (name, set) in self.values.iter().filter(|(_, set)| set.origin != ValueOrigin::Default) {
            debug!(target: "config", name, origin = %set.origin, "setting found");
        }
        for notice in &self.ignored {
            warn!(target: "config", notice, "setting ignored");
        }
    }

    /// Makes the listed headers public, and shows the others in the table as masks.
    fn publish_headers(&mut self) -> Result<(), ConfigError> {
        let public: Vec<String> = self.read("public_headers")?.unwrap_or_default();
        for header in &mut self.headers {
            header.value = HeaderValue::new(header.value.expose(), visibility(&header.name, &public));
        }
        if let Some(table) = self.values.get_mut("headers") {
            table.value = self.headers.iter().map(|h| (h.name.clone(), Value::from(h.value.to_string()))).collect();
        }
        Ok(())
    }

    fn read_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(ConfigError::new(path.display(), e.to_string())),
        };
        // The line itself is not quoted: it may hold a secret.
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
            let line = before.matches('\n').count() + 1;
            ConfigError::new(format!("{}, line {line}", path.display()), error.message().trim().to_owned())
        })?;
        let value = serde_json::to_value(table).map_err(|e| ConfigError::new(path.display(), e.to_string()))?;
        self.read_table("", &value, path)
    }

    fn read_table(&mut self, prefix: &str, value: &Value, path: &Path) -> Result<(), ConfigError> {
        let Value::Object(table) = value else { return Ok(()) };
        for (name, value) in table {
            let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            if value.is_object()
                && !keys::find(&name)
                    .is_some_and(|key| matches!(key.shape, ValueShape::Table | ValueShape::Headers | ValueShape::Json))
            {
                if !KEYS.iter().any(|key| key.name.starts_with(&format!("{name}."))) {
                    return Err(ConfigError::new(path.display(), keys::unknown(&name)));
                }
                self.read_table(&name, value, path)?;
            } else {
                self.set(&name, value.clone(), ValueOrigin::File(path.to_owned()))?;
            }
        }
        Ok(())
    }

    fn read_env(
        &mut self,
        vars: &BTreeMap<String, String>,
        origin: impl Fn(&str) -> ValueOrigin,
    ) -> Result<(), ConfigError> {
        if let Some(key) = vars.get(KEY_VARIABLE).map(|key| key.trim()).filter(|key| !key.is_empty()) {
            self.secret = Some((Secret::new(key), origin(KEY_VARIABLE)));
        }
        for key in KEYS {
            if let Some(text) = vars.get(key.env).filter(|text| !text.is_empty()) {
                let origin = origin(key.env);
                let value =
                    key.read(text).map_err(|what| ConfigError::new(format!("{origin} ({})", key.name), what))?;
                self.set(key.name, value, origin)?;
            }
        }
        for (name, env, advice) in keys::RETIRED {
            if vars.get(*env).is_some_and(|text| !text.is_empty()) {
                self.ignore(name, &origin(env), advice);
            }
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: Value, origin: ValueOrigin) -> Result<(), ConfigError> {
        if let (None, Some((table, part))) = (keys::find(name), within(name)) {
            if table.shape == ValueShape::Headers {
                return self.set_header(part, &value, origin);
            }
            let mut whole = self.values.get(table.name).map(|set| set.value.clone()).unwrap_or_default();
            // Only JSON is nested: elsewhere a dot is part of the name.
            put(&mut whole, part, if table.shape == ValueShape::Json { '.' } else { '\0' }, value);
            return self.set(table.name, whole, origin);
        }
        if let Some((name, _, advice)) = keys::RETIRED.iter().find(|(retired, ..)| *retired == name) {
            self.ignore(name, &origin, advice);
            return Ok(());
        }
        let Some(key) = keys::find(name) else { return Err(ConfigError::new(origin, keys::unknown(name))) };
        key.check(&value).map_err(|what| ConfigError::new(format!("{origin}, {name}"), what))?;
        if key.shape == ValueShape::Headers {
            self.headers.clear();
            self.values.insert(name.to_owned(), ConfigValue { value: Value::Null, origin: origin.clone() });
            let headers = value.as_object().into_iter().flatten();
            return headers.into_iter().try_for_each(|(name, value)| self.set_header(name, value, origin.clone()));
        }
        self.values.insert(name.to_owned(), ConfigValue { value, origin });
        Ok(())
    }

    /// Sets one extra header. Its value is kept apart from the table, which only ever holds masks.
    fn set_header(&mut self, name: &str, value: &Value, origin: ValueOrigin) -> Result<(), ConfigError> {
        let Some(text) = value.as_str() else {
            return Err(ConfigError::new(format!("{origin}, headers.{name}"), "expected text, found another type"));
        };
        let value = HeaderValue::new(text, Visibility::Secret);
        let header = ExtraHeader { name: name.to_owned(), value, from: origin.clone() };
        match self.headers.iter_mut().find(|set| set.name == name) {
            Some(set) => *set = header,
            None => self.headers.push(header),
        }
        self.values.insert("headers".to_owned(), ConfigValue { value: Value::Null, origin });
        Ok(())
    }

    fn ignore(&mut self, name: &str, origin: &ValueOrigin, advice: &str) {
        self.ignored.push(format!("{origin}: {name} is ignored: {advice}"));
    }

    /// One notice for each setting of an earlier version, which is ignored.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// The value of a key and its origin; none if it is not set and has no default.
    pub fn get(&self, name: &str) -> Option<&ConfigValue> {
        debug_assert!(keys::find(name).is_some(), "{name} is in the table");
        self.values.get(name)
    }

    /// The value of a key as the caller's type; none if it is not set.
    ///
    /// # Errors
    /// A value that does not fit the type.
    pub fn read<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ConfigError> {
        let Some(set) = self.get(name) else { return Ok(None) };
        serde_json::from_value(set.value.clone())
            .map(Some)
            .map_err(|e| ConfigError::new(format!("{}, {name}", set.origin), e.to_string()))
    }

    /// The API key and its origin.
    pub fn secret(&self) -> Option<&(Secret, ValueOrigin)> {
        self.secret.as_ref()
    }

    /// The extra headers, each with its origin.
    pub fn headers(&self) -> &[ExtraHeader] {
        &self.headers
    }

    /// The values of a section's keys that are set, by the last part of the key.
    pub fn section(&self, prefix: &str) -> serde_json::Map<String, Value> {
        let of = |name: &str| name.strip_prefix(prefix).and_then(|n| n.strip_prefix('.')).map(str::to_owned);
        self.values.iter().filter_map(|(name, set)| of(name).map(|n| (n, set.value.clone()))).collect()
    }
}
