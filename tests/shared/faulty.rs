//! Sessions of `plain` in which models break and recover.

use std::fmt::Write as _;

/// Options of the sessions: four models, the simulator, and no waits.
pub(crate) const OPTIONS: [&str; 15] = [
    "--simulate",
    "-m",
    "openai/gpt-4o-mini",
    "-m",
    "anthropic/claude-3-haiku",
    "-m",
    "google/gemini-2.5-flash",
    "-m",
    "mistralai/mistral-nemo",
    "--set",
    "failover.attempts_per_model=1",
    "--set",
    "failover.seed=7",
    "--set",
    "simulator.pace=0",
];

/// Faults that take no time.
pub(crate) const FAULTS: [&str; 24] = [
    "503",
    "500",
    "502:html",
    "529",
    "429:daily",
    "404:privacy",
    "410",
    "403:region",
    "400",
    "401",
    "402:credits",
    "refused",
    "reset",
    "reset-after:4",
    "cut:3",
    "error-event:4",
    "error-body:502",
    "no-choices",
    "bad-json:3",
    "huge-event",
    "empty",
    "missing-field",
    "garbled",
    "content-filter",
];

/// The lines of a session with this many runs.
pub(crate) fn session(runs: usize, seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut lines = String::new();
    for run in 0..runs {
        if random.u8(..) < 96 {
            lines += "/clear\n";
        }
        for _ in 0..random.usize(..3) {
            let model = OPTIONS[2 + 2 * random.usize(..4)];
            let schedule = ["", "@once", "@p=0.5,seed=3"][random.usize(..3)];
            _ = writeln!(lines, "/break {}{schedule} {model}", FAULTS[random.usize(..FAULTS.len())]);
        }
        _ = writeln!(lines, "What is {run} + {run}?");
    }
    lines
}
