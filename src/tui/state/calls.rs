//! The calls of a module that makes several: one line for each call, and the result of the vote or comparison.

use crate::failover::{Finished, Outcome};
use crate::text::{clean_line, value_text};
use crate::transcript::{Attempt, AttemptPhase, LogEvent, Transcript, model_name};
use crate::tui::theme::StyleRole;

/// One line for each chain of the module, for the call that compares them, and for the vote. Empty if the module has one
/// chain.
pub fn lines(run: &Transcript) -> Vec<(String, StyleRole)> {
    let Some(task) = run.task().filter(|task| task.module.chains() > 1) else { return Vec::new() };
    let count = task.module.chains();
    let vote = run.log.iter().rev().find_map(|entry| match &entry.event {
        LogEvent::Voted(vote) => Some(vote),
        _ => None,
    });
    let mut lines = Vec::new();
    for chain in 1..=count {
        let end = run.log.iter().find_map(|entry| match &entry.event {
            LogEvent::Chain { chain: this, end, .. } if *this == chain => Some(&**end),
            _ => None,
        });
        let last = run.attempts.iter().rfind(|attempt| attempt.id.call as usize == chain);
        let (text, role) = match end {
            Some(end) => ended(run, end),
            None => in_progress(last),
        };
        let won = vote.is_some_and(|vote| vote.winner() + 1 == chain);
        let (mark, role) = if won { ("★", StyleRole::Accent) } else { ("·", role) };
        lines.push((format!("{mark} chain {chain} of {count}: {text}"), role));
    }
    if let Some(last) = run.attempts.iter().rfind(|attempt| attempt.id.call as usize > count) {
        let (text, role) = in_progress(Some(last));
        lines.push((format!("⇉ comparing: {text}"), role));
    }
    if let Some(vote) = vote {
        let ballots =
            vote.tally.iter().map(|b| format!("{} × {}", b.chains.len(), clean_line(&value_text(&b.value), 60)));
        let tally = ballots.collect::<Vec<_>>().join(" · ");
        let winner = vote.winner() + 1;
        lines.push((format!("Σ {}: {tally} — chain {winner} is the answer", vote.field), StyleRole::Heading));
    }
    lines
}

fn ended(run: &Transcript, end: &Finished) -> (String, StyleRole) {
    if end.outcome != Outcome::Succeeded {
        return (end.headline.clone().unwrap_or_else(|| "no answer".to_owned()), StyleRole::Bad);
    }
    let field = run.task().and_then(|task| task.signature.outputs.last());
    let value = field.and_then(|field| end.fields.get(&field.name));
    let text = value.map(value_text).unwrap_or_default();
    (clean_line(&text, 100), StyleRole::Good)
}

fn in_progress(attempt: Option<&Attempt>) -> (String, StyleRole) {
    let Some(attempt) = attempt else { return ("about to ask".to_owned(), StyleRole::Dim) };
    let model = model_name(&attempt.model);
    let text = match attempt.phase() {
        AttemptPhase::Planned | AttemptPhase::Asked | AttemptPhase::Opened => format!("asking {model}"),
        AttemptPhase::Reasoning => format!("{model} thinks"),
        AttemptPhase::Answering => format!("{model} answers, {} characters", attempt.text.chars().count()),
        AttemptPhase::Answered => format!("{model} has answered"),
        AttemptPhase::Failed => return (format!("{model} failed · {}", attempt.state()), StyleRole::Bad),
    };
    (text, StyleRole::Dim)
}
