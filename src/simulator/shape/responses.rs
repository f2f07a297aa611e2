//! `/responses`: `OpenAI`'s newer shape, which `OpenRouter` offers without memory.

use super::refuse;
use crate::simulator::completion::SimulatedCompletion;
use crate::simulator::envelope::ErrorEnvelope;
use serde_json::{Map, Value, json};

/// The request in the words of chat completions.
pub(super) fn as_chat(body: Value) -> Result<Value, ErrorEnvelope> {
    let Value::Object(mut body) = body else { return Err(refuse("Request body must be a JSON object")) };
    if body.get("store") == Some(&Value::Bool(true)) || body.get("previous_response_id").is_some_and(Value::is_string) {
        return Err(refuse("this API keeps nothing: `store` and `previous_response_id` are not supported"));
    }
    let mut messages = Vec::new();
    if let Some(text) = body.shift_remove("instructions").filter(Value::is_string) {
        messages.push(json!({ "role": "system", "content": text }));
    }
    match body.shift_remove("input") {
        Some(Value::String(text)) => messages.push(json!({ "role": "user", "content": text })),
        Some(Value::Array(items)) => messages.extend(items.iter().filter_map(message)),
        _ => return Err(refuse("input: expected a text or a list of items")),
    }
    body.insert("messages".into(), messages.into());
    rename(&mut body, "max_output_tokens", "max_tokens");
    let format = body.shift_remove("text").map(|mut text| text["format"].take());
    if let Some(Value::Object(format)) = format.filter(|format| format["type"] == "json_schema") {
        body.insert("response_format".into(), json!({ "type": "json_schema", "json_schema": format }));
    }
    if let Some(Value::Array(tools)) = body.shift_remove("tools") {
        // Tools of the server, such as a search, are not called.
        let own = tools.into_iter().filter(|tool| tool["type"] == "function");
        let own: Vec<Value> = own.map(|tool| json!({ "type": "function", "function": tool })).collect();
        body.insert("tools".into(), own.into());
    }
    if let Some(name) = body.get("tool_choice").and_then(|choice| choice["name"].as_str()) {
        let choice = json!({ "type": "function", "function": { "name": name } });
        body.insert("tool_choice".into(), choice);
    }
    Ok(Value::Object(body))
}

fn rename(body: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = body.shift_remove(from) {
        body.insert(to.into(), value);
    }
}

/// An item of the input as a message; `None` for one that holds nothing to read.
fn message(item: &Value) -> Option<Value> {
    match item["type"].as_str() {
        Some("function_call_output") => Some(json!({ "role": "tool", "content": item["output"] })),
        Some("function_call") => Some(json!({ "role": "assistant", "content": null })),
        Some("message") | None => Some(json!({ "role": item["role"], "content": item["content"] })),
        Some(_) => None,
    }
}

/// The whole response, from that of a chat completion.
pub(super) fn body(completion: &SimulatedCompletion, chat: &Value) -> Value {
    let choice = &chat["choices"][0];
    response(completion, &output(completion, &choice["message"]), choice, &chat["usage"])
}

/// The items of a message.
fn output(completion: &SimulatedCompletion, message: &Value) -> Vec<Value> {
    let id = |kind: &str| format!("{kind}_{}", completion.id);
    let mut items = Vec::new();
    if let Some(text) = message["reasoning"].as_str().filter(|text| !text.is_empty()) {
        let content = json!([{ "type": "reasoning_text", "text": text }]);
        items.push(json!({ "type": "reasoning", "id": id("rs"), "summary": [], "content": content }));
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        items.push(json!({
            "type": "function_call", "id": id("fc"), "call_id": call["id"], "status": "completed",
            "name": call["function"]["name"], "arguments": call["function"]["arguments"],
        }));
    }
    let part = match (message["refusal"].as_str(), message["content"].as_str()) {
        (Some(refusal), _) => json!({ "type": "refusal", "refusal": refusal }),
        (None, Some(text)) if !text.is_empty() => json!({ "type": "output_text", "text": text, "annotations": [] }),
        _ => return items,
    };
    items.push(
        json!({ "type": "message", "id": id("msg"), "role": "assistant", "status": "completed", "content": [part] }),
    );
    items
}

/// The response object. Its status is that of the choice's finish reason; without one the response has none.
fn response(completion: &SimulatedCompletion, output: &[Value], choice: &Value, usage: &Value) -> Value {
    let (status, reason) = match choice["finish_reason"].as_str() {
        Some("length") => (json!("incomplete"), json!("max_output_tokens")),
        Some("content_filter") => (json!("incomplete"), json!("content_filter")),
        Some("error") => (json!("failed"), Value::Null),
        Some(_) => (json!("completed"), Value::Null),
        None => (Value::Null, Value::Null),
    };
    let error = match (&choice["error"], status == "failed") {
        (Value::Null, true) => json!({ "code": "server_error", "message": "network_error" }),
        (error, true) => json!({ "code": "server_error", "message": error["message"] }),
        (_, false) => Value::Null,
    };
    let details = if reason.is_null() { Value::Null } else { json!({ "reason": reason }) };
    json!({
        "id": completion.id, "object": "response", "created_at": completion.created, "status": status,
        "completed_at": completion.created, "error": error, "incomplete_details": details, "instructions": null,
        "max_output_tokens": null, "metadata": {}, "model": completion.model.served(), "provider": completion.provider,
        "output": output, "parallel_tool_calls": true, "previous_response_id": null, "presence_penalty": null,
        "frequency_penalty": null, "reasoning": null, "store": false, "temperature": null, "text": { "format": { "type": "text" } },
        "tool_choice": "auto", "tools": [], "top_p": null, "truncation": "disabled", "usage": tokens(usage),
    })
}

/// The usage in the names of this API.
fn tokens(usage: &Value) -> Value {
    if usage.is_null() {
        return Value::Null;
    }
    json!({
        "input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"],
        "total_tokens": usage["total_tokens"], "cost": usage["cost"], "is_byok": false,
        "input_tokens_details": { "cached_tokens": 0 },
        "output_tokens_details": { "reasoning_tokens": usage["completion_tokens_details"]["reasoning_tokens"] },
        "cost_details": {
            "upstream_inference_cost": null,
            "upstream_inference_input_cost": usage["cost_details"]["upstream_inference_prompt_cost"],
            "upstream_inference_output_cost": usage["cost_details"]["upstream_inference_completions_cost"],
        },
    })
}

/// The events of a streamed response, made from the chunks of a chat completion.
pub(in crate::simulator) struct ResponseEvents<'a> {
    completion: &'a SimulatedCompletion,
    events: Vec<Value>,
    /// The number of events before those of `events`.
    sent: usize,
    /// What the message has so far.
    message: Value,
    /// The type of the item that is open, and its place.
    open: Option<(&'static str, usize)>,
    items: usize,
    choice: Value,
    over: bool,
}

impl<'a> ResponseEvents<'a> {
    pub(in crate::simulator) fn new(completion: &'a SimulatedCompletion) -> Self {
        let message = json!({ "content": "", "reasoning": "" });
        let (events, choice) = (Vec::new(), json!({ "finish_reason": null }));
        Self { completion, events, sent: 0, message, open: None, items: 0, choice, over: false }
    }

    /// The events of a chunk.
    pub(in crate::simulator) fn chunk(&mut self, chunk: &Value) -> Vec<Value> {
        if self.sent == 0 {
            let mut begun = response(self.completion, &[], &self.choice, &Value::Null);
            begun["status"] = "in_progress".into();
            self.emit(json!({ "type": "response.created", "response": begun }));
            self.emit(json!({ "type": "response.in_progress", "response": begun }));
        }
        let choice = &chunk["choices"][0];
        let delta = &choice["delta"];
        if let Some(text) = delta["reasoning"].as_str() {
            self.piece("reasoning", text, delta);
        }
        if let Some(text) = delta["content"].as_str().filter(|text| !text.is_empty()) {
            self.piece("message", text, delta);
        }
        if let Some(text) = delta["tool_calls"][0]["function"]["arguments"].as_str() {
            self.piece("function_call", text, delta);
        }
        if let Some(refusal) = delta["refusal"].as_str() {
            self.message["refusal"] = refusal.into();
            self.place(json!({ "type": "response.refusal.delta", "content_index": 0, "delta": refusal }));
        }
        if self.choice["finish_reason"].is_null() && !choice["finish_reason"].is_null() {
            self.choice = choice.clone();
        }
        if !chunk["error"].is_null() {
            self.choice = json!({ "finish_reason": "error", "error": chunk["error"] });
        }
        if self.choice["finish_reason"] == "error" || !chunk["usage"].is_null() {
            self.end(&chunk["usage"]);
        }
        self.take()
    }

    /// The events at the stream's end: the last one, if the model said why it stopped.
    pub(in crate::simulator) fn done(&mut self) -> Vec<Value> {
        if !self.choice["finish_reason"].is_null() {
            self.end(&Value::Null);
        }
        self.take()
    }

    fn take(&mut self) -> Vec<Value> {
        self.sent += self.events.len();
        std::mem::take(&mut self.events)
    }

    fn emit(&mut self, mut event: Value) {
        event["sequence_number"] = (self.sent + self.events.len()).into();
        self.events.push(event);
    }

    /// An event of the open item.
    fn place(&mut self, mut event: Value) {
        event["output_index"] = self.open.map_or(0, |(_, place)| place).into();
        event["item_id"] = format!("item_{}_{}", self.completion.id, event["output_index"]).into();
        self.emit(event);
    }

    fn piece(&mut self, kind: &'static str, text: &str, delta: &Value) {
        if self.open.is_none_or(|(open, _)| open != kind) {
            self.close();
            let place = self.items;
            self.items += 1;
            self.open = Some((kind, place));
            let call = &delta["tool_calls"][0];
            let mut item =
                json!({ "type": kind, "id": format!("item_{}_{place}", self.completion.id), "status": "in_progress" });
            match kind {
                "reasoning" => (item["summary"], item["content"]) = (json!([]), json!([])),
                "message" => (item["role"], item["content"]) = (json!("assistant"), json!([])),
                _ => {
                    item["call_id"] = call["id"].clone();
                    item["name"] = call["function"]["name"].clone();
                    item["arguments"] = "".into();
                    self.message["tool_calls"] = json!([call]);
                    self.message["tool_calls"][0]["function"]["arguments"] = "".into();
                }
            }
            self.emit(json!({ "type": "response.output_item.added", "output_index": place, "item": item }));
            if kind == "message" {
                let part = json!({ "type": "output_text", "text": "", "annotations": [] });
                self.place(json!({ "type": "response.content_part.added", "content_index": 0, "part": part }));
            }
        }
        let (name, field) = match kind {
            "reasoning" => ("response.reasoning_text.delta", "reasoning"),
            "message" => ("response.output_text.delta", "content"),
            _ => ("response.function_call_arguments.delta", "tool_calls"),
        };
        let so_far = match field {
            "tool_calls" => &mut self.message["tool_calls"][0]["function"]["arguments"],
            field => &mut self.message[field],
        };
        *so_far = format!("{}{text}", so_far.as_str().unwrap_or_default()).into();
        let mut event = json!({ "type": name, "delta": text });
        if kind != "function_call" {
            event["content_index"] = 0.into();
        }
        if kind == "message" {
            event["logprobs"] = json!([]);
        }
        self.place(event);
    }

    /// Ends the open item.
    fn close(&mut self) {
        let Some((kind, place)) = self.open else { return };
        let all = output(self.completion, &self.message);
        let Some(mut item) = all.into_iter().find(|item| item["type"] == kind) else { return };
        item["id"] = format!("item_{}_{place}", self.completion.id).into();
        match kind {
            "message" => {
                let part = item["content"][0].clone();
                if part["text"].is_string() {
                    self.place(json!({
                        "type": "response.output_text.done", "content_index": 0, "text": part["text"], "logprobs": [],
                    }));
                }
                self.place(json!({ "type": "response.content_part.done", "content_index": 0, "part": part }));
            }
            "reasoning" => {
                let text = &self.message["reasoning"];
                self.place(json!({ "type": "response.reasoning_text.done", "content_index": 0, "text": text.clone() }));
            }
            _ => {
                let done = json!({
                    "type": "response.function_call_arguments.done", "arguments": item["arguments"], "name": item["name"],
                });
                self.place(done);
            }
        }
        self.emit(json!({ "type": "response.output_item.done", "output_index": place, "item": item }));
        self.open = None;
    }

    fn end(&mut self, usage: &Value) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        self.close();
        let whole = response(self.completion, &output(self.completion, &self.message), &self.choice, usage);
        let kind = match whole["status"].as_str() {
            Some("incomplete") => "response.incomplete",
            Some("failed") => "response.failed",
            _ => "response.completed",
        };
        self.emit(json!({ "type": kind, "response": whole }));
    }
}
