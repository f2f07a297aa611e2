//! Answers are parsed as by DSPy 3.4.1.

use crate::update::golden;
use serde_json::{Value, json};
use switchover::dspy::{Adapter, AnswerReader, Signature, TypeScope, read_types};

/// The signature of a case. `scope` has the classes of the recording program.
fn signature(case: &Value, scope: &TypeScope) -> Signature {
    let printed = |(name, printed): (&String, &Value)| format!("{name}: {}", printed.as_str().expect("a type"));
    let inline = case["signature"].as_str().map_or_else(
        || {
            let outputs = case["outputs"].as_object().expect("outputs").iter();
            format!("-> {}", outputs.map(printed).collect::<Vec<_>>().join(", "))
        },
        str::to_owned,
    );
    Signature::parse_inline_with(&inline, scope).unwrap_or_else(|e| panic!("{inline}: {e}")).0
}

/// The answers to signatures with classes, and their definitions.
fn cases_with_classes() -> (Vec<Value>, TypeScope) {
    let file: Value = serde_json::from_str(include_str!("../cases/dspy/parse_classes.json")).expect("JSON");
    let types = read_types(file["types"].as_object().expect("types")).unwrap_or_else(|e| panic!("{e}"));
    (file["cases"].as_array().expect("cases").clone(), types)
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

fn check(case: &Value, scope: &TypeScope) -> Result<(), String> {
    let signature = signature(case, scope);
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
    if let Ok(prediction) = &ours
        && case.get("repaired").is_some_and(|repaired| *repaired == prediction.repairs.is_empty())
    {
        return Err(format!("{name}: its repairs are {:?}", prediction.repairs));
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
    Ok(())
}

#[test]
fn recorded_answers_are_parsed_as_by_dspy() {
    let (mut cases, scope) = cases_with_classes();
    for file in [
        include_str!("../cases/dspy/parse.json"),
        include_str!("../cases/dspy/parse_more.json"),
        include_str!("../cases/dspy/parse_named.json"),
        include_str!("../cases/dspy/parse_values.json"),
        include_str!("../cases/dspy/3.5/parse.json"),
        // What DSPy reads otherwise, or was not asked: values are mended only if nothing of them is lost.
        include_str!("../cases/dspy/mending.json"),
    ] {
        cases.extend(serde_json::from_str::<Vec<Value>>(file).expect("JSON"));
    }
    let wrong: Vec<String> = cases.iter().filter_map(|case| check(case, &scope).err()).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases.len() > 1000, "{} cases", cases.len());
}

/// Everything that is said of an answer: values or problems, repairs, what shows that it is cut off, the thoughts.
fn reading(case: &Value, scope: &TypeScope) -> Value {
    let signature = signature(case, scope);
    let adapter: Adapter = case["adapter"].as_str().expect("an adapter").parse().expect("an adapter");
    let text = case["text"].as_str().expect("a text");
    let mut live = AnswerReader::new(adapter, &signature);
    let mut thoughts = String::new();
    for c in text.chars() {
        live.push(c.encode_utf8(&mut [0; 4]));
        thoughts += &live.take_thoughts();
    }
    live.finish();
    thoughts += &live.take_thoughts();
    let read = adapter.parse(&signature, text);
    assert_eq!(live.into_prediction(text), read, "in single characters: {text}");
    let mut all = case.clone();
    match read {
        Ok(prediction) => {
            let repairs = prediction.repairs.iter().map(|repair| format!("{}: {}", repair.field, repair.what));
            all["parsed"] = Value::Object(prediction.fields.as_ref().clone());
            all["repairs"] = repairs.collect();
        }
        Err(failure) => all["problems"] = failure.problems.iter().map(ToString::to_string).collect(),
    }
    if let Some(open) = adapter.open_field(&signature, text) {
        all["open"] = open.to_string().into();
    }
    if !thoughts.is_empty() {
        all["thoughts"] = thoughts.into();
    }
    all
}

/// The answers of `readings.json` are the shortest random ones that tell the reader from one with a small mistake.
#[test]
fn broken_answers_are_mended_and_explained_as_recorded() {
    const FILE: &str = "tests/cases/dspy/readings.json";
    let (_, scope) = cases_with_classes();
    let recorded = std::fs::read_to_string(FILE).expect("the file");
    let cases: Vec<Value> = serde_json::from_str(&recorded).expect("JSON");
    let asked = ["adapter", "signature", "text"];
    let read = cases.iter().map(|case| {
        let case = asked.into_iter().map(|name| (name.to_owned(), case[name].clone())).collect();
        reading(&Value::Object(case), &scope).to_string()
    });
    let read = format!("[\n{}\n]\n", read.collect::<Vec<_>>().join(",\n"));
    golden(FILE, &read);
    assert!(cases.len() > 40);
}

#[test]
fn thoughts_before_an_answer_are_taken_from_its_text() {
    let signature: Signature = "q -> v".parse().expect("a signature");
    for adapter in Adapter::ALL {
        let fields = [("v".to_owned(), json!("4"))].into_iter().collect();
        let answer = adapter.answer(&signature, &fields);
        assert_eq!(adapter.thoughts(&signature, &format!("<think>2 + 2</think>\n{answer}")), "2 + 2", "{adapter}");
        assert_eq!(adapter.thoughts(&signature, &answer), "", "{adapter}");
    }
}

#[test]
fn a_problem_names_the_part_of_the_value_that_does_not_fit() {
    let (_, scope) = cases_with_classes();
    for (outputs, text, problem) in [
        ("v: Task", r#"{"title": "t", "owner": {}, "due": 1}"#, "v.owner.name: expected str, got nothing"),
        ("v: Task", r#"{"title": "t", "owner": {"name": 5}, "due": 1}"#, "v.owner.name: expected str, got `5`"),
        (
            "v: list[Task]",
            r#"[{"title": "t", "owner": {"name": "n"}, "due": 1}, {"title": "t"}]"#,
            "v[1].owner: expected Owner (an object), got nothing",
        ),
        ("v: Task | None", r#"{"title": "t"}"#, "v.owner: expected Owner (an object), got nothing"),
        (
            "v: dict[str, list[Color]]",
            r#"{"a b": ["red", "RED"]}"#,
            "v['a b'][1]: expected Color (one of 'red', 'blue'), got `'RED'`",
        ),
        ("v: tuple[int, Owner]", r#"[1, {"name": null}]"#, "v[1].name: expected str, got `None`"),
        (
            "v: list[Task]",
            r#"[{"title": "t", "owner": {"name": "n"}, "due": 1, "effort": 11}]"#,
            "v[0].effort: expected float, at least 0, at most 10, got `11`",
        ),
        ("v: Color", "green", "v: expected Color (one of 'red', 'blue'), got `green`"),
        ("v: Task", "later", "v: expected Task (an object), got `later`"),
        ("v: list[int]", "[1, 'x']", "v[1]: expected int, got `'x'`"),
        ("v: list[int]", "none", "v: expected list[int], got `none`"),
        ("v: int", "x", "v: expected int, got `x`"),
    ] {
        let (signature, _) = Signature::parse_inline_with(&format!("-> {outputs}"), &scope).expect("a signature");
        let failure = Adapter::Chat.parse(&signature, &format!("[[ ## v ## ]]\n{text}")).expect_err(text);
        assert_eq!(failure.to_string(), problem);
    }
}
