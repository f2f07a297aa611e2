//! What was generated, for `/generation`, and what it cost, for `/key` and `/credits`.

use serde_json::{Value, json};
use std::collections::VecDeque;

/// So many generations are kept.
const KEPT: usize = 1024;

/// Generations, oldest first.
#[derive(Debug, Default)]
pub(super) struct GenerationLedger {
    entries: VecDeque<GenerationRecord>,
    spent: f64,
}

#[derive(Debug)]
struct GenerationRecord {
    id: String,
    data: Value,
    asked: u32,
}

impl GenerationLedger {
    /// Writes a generation down; `cost` is in USD.
    pub(super) fn enter(&mut self, id: String, data: Value, cost: f64) {
        self.entries.retain(|entry| entry.id != id);
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(GenerationRecord { id, data, asked: 0 });
        self.spent += cost;
    }

    /// The client left before the end.
    pub(super) fn cancelled(&mut self, id: &str) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.data["cancelled"] = json!(true);
        }
    }

    /// A generation, once it has been asked for more than `lag` times.
    pub(super) fn find(&mut self, id: &str, lag: u32) -> Option<Value> {
        let entry = self.entries.iter_mut().find(|entry| entry.id == id)?;
        entry.asked += 1;
        (entry.asked > lag).then(|| json!({ "data": entry.data }))
    }

    /// USD so far.
    pub(super) fn spent(&self) -> f64 {
        self.spent
    }
}
