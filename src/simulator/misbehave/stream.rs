//! The server-sent events of a completion, and the faults that show in them.

use super::Delivery;
use crate::fault::{FaultKind, StreamPoint};
use crate::simulator::catalogue::StreamTail;
use crate::simulator::completion::{TokenPiece, choice};
use crate::simulator::http::LAST_CHUNK;
use crate::simulator::script::{ResponseScript, SocketStep};
use crate::simulator::shape::{ResponseEvents, Shape};
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
    let (completion, shape) = (delivery.completion, delivery.completion.shape);
    let mut script = delivery.open("text/event-stream; charset=utf-8");
    script.chunk(COMMENT);
    if delivery.kind == Some(FaultKind::Comments) {
        delivery.repeat(&mut script, COMMENT, KEEP_ALIVE);
        return script;
    }
    let responses = (shape == Shape::Responses).then(|| ResponseEvents::new(completion));
    let mut writer = EventWriter { script, shape, responses };
    match delivery.kind {
        Some(FaultKind::ErrorFirst(code)) => {
            writer.error(&delivery.error(code));
            return writer.ended();
        }
        Some(FaultKind::NoChoices) => return writer.closed([completion.chunk(&json!([]))]),
        Some(FaultKind::NullContent) => {
            let delta = json!({ "role": "assistant", "content": null });
            let chunk = completion.chunk(&choice(&delta, Some("stop"), Some(&completion.native_finish)));
            return writer.closed([chunk]);
        }
        _ => {}
    }
    wait_for_first_token(delivery, &mut writer.script);
    if delivery.kind == Some(FaultKind::BadUtf8) {
        bad_utf8(&mut writer, completion.delta(TokenPiece::Content("@@\n")));
    }
    let stops_after = breaks_after(delivery.kind).map_or(usize::MAX, |point| point.tokens(completion.len()));
    let mut draw = fastrand::Rng::with_seed(completion.hash);
    for (i, piece) in completion.pieces().take(stops_after).enumerate() {
        if i == EARLY {
            bad_events(delivery, &mut writer);
        }
        if i > 0 {
            // Real tokens do not come evenly either: half to one and a half times the average.
            writer.script.wait(delivery.per_token().mul_f64(0.5 + draw.f64()));
        }
        writer.event(completion.delta(piece));
    }
    if completion.len() <= EARLY {
        bad_events(delivery, &mut writer);
    }
    end(delivery, writer)
}

/// Writes chunks of a chat completion in the shape that was asked for.
struct EventWriter<'a> {
    script: ResponseScript,
    shape: Shape,
    responses: Option<ResponseEvents<'a>>,
}

impl EventWriter<'_> {
    fn event(&mut self, chunk: Value) {
        match &mut self.responses {
            Some(responses) => {
                let events = responses.chunk(&chunk);
                self.named(&events);
            }
            None => self.script.chunk(format!("data: {}\n\n", self.shape.chunk(chunk))),
        }
    }

    /// An error that is sent in place of a chunk.
    fn error(&mut self, error: &Value) {
        match &self.responses {
            Some(_) => {
                let fields = &error["error"];
                self.named(&[json!({
                    "type": "error", "code": fields["code"].to_string(), "message": fields["message"], "param": null,
                    "sequence_number": 0, "error": fields,
                })]);
            }
            None => self.script.chunk(format!("data: {error}\n\n")),
        }
    }

    fn named(&mut self, events: &[Value]) {
        for event in events {
            let name = event["type"].as_str().unwrap_or_default();
            self.script.chunk(format!("event: {name}\ndata: {event}\n\n"));
        }
    }

    /// The end of an answer.
    fn done(&mut self) {
        if let Some(responses) = &mut self.responses {
            let events = responses.done();
            self.named(&events);
        }
        self.script.chunk(DONE);
    }

    /// Ends a stream after these chunks.
    fn closed(mut self, chunks: impl IntoIterator<Item = Value>) -> ResponseScript {
        for chunk in chunks {
            self.event(chunk);
        }
        self.done();
        self.ended()
    }

    /// Ends the body.
    fn ended(mut self) -> ResponseScript {
        self.script.send(LAST_CHUNK);
        self.script
    }
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

fn bad_events(delivery: &Delivery<'_>, writer: &mut EventWriter<'_>) {
    match delivery.kind {
        Some(FaultKind::BadJson(n)) => {
            for _ in 0..n.min(1000) {
                let torn =
                    format!("data: {{\"id\":\"{}\",\"choices\":[{{\"delta\":{{\"con\n\n", delivery.completion.id);
                writer.script.chunk(torn);
            }
        }
        Some(FaultKind::HugeEvent) => {
            let text = "x".repeat(2 << 20);
            writer.event(delivery.completion.delta(TokenPiece::Content(&text)));
        }
        _ => {}
    }
}

/// Sends a chunk with bytes that are not UTF-8 in place of `@`, in a token of its own before the answer, so that the
/// answer itself stays whole.
fn bad_utf8(writer: &mut EventWriter<'_>, chunk: Value) {
    let before = writer.script.0.len();
    writer.event(chunk);
    for step in &mut writer.script.0[before..] {
        if let SocketStep::Send(bytes) = step {
            bytes.iter_mut().filter(|byte| **byte == b'@').for_each(|byte| *byte = 0xff);
        }
    }
}

fn end(delivery: &Delivery<'_>, mut writer: EventWriter<'_>) -> ResponseScript {
    let completion = delivery.completion;
    match delivery.kind {
        Some(FaultKind::Stall(_)) => writer.script.0.push(SocketStep::Hang),
        Some(FaultKind::Cut(_)) => writer.script.0.push(SocketStep::Close),
        Some(FaultKind::ResetAfter(_)) => writer.script.0.push(SocketStep::Reset),
        Some(FaultKind::NoFinish(_)) => return writer.ended(),
        Some(FaultKind::ErrorEvent(_)) => {
            // OpenRouter sends both shapes: with a choice that finishes with `error`, and without a choice.
            let bare = completion.model.tail == StreamTail::Null;
            let choices = if bare { json!([]) } else { choice(&json!({ "content": "" }), Some("error"), None) };
            let mut chunk = completion.chunk(&choices);
            chunk["error"] = json!({
                "code": 502, "message": "Provider disconnected unexpectedly",
                "metadata": { "error_type": "provider_unavailable", "provider_name": completion.provider },
            });
            writer.event(chunk);
            return writer.ended();
        }
        Some(FaultKind::FinishError(_)) => {
            let choices = choice(&json!({ "content": "" }), Some("error"), Some("network_error"));
            return writer.closed([completion.chunk(&choices)]);
        }
        kind => {
            writer.event(completion.finish_chunk());
            if kind == Some(FaultKind::DoubleFinish) {
                writer.event(completion.finish_chunk());
                writer.event(completion.chunk(&choice(&json!({ "content": "" }), None, None)));
            }
            writer.event(completion.usage_chunk());
            if kind != Some(FaultKind::NoDone) {
                writer.done();
            }
            return writer.ended();
        }
    }
    writer.script
}
