//! Saved programs: those of DSPy are imported, and exported ones have the format that DSPy reads.

use serde_json::Value;
use switchover::dspy::import::{Imported, saved_program};
use switchover::dspy::{Module, library};

fn recorded(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/cases/dspy/saved/{name}.json", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

fn imported(name: &str) -> Imported {
    saved_program::read(&recorded(name), name, None).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn names_inputs_and_demos_of_a_saved_program_are_found() {
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
        let program = imported(file).entries;
        let entries: Vec<_> =
            program.iter().map(|e| (e.signature.name.as_str(), e.signature.inline(), e.module)).collect();
        let expected: Vec<_> =
            expected.into_iter().map(|(name, inline, module)| (name, inline.to_owned(), module)).collect();
        assert_eq!(entries, expected, "{file}");
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
    let type_of = |name: &str| typed.fields().find(|f| f.name == name).map(|f| f.field_type.inline());
    assert_eq!(type_of("ok"), Some("bool".to_owned()));
    assert_eq!(type_of("events"), Some("list[dict[str, str | int]]".to_owned()));
    assert!(imported("typed_demos").notes.len() > 3, "a note for each guess");
}

#[test]
fn secrets_of_a_saved_program_are_noted_and_not_kept() {
    let program = imported("cot_lm");
    let everything =
        format!("{program:?}{}{}", library::to_toml(&program.entries), saved_program::write(&program.entries[0]));
    for secret in ["zzz", "inner-secret", "127.0.0.1"] {
        assert!(recorded("cot_lm").contains(secret) && !everything.contains(secret), "{secret}");
    }
    assert!(program.notes.iter().any(|note| note.contains("plain text")), "{:?}", program.notes);
    assert!(!imported("cot_demos").notes.iter().any(|note| note.contains("plain text")));
}

#[test]
fn an_exported_program_has_the_format_of_a_recorded_one() {
    for file in ["predict_plain", "cot_demos", "cot_class"] {
        let (theirs, entry) = (recorded(file), &imported(file).entries[0]);
        let (mut theirs, mut ours): (Value, Value) = (
            serde_json::from_str(&theirs).expect("JSON"),
            serde_json::from_str(&saved_program::write(entry)).expect("JSON"),
        );
        if entry.signature.instructions.is_empty() {
            // The sentence that only names the fields differs from DSPy's.
            for state in [&mut theirs, &mut ours] {
                state["signature"]["instructions"].take();
            }
        }
        assert_eq!(ours, theirs, "{file}");
    }
}

#[test]
fn an_error_says_why_a_file_is_not_a_program() {
    let cases = [
        ("", "not JSON"),
        ("[]", "object"),
        ("{}", "no predictor"),
        (r#"{"metadata": {}}"#, "no predictor"),
        (r#"{"predict": {}}"#, "predict: there is no `signature`"),
        (r#"{"predict": 3}"#, "predict: expected an object"),
        (r#"{"signature": {"fields": []}}"#, "there is no `signature.fields`"),
        (r#"{"signature": {"fields": [{}]}, "demos": 3}"#, "`demos`"),
    ];
    for (text, expected) in cases {
        let error = saved_program::read(text, "x", None).expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn modules_of_dspy_are_recognized_by_the_fields_that_they_add() {
    let entries = imported("compare").entries;
    let found: Vec<_> = entries.iter().map(|e| (e.signature.name.as_str(), e.signature.inline(), e.module)).collect();
    let inline = "review, lang -> sentiment, confidence".to_owned();
    assert_eq!(found, [("compare", inline, Module::MultiChainComparison(3))]);
    let mixed = imported("agents");
    let names: Vec<_> = mixed.entries.iter().map(|entry| entry.signature.name.as_str()).collect();
    assert_eq!(names, ["draft", "compare", "plain"]);
    for left_out in
        ["agent is a dspy.ReAct", "newer is a dspy.ReAct", "coder is a dspy.ProgramOfThought", "act is a dspy.CodeAct"]
    {
        assert_eq!(mixed.notes.iter().filter(|note| note.starts_with(left_out)).count(), 1, "{:?}", mixed.notes);
    }
    let error = saved_program::read(&recorded("react"), "react", None).expect_err("only an agent").to_string();
    assert!(error.contains("dspy.ReAct"), "{error}");
}

#[test]
fn a_known_signature_gives_what_the_file_does_not_have() {
    let known = "review: str, lang: Literal['de', 'en'] -> sentiment: Literal['good', 'bad'], confidence: float";
    for (file, module) in [("compare", Module::MultiChainComparison(3)), ("thought", Module::ChainOfThought)] {
        let signature = known.parse().expect("a signature");
        let program = saved_program::read(&recorded(file), file, Some(&signature)).expect(file);
        let entry = &program.entries[0];
        assert_eq!((entry.signature.inline(), entry.module), (signature.inline(), module));
        assert_eq!(entry.signature.instructions, "Rate it.");
        assert_eq!(entry.signature.inputs[0].description.as_deref(), Some("the text"));
        assert_eq!(program.notes, [""; 0], "nothing is guessed");
    }
    for wrong in ["a, b -> c", "review, language -> sentiment, confidence", "review -> sentiment"] {
        let error =
            saved_program::read(&recorded("thought"), "x", Some(&wrong.parse().expect(wrong))).expect_err(wrong);
        assert!(error.message.contains("does not fit"), "{wrong}: {error}");
    }
}
