//! A run in sentences, for screen readers and for terminals that can only print lines. No
//! symbols, no colours, nothing is overwritten.

use crate::failover::{BreakerState, Event, Finished, NextStep, Outcome, Relation};
use crate::report::{Observation, Report, ReportKind};
use crate::transcript::{seconds, usd};

/// A report as a sentence. `None` for reports that a listener does not need.
pub fn sentence(report: &Report) -> Option<String> {
    Some(match &report.what {
        ReportKind::Engine(Event::Started(e)) => match e.relation {
            Relation::First => format!("Asking {}.", e.model),
            Relation::Retry => format!("Asking {} again.", e.model),
            Relation::Fallback => format!("Moving on to {}.", e.model),
            Relation::Repair => format!("Asking {} to correct its answer.", e.model),
            Relation::Probe => format!("Probing {} after its failures.", e.model),
            Relation::Forced => format!("All circuits are open; trying {} anyway.", e.model),
            Relation::Hedge => format!("Asking {} too, because the other model is slow.", e.model),
        },
        ReportKind::Engine(Event::FirstToken(e)) => format!("{} is answering.", e.model),
        ReportKind::Engine(Event::Skipped(e)) => format!("Skipping {}: {}.", e.model, e.why),
        ReportKind::Engine(Event::Failed(e)) => {
            let end = if e.next_step == NextStep::Stop { " The run stops." } else { "" };
            format!("{} failed: {}.{end}", e.model, e.failure.summary().trim_end_matches('.'))
        }
        ReportKind::Engine(Event::Discarded(e)) => format!("The text from {} is discarded.", e.model),
        ReportKind::Engine(Event::Waiting(e)) => format!("Waiting {} for {}.", seconds(e.delay), e.model),
        ReportKind::Engine(Event::Breaker(e)) => match e.to {
            BreakerState::Open { .. } => format!("The circuit of {} is open: {}.", e.scope, e.why),
            BreakerState::Closed { weight } if weight <= 0.0 => format!("The circuit of {} is closed.", e.scope),
            _ => return None,
        },
        ReportKind::Engine(Event::Finished(e)) => finished(e),
        ReportKind::Observation(Observation::Sent(sent)) => {
            format!("The simulator injects a fault: {}.", sent.injected.as_ref()?)
        }
        ReportKind::Observation(Observation::Chain { chain, of, .. }) => format!("Chain {chain} of {of} has ended."),
        ReportKind::Engine(Event::Health(_) | Event::Answered(_)) | ReportKind::Observation(_) => return None,
    })
}

fn finished(end: &Finished) -> String {
    let attempts = if end.attempts == 1 { "one attempt".to_owned() } else { format!("{} attempts", end.attempts) };
    let (took, cost) = (seconds(end.took), usd(end.cost));
    let headline = end.headline.as_deref().unwrap_or("no answer");
    match end.outcome {
        Outcome::Succeeded => {
            format!("{} answered after {took}, {attempts}, {cost}.", end.model.as_deref().unwrap_or("A model"))
        }
        Outcome::Cancelled => format!("Cancelled after {took}."),
        _ => format!("No answer after {took} and {attempts}: {headline}."),
    }
}
