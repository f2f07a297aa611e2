//! Costs that an answer did not bring: an attempt that was cancelled or cut off has a generation id and no cost.
//! The service knows the cost some time later (`GET /generation`).

use super::reporter::Reporter;
use super::services::Services;
use crate::failover::{AttemptId, Cost, Event};
use crate::openrouter::Delta;
use crate::openrouter::account::Generation;
use crate::report::{Observation, ReportKind};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The pauses between tries, in seconds: two minutes in all. The service answers 404 until it has
/// counted, which takes it seconds after an answer and up to two minutes after a cancel.
const PAUSES: [u64; 8] = [0, 1, 2, 4, 8, 15, 30, 60];

/// The attempts of a run that have no cost yet.
#[derive(Debug, Default)]
pub(super) struct PendingCosts {
    generations: BTreeMap<AttemptId, String>,
    open: Vec<AttemptId>,
}

impl PendingCosts {
    /// Follows the run: which attempt has which generation id, and which ended without a cost.
    pub(super) fn apply(&mut self, what: &ReportKind, simulated: bool) {
        match what {
            // A fault that was injected is the simulator's: the service knows nothing of it.
            ReportKind::Observation(Observation::Sent(sent)) if sent.simulated != simulated => {
                _ = self.generations.remove(&sent.attempt);
            }
            ReportKind::Observation(Observation::Sent(sent)) => {
                _ = self.generations.insert(sent.attempt, String::new());
            }
            ReportKind::Observation(Observation::Stream { attempt, delta: Delta::Opened(head) }) => {
                if let (Some(slot), Some(id)) = (self.generations.get_mut(attempt), &head.generation) {
                    slot.clone_from(id);
                }
            }
            ReportKind::Engine(Event::Failed(failed)) if failed.cost == Cost::Unknown => self.open.push(failed.attempt),
            ReportKind::Engine(Event::Answered(answered)) if answered.cost == Cost::Unknown => {
                self.open.push(answered.attempt);
            }
            _ => {}
        }
    }

    /// The attempts without a cost, with their generation ids.
    pub(super) fn owed(&self) -> Vec<(AttemptId, String)> {
        let id = |attempt: &AttemptId| self.generations.get(attempt).filter(|id| !id.is_empty()).cloned();
        self.open.iter().filter_map(|attempt| Some((*attempt, id(attempt)?))).collect()
    }
}

/// Looks these costs up side by side and reports each that the service knows. Never outlives the services: where
/// nothing else holds them, it ends.
pub(super) async fn look_up(reporter: Reporter, owed: Vec<(AttemptId, String)>) {
    let Reporter { run, began, services, outbox } = reporter;
    let alive = Arc::downgrade(&services);
    drop(services);
    let look_up = |(attempt, id): (AttemptId, String)| {
        let (alive, outbox) = (alive.clone(), outbox.clone());
        async move {
            let generation = Box::new(ask(&alive, &id).await?);
            let reporter = Reporter { run, began, services: alive.upgrade()?, outbox };
            let billed = ReportKind::Observation(Observation::Billed { attempt, generation });
            reporter.report(reporter.services.now(), billed);
            Some(())
        }
    };
    join_all(owed.into_iter().map(look_up)).await;
}

/// Asks until the service knows, or [`PAUSES`] are over.
async fn ask(services: &Weak<Services>, id: &str) -> Option<Generation> {
    for pause in PAUSES {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        let generation = async |services: Arc<Services>| services.generation(id).await;
        if let Ok(generation) = generation(services.upgrade()?).await {
            return Some(generation);
        }
    }
    None
}
