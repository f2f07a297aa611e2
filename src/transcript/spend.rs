//! What several attempts cost together.

use super::usd;
use crate::failover::Cost;
use crate::text::counted;
use std::fmt;

/// A sum of costs: the known part in USD, and the number of attempts with an unknown cost. An unknown cost is never
/// counted as 0, and never hides what is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spend {
    /// The sum of the known costs, in USD.
    pub known: f64,
    /// Attempts with an unknown cost.
    pub unknown: usize,
}

impl Spend {
    /// Both sums as one.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { known: self.known + other.known, unknown: self.unknown + other.unknown }
    }

    /// What was added since the sum was `earlier`.
    #[must_use]
    pub fn minus(self, earlier: Self) -> Self {
        Self { known: self.known - earlier.known, unknown: self.unknown.saturating_sub(earlier.unknown) }
    }

    /// The sum as one cost: unknown if a part is.
    pub fn total(self) -> Cost {
        if self.unknown == 0 { Cost::Known(self.known) } else { Cost::Unknown }
    }
}

impl From<Cost> for Spend {
    fn from(cost: Cost) -> Self {
        match cost {
            Cost::Known(known) => Self { known, unknown: 0 },
            Cost::Unknown => Self { known: 0.0, unknown: 1 },
        }
    }
}

impl FromIterator<Cost> for Spend {
    fn from_iter<T: IntoIterator<Item = Cost>>(costs: T) -> Self {
        costs.into_iter().map(Self::from).fold(Self::default(), Self::plus)
    }
}

/// For people: `$0.00017`, `≥ $0.00017, 2 attempts unknown`, or `cost unknown`. With `{:#}`, for narrow places, the
/// number of unknown costs is left out.
impl fmt::Display for Spend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unknown {
            0 => f.write_str(&usd(Cost::Known(self.known))),
            _ if self.known <= 0.0 => f.write_str(&usd(Cost::Unknown)),
            _ if f.alternate() => write!(f, "≥ {}", usd(Cost::Known(self.known))),
            unknown => write!(f, "≥ {}, {} unknown", usd(Cost::Known(self.known)), counted(unknown, "attempt")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_says_what_is_known_and_how_many_are_not() {
        let text = |costs: &[Cost]| costs.iter().copied().collect::<Spend>().to_string();
        let (known, unknown) = (Cost::Known(0.00017), Cost::Unknown);
        assert_eq!(text(&[]), "$0");
        assert_eq!(text(&[known, known]), "$0.00034");
        assert_eq!(text(&[unknown, known]), "≥ $0.00017, 1 attempt unknown");
        assert_eq!(text(&[unknown, known, unknown]), "≥ $0.00017, 2 attempts unknown");
        assert_eq!(text(&[unknown, unknown]), "cost unknown");
        let sum: Spend = [unknown, known].into_iter().collect();
        assert_eq!((sum.total(), format!("{sum:#}")), (unknown, "≥ $0.00017".to_owned()));
    }
}
