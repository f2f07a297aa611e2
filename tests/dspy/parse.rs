//! Answers are parsed as by DSPy 3.4.1.

use serde_json::{Value, json};
use switchover::dspy::{Adapter, AnswerReader, Field, FieldType, Signature};

/// The signature of a case; nothing if it needs classes of the recording program (`Ev`, `Color`), which an inline
/// signature cannot name.
fn signature(case: &Value) -> Option<Signature> {
    if let Some(inline) = case["signature"].as_str() {
        return Some(inline.parse().unwrap_or_else(|e| panic!("{inline}: {e}")));
    }
    let field =
        |(name, printed): (&String, &Value)| Some(Field::new(name, printed.as_str()?.parse::<FieldType>().ok()?));
    let outputs = case["outputs"].as_object()?.iter().map(field).collect::<Option<Vec<_>>>()?;
    Some(Signature::new(Vec::new(), outputs))
}

/// The expected fields: those in `ours`, where a case differs from DSPy on purpose, else those of DSPy.
fn expected(case: &Value) -> Value {
    if case["case"] == "indented header" {
        // DSPy leaves a part of the marker in the value.
        return json!({"reasoning": "r", "answer": "Paris"});
    }
    let result = case.get("ours").unwrap_or(case);
    result.get("parsed").cloned().unwrap_or(Value::Null)
}

fn check(case: &Value) -> Result<bool, String> {
    let Some(signature) = signature(case) else { return Ok(false) };
    let adapter: Adapter = case["adapter"].as_str().expect("an adapter").parse().expect("an adapter");
    let text = case["text"].as_str().expect("a text");
    let name = format!("{adapter} {:?} {text:?}", case["case"].as_str().unwrap_or_default());
    let ours = adapter.parse(&signature, text);
    if let Err(failure) = &ours
        && failure.problems.iter().any(|problem| problem.expected.is_empty() || problem.got.is_empty())
    {
        return Err(format!("{name}: a problem without text: {failure:?}"));
    }
    let fields = ours.as_ref().map_or(Value::Null, |prediction| Value::Object(prediction.fields.as_ref().clone()));
    if fields != expected(case) {
        return Err(format!(
            "{name}: expected {}, got {fields} {}",
            expected(case),
            ours.map_or_else(|e| e.to_string(), |p| format!("{:?}", p.repairs))
        ));
    }
    let mut reader = AnswerReader::new(adapter, &signature);
    for c in text.chars() {
        reader.push(c.encode_utf8(&mut [0; 4]));
    }
    reader.finish();
    let read = reader.into_prediction(text);
    if read != ours {
        return Err(format!("{name}: in single characters it gives {read:?}, not {ours:?}"));
    }
    Ok(true)
}

#[test]
fn recorded_answers_are_parsed_as_by_dspy() {
    let (mut wrong, mut read, mut skipped) = (Vec::new(), 0, 0);
    for file in [
        include_str!("../cases/dspy/parse.json"),
        include_str!("../cases/dspy/parse_more.json"),
        include_str!("../cases/dspy/3.5/parse.json"),
    ] {
        for case in serde_json::from_str::<Vec<Value>>(file).expect("JSON") {
            match check(&case) {
                Ok(true) => read += 1,
                Ok(false) => skipped += 1,
                Err(what) => wrong.push(what),
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(read > 800 && skipped <= 6, "{read} read, {skipped} skipped");
}
