//! The JSON that `switchover signature --json` and `switchover parse --json` print. `docs/json.md` describes it.

use super::signature::{Field, Signature};
use super::{Adapter, Warning};
use serde_json::{Value, json};

/// The fields of an inline signature, or what is wrong with it:
/// `{"accepted": true, "fields": [{"name", "kind", "type"}], "warnings": [{"at": [from, to], "message"}]}` or
/// `{"accepted": false, "error": {"message", "at": [from, to], "expected", "suggestion"}}`.
/// `kind` is `input` or `output`, `at` is a range of bytes of `source`, and `suggestion` may be null.
pub fn explain_signature(source: &str) -> Value {
    match Signature::parse_inline(source) {
        Ok((signature, warnings)) => {
            let list = |kind: &'static str, fields: &[Field]| {
                let field = |f: &Field| json!({"name": f.name, "kind": kind, "type": f.field_type.to_string()});
                fields.iter().map(field).collect::<Vec<_>>()
            };
            let fields = [list("input", &signature.inputs), list("output", &signature.outputs)].concat();
            let warning = |w: &Warning| json!({"at": [w.span.start, w.span.end], "message": w.message});
            json!({"accepted": true, "fields": fields, "warnings": warnings.iter().map(warning).collect::<Vec<_>>()})
        }
        Err(error) => json!({
            "accepted": false,
            "error": {
                "message": error.message,
                "at": [error.span.start, error.span.end],
                "expected": error.expected,
                "suggestion": error.suggestion,
            },
        }),
    }
}

/// What an answer parses to: `{"parsed": {field: value}, "repairs": [{"field", "what"}]}` or
/// `{"rejected": true, "reasons": [{"field", "path", "expected", "got"}]}`; `path` is missing if the whole value
/// does not fit. Floats that JSON cannot represent are the strings
/// `NaN`, `Infinity` and `-Infinity`.
pub fn explain_answer(adapter: Adapter, signature: &Signature, text: &str) -> Value {
    match adapter.parse(signature, text) {
        Ok(prediction) => json!({"parsed": prediction.fields, "repairs": prediction.repairs}),
        Err(failure) => json!({"rejected": true, "reasons": failure.problems}),
    }
}
