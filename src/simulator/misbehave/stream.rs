//! Server-sent events, good and bad.

use super::Delivery;
use crate::fault::FaultKind;
use crate::simulator::catalogue::StreamTail;
use crate::simulator::completion::{TokenPiece, choice};
use crate::simulator::http::LAST_CHUNK;
use crate::simulator::script::{ResponseScript, SocketStep};
use serde_json::{Value, json};
use std::time::Duration;

const COMMENT: &[u8] = b": OPENROUTER PROCESSING\n\n";
const DONE: &[u8] = b"data: [DONE]\n\n";
/// Between keep-alive comments.
const KEEP_ALIVE: Duration = Duration::from_millis(500);
/// Bad events come after this many tokens.
const EARLY: usize = 3;

/// The stream of a completion.
pub(super) fn script(wire: &Delivery<'_>) -> ResponseScript {
    let mut script = wire.open("text/event-stream; charset=utf-8");
    script.chunk(COMMENT);
    match wire.kind {
        Some(FaultKind::Comments) => {
            wire.murmur(&mut script, COMMENT, KEEP_ALIVE);
            return script;
        }
        Some(FaultKind::ErrorFirst(code)) => {
            event(&mut script, &wire.error(code));
            script.send(LAST_CHUNK);
            return script;
        }
        Some(FaultKind::NoChoices) => return closed(script, &[wire.completion.chunk(&json!([]))]),
        Some(FaultKind::NullContent) => {
            let delta = json!({ "role": "assistant", "content": null });
            let chunk = wire.completion.chunk(&choice(&delta, Some("stop"), Some(&wire.completion.native_finish)));
            return closed(script, &[chunk]);
        }
        _ => {}
    }
    wait_for_first_token(wire, &mut script);
    if wire.kind == Some(FaultKind::BadUtf8) {
        bad_utf8(wire, &mut script);
    }
    let stops_after = breaks_after(wire.kind).unwrap_or(usize::MAX);
    let mut draw = fastrand::Rng::with_seed(wire.completion.hash);
    for (i, piece) in wire.completion.pieces().take(stops_after).enumerate() {
        if i == EARLY {
            bad_events(wire, &mut script);
        }
        if i > 0 {
            // Between half and one and a half of the usual, as tokens come in life.
            script.wait(wire.per_token().mul_f64(0.5 + draw.f64()));
        }
        event(&mut script, &wire.completion.delta(piece));
    }
    if wire.completion.len() <= EARLY {
        bad_events(wire, &mut script);
    }
    end(wire, script)
}

fn event(script: &mut ResponseScript, data: &Value) {
    script.chunk(format!("data: {data}\n\n"));
}

fn closed(mut script: ResponseScript, events: &[Value]) -> ResponseScript {
    for data in events {
        event(&mut script, data);
    }
    script.chunk(DONE);
    script.send(LAST_CHUNK);
    script
}

fn wait_for_first_token(wire: &Delivery<'_>, script: &mut ResponseScript) {
    let mut left = wire.first_token();
    while left > KEEP_ALIVE {
        script.wait(KEEP_ALIVE);
        script.chunk(COMMENT);
        left -= KEEP_ALIVE;
    }
    script.wait(left);
}

/// How many tokens arrive before it breaks, if it breaks in mid-stream.
fn breaks_after(kind: Option<FaultKind>) -> Option<usize> {
    match kind? {
        FaultKind::Stall(n)
        | FaultKind::Cut(n)
        | FaultKind::ResetAfter(n)
        | FaultKind::ErrorEvent(n)
        | FaultKind::FinishError(n)
        | FaultKind::NoFinish(n) => Some(n as usize),
        _ => None,
    }
}

fn bad_events(wire: &Delivery<'_>, script: &mut ResponseScript) {
    match wire.kind {
        Some(FaultKind::BadJson(n)) => {
            for _ in 0..n.min(1000) {
                script.chunk(format!("data: {{\"id\":\"{}\",\"choices\":[{{\"delta\":{{\"con\n\n", wire.completion.id));
            }
        }
        Some(FaultKind::HugeEvent) => {
            let text = "x".repeat(2 << 20);
            event(script, &wire.completion.delta(TokenPiece::Content(&text)));
        }
        _ => {}
    }
}

/// A token before the answer's first line, so that nothing of the answer itself is harmed.
fn bad_utf8(wire: &Delivery<'_>, script: &mut ResponseScript) {
    let mut bytes = format!("data: {}\n\n", wire.completion.delta(TokenPiece::Content("@@\n"))).into_bytes();
    for byte in bytes.iter_mut().filter(|byte| **byte == b'@') {
        *byte = 0xff;
    }
    script.chunk(bytes);
}

fn end(wire: &Delivery<'_>, mut script: ResponseScript) -> ResponseScript {
    let completion = wire.completion;
    match wire.kind {
        Some(FaultKind::Stall(_)) => script.0.push(SocketStep::Hang),
        Some(FaultKind::Cut(_)) => script.0.push(SocketStep::Close),
        Some(FaultKind::ResetAfter(_)) => script.0.push(SocketStep::Reset),
        Some(FaultKind::NoFinish(_)) => script.send(LAST_CHUNK),
        Some(FaultKind::ErrorEvent(_)) => {
            // Both shapes are met in the wild: with a choice that says `error`, and with none.
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
