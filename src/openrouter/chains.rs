//! The fallback chains that have names, which stand for their models wherever a model is asked for.

use super::model::CONFIGURED_CHAIN;
use std::collections::BTreeMap;

/// The chains that a request can name in place of a model.
#[derive(Clone, Copy, Debug)]
pub struct Chains<'a> {
    /// The configured one, which [`CONFIGURED_CHAIN`] names.
    pub configured: &'a [String],
    /// Others, by name.
    pub named: &'a BTreeMap<String, Vec<String>>,
}

impl<'a> Chains<'a> {
    /// The chain of this name.
    pub fn get(&self, name: &str) -> Option<&'a [String]> {
        let named = || self.named.get(name).map(Vec::as_slice);
        if name == CONFIGURED_CHAIN { Some(self.configured) } else { named() }
    }

    /// The fallback chain of a list of models and chains. No model is in it twice.
    ///
    /// # Errors
    /// Those of `id`.
    pub fn expand<'n, E>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
        id: impl Fn(&str) -> Result<String, E>,
    ) -> Result<Vec<String>, E> {
        let mut chain: Vec<String> = Vec::new();
        for name in names {
            let models = match self.get(name) {
                Some(models) => models.to_vec(),
                None => vec![id(name)?],
            };
            for model in models {
                if !chain.contains(&model) {
                    chain.push(model);
                }
            }
        }
        Ok(chain)
    }
}
