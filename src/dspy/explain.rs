//! The JSON that `switchover signature --json` and `switchover parse --json` print. `docs/json.md` describes it.

use super::import::{Imported, python};
use super::signature::{Field, Signature};
use super::types::definitions;
use super::{Adapter, LibraryEntry, Warning};
use serde_json::{Value, json};

/// The fields of an inline signature, or what is wrong with it; for Python source, the signatures in it:
/// `{"accepted": true, "fields": [{"name", "kind", "type"}], "warnings": [{"at": [from, to], "message"}]}` or
/// `{"accepted": true, "signatures": [{"name", "module", "instructions", "fields", "types"?}], "notes": […]}` or
/// `{"accepted": false, "error": {"message", "at": [from, to], "expected", "suggestion"}}`.
/// `kind` is `input` or `output`, `at` is a range of bytes of `source`, and `suggestion` may be null.
pub fn explain_signature(source: &str) -> Value {
    if python::is_source(source)
        && let Ok(imported) = python::read(source)
    {
        return explain_import(&imported);
    }
    match Signature::parse_inline(source) {
        Ok((signature, warnings)) => {
            let fields = fields(&signature);
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

/// What was imported: `{"accepted": true, "signatures": [{"name", "module", "instructions", "fields", "types"?}],
/// "notes": […]}`. `types` defines the objects and enums.
fn explain_import(imported: &Imported) -> Value {
    let entry = |entry: &LibraryEntry| {
        let signature = &entry.signature;
        let mut shown = json!({
            "name": signature.name,
            "module": entry.module,
            "instructions": signature.instructions,
            "fields": fields(signature),
        });
        let types = definitions::write(signature.classes());
        if !types.is_empty() {
            shown["types"] = types.into();
        }
        shown
    };
    let signatures: Vec<Value> = imported.entries.iter().map(entry).collect();
    json!({"accepted": true, "signatures": signatures, "notes": imported.notes})
}

/// The fields of a signature; `description` and `constraints` only where there are some.
fn fields(signature: &Signature) -> Vec<Value> {
    let list = |kind: &'static str, fields: &[Field]| {
        let field = |field: &Field| {
            let mut shown = json!({"name": field.name, "kind": kind, "type": field.field_type.to_string()});
            for (key, text) in [("description", &field.description), ("constraints", &field.constraints)] {
                if let Some(text) = text {
                    shown[key] = text.as_str().into();
                }
            }
            shown
        };
        fields.iter().map(field).collect::<Vec<_>>()
    };
    [list("input", &signature.inputs), list("output", &signature.outputs)].concat()
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
