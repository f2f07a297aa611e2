//! The body of a completion that is not streamed, and the faults that show in it.

use super::Delivery;
use crate::fault::{FaultKind, StreamPoint};
use crate::simulator::LONGEST_PAUSE;
use crate::simulator::http::{self, LAST_CHUNK};
use crate::simulator::script::{ResponseScript, SocketStep};
use serde_json::{Value, json};
use std::time::Duration;

const JSON: &str = "application/json";
/// A body that takes longer than this is preceded by blanks, as OpenRouter does, so that no timer on the way ends it.
const SILENCE: Duration = Duration::from_secs(1);
/// The pause between blanks.
const BLANKS_EVERY: Duration = Duration::from_millis(425);
const BLANKS: &[u8] = b"                ";

/// The script of a completion that is not streamed.
pub(super) fn script(delivery: &Delivery<'_>) -> ResponseScript {
    let completion = delivery.completion;
    let mut body = completion.body();
    match delivery.kind {
        Some(FaultKind::Stall(_)) => {
            let mut script = delivery.open(JSON);
            script.chunk(BLANKS);
            script.0.push(SocketStep::Hang);
            return script;
        }
        Some(FaultKind::Comments) => {
            let mut script = delivery.open(JSON);
            delivery.repeat(&mut script, BLANKS, BLANKS_EVERY);
            return script;
        }
        Some(FaultKind::ErrorFirst(code)) => return delivery.ok(JSON, &delivery.error(code).to_string()),
        Some(FaultKind::ErrorEvent(n)) => {
            finished_early(delivery, &mut body, n, "error".into());
            body["choices"][0]["error"] = json!({
                "code": 502, "message": "Provider disconnected unexpectedly",
                "metadata": { "error_type": "provider_unavailable" },
            });
        }
        Some(FaultKind::FinishError(n)) => {
            finished_early(delivery, &mut body, n, "error".into());
            body["choices"][0]["native_finish_reason"] = "network_error".into();
        }
        Some(FaultKind::NoFinish(n)) => finished_early(delivery, &mut body, n, Value::Null),
        Some(FaultKind::NoChoices) => body["choices"] = json!([]),
        Some(FaultKind::NullContent) => {
            body["choices"][0]["message"] = json!({ "role": "assistant", "content": null });
            body.as_object_mut().map(|body| body.shift_remove("usage"));
        }
        _ => {}
    }
    let mut body = completion.shape.body(completion, body).to_string().into_bytes();
    match delivery.kind {
        Some(FaultKind::Cut(_)) => return torn(delivery, &body, SocketStep::Close),
        Some(FaultKind::ResetAfter(_)) => return torn(delivery, &body, SocketStep::Reset),
        Some(FaultKind::BadJson(_)) => body.truncate(body.len() / 2),
        Some(FaultKind::HugeEvent) => body.splice(0..0, std::iter::repeat_n(b' ', 17 << 20)).for_each(drop),
        Some(FaultKind::BadUtf8) => bad_utf8(&mut body),
        _ => {}
    }
    let tokens = u32::try_from(completion.len()).unwrap_or(u32::MAX);
    let takes = delivery.first_token().saturating_add(delivery.per_token().saturating_mul(tokens)).min(LONGEST_PAUSE);
    if takes > SILENCE { padded(delivery, &body, takes) } else { quick(delivery, &body, takes) }
}

/// Leaves the tokens before `point`, with this finish reason.
fn finished_early(delivery: &Delivery<'_>, body: &mut Value, point: StreamPoint, reason: Value) {
    let choice = &mut body["choices"][0];
    choice["message"] = delivery.completion.message(point.tokens(delivery.completion.len()));
    choice["finish_reason"] = reason;
    choice["native_finish_reason"] = Value::Null;
}

fn quick(delivery: &Delivery<'_>, body: &[u8], takes: Duration) -> ResponseScript {
    let mut script = ResponseScript::default();
    script.wait(takes);
    script.0.extend(ResponseScript::whole(200, &delivery.headers(JSON), body).0);
    script
}

fn padded(delivery: &Delivery<'_>, body: &[u8], takes: Duration) -> ResponseScript {
    let mut script = delivery.open(JSON);
    let mut left = takes;
    while left > BLANKS_EVERY {
        script.wait(BLANKS_EVERY);
        script.chunk(BLANKS);
        left -= BLANKS_EVERY;
    }
    script.wait(left);
    script.chunk(body);
    script.send(LAST_CHUNK);
    script
}

/// Sends half of a body whose length was announced.
fn torn(delivery: &Delivery<'_>, body: &[u8], end: SocketStep) -> ResponseScript {
    let length = body.len().to_string();
    let mut headers = delivery.headers(JSON);
    headers.push(("Content-Length", &length));
    let mut bytes = http::head(200, &headers);
    bytes.extend_from_slice(&body[..body.len() / 2]);
    ResponseScript(vec![SocketStep::Send(bytes), end])
}

/// Inserts two bytes that are not UTF-8 and a line end before the content, so that the answer itself stays whole.
fn bad_utf8(body: &mut Vec<u8>) {
    let keys: [&[u8]; 2] = [b"\"content\":\"", b"\"text\":\""];
    if let Some(at) = keys.into_iter().find_map(|key| Some(memchr::memmem::find(body, key)? + key.len())) {
        body.splice(at..at, *b"\xff\xff\\n").for_each(drop);
    }
}
