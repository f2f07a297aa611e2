//! Few-shot bootstrapping: answers that the metrics accept become demos.

use super::evaluation::Evaluation;
use super::scored::Scored;
use crate::dspy::Demo;
use fastrand::Rng;

/// A score from which on an answer is accepted.
const ACCEPTED: f64 = 1.0 - 1e-9;

/// The accepted answers as demos with the inputs of their cases, and at most this many of them, chosen by the seed. One
/// demo comes from each case.
pub fn demos(evaluation: &Evaluation, cells: &[(usize, Scored)], most: usize) -> (usize, Vec<Demo>) {
    let mut accepted: Vec<(usize, Demo)> = Vec::new();
    for (index, scored) in cells.iter().filter(|(_, scored)| scored.valid && scored.score >= ACCEPTED) {
        let case = evaluation.cell(*index).case;
        if accepted.iter().any(|(other, _)| *other == case) {
            continue;
        }
        let mut demo = evaluation.cases[case].inputs.clone();
        demo.extend(scored.answer.iter().map(|(name, value)| (name.clone(), value.clone())));
        accepted.push((case, demo));
    }
    let count = accepted.len();
    accepted.sort_by_key(|(case, _)| *case);
    Rng::with_seed(evaluation.seed).shuffle(&mut accepted);
    accepted.truncate(most);
    // In the order of the cases, as a person would write them.
    accepted.sort_by_key(|(case, _)| *case);
    (count, accepted.into_iter().map(|(_, demo)| demo).collect())
}
