//! What the keys mean to the rooms that use them: typed values out of the table.

use super::{Config, ConfigError};
use crate::failover::Policy;
use std::time::Duration;

/// The models that are asked when the user has named none: one each of three vendors, all cheap.
pub const DEFAULT_CHAIN: &[&str] = &["openai/gpt-4o-mini", "anthropic/claude-3-haiku", "google/gemini-2.5-flash"];

impl Config {
    /// The failover policy. Without a seed in the settings, `draw` seeds the jitter.
    ///
    /// # Errors
    /// A value that does not fit.
    pub fn policy(&self, draw: u64) -> Result<Policy, ConfigError> {
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
        policy.seed = self.read("failover.seed")?.unwrap_or(draw);
        policy.failover = self.read("failover.mode")?.unwrap_or_default();
        Ok(policy)
    }

    /// The fallback chain; none if the user has named no model.
    ///
    /// # Errors
    /// An empty list.
    pub fn chain(&self) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(models) = self.read::<Vec<String>>("models")? else { return Ok(None) };
        let models: Vec<String> = models.iter().map(|model| plain_name(model.trim()).to_owned()).collect();
        if models.is_empty() || models.iter().any(String::is_empty) {
            return Err(ConfigError::new("models", "expected at least one model, and none of them empty"));
        }
        Ok(Some(models))
    }
}

/// `LiteLLM`'s spelling of a model, `openrouter/author/slug`, is understood as `author/slug`;
/// `OpenRouter`'s own routers (`openrouter/auto`) keep their name.
fn plain_name(model: &str) -> &str {
    model.strip_prefix("openrouter/").filter(|rest| rest.contains('/')).unwrap_or(model)
}

#[cfg(test)]
mod tests {
    use super::plain_name;

    #[test]
    fn the_prefix_of_another_library_is_dropped() {
        assert_eq!(plain_name("openrouter/openai/gpt-4o-mini"), "openai/gpt-4o-mini");
        assert_eq!(plain_name("openrouter/auto"), "openrouter/auto");
        assert_eq!(plain_name("llama3.2"), "llama3.2");
    }
}
