//! How certain a mean is: 95 % intervals. The same seed gives the same bytes.

use fastrand::Rng;

/// The part of the normal distribution that a 95 % interval spans, in standard deviations on each side.
const Z: f64 = 1.959_963_984_540_054;
/// The number of samples that a bootstrap draws.
const DRAWS: usize = 2000;

/// A mean with the bounds of its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

impl Estimate {
    /// The share of `yes` of `n` answers, with Wilson's score interval (E. B. Wilson, 1927); none of no answers.
    pub fn wilson(yes: f64, n: usize) -> Option<Self> {
        if n == 0 {
            return None;
        }
        let n = n as f64;
        let (p, z2) = (yes / n, Z * Z);
        let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        Some(Self { mean: p, low: (centre - half).max(0.0), high: (centre + half).min(1.0) })
    }

    /// The mean of values that come in groups, such as the repeats of a case, with the percentile bootstrap over whole
    /// groups (Efron and Tibshirani, 1993); none of no values.
    pub fn bootstrap(groups: &[Vec<f64>], seed: u64) -> Option<Self> {
        let groups: Vec<(f64, usize)> =
            groups.iter().filter(|group| !group.is_empty()).map(|group| (group.iter().sum(), group.len())).collect();
        let mean = |sum: (f64, usize)| sum.0 / sum.1 as f64;
        let add = |sum: (f64, usize), group: &(f64, usize)| (sum.0 + group.0, sum.1 + group.1);
        if groups.is_empty() {
            return None;
        }
        let mut rng = Rng::with_seed(seed);
        let mut draw = || mean((0..groups.len()).fold((0.0, 0), |sum, _| add(sum, &groups[rng.usize(..groups.len())])));
        let mut means: Vec<f64> = (0..DRAWS).map(|_| draw()).collect();
        means.sort_by(f64::total_cmp);
        Some(Self {
            mean: mean(groups.iter().fold((0.0, 0), add)),
            low: quantile(&means, 0.025),
            high: quantile(&means, 0.975),
        })
    }

    /// Whether zero lies outside of the interval.
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// The value below which this share of sorted values lies, by the nearest rank; 0 of none.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(estimate: Option<Estimate>) -> (f64, f64, f64) {
        let round = |x: f64| (x * 1e4).round() / 1e4;
        let estimate = estimate.unwrap();
        (round(estimate.mean), round(estimate.low), round(estimate.high))
    }

    #[test]
    fn wilsons_interval_has_the_published_values() {
        // Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
        for (yes, n, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let (_, found_low, found_high) = rounded(Estimate::wilson(f64::from(yes), n));
            assert_eq!((found_low, found_high), (low, high), "{yes} of {n}");
        }
        assert_eq!(Estimate::wilson(0.0, 0), None);
        assert_eq!(rounded(Estimate::wilson(20.0, 20)), (1.0, 0.8389, 1.0));
    }

    #[test]
    fn a_bootstrap_is_near_the_normal_interval_and_the_same_for_the_same_seed() {
        let values: Vec<Vec<f64>> = (0..400).map(|i| vec![f64::from(i % 5) / 4.0]).collect();
        let (mean, low, high) = rounded(Estimate::bootstrap(&values, 7));
        // Standard error: sqrt(0.125 / 400) = 0.01768.
        assert!(
            (mean - 0.5).abs() < 1e-9 && (low - 0.4654).abs() < 0.004 && (high - 0.5346).abs() < 0.004,
            "{low} {high}"
        );
        assert_eq!(Estimate::bootstrap(&values, 7), Estimate::bootstrap(&values, 7));
        assert_ne!(Estimate::bootstrap(&values, 7), Estimate::bootstrap(&values, 8));
        assert_eq!(Estimate::bootstrap(&[], 7), None);
    }

    #[test]
    fn repeats_of_a_case_are_drawn_together() {
        let single: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(i % 2)]).collect();
        let repeated: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(i % 2); 10]).collect();
        let width = |groups: &[Vec<f64>]| Estimate::bootstrap(groups, 1).map(|it| it.high - it.low).unwrap();
        assert!((width(&single) - width(&repeated)).abs() < 1e-9, "ten equal repeats say no more than one");
    }

    #[test]
    fn an_interval_that_touches_zero_does_not_exclude_it() {
        for (low, high, excludes) in
            [(0.1, 0.2, true), (-0.2, -0.1, true), (-0.1, 0.1, false), (0.0, 0.1, false), (-0.1, 0.0, false)]
        {
            assert_eq!(Estimate { mean: 0.0, low, high }.excludes_zero(), excludes, "{low} to {high}");
        }
    }

    #[test]
    fn quantiles_are_by_the_nearest_rank() {
        let sorted = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
        let found = [0.0, 0.5, 0.95, 1.0].map(|share| quantile(&sorted, share).to_string());
        assert_eq!(found, ["1", "5", "10", "10"]);
        assert_eq!(quantile(&[], 0.5).to_string(), "0");
    }
}
