//! The server-sent events of a completion, and the faults that show in them.

use super::Delivery;
use crate::fault::{FaultKind, StreamPoint};
use crate::simulator::catalogue::StreamTail;
use crate::simulator::completion::{TokenPiece, choice};
use crate::simulator::http::LAST_CHUNK;
use crate::simulator::script::{ResponseScript, SocketStep};
use serde_json::{Value, json};
use std::time::Duration;

const COMMENT: &[u8] = b": OPENROUTER PROCESSING\n\n";
const DONE: &[u8] = b"data: [DONE]\n\n";
/// The pause between keep-alive comments.
const KEEP_ALIVE: Duration = Duration::from_millis(500);
/// Bad events come after this many tokens, or at the end of a shorter answer.
const EARLY: usize = 3;

/// The script of a streamed completion.
pub(super) fn script(delivery: &Delivery<'_>) -> ResponseScript {
    let mut script = delivery.open("text/event-stream; charset=utf-8");
    script.chunk(COMMENT);
    match delivery.kind {
        Some(FaultKind::Comments) => {
            delivery.repeat(&mut script, COMMENT, KEEP_ALIVE);
            return script;
        }
        Some(FaultKind::ErrorFirst(code)) => {
            event(&mut script, &delivery.error(code));
            script.send(LAST_CHUNK);
            return script;
        }
        Some(FaultKind::NoChoices) => return closed(script, &[delivery.completion.chunk(&json!([]))]),
        Some(FaultKind::NullContent) => {
            let delta = json!({ "role": "assistant", "content": null });
            let chunk =
                delivery.completion.chunk(&choice(&delta, Some("stop"), Some(&delivery.completion.native_finish)));
            return closed(script, &[chunk]);
        }
        _ => {}
    }
    wait_for_first_token(delivery, &mut script);
    if delivery.kind == Some(FaultKind::BadUtf8) {
        bad_utf8(delivery, &mut script);
    }
    let stops_after = breaks_after(delivery.kind).map_or(usize::MAX, |point| point.tokens(delivery.completion.len()));
    let mut draw = fastrand::Rng::with_seed(delivery.completion.hash);
    for (i, piece) in delivery.completion.pieces().take(stops_after).enumerate() {
        if i == EARLY {
            bad_events(delivery, &mut script);
        }
        if i > 0 {
            // Real tokens do not come evenly either: half to one and a half times the average.
            script.wait(delivery.per_token().mul_f64(0.5 + draw.f64()));
        }
        event(&mut script, &delivery.completion.delta(piece));
    }
    if delivery.completion.len() <= EARLY {
        bad_events(delivery, &mut script);
    }
    end(delivery, script)
}

fn event(script: &mut ResponseScript, data: &Value) {
    script.chunk(format!("data: {data}\n\n"));
}

/// Ends a stream after these events.
fn closed(mut script: ResponseScript, events: &[Value]) -> ResponseScript {
    for data in events {
        event(&mut script, data);
    }
    script.chunk(DONE);
    script.send(LAST_CHUNK);
    script
}

fn wait_for_first_token(delivery: &Delivery<'_>, script: &mut ResponseScript) {
    let mut left = delivery.first_token();
    while left > KEEP_ALIVE {
        script.wait(KEEP_ALIVE);
        script.chunk(COMMENT);
        left -= KEEP_ALIVE;
    }
    script.wait(left);
}

/// Where a fault breaks the stream.
fn breaks_after(kind: Option<FaultKind>) -> Option<StreamPoint> {
    match kind? {
        FaultKind::Stall(n)
        | FaultKind::Cut(n)
        | FaultKind::ResetAfter(n)
        | FaultKind::ErrorEvent(n)
        | FaultKind::FinishError(n)
        | FaultKind::NoFinish(n) => Some(n),
        _ => None,
    }
}

fn bad_events(delivery: &Delivery<'_>, script: &mut ResponseScript) {
    match delivery.kind {
        Some(FaultKind::BadJson(n)) => {
            for _ in 0..n.min(1000) {
                script.chunk(format!(
                    "data: {{\"id\":\"{}\",\"choices\":[{{\"delta\":{{\"con\n\n",
                    delivery.completion.id
                ));
            }
        }
        Some(FaultKind::HugeEvent) => {
            let text = "x".repeat(2 << 20);
            event(script, &delivery.completion.delta(TokenPiece::Content(&text)));
        }
        _ => {}
    }
}

/// Sends bytes that are not UTF-8 in a token of their own before the answer, so that the answer itself stays whole.
fn bad_utf8(delivery: &Delivery<'_>, script: &mut ResponseScript) {
    let mut bytes = format!("data: {}\n\n", delivery.completion.delta(TokenPiece::Content("@@\n"))).into_bytes();
    for byte in bytes.iter_mut().filter(|byte| **byte == b'@') {
        *byte = 0xff;
    }
    script.chunk(bytes);
}

fn end(delivery: &Delivery<'_>, mut script: ResponseScript) -> ResponseScript {
    let completion = delivery.completion;
    match delivery.kind {
        Some(FaultKind::Stall(_)) => script.0.push(SocketStep::Hang),
        Some(FaultKind::Cut(_)) => script.0.push(SocketStep::Close),
        Some(FaultKind::ResetAfter(_)) => script.0.push(SocketStep::Reset),
        Some(FaultKind::NoFinish(_)) => script.send(LAST_CHUNK),
        Some(FaultKind::ErrorEvent(_)) => {
            // OpenRouter sends both shapes: with a choice that finishes with `error`, and without a choice.
            let bare = completion.model.tail == StreamTail::Null;
            let choices = if bare { json!([]) } else { choice(&json!({ "content": "" }), Some("error"), None) };
            let mut chunk = completion.chunk(&choices);
            chunk["error"] = json!({
                "code": 502, "message": "Provider disconnected unexpectedly",
                "metadata": { "error_type": "provider_unavailable", "provider_name": completion.provider },
            });
            event(&mut script, &chunk);
            script.send(LAST_CHUNK);
        }
        Some(FaultKind::FinishError(_)) => {
            let choices = choice(&json!({ "content": "" }), Some("error"), Some("network_error"));
            event(&mut script, &completion.chunk(&choices));
            script.chunk(DONE);
            script.send(LAST_CHUNK);
        }
        kind => {
            event(&mut script, &completion.finish_chunk());
            if kind == Some(FaultKind::DoubleFinish) {
                event(&mut script, &completion.finish_chunk());
                event(&mut script, &completion.chunk(&choice(&json!({ "content": "" }), None, None)));
            }
            event(&mut script, &completion.usage_chunk());
            if kind != Some(FaultKind::NoDone) {
                script.chunk(DONE);
            }
            script.send(LAST_CHUNK);
        }
    }
    script
}
