//! Settings as the types that the rest of the program uses.

use super::{Config, ConfigError};
use crate::failover::Policy;
use crate::openrouter::Chains;
use crate::openrouter::model::{CONFIGURED_CHAIN, without_prefix};
use crate::text::clean;
use serde::de::Error as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The chain when the user sets none: a cheap model of each of three vendors.
pub const DEFAULT_CHAIN: &[&str] = &["openai/gpt-4o-mini", "anthropic/claude-3-haiku", "google/gemini-2.5-flash"];

/// A key of the policy: how its value is read from a policy and written to one.
pub struct PolicyKey {
    /// The name of the key.
    pub key: &'static str,
    /// Its value in a policy; null if it is not set.
    pub get: fn(&Policy) -> Value,
    /// Sets it. The value has the key's shape.
    pub set: fn(&mut Policy, Value) -> serde_json::Result<()>,
}

macro_rules! policy {
    ($($key:literal $kind:ident $($field:ident).+;)*) => {
        &[$(PolicyKey {
            key: $key,
            get: |policy| policy!(@get $kind policy.$($field).+),
            set: |policy, value| policy!(@set $kind policy.$($field).+, value),
        },)*]
    };
    (@get seconds $field:expr) => { json!($field.as_secs_f64()) };
    (@get value $field:expr) => { json!($field) };
    (@get attempts $field:expr) => { json!($field) };
    (@set seconds $field:expr, $value:ident) => {
        serde_json::from_value($value).map(|seconds| $field = Duration::from_secs_f64(seconds))
    };
    (@set value $field:expr, $value:ident) => { serde_json::from_value($value).map(|value| $field = value) };
    (@set attempts $field:expr, $value:ident) => { attempts($value).map(|count| $field = count) };
}

/// A number of attempts. [`AttemptId`](crate::failover::AttemptId) has room for 99 in a call.
fn attempts(value: Value) -> serde_json::Result<u32> {
    let count = serde_json::from_value(value)?;
    if (1..=99).contains(&count) {
        Ok(count)
    } else {
        Err(serde_json::Error::custom("expected a whole number from 1 to 99"))
    }
}

/// All keys of the policy but its seed.
pub const POLICY: &[PolicyKey] = policy! {
    "failover.mode" value failover;
    "failover.deadline" seconds limits.deadline;
    "failover.patience" seconds limits.patience;
    "failover.connect" seconds timeouts.connect;
    "failover.first_token" seconds timeouts.first_token;
    "failover.first_token_reasoning" seconds first_token_reasoning;
    "failover.idle" seconds timeouts.idle;
    "failover.idle_reasoning" seconds timeouts.idle_reasoning;
    "failover.attempts_per_model" attempts limits.per_model;
    "failover.attempts_per_run" attempts limits.per_run;
    "failover.hedge" value hedge;
    "failover.next_on_policy" value next_on_policy;
    "failover.strict_model" value strict_model;
    "failover.max_price_ratio" value max_price_ratio;
};

impl Config {
    /// The failover policy. `random_seed` seeds the jitter unless the settings have a seed.
    ///
    /// # Errors
    /// A value that does not fit.
    pub fn policy(&self, random_seed: u64) -> Result<Policy, ConfigError> {
        let mut policy = Policy::default();
        for part in POLICY {
            if let Some(set) = self.get(part.key) {
                (part.set)(&mut policy, set.value.clone())
                    .map_err(|error| ConfigError::new(format!("{}, {}", set.origin, part.key), error.to_string()))?;
            }
        }
        policy.seed = self.read("failover.seed")?.unwrap_or(random_seed);
        Ok(policy)
    }

    /// The models of the fallback chain; none if the user sets no chain. The name of a chain stands for its models.
    ///
    /// # Errors
    /// An empty list.
    pub fn chain(&self) -> Result<Option<Vec<String>>, ConfigError> {
        self.read("models")?.map(|words: Vec<String>| self.chain_of(&words)).transpose()
    }

    /// The chain that these words ask for: each is a model, or the name of a chain, which stands for its models.
    ///
    /// # Errors
    /// An empty list.
    pub fn chain_of(&self, words: &[String]) -> Result<Vec<String>, ConfigError> {
        let named = self.chains()?;
        let chains = Chains { configured: &[], named: &named };
        let models =
            chains.expand(words.iter().map(|word| word.trim()), |word| Ok::<_, ConfigError>(model_name(word)))?;
        check_models("models", &models).map(|()| models)
    }

    /// The named chains.
    ///
    /// # Errors
    /// An empty chain; a name that could be taken for a model, or that stands for the configured chain.
    pub fn chains(&self) -> Result<BTreeMap<String, Vec<String>>, ConfigError> {
        let named: BTreeMap<String, Vec<String>> = self.read("chains")?.unwrap_or_default();
        let mut chains = BTreeMap::new();
        for (name, words) in named {
            let place = format!("chains.{}", clean(&name));
            if let Some(problem) = chain_name_problem(&name) {
                return Err(ConfigError::new(place, problem));
            }
            let models: Vec<String> = words.iter().map(|word| model_name(word)).collect();
            check_models(&place, &models)?;
            chains.insert(name, models);
        }
        Ok(chains)
    }
}

/// Why a text cannot be the name of a chain; `None` if it can.
pub fn chain_name_problem(name: &str) -> Option<String> {
    let is_name =
        name.trim() == name && !name.contains(['/', '=', ',']) && !name.is_empty() && name != CONFIGURED_CHAIN;
    (!is_name).then(|| format!("a chain's name is a word without `/`, `=` and `,`, and not `{CONFIGURED_CHAIN}`"))
}

fn model_name(word: &str) -> String {
    without_prefix(clean(word).trim()).to_owned()
}

fn check_models(place: &str, models: &[String]) -> Result<(), ConfigError> {
    if models.is_empty() || models.iter().any(String::is_empty) {
        return Err(ConfigError::new(place, "expected at least one model, and none of them empty"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KEYS;

    #[test]
    fn each_key_of_the_policy_is_written_as_it_is_read() {
        for key in KEYS.iter().filter(|key| key.name.starts_with("failover.") && key.name != "failover.seed") {
            let part =
                POLICY.iter().find(|part| part.key == key.name).unwrap_or_else(|| panic!("{} is missing", key.name));
            let default = key.default().unwrap_or_default();
            assert_eq!((part.get)(&Policy::default()), default, "{}: the default is that of the policy", key.name);
            let mut policy = Policy::default();
            (part.set)(&mut policy, default).expect("a value");
            assert_eq!(policy, Policy::default(), "{}", key.name);
        }
        assert_eq!(POLICY.iter().filter(|part| KEYS.iter().all(|key| key.name != part.key)).count(), 0);
    }
}
