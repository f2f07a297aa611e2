//! How the pieces of a streamed response are written: chunks that end with `[DONE]`, or the named events of `/responses`.

use crate::openrouter::Api;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// A piece as a server sent it, as an event for the client, and whether it ends the answer.
pub(super) fn piece(api: Api, json: String) -> (Bytes, bool) {
    if api.is_chat() {
        let chunk = as_chunk(json);
        let ends = has_finish(&chunk);
        return (data(&chunk), ends);
    }
    let Ok(mut event) = serde_json::from_str::<Value>(&json) else { return (data(&on_one_line(json)), false) };
    let json = if event["type"].is_string() {
        on_one_line(json)
    } else {
        // A whole response, from a server that does not stream.
        event = json!({"type": "response.completed", "sequence_number": 0, "response": event});
        event.to_string()
    };
    let name: String = event["type"].as_str().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    (Bytes::from(format!("event: {name}\ndata: {json}\n\n")), api.is_last(&event))
}

/// An error in mid-stream, in the shape of [`Refusal::error`](super::refusal::Refusal::error).
pub(super) fn error(api: Api, mut error: Value) -> Bytes {
    if api.is_chat() {
        return data(&error.to_string());
    }
    error["type"] = "error".into();
    for name in ["message", "code", "param"] {
        error[name] = error["error"][name].clone();
    }
    Bytes::from(format!("event: error\ndata: {error}\n\n"))
}

/// What follows the last piece of an answer.
pub(super) fn end(api: Api) -> Option<Bytes> {
    api.is_chat().then(|| data("[DONE]"))
}

fn data(json: &str) -> Bytes {
    Bytes::from(format!("data: {json}\n\n"))
}

/// JSON without line ends, which can only be white space in it.
fn on_one_line(json: String) -> String {
    if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ") } else { json }
}

/// The name of the field that says why a choice is over.
const FINISH_REASON: &[u8] = b"\"finish_reason\"";

/// Whether a chunk says that one of its choices is over.
fn has_finish(chunk: &str) -> bool {
    #[derive(Deserialize)]
    struct Chunk {
        #[serde(default)]
        choices: Vec<Choice>,
    }
    #[derive(Deserialize)]
    struct Choice {
        finish_reason: Option<IgnoredAny>,
    }
    // Nearly all chunks say that there is none, and write the field's name as it is.
    let none = |rest: &str| {
        let value = rest.trim_ascii_start().strip_prefix(':');
        value.is_some_and(|value| value.trim_ascii_start().starts_with("null"))
    };
    let mut reasons = memchr::memmem::find_iter(chunk.as_bytes(), FINISH_REASON);
    if !chunk.contains("\\u") && reasons.all(|at| none(&chunk[at + FINISH_REASON.len()..])) {
        return false;
    }
    serde_json::from_str::<Chunk>(chunk).is_ok_and(|chunk| chunk.choices.iter().any(|it| it.finish_reason.is_some()))
}

/// A whole response as one chunk, from a server that does not stream. A chunk stays as it is, without line ends.
fn as_chunk(json: String) -> String {
    if !json.contains("\"message\"") {
        return on_one_line(json);
    }
    let Ok(mut value) = serde_json::from_str::<Value>(&json) else { return json };
    let choices = value.get_mut("choices").and_then(Value::as_array_mut);
    for choice in choices.into_iter().flatten().filter_map(Value::as_object_mut) {
        let Some(mut message) = choice.shift_remove("message") else { continue };
        let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
        for (index, call) in calls.into_iter().flatten().enumerate() {
            if let Some(call) = call.as_object_mut() {
                call.insert("index".to_owned(), json!(index));
            }
        }
        choice.insert("delta".to_owned(), message);
    }
    value["object"] = json!("chat.completion.chunk");
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_response_becomes_one_chunk() {
        let whole = json!({"object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"content": "x", "tool_calls": [{"id": "c"}]}}]});
        let chunk: Value = serde_json::from_str(&as_chunk(whole.to_string())).expect("JSON");
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["choices"][0]["delta"], json!({"content": "x", "tool_calls": [{"id": "c", "index": 0}]}));
        let delta = r#"{"choices":[{"delta":{"content":"the \"message\""}}]}"#;
        let same: Value = serde_json::from_str(&as_chunk(delta.to_owned())).expect("JSON");
        assert_eq!(same["choices"][0]["delta"]["content"], "the \"message\"");
        assert_eq!(as_chunk("{\n\"a\":\r1}".to_owned()), "{ \"a\": 1}");
    }

    #[test]
    fn an_event_of_a_response_keeps_its_name_and_its_bytes() {
        let api = Api::Responses;
        let text = |(bytes, ends): (Bytes, bool)| (String::from_utf8_lossy(&bytes).into_owned(), ends);
        let event = r#"{"type":"response.output_text.delta", "delta":"a"}"#;
        assert_eq!(
            text(piece(api, event.to_owned())),
            (format!("event: response.output_text.delta\ndata: {event}\n\n"), false)
        );
        let (whole, ends) = text(piece(api, r#"{"object":"response","id":"r"}"#.to_owned()));
        assert!(whole.starts_with("event: response.completed\ndata: {") && ends, "{whole}");
        let refused = error(api, json!({"error": {"message": "m", "code": 502, "type": "api_error"}}));
        let refused = String::from_utf8_lossy(&refused);
        assert!(refused.starts_with("event: error\n") && refused.contains(r#""message":"m""#), "{refused}");
    }

    #[test]
    fn the_finish_reason_is_found() {
        for (chunk, finish) in [
            (r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#, true),
            (r#"{"choices":[{"delta":{},"finish_reason":null},{"finish_reason":"length"}]}"#, true),
            (r#"{"choices":[{"delta":{"content":"finish_reason"}}]}"#, false),
            (r#"{"choices":[{"delta":{"content":"\"finish_reason\":"},"finish_reason" : null}]}"#, false),
            (r#"{"choices":[{"finish_reason" : null},{"finish_reason" : "stop"}]}"#, true),
            (r#"{"choices":[{"finish\u005freason":"stop"}]}"#, true),
            (r#"{"choices":[]}"#, false),
            (r#"{"usage":{}}"#, false),
        ] {
            assert_eq!(has_finish(chunk), finish, "{chunk}");
        }
    }
}
