//! Many runs in one process, with faults that change: no run is lost, and each keeps the invariants. The long version is
//! `cargo bench --bench soak`.

use super::kept::Home;
use super::*;

#[path = "../shared/faulty.rs"]
pub(crate) mod faulty;
#[path = "../shared/stored_runs.rs"]
mod stored_runs;

pub(crate) const RUNS: usize = 300;
pub(crate) const KEY: &str = "sk-or-v1-9f8e7d6c5b4a39281706f5e4d3c2b1a0";

#[test]
fn hundreds_of_runs_with_changing_faults_are_all_stored_and_keep_the_invariants() {
    let home = Home::new("soak");
    let mut command = home.command(&[&["plain"], &faulty::OPTIONS[..]].concat());
    command.env("OPENROUTER_API_KEY", KEY).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(faulty::session(RUNS, 1).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""));
    let answered = checked(&home, RUNS);
    assert!((RUNS / 3..RUNS).contains(&answered), "{answered} answers");
}

/// Checks every stored run, and returns how many have an answer.
pub(crate) fn checked(home: &Home, runs: usize) -> usize {
    let lines = home.stored();
    let parsed = switchover::history::parse(lines.as_bytes());
    assert_eq!((parsed.runs.len(), parsed.unread), (runs, 0));
    let mut answered = 0;
    for run in &parsed.runs {
        match stored_runs::check(run, KEY) {
            Ok(outcome) => answered += usize::from(outcome == switchover::failover::Outcome::Succeeded),
            Err(broken) => panic!(
                "run {}: {broken}\n{}",
                run[0].run,
                run.iter().map(switchover::report::Report::line).collect::<String>()
            ),
        }
    }
    answered
}
