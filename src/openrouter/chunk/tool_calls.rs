//! Tool calls as they come in: each call's name, and its arguments piece by piece.

use super::text_sink::TextSink;
use crate::openrouter::lenient::count;
use crate::openrouter::reason::safe_line;
use crate::openrouter::{Delta, ToolCallPiece};
use crate::secret::Secrets;
use serde_json::Value;
use std::collections::BTreeMap;

/// The number of calls that one answer may have. Later ones are ignored.
const MAX_CALLS: usize = 128;

/// The calls so far, by their index.
#[derive(Default)]
pub(in crate::openrouter) struct ToolCalls {
    calls: BTreeMap<u32, Call>,
}

struct Call {
    name: String,
    arguments: TextSink,
}

impl ToolCalls {
    /// Whether there is no call.
    pub(in crate::openrouter) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The bytes of all arguments so far.
    pub(in crate::openrouter) fn bytes(&self) -> usize {
        self.calls.values().map(|call| call.arguments.text().len()).sum()
    }

    /// Applies the `tool_calls` of a chunk, or its older `function_call`, and appends a delta for each call.
    pub(super) fn apply(&mut self, calls: &Value, secrets: &Secrets, out: &mut Vec<Delta>) {
        let single = std::slice::from_ref(calls);
        let list = calls.as_array().map_or(if calls.is_object() { single } else { &[] }, Vec::as_slice);
        for (place, piece) in list.iter().enumerate() {
            let index = count(&piece["index"]).unwrap_or(place as u64);
            let Ok(index) = u32::try_from(index) else { continue };
            if self.calls.len() >= MAX_CALLS && !self.calls.contains_key(&index) {
                continue;
            }
            let function = if piece["function"].is_object() { &piece["function"] } else { piece };
            let call = self
                .calls
                .entry(index)
                .or_insert_with(|| Call { name: String::new(), arguments: TextSink::new(secrets) });
            let mut name = String::new();
            if let Some(word) = function["name"].as_str().filter(|word| !word.is_empty() && call.name.is_empty()) {
                name = safe_line(word, secrets);
                call.name.clone_from(&name);
            }
            let arguments = match &function["arguments"] {
                Value::String(text) => call.arguments.push(text, false),
                Value::Null => None,
                // Some servers send an object where a text belongs.
                other => call.arguments.push(&other.to_string(), false),
            };
            out.push(Delta::ToolCall(ToolCallPiece { index, name, arguments: arguments.unwrap_or_default() }));
        }
    }

    /// Ends the arguments: what may have become a secret has not.
    pub(in crate::openrouter) fn end(&mut self, out: &mut Vec<Delta>) {
        for (index, call) in &mut self.calls {
            let piece = |arguments| ToolCallPiece { index: *index, name: String::new(), arguments };
            out.extend(call.arguments.end().map(piece).map(Delta::ToolCall));
        }
    }
}
