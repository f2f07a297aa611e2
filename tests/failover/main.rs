//! The failover engine on a virtual clock: scripts with golden logs, the invariants in random
//! worlds, every state of the breaker, and the policy report.

mod breaker;
mod fuzz;
mod health;
mod invariants;
#[path = "../shared/page.rs"]
mod page;
mod policy;
mod redecided;
mod report;
mod script;
mod suspended;
mod table;
mod words;
mod worlds;

/// A file or folder of `tests/cases/failover`.
fn case(name: &str) -> String {
    format!("tests/cases/failover/{name}")
}

/// Compares `text` with a golden file of `tests/cases/failover`, or writes that file when `UPDATE=1` is set.
fn golden(name: &str, text: &str) {
    page::update::golden(&case(name), text);
}
