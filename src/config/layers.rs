//! The layers, each read over the one before: the configuration file, `.env` files, the environment.

use super::dotenv::{self, DotEnv};
use super::trust::{self, TrustedFolders, guarded};
use super::{Config, ConfigError, ConfigValue, Environment, KEY_VARIABLE, KEYS, Notice, ValueOrigin, ValueShape};
use super::{keys, within};
use crate::openrouter::api_key;
use crate::openrouter::headers::{ExtraHeader, HeaderValue, Visibility};
use crate::text::unwrapped;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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

impl Config {
    /// Reads the configuration file, the `.env` files and the environment.
    pub(super) fn read_layers(&mut self, env: &Environment, trusted: &TrustedFolders) -> Result<(), ConfigError> {
        let files: Vec<(PathBuf, DotEnv)> =
            env.env_files().into_iter().rev().filter_map(|path| Some((path.clone(), dotenv::read(&path)?))).collect();
        let trusted = trusted.allows(&env.cwd, &trust::base_url_of(env, &files));
        // The file that holds the key that will be sent; none if the environment holds it.
        let holds_key =
            |vars: &BTreeMap<String, String>| vars.get(KEY_VARIABLE).is_some_and(|key| !api_key::clean(key).is_empty());
        let key_file =
            if holds_key(&env.vars) { None } else { files.iter().rev().find(|(_, file)| holds_key(&file.vars)) };
        let own_config = env.vars.contains_key("SWITCHOVER_CONFIG") || !env.is_foreign(&env.config_dir);
        self.read_file(&env.config_file(), !own_config)?;
        for (path, file) in &files {
            let foreign = path.parent().is_some_and(|folder| env.is_foreign(folder));
            let holds_the_key = key_file.is_some_and(|(holder, _)| holder == path);
            let origin = |_: &str| ValueOrigin::EnvFile(path.clone());
            self.read_env(&file.vars, origin, foreign && !trusted && !holds_the_key)?;
            let noted = |note: &String| Notice { found: path.display().to_string(), advice: note.clone() };
            self.notes.extend(file.notes.iter().map(noted));
        }
        self.trusts_cwd = trusted;
        self.read_env(&env.vars, |name| ValueOrigin::Env(name.to_owned()), false)
    }

    /// Where a file of the working directory chose the server, for its own key: leaves out the headers that come from
    /// elsewhere, because they may hold credentials for another server.
    pub(super) fn keep_headers_of_the_server(&mut self, env: &Environment) {
        let Some(chosen_by) = self.values.get("base_url").map(|set| set.origin.clone()) else { return };
        let foreign = |path: &Path| path.parent().is_some_and(|folder| env.is_foreign(folder));
        if self.trusts_cwd || !matches!(&chosen_by, ValueOrigin::EnvFile(path) if foreign(path)) {
            return;
        }
        for header in self.headers.extract_if(.., |header| header.from != chosen_by) {
            let found = format!("{}: the header {} is not sent", header.from, header.name);
            let advice =
                format!("{chosen_by} chose the server; to send it there, run `switchover trust` in this folder");
            self.withheld.push(("", Notice { found, advice }));
        }
    }

    fn read_file(&mut self, path: &Path, withholds: bool) -> Result<(), ConfigError> {
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
        self.read_table("", &value, path, withholds)
    }

    fn read_table(&mut self, prefix: &str, value: &Value, path: &Path, withholds: bool) -> Result<(), ConfigError> {
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
                self.read_table(&name, value, path, withholds)?;
            } else if let Some(guarded) = guarded(&name).filter(|_| withholds) {
                self.withhold(guarded, &ValueOrigin::File(path.to_owned()));
            } else {
                self.set(&name, value.clone(), ValueOrigin::File(path.to_owned()))?;
            }
        }
        Ok(())
    }

    /// `withholds`: keys that decide where requests go are not set.
    fn read_env(
        &mut self,
        vars: &BTreeMap<String, String>,
        origin: impl Fn(&str) -> ValueOrigin,
        withholds: bool,
    ) -> Result<(), ConfigError> {
        if let Some(text) = vars.get(KEY_VARIABLE) {
            let key = api_key::clean(text);
            if key.expose() != text.trim() {
                let found =
                    format!("{}: quotes, `Bearer` or invisible characters around the key", origin(KEY_VARIABLE));
                self.notes.push(Notice { found, advice: "they are not sent".to_owned() });
            }
            if !key.is_empty() {
                self.secret = Some((key, origin(KEY_VARIABLE)));
            }
        }
        for key in KEYS {
            // Docker's --env-file keeps the quotes around a value.
            let Some(text) = vars.get(key.env).map(|text| unwrapped(text)).filter(|text| !text.is_empty()) else {
                continue;
            };
            let origin = origin(key.env);
            if let Some(name) = guarded(key.name).filter(|_| withholds) {
                self.withhold(name, &origin);
                continue;
            }
            let value = key.read(&text).map_err(|what| ConfigError::new(format!("{origin} ({})", key.name), what))?;
            self.set(key.name, value, origin)?;
        }
        for (name, env, advice) in keys::RETIRED {
            if vars.get(*env).is_some_and(|text| !text.is_empty()) {
                self.ignore(name, &origin(env), advice);
            }
        }
        Ok(())
    }

    fn withhold(&mut self, name: &'static str, origin: &ValueOrigin) {
        let found = format!("{origin}: {name} is ignored");
        let advice = "a file of the working directory chooses the server and its headers only for a key of its own; \
                      `switchover trust` allows it in this folder";
        self.withheld.push((name, Notice { found, advice: advice.to_owned() }));
    }

    pub(super) fn set(&mut self, name: &str, value: Value, origin: ValueOrigin) -> Result<(), ConfigError> {
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
        self.ignored.push(Notice { found: format!("{origin}: {name} is ignored"), advice: advice.to_owned() });
    }
}
