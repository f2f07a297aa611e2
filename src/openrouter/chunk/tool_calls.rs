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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pieces(chunks: &[Value]) -> Vec<(u32, String, String)> {
        let (mut calls, mut out) = (ToolCalls::default(), Vec::new());
        for chunk in chunks {
            calls.apply(chunk, &Secrets::default(), &mut out);
        }
        calls.end(&mut out);
        let pieces = out.into_iter().map(|delta| match delta {
            Delta::ToolCall(piece) => (piece.index, piece.name, piece.arguments),
            other => panic!("{other:?}"),
        });
        pieces.collect()
    }

    #[test]
    fn a_name_is_told_once_and_arguments_come_in_pieces() {
        let call =
            |name: &str, arguments: Value| json!([{"index": 3, "function": {"name": name, "arguments": arguments}}]);
        let found = pieces(&[
            call("", json!(null)),
            call("look", json!("{\"a")),
            call("look", json!("\": 1}")),
            call("see", json!(null)),
        ]);
        let names: Vec<&str> = found.iter().map(|(_, name, _)| name.as_str()).collect();
        assert_eq!(names, ["", "look", "", ""]);
        let arguments: String = found.iter().map(|(_, _, arguments)| arguments.as_str()).collect();
        assert_eq!(arguments, "{\"a\": 1}");
        assert_eq!(pieces(&[json!({"name": "old", "arguments": {"a": 1}})])[0], (0, "old".into(), "{\"a\":1}".into()));
    }

    #[test]
    fn later_calls_than_128_are_ignored_and_the_known_ones_go_on() {
        let call = |index: usize| json!([{"index": index, "function": {"name": "look", "arguments": "x"}}]);
        let mut chunks: Vec<Value> = (0..130).map(call).collect();
        chunks.push(call(5));
        let found = pieces(&chunks);
        assert_eq!((found.len(), found[127].0, found[128].0), (129, 127, 5));
    }
}
