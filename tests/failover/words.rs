//! What people read of the engine: durations, costs, failures.

use std::time::Duration;
use switchover::failover::{Cost, Failure, FailureKind, seconds};

#[test]
fn a_duration_has_about_three_figures() {
    for (millis, text) in [
        (0, "0 s"),
        (412, "0.41 s"),
        (9_990, "9.99 s"),
        // The next step begins where rounding would give a figure more.
        (9_995, "10.0 s"),
        (12_340, "12.3 s"),
        (99_940, "99.9 s"),
        (99_950, "100 s"),
        (140_400, "140 s"),
        (90_000, "90 s"),
    ] {
        assert_eq!(seconds(Duration::from_millis(millis)), text, "{millis}");
    }
}

#[test]
fn a_sum_of_costs_is_unknown_if_a_part_is_or_if_it_has_no_end() {
    let known = Cost::Known;
    for (a, b, sum) in [
        (known(0.25), known(0.5), known(0.75)),
        (known(1e200), known(1e200), known(2e200)),
        (known(f64::MAX), known(f64::MAX), Cost::Unknown),
        (known(1.0), Cost::Unknown, Cost::Unknown),
        (Cost::Unknown, known(1.0), Cost::Unknown),
    ] {
        assert_eq!(a.plus(b), sum, "{a:?} and {b:?}");
    }
}

#[test]
fn a_cost_is_read_from_a_number_or_the_word_unknown() {
    let read = |json: &str| serde_json::from_str::<Cost>(json).ok();
    assert_eq!(read("0.5"), Some(Cost::Known(0.5)));
    assert_eq!([read("\"unknown\""), read("null")], [Some(Cost::Unknown); 2]);
    assert_eq!([read("\"much\""), read("true"), read("[]")], [None; 3]);
}

#[test]
fn a_failure_in_one_line_has_the_status_once_and_is_never_empty() {
    for (kind, status, reason, line) in [
        (FailureKind::ServerError, Some(503), "", "HTTP 503"),
        (FailureKind::ServerError, Some(503), "overloaded", "HTTP 503: overloaded"),
        (FailureKind::ServerError, Some(503), "error 503 of the upstream", "error 503 of the upstream"),
        (FailureKind::ServerError, Some(200), "overloaded", "overloaded"),
        (FailureKind::ServerError, None, "overloaded", "overloaded"),
        (FailureKind::Refused, None, "os error 111", "connection refused"),
    ] {
        let failure = Failure { status, ..Failure::new(kind, reason) };
        assert_eq!(failure.summary(), line, "{failure:?}");
    }
    for kind in FailureKind::ALL {
        assert!(!Failure::new(kind, "").summary().is_empty(), "{kind:?}");
    }
}
