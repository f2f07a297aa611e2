//! Saved programs: what DSPy wrote is read, and what is written has the shape that DSPy reads.

use serde_json::Value;
use switchover::dspy::import::saved_program::{self, ImportedProgram};
use switchover::dspy::{Module, library};

fn recorded(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/cases/dspy/saved/{name}.json", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

fn imported(name: &str) -> ImportedProgram {
    saved_program::read(&recorded(name), name).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn a_saved_program_gives_up_its_names_sides_and_demos() {
    let cases = [
        ("predict_plain", vec![("predict_plain", "question -> answer", Module::Predict)]),
        ("cot_demos", vec![("cot_demos", "question -> answer", Module::ChainOfThought)]),
        ("cot_class", vec![("cot_class", "context, question -> answer, confidence", Module::ChainOfThought)]),
        (
            "program",
            vec![
                ("draft", "question -> answer", Module::ChainOfThought),
                ("check", "answer -> ok", Module::Predict),
                ("many[0]", "a -> b", Module::Predict),
                ("many[1]", "c -> d", Module::Predict),
                ("map['x']", "e -> f", Module::Predict),
            ],
        ),
    ];
    for (file, expected) in cases {
        let read = imported(file).entries;
        let told: Vec<_> = read.iter().map(|e| (e.signature.name.as_str(), e.signature.inline(), e.module)).collect();
        let expected: Vec<_> =
            expected.into_iter().map(|(name, inline, module)| (name, inline.to_owned(), module)).collect();
        assert_eq!(told, expected, "{file}");
    }
    let class = &imported("cot_class").entries[0].signature;
    assert_eq!(class.instructions, "Answer questions with short factoid answers.\n\nBe brief.");
    assert_eq!(class.inputs[0].description.as_deref(), Some("may contain relevant facts"));
    assert_eq!(
        imported("predict_plain").entries[0].signature.instructions,
        "",
        "a sentence that only names the fields"
    );
    assert_eq!(imported("cot_demos").entries[0].demos.len(), 3);
    let typed = &imported("typed_demos").entries[0].signature;
    let kind = |name: &str| typed.fields().find(|f| f.name == name).map(|f| f.field_type.inline());
    assert_eq!(kind("ok"), Some("bool".to_owned()));
    assert_eq!(kind("events"), Some("list[dict[str, str | int]]".to_owned()));
    assert!(imported("typed_demos").notes.len() > 3, "every guess is told");
}

#[test]
fn secrets_of_a_saved_program_are_told_and_never_kept() {
    let read = imported("cot_lm");
    let everything = format!("{read:?}{}{}", library::to_toml(&read.entries), saved_program::write(&read.entries[0]));
    for secret in ["zzz", "inner-secret", "127.0.0.1"] {
        assert!(recorded("cot_lm").contains(secret) && !everything.contains(secret), "{secret}");
    }
    assert!(read.notes.iter().any(|note| note.contains("in clear")), "{:?}", read.notes);
    assert!(!imported("cot_demos").notes.iter().any(|note| note.contains("in clear")));
}

#[test]
fn what_is_exported_has_the_shape_of_what_was_recorded() {
    for file in ["predict_plain", "cot_demos", "cot_class"] {
        let (theirs, entry) = (recorded(file), &imported(file).entries[0]);
        let (mut theirs, mut ours): (Value, Value) = (
            serde_json::from_str(&theirs).expect("JSON"),
            serde_json::from_str(&saved_program::write(entry)).expect("JSON"),
        );
        if entry.signature.instructions.is_empty() {
            // The sentence that only names the fields is ours.
            for state in [&mut theirs, &mut ours] {
                state["signature"]["instructions"].take();
            }
        }
        assert_eq!(ours, theirs, "{file}");
    }
}

#[test]
fn a_file_that_is_no_program_says_what_is_wrong() {
    let cases = [
        ("", "not JSON"),
        ("[]", "object"),
        ("{}", "no predictor"),
        (r#"{"metadata": {}}"#, "no predictor"),
        (r#"{"predict": {}}"#, "predict: no `signature`"),
        (r#"{"predict": 3}"#, "`predict` is no predictor"),
        (r#"{"signature": {"fields": []}}"#, "no `signature.fields`"),
        (r#"{"signature": {"fields": [{}]}, "demos": 3}"#, "`demos`"),
    ];
    for (text, expected) in cases {
        let error = saved_program::read(text, "x").expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
