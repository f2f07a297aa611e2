//! Samples of the program and of the floor (the least that could be done), taken in turns so that noise of the
//! machine affects both, and their report.

use std::fmt;
use std::time::{Duration, Instant};

/// Times of one operation, in milliseconds.
#[derive(Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Adds one time.
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1e3);
    }

    /// The value below which this share of the samples lies; `at(0.5)` is the median.
    pub(crate) fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[((sorted.len() - 1) as f64 * share).round() as usize]
    }
}

/// The median, the quartiles and the 99th percentile.
impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [q1, median, q3, p99] = [0.25, 0.5, 0.75, 0.99].map(|share| self.at(share));
        write!(f, "{median:.3} ms ({q1:.3}–{q3:.3}, p99 {p99:.3})")
    }
}

/// The current time. Benchmarks are at the program's edge, so they may read the clock.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Prints one result: the program's times, the floor's, their ratio and the target.
pub(crate) fn print_result(what: &str, ours: &Samples, floor: &Samples, target: &str) {
    let (a, b) = (ours.at(0.5), floor.at(0.5));
    println!("{what}");
    println!("  ours   {ours}");
    println!("  floor  {floor}");
    println!(
        "  ratio  {:.2} ×, {:+.3} ms, {:+.3} ms at p99; target {target}",
        a / b,
        a - b,
        ours.at(0.99) - floor.at(0.99)
    );
}
