//! What the service is asked besides runs: its models, how their providers do, what a key may spend, what an answer cost.

use super::{Services, wall};
use crate::failover::{Failure, FailureKind};
use crate::lock::locked;
use crate::openrouter::Dialect;
use crate::openrouter::account::{Generation, KeyInfo, generation_path};
use crate::openrouter::catalogue::Catalogue;
use crate::openrouter::providers::{ProviderStatus, providers, providers_path};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

impl Services {
    /// Fetches the service's list of models, and uses it from now on.
    ///
    /// # Errors
    /// The request failed, or the answer lists no models.
    pub async fn ask_catalogue(&self) -> Result<Arc<Catalogue>, Failure> {
        let answer = self.client.get(&self.endpoint(), &self.headers(), "/models").await;
        let answer = answer.map_err(|failure| self.advised(failure)).inspect_err(|failure| {
            warn!(target: "catalogue", reason = failure.reason, "not fetched");
        })?;
        let none = || Failure::new(FailureKind::NotAnAnswer, "the server lists no models");
        let catalogue = Arc::new(Catalogue::from_answer(&answer, wall()).ok_or_else(none)?);
        info!(target: "catalogue", models = catalogue.models.len(), "fetched");
        *locked(&self.catalogue) = Arc::clone(&catalogue);
        if let Some(cache) = &self.model_cache {
            let (cache, origin, now) = (cache.clone(), self.endpoint().base.origin().to_owned(), wall());
            let saved = spawn_blocking(move || Catalogue::save(&cache, &origin, &answer, now)).await;
            // A list that cannot be kept is fetched again next time.
            if let Ok(Err(error)) = saved {
                warn!(target: "catalogue", %error, "not kept");
            }
        }
        Ok(catalogue)
    }

    /// Fetches how the providers of a model do.
    ///
    /// # Errors
    /// The request failed, or the answer lists no providers.
    pub async fn providers(&self, model: &str) -> Result<Vec<ProviderStatus>, Failure> {
        let answer = self.client.get(&self.endpoint(), &self.headers(), &providers_path(model)).await?;
        providers(&answer).ok_or_else(|| Failure::new(FailureKind::NotAnAnswer, "the server lists no providers"))
    }

    /// Opens a connection for the next request. A failure is ignored: the request itself will report it.
    pub async fn warm(&self) {
        _ = self.client.warm(&self.endpoint(), &self.headers()).await;
    }

    /// Fetches what the service says about the key: its limits and what is left.
    ///
    /// # Errors
    /// The request failed, or the server is not OpenRouter.
    pub async fn key_info(&self) -> Result<KeyInfo, Failure> {
        let endpoint = self.endpoint();
        if endpoint.base.dialect() != Dialect::OpenRouter && !endpoint.base.is_loopback() {
            return Err(Failure::new(
                FailureKind::Local,
                "only OpenRouter says what a key may spend; this is another server",
            ));
        }
        let headers = self.headers();
        let answer = self.client.get(&endpoint, &headers, "/key").await.map_err(|failure| self.advised(failure))?;
        Ok(KeyInfo::parse(&answer, &endpoint.secrets(&headers)))
    }

    /// Fetches what one past generation cost, and which attribution headers the service received.
    ///
    /// # Errors
    /// The request failed. The service answers 404 for some seconds after a generation.
    pub async fn generation(&self, id: &str) -> Result<Generation, Failure> {
        let endpoint = self.endpoint();
        let headers = self.headers();
        let answer = self.client.get(&endpoint, &headers, &generation_path(id)).await?;
        Ok(Generation::parse(&answer, &endpoint.secrets(&headers)))
    }
}
