//! An answer in one piece, good and bad.

use super::Delivery;
use crate::fault::FaultKind;
use crate::simulator::completion::TokenPiece;
use crate::simulator::http::{self, LAST_CHUNK};
use crate::simulator::script::{ResponseScript, SocketStep};
use serde_json::{Value, json};
use std::time::Duration;

const JSON: &str = "application/json";
/// An answer that takes longer than this begins with blanks, so that nobody hangs up.
const PATIENCE: Duration = Duration::from_secs(1);
/// And none takes longer than this.
const LONGEST: Duration = Duration::from_secs(3600);
/// Between blanks.
const BLANKS_EVERY: Duration = Duration::from_millis(425);
const BLANKS: &[u8] = b"                ";

/// The answer of a completion without a stream.
pub(super) fn script(wire: &Delivery<'_>) -> ResponseScript {
    let completion = wire.completion;
    let mut body = completion.body();
    match wire.kind {
        Some(FaultKind::Stall(_)) => {
            let mut script = wire.open(JSON);
            script.chunk(BLANKS);
            script.0.push(SocketStep::Hang);
            return script;
        }
        Some(FaultKind::Comments) => {
            let mut script = wire.open(JSON);
            wire.murmur(&mut script, BLANKS, BLANKS_EVERY);
            return script;
        }
        Some(FaultKind::ErrorFirst(code)) => return wire.ok(JSON, &wire.error(code).to_string()),
        Some(FaultKind::ErrorEvent(n)) => {
            finished_early(wire, &mut body, n, "error".into());
            body["choices"][0]["error"] = json!({
                "code": 502, "message": "Provider disconnected unexpectedly",
                "metadata": { "error_type": "provider_unavailable" },
            });
        }
        Some(FaultKind::FinishError(n)) => {
            finished_early(wire, &mut body, n, "error".into());
            body["choices"][0]["native_finish_reason"] = "network_error".into();
        }
        Some(FaultKind::NoFinish(n)) => finished_early(wire, &mut body, n, Value::Null),
        Some(FaultKind::NoChoices) => body["choices"] = json!([]),
        Some(FaultKind::NullContent) => {
            body["choices"][0]["message"]["content"] = Value::Null;
            body.as_object_mut().map(|body| body.shift_remove("usage"));
        }
        _ => {}
    }
    let mut body = body.to_string().into_bytes();
    match wire.kind {
        Some(FaultKind::Cut(_)) => return torn(wire, &body, SocketStep::Close),
        Some(FaultKind::ResetAfter(_)) => return torn(wire, &body, SocketStep::Reset),
        Some(FaultKind::BadJson(_)) => body.truncate(body.len() / 2),
        Some(FaultKind::HugeEvent) => body.splice(0..0, std::iter::repeat_n(b' ', 17 << 20)).for_each(drop),
        Some(FaultKind::BadUtf8) => bad_utf8(&mut body),
        _ => {}
    }
    let tokens = u32::try_from(completion.len()).unwrap_or(u32::MAX);
    let takes = wire.first_token().saturating_add(wire.per_token().saturating_mul(tokens)).min(LONGEST);
    if takes > PATIENCE { padded(wire, &body, takes) } else { quick(wire, &body, takes) }
}

fn finished_early(wire: &Delivery<'_>, body: &mut Value, tokens: u32, reason: Value) {
    let (mut reasoning, mut content) = (String::new(), String::new());
    for piece in wire.completion.pieces().take(tokens as usize) {
        match piece {
            TokenPiece::Reasoning(text) => reasoning.push_str(text),
            TokenPiece::Content(text) => content.push_str(text),
        }
    }
    let choice = &mut body["choices"][0];
    choice["message"]["content"] = content.into();
    if !reasoning.is_empty() {
        choice["message"]["reasoning"] = reasoning.into();
    }
    choice["finish_reason"] = reason;
    choice["native_finish_reason"] = Value::Null;
}

fn quick(wire: &Delivery<'_>, body: &[u8], takes: Duration) -> ResponseScript {
    let mut script = ResponseScript::default();
    script.wait(takes);
    script.0.extend(ResponseScript::whole(200, &wire.headers(JSON), body).0);
    script
}

fn padded(wire: &Delivery<'_>, body: &[u8], takes: Duration) -> ResponseScript {
    let mut script = wire.open(JSON);
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

/// Half of a body of known length.
fn torn(wire: &Delivery<'_>, body: &[u8], end: SocketStep) -> ResponseScript {
    let length = body.len().to_string();
    let mut headers = wire.headers(JSON);
    headers.push(("Content-Length", &length));
    let mut bytes = http::head(200, &headers);
    bytes.extend_from_slice(&body[..body.len() / 2]);
    ResponseScript(vec![SocketStep::Send(bytes), end])
}

/// Two bad bytes and a line end before the content's first line, so that nothing of the answer is harmed.
fn bad_utf8(body: &mut Vec<u8>) {
    let key = b"\"content\":\"";
    if let Some(at) = memchr::memmem::find(body, key) {
        let at = at + key.len();
        body.splice(at..at, *b"\xff\xff\\n").for_each(drop);
    }
}
