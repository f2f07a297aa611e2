//! Evaluations: cases, metrics, and whole evaluations on the simulator.

#[path = "eval/cases.rs"]
mod cases;
#[path = "eval/metrics.rs"]
mod metrics;
#[path = "eval/page.rs"]
mod page;
#[path = "eval/runs.rs"]
mod runs;
