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

use std::path::PathBuf;

/// A file of `tests/cases/failover`.
fn case(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "cases", "failover", name].iter().collect()
}

/// Compares `text` with the golden file, or writes that file when `UPDATE=1` is set.
fn golden(name: &str, text: &str) {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests: whether golden files are rewritten")]
    let update = std::env::var("UPDATE").is_ok_and(|value| value == "1");
    let path = case(name);
    if update {
        std::fs::write(&path, text).expect("the golden file can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (want, got)) in kept.lines().zip(text.lines()).enumerate() {
        assert_eq!(
            want,
            got,
            "{name} line {}: left is the golden file, right is new; UPDATE=1 rewrites it",
            number + 1
        );
    }
    assert_eq!(kept, text, "{name}: one text is longer; UPDATE=1 rewrites it");
}
