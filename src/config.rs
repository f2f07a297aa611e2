//! The user's settings and where each comes from: defaults, the user's TOML file, the project's, `.env` files, the
//! environment and flags. Each layer replaces the one before. One table of keys serves the reading, the error messages,
//! `switchover config` and the documentation. Must not know what the values are used for.

mod choices;
mod dotenv;
pub mod edit;
mod keys;
mod layers;
mod project;
mod special;
pub mod trust;

pub use crate::openrouter::headers::ValueOrigin;
pub use choices::{DEFAULT_CHAIN, POLICY, PolicyKey, chain_name_problem};
pub use keys::{ConfigKey, KEYS, REQUEST_FIELDS, ValueShape, within};
pub use project::FILE_NAME as PROJECT_FILE_NAME;

use crate::openrouter::headers::{ExtraHeader, HeaderValue, visibility};
use crate::secret::Secret;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use tracing::{debug, info, warn};
use trust::TrustedFolders;

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

    /// Whether a file in this folder may be somebody else's, because it came with the working directory or with the
    /// project around it.
    pub fn is_foreign(&self, folder: &Path) -> bool {
        folder.is_relative() || (self.cwd.starts_with(folder) && folder != self.config_dir)
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
    ignored: Vec<Notice>,
    notes: Vec<Notice>,
    withheld: Vec<(&'static str, Notice)>,
    trusts_folder: bool,
}

/// Something in the configuration that is not used as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The place, and what is not used.
    pub found: String,
    /// Why, or what to do instead.
    pub advice: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.found, self.advice)
    }
}

/// The variable that holds the API key.
pub const KEY_VARIABLE: &str = "OPENROUTER_API_KEY";

impl Config {
    /// Reads all layers. `flags` are keys and values from the command line.
    ///
    /// # Errors
    /// A configuration file that cannot be read, an unknown key (with a suggestion), a value of the wrong shape or a
    /// chain without models. A `.env` file that cannot be read is only [noted](Self::notes): it may belong to another
    /// program.
    pub fn load(env: &Environment, flags: &[(String, Value)]) -> Result<Self, ConfigError> {
        let mut config = Self {
            values: BTreeMap::new(),
            secret: None,
            headers: Vec::new(),
            ignored: Vec::new(),
            notes: Vec::new(),
            withheld: Vec::new(),
            trusts_folder: false,
        };
        for key in KEYS {
            if let Some(value) = key.default() {
                config.values.insert(key.name.to_owned(), ConfigValue { value, origin: ValueOrigin::Default });
            }
        }
        config.read_layers(env, &TrustedFolders::load(env))?;
        for (name, value) in flags {
            config.set(name, value.clone(), ValueOrigin::Flag)?;
        }
        config.keep_headers_of_the_server(env);
        config.publish_headers()?;
        config.chains()?;
        config.trace(env);
        Ok(config)
    }

    /// Logs which files were found and what set which key. Values are left out: some are secret.
    fn trace(&self, env: &Environment) {
        let files = || {
            let all = std::iter::once(env.config_file()).chain(env.project_file()).chain(env.env_files());
            all.filter(|path| path.exists())
        };
        info!(target: "config", files = ?files().collect::<Vec<_>>(), key = self.secret.is_some(), "configuration found");
        for (name, set) in self.values.iter().filter(|(_, set)| set.origin != ValueOrigin::Default) {
            debug!(target: "config", name, origin = %set.origin, "setting found");
        }
        for notice in self.ignored.iter().chain(&self.notes).chain(&self.withheld()) {
            warn!(target: "config", %notice, "setting ignored");
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

    /// Settings of an earlier version, which are ignored.
    pub fn ignored(&self) -> &[Notice] {
        &self.ignored
    }

    /// What needs no attention: what `.env` files hold besides assignments, and what stands around the key.
    pub fn notes(&self) -> &[Notice] {
        &self.notes
    }

    /// What files of the working directory would send elsewhere, and may not. To be shown before anything is sent.
    pub fn withheld(&self) -> Vec<Notice> {
        // The environment or the command line has decided otherwise: the file changes nothing.
        let chosen = |name: &str| {
            matches!(self.values.get(name).map(|set| &set.origin), Some(ValueOrigin::Env(_) | ValueOrigin::Flag))
        };
        self.withheld.iter().filter(|(name, _)| !chosen(name)).map(|(_, notice)| notice.clone()).collect()
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

    /// The path in a key. In a file it is relative to the file's folder, elsewhere to the working directory.
    ///
    /// # Errors
    /// A value that is not text.
    pub fn path(&self, name: &str) -> Result<Option<PathBuf>, ConfigError> {
        let folder = match self.get(name).map(|set| &set.origin) {
            Some(ValueOrigin::File(file)) => file.parent().map(Path::to_owned).unwrap_or_default(),
            _ => PathBuf::new(),
        };
        Ok(self.read::<String>(name)?.map(|path| folder.join(path)))
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
