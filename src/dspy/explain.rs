//! What `switchover signature` and `switchover parse` say, as JSON.

use super::signature::Signature;
use super::{Adapter, ParseFailure, Prediction};
use serde_json::{Value, json};

/// `{"accepted": true, "fields": [{"name", "kind", "type"}], "warnings": [{"at": [from, to], "message"}]}`, or
/// `{"accepted": false, "error": {"message", "at": [from, to], "expected", "suggestion"}}`. Places are bytes of
/// `source`; a suggestion may be null.
pub fn explain(source: &str) -> Value {
    match Signature::read(source) {
        Ok((signature, warnings)) => {
            let side = |kind: &'static str, fields: &[super::Field]| {
                let field = |f: &super::Field| json!({"name": f.name, "kind": kind, "type": f.field_type.to_string()});
                fields.iter().map(field).collect::<Vec<_>>()
            };
            let fields = [side("input", &signature.inputs), side("output", &signature.outputs)].concat();
            let warning = |w: &super::Warning| json!({"at": [w.at.start, w.at.end], "message": w.message});
            json!({"accepted": true, "fields": fields, "warnings": warnings.iter().map(warning).collect::<Vec<_>>()})
        }
        Err(error) => json!({
            "accepted": false,
            "error": {
                "message": error.message,
                "at": [error.at.start, error.at.end],
                "expected": error.expected,
                "suggestion": error.suggestion,
            },
        }),
    }
}

/// `{"parsed": {field: value}, "repairs": [{"field", "what"}]}`, or
/// `{"rejected": true, "reasons": [{"field", "expected", "got"}]}`. Floats that JSON has no number for are the
/// strings `NaN`, `Infinity` and `-Infinity`.
pub fn explain_answer(adapter: Adapter, signature: &Signature, text: &str) -> Value {
    told(adapter.parse(signature, text))
}

fn told(answer: Result<Prediction, ParseFailure>) -> Value {
    match answer {
        Ok(prediction) => json!({"parsed": prediction.fields, "repairs": prediction.repairs}),
        Err(unparsed) => json!({"rejected": true, "reasons": unparsed.problems}),
    }
}
