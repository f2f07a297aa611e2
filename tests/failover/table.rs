//! The outcome table itself: printed, complete, and fast to trust.

use crate::golden;
use std::collections::BTreeSet;
use switchover::failover::{Kind, rules};

#[test]
fn the_printed_table_is_the_one_that_decides() {
    golden("rules.md", &rules::table());
}

#[test]
fn every_kind_has_a_row_of_its_own_name() {
    let ids: BTreeSet<&str> = Kind::ALL.map(|kind| rules::row(kind).id).into_iter().collect();
    assert_eq!(ids.len(), Kind::ALL.len(), "two rows share an id");
    let refused = serde_json::from_str::<Kind>("\"no such kind\"").expect_err("not a kind").to_string();
    let known = refused.matches('`').count() / 2 - 1;
    assert_eq!(known, Kind::ALL.len(), "Kind::ALL misses a kind: {refused}");
    for (index, kind) in Kind::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, index, "{kind:?} is out of the table's order");
    }
}
