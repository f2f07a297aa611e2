//! Samples of ours and of the floor, taken in turns so that the machine's noise meets both, and what they say.

use std::fmt;
use std::time::{Duration, Instant};

/// Times of one thing, in milliseconds.
#[derive(Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Takes a time in.
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

/// The median, the middle half, and the slowest hundredth.
impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [q1, median, q3, p99] = [0.25, 0.5, 0.75, 0.99].map(|share| self.at(share));
        write!(f, "{median:.3} ms ({q1:.3}–{q3:.3}, p99 {p99:.3})")
    }
}

/// Now. Benches are an edge: they hold a clock.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// One line of the report: ours, the floor, their ratio, and what it should be.
pub(crate) fn tell(what: &str, ours: &Samples, floor: &Samples, target: &str) {
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
