//! A fault that is set on a model, and the state of its schedule.

use crate::failover::Health;
use crate::fault::{Fault, ScheduleState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A fault, the time since when it is set, and how often it was asked for.
#[derive(Debug)]
pub struct InjectedFault {
    fault: Fault,
    since: Duration,
    state: Mutex<ScheduleState>,
    health: Mutex<Health>,
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
    pub fn new(fault: Fault, since: Duration) -> Self {
        Self { fault, since, state: Mutex::default(), health: Mutex::default() }
    }

    /// The fault with its schedule.
    pub(super) fn fault(&self) -> &Fault {
        &self.fault
    }

    /// The breakers of the runs that have this fault as their own: what is broken on purpose for one program must not be
    /// barred for another.
    pub(super) fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it fires on an attempt at `now`.
    pub(super) fn fires(&self, now: Duration, advance: Advance) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = *state;
        let fires = self.fault.schedule.fires(&mut next, now.saturating_sub(self.since));
        if advance == Advance::Schedule {
            *state = next;
        }
        fires
    }
}
