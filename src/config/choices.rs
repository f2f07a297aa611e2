//! Settings as the types that the rest of the program uses.

use super::{Config, ConfigError};
use crate::failover::Policy;
use crate::openrouter::Chains;
use crate::openrouter::model::{CONFIGURED_CHAIN, without_prefix};
use crate::text::clean;
use std::collections::BTreeMap;
use std::time::Duration;

/// The chain when the user sets none: a cheap model of each of three vendors.
pub const DEFAULT_CHAIN: &[&str] = &["openai/gpt-4o-mini", "anthropic/claude-3-haiku", "google/gemini-2.5-flash"];

impl Config {
    /// The failover policy. `random_seed` seeds the jitter unless the settings have a seed.
    ///
    /// # Errors
    /// A value that does not fit.
    pub fn policy(&self, random_seed: u64) -> Result<Policy, ConfigError> {
        let mut policy = Policy::default();
        let seconds = |name: &str, into: &mut Duration| {
            self.read::<f64>(name).map(|s| s.map(|s| *into = Duration::from_secs_f64(s)))
        };
        seconds("failover.deadline", &mut policy.limits.deadline)?;
        seconds("failover.patience", &mut policy.limits.patience)?;
        seconds("failover.connect", &mut policy.timeouts.connect)?;
        seconds("failover.first_token", &mut policy.timeouts.first_token)?;
        seconds("failover.first_token_reasoning", &mut policy.first_token_reasoning)?;
        seconds("failover.idle", &mut policy.timeouts.idle)?;
        seconds("failover.idle_reasoning", &mut policy.timeouts.idle_reasoning)?;
        let count = |name: &str, into: &mut u32| self.read::<u32>(name).map(|n| n.map(|n| *into = n.max(1)));
        count("failover.attempts_per_model", &mut policy.limits.per_model)?;
        count("failover.attempts_per_run", &mut policy.limits.per_run)?;
        let switch = |name: &str| self.read::<bool>(name).map(Option::unwrap_or_default);
        policy.hedge = switch("failover.hedge")?;
        policy.next_on_policy = switch("failover.next_on_policy")?;
        policy.strict_model = switch("failover.strict_model")?;
        policy.max_price_ratio = self.read("failover.max_price_ratio")?;
        policy.seed = self.read("failover.seed")?.unwrap_or(random_seed);
        policy.failover = self.read("failover.mode")?.unwrap_or_default();
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
            if name.trim() != name || name.contains(['/', '=', ',']) || name.is_empty() || name == CONFIGURED_CHAIN {
                let what = format!("a chain's name is a word without `/`, `=` and `,`, and not `{CONFIGURED_CHAIN}`");
                return Err(ConfigError::new(place, what));
            }
            let models: Vec<String> = words.iter().map(|word| model_name(word)).collect();
            check_models(&place, &models)?;
            chains.insert(name, models);
        }
        Ok(chains)
    }
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
