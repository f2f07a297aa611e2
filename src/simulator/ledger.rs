//! The generations of `/generation`, and the sum of their costs for `/key` and `/credits`.

use serde_json::{Value, json};
use std::collections::VecDeque;

/// Older generations are forgotten.
const MAX_GENERATIONS: usize = 1024;

/// The last generations, oldest first.
#[derive(Debug, Default)]
pub(super) struct GenerationLedger {
    records: VecDeque<GenerationRecord>,
    spent: f64,
}

#[derive(Debug)]
struct GenerationRecord {
    id: String,
    data: Value,
    /// How many times `/generation` was asked for it.
    lookups: u32,
}

impl GenerationLedger {
    /// Adds a generation and its cost in USD.
    pub(super) fn add(&mut self, id: String, data: Value, cost: f64) {
        if self.records.len() == MAX_GENERATIONS {
            self.records.pop_front();
        }
        self.records.push_back(GenerationRecord { id, data, lookups: 0 });
        self.spent += cost;
    }

    /// Marks a generation as cancelled: the client left before its end.
    pub(super) fn cancelled(&mut self, id: &str) {
        if let Some(record) = self.records.iter_mut().find(|record| record.id == id) {
            record.data["cancelled"] = json!(true);
        }
    }

    /// Looks a generation up. The first `lag` lookups do not find it.
    pub(super) fn find(&mut self, id: &str, lag: u32) -> Option<Value> {
        let record = self.records.iter_mut().find(|record| record.id == id)?;
        record.lookups += 1;
        (record.lookups > lag).then(|| json!({ "data": record.data }))
    }

    /// The cost of all generations in USD, the forgotten ones included.
    pub(super) fn spent(&self) -> f64 {
        self.spent
    }
}
