//! Faults that are set on models, and the state of their schedules.

use crate::failover::Health;
use crate::fault::{Fault, ScheduleState};
use crate::lock::locked;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// A fault, the time since when it is set, and how often it was asked for.
#[derive(Debug)]
pub(super) struct InjectedFault {
    fault: Fault,
    since: Duration,
    state: Mutex<ScheduleState>,
}

/// Faults that some runs have of their own. The runs that share them share their schedules and their breakers: what is
/// broken on purpose for some must not be barred for others.
#[derive(Debug, Default)]
pub struct RunFaults {
    /// The fault of a chain's first model, whichever that is.
    first: Option<InjectedFault>,
    of_model: BTreeMap<String, InjectedFault>,
    health: Mutex<Health>,
}

impl RunFaults {
    /// A fault of each chain's first model. Schedules count from this time of the [services](super::Services::now).
    pub fn of_first(fault: Fault, since: Duration) -> Self {
        Self { first: Some(InjectedFault::new(fault, since)), ..Self::default() }
    }

    /// Faults of these models; none are needed for breakers of one's own.
    pub fn of_models(faults: impl IntoIterator<Item = (String, Fault)>, since: Duration) -> Self {
        let injected = faults.into_iter().map(|(model, fault)| (model, InjectedFault::new(fault, since)));
        Self { of_model: injected.collect(), ..Self::default() }
    }

    /// The fault of the model at this place of the chain.
    pub(super) fn get(&self, place: usize, model: &str) -> Option<&InjectedFault> {
        self.first.as_ref().filter(|_| place == 0).or_else(|| self.of_model.get(model))
    }

    /// The breakers, held for as long as one step takes.
    pub(super) fn health(&self) -> MutexGuard<'_, Health> {
        locked(&self.health)
    }
}

/// Whether looking for a fault advances its schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advance {
    /// No: nothing is sent.
    Nothing,
    /// Yes: an attempt starts.
    Schedule,
}

impl InjectedFault {
    /// A fault that begins at this time of the [services](super::Services::now).
    pub(super) fn new(fault: Fault, since: Duration) -> Self {
        Self { fault, since, state: Mutex::default() }
    }

    /// The fault with its schedule.
    pub(super) fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Whether it fires on an attempt at `now`.
    pub(super) fn fires(&self, now: Duration, advance: Advance) -> bool {
        let mut state = locked(&self.state);
        let mut next = *state;
        let fires = self.fault.schedule.fires(&mut next, now.saturating_sub(self.since));
        if advance == Advance::Schedule {
            *state = next;
        }
        fires
    }
}
