//! The path segment that names faults: `503`, or `openai~gpt-4o-mini=503;anthropic~claude-3-haiku=stall:8`.

use crate::fault::{Fault, FaultError, ScheduleState};
use std::collections::HashMap;
use std::time::Duration;

/// Faults and the models that have them. A fault without a model is every model's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FaultSegment {
    text: String,
    parts: Vec<(Option<String>, Fault)>,
}

/// The state of every schedule, by segment and model, with the time of its first request.
pub(super) type ScheduleCounters = HashMap<(String, String), (ScheduleState, Duration)>;

/// With this many pairs of segment and model, all counters start again at 0.
const MAX_COUNTERS: usize = 10_000;

impl FaultSegment {
    /// Reads a segment without percent escapes.
    pub(super) fn read(text: &str) -> Result<Self, FaultError> {
        let part = |part: &str| match part.split_once('=') {
            Some((model, fault)) if model.contains('~') && !model.contains('@') => {
                Ok((Some(model.replace('~', "/")), fault.parse()?))
            }
            _ => Ok((None, part.parse()?)),
        };
        Ok(Self { text: text.to_owned(), parts: text.split(';').map(part).collect::<Result<_, FaultError>>()? })
    }

    /// The segment of these models' faults; `None` if there are none.
    pub(super) fn of_models(faults: &[(String, Fault)]) -> Option<Self> {
        let text = write(faults.iter().map(|(model, fault)| (model.as_str(), fault)));
        let parts = faults.iter().map(|(model, fault)| (Some(model.clone()), fault.clone())).collect();
        (!faults.is_empty()).then_some(Self { text, parts })
    }

    /// The fault of this request to `model`, if its schedule says that it is due. `now` is the simulator's own time.
    pub(super) fn fault(&self, model: &str, counters: &mut ScheduleCounters, now: Duration) -> Option<Fault> {
        let (_, fault) = self.parts.iter().find(|(only, _)| only.as_deref().is_none_or(|only| only == model))?;
        if counters.len() >= MAX_COUNTERS {
            counters.clear();
        }
        let (state, since) =
            counters.entry((self.text.clone(), model.to_owned())).or_insert_with(|| (ScheduleState::default(), now));
        fault.schedule.fires(state, now.saturating_sub(*since)).then(|| fault.clone())
    }
}

/// Writes a segment in which each model has its own fault.
pub(super) fn write<'a>(faults: impl IntoIterator<Item = (&'a str, &'a Fault)>) -> String {
    let parts: Vec<String> =
        faults.into_iter().map(|(model, fault)| format!("{}={fault}", model.replace('/', "~"))).collect();
    parts.join(";")
}
