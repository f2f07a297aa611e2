//! The fault segment of a path: `503`, or `openai~gpt-4o-mini=503;anthropic~claude-3-haiku=stall:8`.

use crate::fault::{Fault, FaultError, ScheduleState};
use std::collections::HashMap;
use std::time::Duration;

/// Which models have which fault; no model stands for every model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FaultSegment {
    word: String,
    parts: Vec<(Option<String>, Fault)>,
}

/// What the schedules remember, by segment and model: how often they were asked, and since when.
pub(super) type ScheduleCounters = HashMap<(String, String), (ScheduleState, Duration)>;

/// So many pairs of segment and model are counted before all start anew.
const COUNTED: usize = 10_000;

impl FaultSegment {
    pub(super) fn read(word: &str) -> Result<Self, FaultError> {
        let part = |part: &str| match part.split_once('=') {
            Some((model, fault)) if model.contains('~') && !model.contains('@') => {
                Ok((Some(model.replace('~', "/")), fault.parse()?))
            }
            _ => Ok((None, part.parse()?)),
        };
        Ok(Self { word: word.to_owned(), parts: word.split(';').map(part).collect::<Result<_, FaultError>>()? })
    }

    /// The fault that hits this request to `model`, if its schedule says so. `now` is the
    /// simulator's own time.
    pub(super) fn fault(&self, model: &str, counters: &mut ScheduleCounters, now: Duration) -> Option<Fault> {
        let (_, fault) = self.parts.iter().find(|(only, _)| only.as_deref().is_none_or(|only| only == model))?;
        if counters.len() >= COUNTED {
            counters.clear();
        }
        let (state, since) =
            counters.entry((self.word.clone(), model.to_owned())).or_insert_with(|| (ScheduleState::default(), now));
        fault.schedule.fires(state, now.saturating_sub(*since)).then(|| fault.clone())
    }
}

/// The segment in which each model has its own fault.
pub(super) fn write<'a>(faults: impl IntoIterator<Item = (&'a str, &'a Fault)>) -> String {
    let parts: Vec<String> =
        faults.into_iter().map(|(model, fault)| format!("{}={fault}", model.replace('/', "~"))).collect();
    parts.join(";")
}
