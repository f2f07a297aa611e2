//! A fault that is set on a model, and the state of its schedule.

use crate::fault::{Fault, ScheduleState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A fault, the time since when it is set, and how often it was asked for.
#[derive(Debug)]
pub struct InjectedFault {
    fault: Fault,
    since: Duration,
    state: Mutex<ScheduleState>,
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
        Self { fault, since, state: Mutex::default() }
    }

    /// The fault with its schedule.
    pub(super) fn fault(&self) -> &Fault {
        &self.fault
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
