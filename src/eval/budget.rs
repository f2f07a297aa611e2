//! A ceiling on what an evaluation costs. Each run is paid for in advance with the most that it can cost, and gets the
//! rest back at its end, so that the ceiling holds whatever is in flight.

use crate::failover::Cost;

/// What is spent and what is set aside, in USD.
#[derive(Clone, Debug)]
pub struct Budget {
    ceiling: Option<f64>,
    spent: f64,
    reserved: f64,
}

/// What a run has set aside. It is given back with [`Budget::settle`].
#[derive(Debug, PartialEq)]
#[must_use]
pub struct Reservation(f64);

impl Budget {
    /// A budget with this ceiling; without one, everything is admitted.
    pub fn new(ceiling: Option<f64>) -> Self {
        Self { ceiling, spent: 0.0, reserved: 0.0 }
    }

    /// Sets aside the most that a run can cost; none if the ceiling could be passed.
    pub fn reserve(&mut self, worst: f64) -> Option<Reservation> {
        if self.ceiling.is_some_and(|ceiling| self.spent + self.reserved + worst > ceiling) {
            return None;
        }
        self.reserved += worst;
        Some(Reservation(worst))
    }

    /// Counts what the run cost. An unknown cost counts as the most that it can be.
    pub fn settle(&mut self, Reservation(worst): Reservation, cost: Cost) {
        self.reserved = (self.reserved - worst).max(0.0);
        self.spent += match cost {
            Cost::Known(usd) => usd,
            Cost::Unknown => worst,
        };
    }

    /// Counts what was spent before, in an evaluation that is resumed.
    pub fn add(&mut self, usd: f64) {
        self.spent += usd;
    }

    /// What is spent so far.
    pub fn spent(&self) -> f64 {
        self.spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_ceiling_is_never_passed(
            ceiling in 0.0..2.0_f64,
            steps in proptest::collection::vec((0.0..0.5_f64, 0.0..=1.0_f64, any::<bool>(), 0..8_usize), 1..200),
        ) {
            let mut budget = Budget::new(Some(ceiling));
            let mut open: Vec<(Reservation, f64)> = Vec::new();
            for (worst, share, known, ends) in steps {
                if let Some(reservation) = budget.reserve(worst) {
                    open.push((reservation, worst * share));
                }
                for _ in 0..ends.min(open.len()) {
                    let (reservation, cost) = open.swap_remove(0);
                    budget.settle(reservation, if known { Cost::Known(cost) } else { Cost::Unknown });
                }
                prop_assert!(budget.spent() <= ceiling + 1e-9);
            }
            for (reservation, cost) in open {
                budget.settle(reservation, Cost::Known(cost));
            }
            prop_assert!(budget.spent() <= ceiling + 1e-9);
        }
    }

    #[test]
    fn what_a_run_did_not_use_is_there_for_the_next_one() {
        let mut budget = Budget::new(Some(1.0));
        let first = budget.reserve(0.8).unwrap();
        assert_eq!(budget.reserve(0.3), None);
        budget.settle(first, Cost::Known(0.1));
        let second = budget.reserve(0.9).unwrap();
        budget.settle(second, Cost::Unknown);
        assert!((budget.spent() - 1.0).abs() < 1e-12 && budget.reserve(0.01).is_none());
        assert!(Budget::new(None).reserve(1e9).is_some());
    }

    #[test]
    fn what_was_spent_before_counts() {
        let mut budget = Budget::new(Some(1.0));
        budget.add(0.25);
        budget.add(0.5);
        assert!((budget.spent() - 0.75).abs() < 1e-12);
        assert!(budget.reserve(0.3).is_none() && budget.reserve(0.25).is_some(), "the ceiling itself may be reached");
    }
}
