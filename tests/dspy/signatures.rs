//! Inline signatures: accepted or rejected as DSPy does, with the same names, order and types.

use serde_json::Value;
use switchover::dspy::{Kind, Signature};

/// Cases where we do better than DSPy on purpose: our own cases say so; of the recorded ones it is the text
/// that breaks out of the argument list and becomes Python code.
fn departs(case: &Value) -> bool {
    case.get("we_reject").is_some() || case["signature"].as_str().is_some_and(|source| source.contains("): pass"))
}

fn fields(signature: &Signature) -> Vec<[String; 3]> {
    let side = |kind: &'static str, fields: &[switchover::dspy::Field]| {
        fields.iter().map(|f| [f.name.clone(), kind.to_owned(), f.kind.to_string()]).collect::<Vec<_>>()
    };
    [side("input", &signature.inputs), side("output", &signature.outputs)].concat()
}

fn check(case: &Value) -> Result<(), String> {
    let source = case["signature"].as_str().expect("a signature");
    let ours = source.parse::<Signature>();
    let accepted = case["accepted"] == true && !departs(case);
    match (&ours, accepted) {
        (Err(error), false) => {
            let caret = error.caret(source);
            if error.at.end <= source.len() && caret.lines().count() >= 3 && !error.expected.is_empty() {
                return Ok(());
            }
            Err(format!("{source:?}: an error without a place: {error:?}"))
        }
        (Ok(signature), true) => {
            let expected: Vec<[String; 3]> = case["fields"]
                .as_array()
                .expect("fields")
                .iter()
                .map(|f| ["name", "kind", "type"].map(|key| f[key].as_str().expect("a string").to_owned()))
                .collect();
            if fields(signature) != expected {
                return Err(format!("{source:?}: expected {expected:?}, got {:?}", fields(signature)));
            }
            let again: Signature =
                signature.inline().parse().map_err(|e| format!("{source:?}: not read again: {e}"))?;
            if again != *signature {
                return Err(format!("{source:?} became {:?}", signature.inline()));
            }
            for field in signature.fields() {
                let printed = field.kind.to_string();
                if !printed.contains('\\') && printed.parse::<Kind>().is_ok_and(|kind| kind != field.kind) {
                    return Err(format!("{printed:?} was printed and read as another type"));
                }
            }
            Ok(())
        }
        (ours, _) => Err(format!("{source:?}: DSPy says {accepted}, we say {ours:?}")),
    }
}

#[test]
fn as_dspy() {
    let mut wrong = Vec::new();
    for file in [include_str!("../cases/dspy/signatures.json"), include_str!("../cases/dspy/signatures_more.json")] {
        let cases: Vec<Value> = serde_json::from_str(file).expect("JSON");
        assert!(cases.len() > 50);
        wrong.extend(cases.iter().filter_map(|case| check(case).err()));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
