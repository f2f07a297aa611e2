//! What an evaluation asks: cases × repeats × variants × fault plans. Each combination is a cell, and each cell one run.

use super::case::Case;
use super::metric::Metric;
use crate::dspy::Signature;
use crate::fault::{Fault, Schedule};
use crate::spec::{RunSpec, Task};
use serde_json::{Value, json};

/// A way of asking: a chain, a module, an adapter, settings, demos.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Its name in tables.
    pub name: String,
    /// What is asked; the inputs are those of the case.
    pub spec: RunSpec,
}

/// Faults that are set while cases are asked. They start again with each run, so that no cell depends on another one.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultPlan {
    /// Its name in tables: the words that it was given by, or `none`.
    pub name: String,
    /// The faults, by model.
    pub faults: Vec<(String, Fault)>,
}

impl FaultPlan {
    /// The name of the plan without a fault.
    pub const NONE: &str = "none";

    /// No fault.
    pub fn none() -> Self {
        Self { name: Self::NONE.to_owned(), faults: Vec::new() }
    }
}

/// Everything that an evaluation asks. Variants and plans are never empty, and `repeat` is at least 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The cases, in the file's order.
    pub cases: Vec<Case>,
    /// The variants; the first one is the base of comparisons.
    pub variants: Vec<Variant>,
    /// The fault plans; the first one is the base of comparisons.
    pub plans: Vec<FaultPlan>,
    /// The scored outputs, each with its metric.
    pub metrics: Vec<(String, Metric)>,
    /// How often each case is asked.
    pub repeat: usize,
    /// The seed of faults, jitter and intervals.
    pub seed: u64,
}

/// One cell, by its indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId {
    /// Index of the case.
    pub case: usize,
    /// The repeat, from 0.
    pub repeat: usize,
    /// Index of the variant.
    pub variant: usize,
    /// Index of the fault plan.
    pub plan: usize,
}

impl Evaluation {
    /// The number of cells.
    pub fn len(&self) -> usize {
        [self.repeat, self.variants.len(), self.plans.len()].into_iter().fold(self.cases.len(), usize::saturating_mul)
    }

    /// Whether there is nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cell at this place. Cells of one case stand side by side, so that all variants meet a service in the same state.
    pub fn cell(&self, index: usize) -> CellId {
        let (index, plan) = (index / self.plans.len(), index % self.plans.len());
        let (index, variant) = (index / self.variants.len(), index % self.variants.len());
        CellId { case: index / self.repeat, repeat: index % self.repeat, variant, plan }
    }

    /// The place of a cell.
    pub fn index(&self, cell: CellId) -> usize {
        ((cell.case * self.repeat + cell.repeat) * self.variants.len() + cell.variant) * self.plans.len() + cell.plan
    }

    /// What a cell asks. The jitter depends on the case and the repeat, so that all variants wait the same.
    pub fn spec(&self, cell: CellId) -> RunSpec {
        let mut spec = self.variants[cell.variant].spec.clone();
        if let Task::Signature(task) = &mut spec.task {
            task.inputs.clone_from(&self.cases[cell.case].inputs);
        }
        spec.policy.seed = self.cell_seed(cell, 0);
        spec
    }

    /// The faults of a cell. A fault by chance hits the same cases in every variant, and others with another seed.
    pub fn faults(&self, cell: CellId) -> Vec<(String, Fault)> {
        let with_seed = |(model, fault): &(String, Fault)| {
            let schedule = match fault.schedule {
                Schedule::Chance { p, seed } => Schedule::Chance { p, seed: self.cell_seed(cell, seed) },
                other => other,
            };
            (model.clone(), Fault { kind: fault.kind, schedule })
        };
        self.plans[cell.plan].faults.iter().map(with_seed).collect()
    }

    /// A number that depends on the case's id, the repeat and two seeds.
    fn cell_seed(&self, cell: CellId, seed: u64) -> u64 {
        stable_hash(&format!("{}\n{} {} {seed}", self.cases[cell.case].id, cell.repeat, self.seed))
    }

    /// The signature that is asked. All variants have the same one.
    pub fn signature(&self) -> Option<&Signature> {
        self.variants.first().and_then(|variant| variant.spec.task.signature()).map(|task| &task.signature)
    }

    /// The score of an answer by the metrics that need nobody else: each scored output's, 0 to 1. Outputs without an
    /// expected value are left out.
    pub fn scores(&self, case: usize, fields: &serde_json::Map<String, Value>) -> Vec<(String, f64)> {
        let expected = &self.cases[case].expected;
        let score = |(name, metric): &(String, Metric)| {
            let wanted = expected.get(name)?;
            let score = metric.score(wanted, fields.get(name).unwrap_or(&Value::Null))?;
            Some((name.clone(), score))
        };
        self.metrics.iter().filter_map(score).collect()
    }

    /// A number that two evaluations share if they ask the same in the same way. `--resume` finds the kept cells by it.
    pub fn fingerprint(&self) -> u64 {
        let cases: Vec<Value> = self.cases.iter().map(|case| json!([case.id, case.inputs, case.expected])).collect();
        let variants: Vec<Value> = self
            .variants
            .iter()
            .map(|variant| {
                let mut spec = variant.spec.clone();
                // Random, unless it is set; each cell has its own.
                spec.policy.seed = 0;
                json!([variant.name, spec])
            })
            .collect();
        let plans: Vec<Value> = self.plans.iter().map(|plan| json!([plan.name, plan.faults])).collect();
        let metrics: Vec<String> = self.metrics.iter().map(|(name, metric)| format!("{name}={metric}")).collect();
        let all = json!([cases, variants, plans, metrics, self.repeat, self.seed]);
        stable_hash(&all.to_string())
    }
}

/// FNV-1a: the same number on every machine and with every compiler.
fn stable_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
