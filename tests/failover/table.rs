//! The outcome table itself: printed, complete, and every decision of it written down.

use crate::golden;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;
use switchover::failover::rules::AttemptFacts;
use switchover::failover::{Failover, FailureKind, Hint, HintSource, Policy, rules};

#[test]
fn the_printed_table_is_the_one_that_decides() {
    golden("rules.md", &rules::table());
}

#[test]
fn every_kind_has_a_row_of_its_own_name() {
    let ids: BTreeSet<&str> = FailureKind::ALL.map(|kind| rules::rule(kind).id).into_iter().collect();
    assert_eq!(ids.len(), FailureKind::ALL.len(), "two rows share an id");
    let refused = serde_json::from_str::<FailureKind>("\"no such kind\"").expect_err("not a kind").to_string();
    let known = refused.matches('`').count() / 2 - 1;
    assert_eq!(known, FailureKind::ALL.len(), "Kind::ALL misses a kind: {refused}");
    for (index, kind) in FailureKind::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, index, "{kind:?} is out of the table's order");
    }
}

/// Every row in every situation that a decision can tell apart.
#[test]
fn every_decision_is_written_down() {
    let fresh = AttemptFacts {
        kind: FailureKind::Dns,
        hint: None,
        retries: 0,
        tries: 1,
        attempts: 1,
        waited: Duration::ZERO,
        left: Duration::from_secs(60),
        budget: true,
        probe: false,
        opens: false,
        amendable: true,
        draw: 0.5,
    };
    let hint = |seconds| Some(Hint { after: Duration::from_secs(seconds), source: HintSource::RetryAfterSeconds });
    let situations = [
        ("fresh", fresh),
        ("retried once", AttemptFacts { retries: 1, tries: 2, ..fresh }),
        ("hint 0 s", AttemptFacts { hint: hint(0), ..fresh }),
        ("hint 3 s", AttemptFacts { hint: hint(3), ..fresh }),
        ("hint 3 s, waited 1 s", AttemptFacts { hint: hint(3), waited: Duration::from_secs(1), ..fresh }),
        ("hint 60 s", AttemptFacts { hint: hint(60), ..fresh }),
        ("three tries", AttemptFacts { tries: 3, ..fresh }),
        ("eight attempts", AttemptFacts { attempts: 8, ..fresh }),
        ("budget low", AttemptFacts { budget: false, ..fresh }),
        ("probe", AttemptFacts { probe: true, ..fresh }),
        ("opens", AttemptFacts { opens: true, ..fresh }),
        ("amended", AttemptFacts { amendable: false, ..fresh }),
        ("no time", AttemptFacts { left: Duration::ZERO, ..fresh }),
    ];
    let plain = Policy::default();
    let modes = [
        ("server-side", Policy { failover: Failover::Server, ..plain.clone() }),
        ("next on policy", Policy { next_on_policy: true, ..plain.clone() }),
    ];
    let mut text = String::new();
    for kind in FailureKind::ALL {
        let _ = writeln!(text, "{}", rules::rule(kind).id);
        let mut line = |name: &str, policy: &Policy, moment: AttemptFacts| {
            let verdict = rules::decide(policy, &AttemptFacts { kind, ..moment });
            let refusal = verdict.refusal.map(|refusal| format!(" because {refusal:?}")).unwrap_or_default();
            let _ = writeln!(text, "  {name:<22}{:?}{refusal}", verdict.action);
        };
        for (name, moment) in &situations {
            line(name, &plain, *moment);
        }
        for (name, policy) in &modes {
            line(name, policy, fresh);
        }
    }
    golden("decisions.txt", &text);
}
