//! The layers, each read over the one before: the configuration file, `.env` files, the environment.

use super::dotenv::{self, DotEnv};
use super::project::read_toml;
use super::trust::{self, Permission, TrustedFolders, Withheld};
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
    /// Reads the configuration file, the `.env` files, the project's file and the environment.
    pub(super) fn read_layers(&mut self, env: &Environment, trusted: &TrustedFolders) -> Result<(), ConfigError> {
        let files: Vec<(PathBuf, DotEnv)> =
            env.env_files().into_iter().rev().filter_map(|path| Some((path.clone(), dotenv::read(&path)?))).collect();
        let project = match env.project_file() {
            Some(path) => read_toml(&path)?.map(|tables| (path, tables)),
            None => None,
        };
        let base_url = trust::base_url_of(env, &files, project.as_ref().map(|(_, tables)| tables));
        let trusted = trusted.allows(&env.folder(), &base_url);
        // The file that holds the key that will be sent; none if the environment holds it.
        let holds_key =
            |vars: &BTreeMap<String, String>| vars.get(KEY_VARIABLE).is_some_and(|key| !api_key::clean(key).is_empty());
        let key_file =
            if holds_key(&env.vars) { None } else { files.iter().rev().find(|(_, file)| holds_key(&file.vars)) };
        let own_config = env.vars.contains_key("SWITCHOVER_CONFIG") || !env.is_foreign(&env.config_dir);
        let config_file = env.config_file();
        if let Some(tables) = read_toml(&config_file)? {
            let permission = if own_config { Permission::All } else { Permission::Foreign };
            self.read_table("", &tables, &config_file, permission)?;
        }
        // What is nearer to the work counts more: the user's own files, the project's, those of the working directory.
        let (here, own): (Vec<_>, Vec<_>) =
            files.iter().partition(|(path, _)| path.parent() == Some(env.cwd.as_path()));
        let of_foreign = |brings_key: bool| match (trusted, brings_key) {
            (true, _) => Permission::All,
            (false, true) => Permission::OwnKey,
            (false, false) => Permission::Foreign,
        };
        let permission = |path: &PathBuf| {
            let foreign = path.parent().is_some_and(|folder| env.is_foreign(folder));
            if foreign { of_foreign(key_file.is_some_and(|(holder, _)| holder == path)) } else { Permission::All }
        };
        for (path, file) in own {
            self.read_env_file(path, file, permission(path))?;
        }
        if let Some((path, tables)) = &project {
            let brings_key = key_file.is_some_and(|(holder, _)| holder.parent() == path.parent());
            self.read_table("", tables, path, of_foreign(brings_key))?;
        }
        for (path, file) in here {
            self.read_env_file(path, file, permission(path))?;
        }
        self.trusts_folder = trusted;
        self.read_env(&env.vars, |name| ValueOrigin::Env(name.to_owned()), Permission::All)
    }

    fn read_env_file(&mut self, path: &Path, file: &DotEnv, permission: Permission) -> Result<(), ConfigError> {
        self.read_env(&file.vars, |_| ValueOrigin::EnvFile(path.to_owned()), permission)?;
        let noted = |note: &String| Notice { found: path.display().to_string(), advice: note.clone() };
        self.notes.extend(file.notes.iter().map(noted));
        Ok(())
    }

    /// Where a file of the working directory chose the server, for its own key: leaves out the headers that come from
    /// elsewhere, because they may hold credentials for another server.
    pub(super) fn keep_headers_of_the_server(&mut self, env: &Environment) {
        let Some(chosen_by) = self.values.get("base_url").map(|set| set.origin.clone()) else { return };
        let foreign = |path: &Path| path.parent().is_some_and(|folder| env.is_foreign(folder));
        if self.trusts_folder
            || !matches!(&chosen_by, ValueOrigin::EnvFile(path) | ValueOrigin::File(path) if foreign(path))
        {
            return;
        }
        for header in self.headers.extract_if(.., |header| header.from != chosen_by) {
            let found = format!("{}: the header {} is not sent", header.from, header.name);
            let advice =
                format!("{chosen_by} chose the server; to send it there, run `switchover trust` in this folder");
            self.withheld.push(("", Notice { found, advice }));
        }
    }

    fn read_table(
        &mut self,
        prefix: &str,
        value: &Value,
        path: &Path,
        permission: Permission,
    ) -> Result<(), ConfigError> {
        let Value::Object(table) = value else { return Ok(()) };
        for (name, value) in table {
            let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            let origin = ValueOrigin::File(path.to_owned());
            let shape = keys::find(&name).map(|key| key.shape);
            if let Some(withheld) = permission.withholds(&name, value) {
                self.withhold(withheld, &origin);
            } else if let (Some(ValueShape::Table | ValueShape::Lists | ValueShape::Json), Some(entries)) =
                (shape, value.as_object())
            {
                // Each file adds its entries to those of the files before it.
                for (entry, value) in entries {
                    self.set(&format!("{name}.{entry}"), value.clone(), origin.clone())?;
                }
            } else if value.is_object() && shape != Some(ValueShape::Headers) {
                if !KEYS.iter().any(|key| key.name.starts_with(&format!("{name}."))) {
                    return Err(ConfigError::new(path.display(), keys::unknown(&name)));
                }
                self.read_table(&name, value, path, permission)?;
            } else {
                self.set(&name, value.clone(), origin)?;
            }
        }
        Ok(())
    }

    /// Keys that this permission withholds are not set.
    fn read_env(
        &mut self,
        vars: &BTreeMap<String, String>,
        origin: impl Fn(&str) -> ValueOrigin,
        permission: Permission,
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
            let read = key.read(&text);
            // The guard looks at the value as it is read: an escape in JSON hides nothing from it.
            let withheld = match &read {
                Ok(value) => permission.withholds(key.name, value),
                Err(_) => permission.withholds(key.name, &Value::from(text.as_ref())),
            };
            if let Some(withheld) = withheld {
                self.withhold(withheld, &origin);
                continue;
            }
            let value = read.map_err(|what| ConfigError::new(format!("{origin} ({})", key.name), what))?;
            self.set(key.name, value, origin)?;
        }
        for (name, env, advice) in keys::RETIRED {
            if vars.get(*env).is_some_and(|text| !text.is_empty()) {
                self.ignore(name, &origin(env), advice);
            }
        }
        Ok(())
    }

    fn withhold(&mut self, withheld: Withheld, origin: &ValueOrigin) {
        let found = format!("{origin}: {} is ignored", withheld.name);
        self.withheld.push((withheld.name, Notice { found, advice: withheld.advice.to_owned() }));
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
