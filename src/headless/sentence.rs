//! What happens in a run, in sentences: for screen readers and for terminals that can only
//! print lines. No glyph, no colour, nothing that is written over.

use crate::failover::{BreakerState, Event, Finished, NextStep, Outcome, Relation, Skip};
use crate::report::{Observation, Report, ReportKind};
use crate::transcript::{seconds, usd};

/// A report as a sentence; none for what a listener does not need.
pub fn sentence(report: &Report) -> Option<String> {
    Some(match &report.what {
        ReportKind::Engine(Event::Started(e)) => match e.relation {
            Relation::First => format!("Asking {}.", e.model),
            Relation::Retry => format!("Asking {} once more.", e.model),
            Relation::Fallback => format!("Moving on to {}.", e.model),
            Relation::Repair => format!("Showing {} what is wrong with its answer.", e.model),
            Relation::Probe => format!("Trying {} again after its failures.", e.model),
            Relation::Forced => format!("Every model is barred; trying {} anyway.", e.model),
            Relation::Hedge => format!("Asking {} as well, since the other one is slow.", e.model),
        },
        ReportKind::Engine(Event::FirstToken(e)) => format!("{} is answering.", e.model),
        ReportKind::Engine(Event::Skipped(e)) => format!("Passing over {}: {}.", e.model, skip(e.why)),
        ReportKind::Engine(Event::Failed(e)) => {
            let then = match e.next_step {
                NextStep::RetrySame | NextStep::Next | NextStep::Repair | NextStep::Continue => "",
                NextStep::Stop => " That ends the run.",
            };
            let status = e.failure.status.map(|status| format!(" with status {status}")).unwrap_or_default();
            format!("{} failed{status}: {}.{then}", e.model, e.failure.reason.trim_end_matches('.'))
        }
        ReportKind::Engine(Event::Discarded(e)) => format!("What {} had said no longer counts.", e.model),
        ReportKind::Engine(Event::Waiting(e)) => format!("Waiting {} for {}.", seconds(e.delay), e.model),
        ReportKind::Engine(Event::Breaker(e)) => match e.to {
            BreakerState::Open { .. } => format!("{} failed too often and is barred for now.", e.scope.name),
            BreakerState::Closed { weight } if weight <= 0.0 => format!("{} is trusted again.", e.scope.name),
            _ => return None,
        },
        ReportKind::Engine(Event::Finished(e)) => finished(e),
        ReportKind::Observation(Observation::Sent(sent)) => {
            format!("This failure is made on purpose: {}.", sent.injected.as_ref()?)
        }
        ReportKind::Observation(Observation::Chain { chain, of, .. }) => format!("Chain {chain} of {of} is done."),
        ReportKind::Engine(Event::Answered(_)) | ReportKind::Observation(_) => return None,
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
        _ => format!("There is no answer, after {took} and {attempts}: {headline}."),
    }
}

fn skip(why: Skip) -> &'static str {
    match why {
        Skip::BreakerOpen => "it failed too often just now",
        Skip::ClassOpen => "free models are used up for now",
        Skip::AccountOpen => "the account is at its limit for now",
        Skip::OriginOpen => "its server cannot be reached for now",
        Skip::SameOrigin => "it lives on the server that just failed",
        Skip::ProbeInFlight => "another run is trying it",
        Skip::ContextTooSmall => "its context is too small",
        Skip::TooDear => "it is too dear",
        Skip::OutputTooSmall => "its answers are too short",
        Skip::AttemptsUsed => "it has had its attempts",
        Skip::Strict => "only the first model may answer",
    }
}
