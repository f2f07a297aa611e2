//! Settings as the types that the rest of the program uses.

use super::{Config, ConfigError};
use crate::failover::Policy;
use crate::openrouter::model::without_prefix;
use crate::text::clean;
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

    /// The models of the fallback chain; none if the user sets no chain.
    ///
    /// # Errors
    /// An empty list.
    pub fn chain(&self) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(models) = self.read::<Vec<String>>("models")? else { return Ok(None) };
        let models: Vec<String> = models.iter().map(|model| without_prefix(clean(model).trim()).to_owned()).collect();
        if models.is_empty() || models.iter().any(String::is_empty) {
            return Err(ConfigError::new("models", "expected at least one model, and none of them empty"));
        }
        Ok(Some(models))
    }
}
