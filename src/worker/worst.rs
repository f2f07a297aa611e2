//! The most that a whole run can cost.

use crate::dspy::Module;
use crate::dspy::program::Step;
use crate::eval::{CellId, Evaluation, Judge};
use crate::failover::TOKENS_FACTOR;
use crate::openrouter::catalogue::Catalogue;
use crate::spec::{RunSpec, Task};

/// The most that a repair turn adds to a prompt besides the prompt's own fields and the invalid answer, in bytes.
const REPAIR: usize = 4096;

/// The most that a cell of an evaluation can cost with these judges, in USD; none if a price is unknown.
pub fn worst_case_of_cell<'a>(
    evaluation: &Evaluation,
    cell: CellId,
    judges: impl IntoIterator<Item = &'a Judge>,
    catalogue: &Catalogue,
) -> Option<f64> {
    let of_judges: Option<f64> = judges.into_iter().map(|judge| worst_case(&judge.spec, catalogue)).sum();
    Some(worst_case(&evaluation.spec(cell), catalogue)? + of_judges?)
}

/// The most that a run can cost with all its calls, retries and repairs, in USD; none if a model's price or its largest
/// answer is unknown to the catalogue. A token is at least one byte.
pub fn worst_case(spec: &RunSpec, catalogue: &Catalogue) -> Option<f64> {
    let Step::Calls(calls) = spec.task.next(&[]) else { return Some(0.0) };
    let bytes = |task: &Task| {
        let of_call = |call| task.messages_of(call).iter().map(|message| message.content.len()).sum::<usize>();
        calls.iter().map(of_call).max().unwrap_or_default()
    };
    let (prompt, is_comparison) = match &spec.task {
        Task::Chat(task) => (task.bytes(), false),
        task @ Task::Signature(of) => (bytes(task), matches!(of.module, Module::MultiChainComparison(_))),
    };
    let first_calls = call(spec, catalogue, prompt)? * calls.len() as f64;
    if !is_comparison {
        return Some(first_calls);
    }
    // The last call reads the answers of the others.
    let last = most_attempts(spec);
    let longest = spec.chain.iter().map(|route| most_tokens(spec, catalogue, &route.model, last)).max().flatten()?;
    Some(first_calls + call(spec, catalogue, prompt * 2 + calls.len() * longest as usize)?)
}

/// The most that one call can cost: the most expensive attempts that the limits allow.
fn call(spec: &RunSpec, catalogue: &Catalogue, prompt: usize) -> Option<f64> {
    let (per_model, most) = (spec.policy.limits.per_model, most_attempts(spec));
    let mut attempts = Vec::new();
    for route in &spec.chain {
        let price = catalogue.find(&route.model)?.price;
        // The later an attempt, the longer its answer can be; so a model's last attempts are its most expensive ones.
        for attempt in (1..=most).rev().take(per_model as usize) {
            let tokens = if price.is_free() { 0 } else { most_tokens(spec, catalogue, &route.model, attempt)? };
            // A repair turn has the prompt's fields again, and the answer before it.
            let repaired = prompt * 2 + tokens as usize + REPAIR;
            attempts.push(price.worst_case(repaired, Some(tokens))?);
        }
    }
    attempts.sort_by(|a, b| b.total_cmp(a));
    Some(attempts.into_iter().take(most as usize).sum())
}

/// The most attempts of a call.
fn most_attempts(spec: &RunSpec) -> u32 {
    let limits = &spec.policy.limits;
    limits.per_run.min(limits.per_model.saturating_mul(spec.chain.len() as u32))
}

/// The most tokens of a model's answer in this attempt of a call, counted from 1; none if it is unknown. Each attempt can
/// ask for [`TOKENS_FACTOR`] times as many as the one before it, also of another model.
fn most_tokens(spec: &RunSpec, catalogue: &Catalogue, model: &str, attempt: u32) -> Option<u32> {
    let raised = spec.max_tokens().map(|cap| cap.saturating_mul(TOKENS_FACTOR.saturating_pow(attempt - 1)));
    let most = catalogue.find(model)?.max_output;
    match (raised, most) {
        (Some(raised), Some(most)) => Some(raised.min(most)),
        (raised, most) => raised.or(most),
    }
}
