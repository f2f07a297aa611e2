//! A run's reports as events of the diagnostic log. Texts of prompts and answers are left out.

use crate::failover::{Event, Finished};
use crate::openrouter::Delta;
use crate::report::{Observation, Report, ReportKind};
use tracing::{debug, info, warn};

/// Logs a report, if it is of interest and somebody listens.
pub(super) fn trace(report: &Report) {
    let run = report.run;
    match &report.what {
        ReportKind::Engine(event) => trace_event(run, event),
        ReportKind::Observation(Observation::Begun(spec)) => {
            let signature = spec.task.signature();
            let models: Vec<&str> = spec.chain.iter().map(|route| route.model.as_str()).collect();
            info!(
                target: "run",
                run,
                ?models,
                module = signature.map(|task| task.module.to_string()),
                adapter = signature.map(|task| task.adapter.to_string()),
                simulated = spec.simulated,
                "run started"
            );
        }
        ReportKind::Observation(Observation::Sent(sent)) => {
            let injected = sent.injected.as_deref();
            info!(target: "run", run, attempt = %sent.attempt, url = sent.request.url, injected, "request sent");
        }
        ReportKind::Observation(Observation::Stream { attempt, delta }) => match delta {
            Delta::Opened(head) => {
                let id = head.generation.as_deref();
                info!(target: "run", run, %attempt, status = head.status, id, "headers received");
            }
            Delta::Warning(warning) => warn!(target: "run", run, %attempt, warning, "odd response"),
            _ => {}
        },
        ReportKind::Observation(_) => {}
    }
}

fn trace_event(run: u64, event: &Event) {
    match event {
        Event::Health(_) => {}
        Event::Started(started) => info!(
            target: "run",
            run,
            attempt = %started.attempt,
            model = started.model,
            relation = ?started.relation,
            fresh_connection = started.changes.fresh_connection,
            "attempt started"
        ),
        Event::Skipped(skipped) => {
            debug!(target: "run", run, model = skipped.model, why = ?skipped.why, "model skipped");
        }
        Event::FirstToken(first) => {
            debug!(target: "run", run, attempt = %first.attempt, after = ?first.first_token, "first token");
        }
        Event::Failed(failed) => info!(
            target: "run",
            run,
            attempt = %failed.attempt,
            model = failed.model,
            kind = ?failed.failure.kind,
            status = failed.failure.status,
            reason = failed.failure.reason,
            rule = failed.rule,
            next = ?failed.next_step,
            took = ?failed.took,
            "attempt failed"
        ),
        Event::Breaker(change) => info!(
            target: "breaker",
            run,
            scope = ?change.scope,
            from = ?change.from,
            to = ?change.to,
            why = change.why,
            "breaker changed"
        ),
        Event::Waiting(waiting) => {
            debug!(target: "run", run, model = waiting.model, delay = ?waiting.delay, why = waiting.why, "waiting");
        }
        Event::Discarded(discarded) => debug!(target: "run", run, attempt = %discarded.attempt, "text discarded"),
        Event::Answered(answered) => info!(
            target: "run",
            run,
            attempt = %answered.attempt,
            model = answered.model,
            served = answered.served,
            took = ?answered.took,
            "attempt answered"
        ),
        Event::Finished(finished) => trace_end(run, finished),
    }
}

fn trace_end(run: u64, finished: &Finished) {
    info!(
        target: "run",
        run,
        outcome = ?finished.outcome,
        model = finished.model,
        attempts = finished.attempts,
        took = ?finished.took,
        cost = ?finished.cost,
        "run finished"
    );
}
