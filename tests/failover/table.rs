//! The outcome table: printed, complete, and every decision of it in a golden file.

use crate::{golden, page};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;
use switchover::failover::rules::AttemptFacts;
use switchover::failover::{Failover, FailureKind, Hint, HintSource, Policy, rules};

#[test]
fn the_documented_table_is_that_of_the_code() {
    page::holds("docs/failover.md", "rules", &rules::table());
}

#[test]
fn every_kind_has_its_own_row() {
    let ids: BTreeSet<&str> = FailureKind::ALL.map(|kind| rules::rule(kind).id).into_iter().collect();
    assert_eq!(ids.len(), FailureKind::ALL.len(), "two rows share an id");
    let refused = serde_json::from_str::<FailureKind>("\"no such kind\"").expect_err("not a kind").to_string();
    let known = refused.matches('`').count() / 2 - 1;
    assert_eq!(known, FailureKind::ALL.len(), "FailureKind::ALL lacks a kind: {refused}");
    for (index, kind) in FailureKind::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, index, "{kind:?} is out of the table's order");
    }
}

/// Each row in each situation that makes a difference to a decision.
#[test]
fn every_decision_is_the_expected_one() {
    let fresh = AttemptFacts {
        kind: FailureKind::Dns,
        hint: None,
        retries: 0,
        model_attempts: 1,
        run_attempts: 1,
        waited: Duration::ZERO,
        time_left: Duration::from_secs(60),
        may_retry: true,
        probe: false,
        opens: false,
        amendable: true,
        free_left: false,
        passed_on: false,
        draw: 0.5,
    };
    let hint = |seconds| Some(Hint { after: Duration::from_secs(seconds), source: HintSource::RetryAfterSeconds });
    let situations = [
        ("fresh", fresh),
        ("retried once", AttemptFacts { retries: 1, model_attempts: 2, ..fresh }),
        ("hint 0 s", AttemptFacts { hint: hint(0), ..fresh }),
        ("hint 3 s", AttemptFacts { hint: hint(3), ..fresh }),
        ("hint 3 s, waited 1 s", AttemptFacts { hint: hint(3), waited: Duration::from_secs(1), ..fresh }),
        ("hint 60 s", AttemptFacts { hint: hint(60), ..fresh }),
        ("three attempts", AttemptFacts { model_attempts: 3, ..fresh }),
        ("eight attempts", AttemptFacts { run_attempts: 8, ..fresh }),
        ("budget low", AttemptFacts { may_retry: false, ..fresh }),
        ("probe", AttemptFacts { probe: true, ..fresh }),
        ("opens", AttemptFacts { opens: true, ..fresh }),
        ("a free model is left", AttemptFacts { free_left: true, ..fresh }),
        ("nothing to amend", AttemptFacts { amendable: false, ..fresh }),
        ("text passed on", AttemptFacts { passed_on: true, ..fresh }),
        ("no time", AttemptFacts { time_left: Duration::ZERO, ..fresh }),
    ];
    let plain = Policy::default();
    let modes = [
        ("server-side", Policy { failover: Failover::Server, ..plain.clone() }),
        ("next on policy", Policy { next_on_policy: true, ..plain.clone() }),
    ];
    let mut text = String::new();
    for kind in FailureKind::ALL {
        let _ = writeln!(text, "{}", rules::rule(kind).id);
        let mut line = |name: &str, policy: &Policy, facts: AttemptFacts| {
            let decision = rules::decide(policy, &AttemptFacts { kind, ..facts });
            let refusal = decision.refusal.map(|refusal| format!(" because {refusal:?}")).unwrap_or_default();
            let _ = writeln!(text, "  {name:<22}{:?}{refusal}", decision.action);
        };
        for (name, facts) in &situations {
            line(name, &plain, *facts);
        }
        for (name, policy) in &modes {
            line(name, policy, fresh);
        }
    }
    golden("decisions.txt", &text);
}
