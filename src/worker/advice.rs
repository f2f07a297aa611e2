//! What the user can do about a failure, where this program knows more than the server says: a local server that does not
//! run, a key that is missing, and a name that is near to one that can be asked.

use super::services::Services;
use crate::failover::{Failure, FailureKind};
use crate::nearest::nearest;
use crate::openrouter::Dialect;
use crate::openrouter::catalogue::CatalogueSource;
use crate::openrouter::client::Endpoint;

impl Services {
    /// The failure of a request that asks no model, with the advice in its reason.
    pub(super) fn advised(&self, mut failure: Failure) -> Failure {
        if let Some(advice) = self.advice(&failure, "", self.simulated()) {
            failure.reason = format!("{}; {advice}", failure.reason);
        }
        failure
    }

    /// One line of advice. `model` is the one that was asked; `simulated` says whether the simulator was.
    pub(super) fn advice(&self, failure: &Failure, model: &str, simulated: bool) -> Option<String> {
        let Endpoint { base, key } = self.endpoint();
        match failure.kind {
            FailureKind::Refused if !simulated && base.is_loopback() => {
                Some(format!("nothing listens at {}; is the server running?", base.origin()))
            }
            FailureKind::Unauthorized if !simulated => Some(match key {
                Some(_) => "the server does not accept the key in OPENROUTER_API_KEY".to_owned(),
                None => "no key is set; OPENROUTER_API_KEY sets it".to_owned(),
            }),
            FailureKind::ModelGone => self.meant(model, failure.fallback_models.is_empty()),
            _ => None,
        }
    }

    /// What was probably meant by a name that neither the chains nor the list of models has.
    fn meant(&self, model: &str, or_a_model: bool) -> Option<String> {
        let catalogue = self.catalogue();
        // The built-in list is that of OpenRouter.
        let is_listed = catalogue.source != CatalogueSource::Snapshot
            || self.simulated()
            || self.endpoint().base.dialect() == Dialect::OpenRouter;
        if is_listed && catalogue.find(model).is_some() {
            return None;
        }
        if let Some(chain) = nearest(model, self.chains.iter().map(String::as_str)) {
            return Some(format!("did you mean the chain `{chain}`?"));
        }
        let ids = || catalogue.models.iter().map(|known| known.id.as_str()).filter(|_| is_listed && or_a_model);
        let has_name = |id: &&str| id.strip_suffix(model).is_some_and(|author| author.ends_with('/'));
        let near = ids().find(has_name).or_else(|| nearest(model, ids()))?;
        Some(format!("did you mean `{near}`?"))
    }
}
