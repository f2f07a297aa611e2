//! The most that a whole run can cost.

use crate::dspy::Module;
use crate::dspy::program::Step;
use crate::openrouter::catalogue::Catalogue;
use crate::spec::{RunSpec, Task};

/// The engine raises a `max_tokens` that was too low at most twice, by four.
const RAISED: u32 = 16;
/// The most that a repair turn adds to a prompt besides the prompt's own fields and the invalid answer, in bytes.
const REPAIR: usize = 4096;

/// The most that a run can cost with all its calls, retries and repairs, in USD; none if a model's price or its largest
/// answer is unknown to the catalogue. A token is at least one byte.
pub fn worst_case(spec: &RunSpec, catalogue: &Catalogue) -> Option<f64> {
    let Step::Calls(calls) = spec.task.next(&[]) else { return Some(0.0) };
    let bytes = |task: &Task| {
        let of_call = |call| task.messages_of(call).iter().map(|message| message.content.len()).sum::<usize>();
        calls.iter().map(of_call).max().unwrap_or_default()
    };
    let (prompt, comparison) = match &spec.task {
        Task::Chat(task) => (task.bytes(), None),
        // The last call reads the answers of the others.
        task @ Task::Signature(of) => (bytes(task), matches!(of.module, Module::MultiChainComparison(_)).then_some(())),
    };
    let first_calls = call(spec, catalogue, prompt)? * calls.len() as f64;
    let Some(()) = comparison else { return Some(first_calls) };
    let longest = spec.chain.iter().map(|route| most_tokens(spec, catalogue, &route.model)).max().flatten()?;
    Some(first_calls + call(spec, catalogue, prompt * 2 + calls.len() * longest as usize)?)
}

/// The most that one call can cost: the most expensive attempts that the limits allow.
fn call(spec: &RunSpec, catalogue: &Catalogue, prompt: usize) -> Option<f64> {
    let limits = &spec.policy.limits;
    let mut attempts = Vec::new();
    for route in &spec.chain {
        let price = catalogue.find(&route.model)?.price;
        let tokens = if price.is_free() { Some(0) } else { most_tokens(spec, catalogue, &route.model) };
        // A repair turn has the prompt's fields again, and the answer before it.
        let repaired = prompt * 2 + tokens? as usize + REPAIR;
        let attempt = price.worst_case(repaired, tokens)?;
        attempts.extend(std::iter::repeat_n(attempt, limits.per_model as usize));
    }
    attempts.sort_by(|a, b| b.total_cmp(a));
    Some(attempts.into_iter().take(limits.per_run as usize).sum())
}

/// The most tokens of a model's answer; none if it is unknown.
fn most_tokens(spec: &RunSpec, catalogue: &Catalogue, model: &str) -> Option<u32> {
    let raised = spec.max_tokens().map(|cap| cap.saturating_mul(RAISED));
    let most = catalogue.find(model)?.max_output;
    match (raised, most) {
        (Some(raised), Some(most)) => Some(raised.min(most)),
        (raised, most) => raised.or(most),
    }
}
