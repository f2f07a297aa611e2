//! Programs and libraries: what is read is written back the same.

use serde_json::Value;
use switchover::dspy::{Adapter, Demo, FieldType, LibraryEntry, Module, Signature, library, state};

fn recorded(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/cases/dspy/state/{name}.json", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

fn imported(name: &str) -> state::Imported {
    state::import(&recorded(name), name).unwrap_or_else(|e| panic!("{name}: {e}"))
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
    let kind = |name: &str| typed.fields().find(|f| f.name == name).map(|f| f.kind.inline());
    assert_eq!(kind("ok"), Some("bool".to_owned()));
    assert_eq!(kind("events"), Some("list[dict[str, str | int]]".to_owned()));
    assert!(imported("typed_demos").notes.len() > 3, "every guess is told");
}

#[test]
fn secrets_of_a_saved_program_are_told_and_never_kept() {
    let read = imported("cot_lm");
    let everything = format!("{read:?}{}{}", library::to_toml(&read.entries), state::export(&read.entries[0]));
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
        let (mut theirs, mut ours): (Value, Value) =
            (serde_json::from_str(&theirs).expect("JSON"), serde_json::from_str(&state::export(entry)).expect("JSON"));
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
        let error = state::import(text, "x").expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn the_built_in_library_reads_asks_and_writes_back() {
    let entries = library::parse(include_str!("../../assets/signatures.toml")).unwrap_or_else(|e| panic!("{e}"));
    assert!(entries.len() >= 12);
    assert_eq!(library::built_in(), entries);
    assert_eq!(library::parse(&library::to_toml(&entries)).expect("our own TOML"), entries);
    for entry in &entries {
        assert!(!entry.description.is_empty(), "{}", entry.signature.name);
        let inputs = entry.signature.inputs.iter().filter(|f| f.kind != FieldType::Named("dspy.History".to_owned()));
        for input in inputs {
            assert!(input.placeholder.is_some(), "{}: `{}` has nothing to show", entry.signature.name, input.name);
        }
        for adapter in Adapter::ALL {
            let asked = entry.module.expand(&entry.signature);
            let messages = adapter.messages(&asked, &Demo::new(), &entry.demos, &[]);
            assert_eq!(messages.len(), 2 + 2 * entry.demos.len(), "{}", entry.signature.name);
        }
    }
}

#[test]
fn values_that_toml_lacks_survive() {
    let mut signature: Signature = "q -> o: Optional[int], n: int, d: dict[str, Any]".parse().expect("a signature");
    signature.name = "odd \"name\"".to_owned();
    signature.instructions = "Two\n\nparagraphs with '''quotes''' and \"\"\"more\"\"\".".to_owned();
    let demo =
        serde_json::json!({"q": "x", "o": null, "n": u64::MAX, "d": {"json": "[1]", "xs": [1, null, {"a": null}]}});
    let demo: Demo = serde_json::from_value(demo).expect("an object");
    let entry = LibraryEntry { signature, description: String::new(), module: Module::Majority(7), demos: vec![demo] };
    let again = library::parse(&library::to_toml(std::slice::from_ref(&entry))).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(again, [entry]);
}

#[test]
fn a_library_says_where_it_is_wrong() {
    let cases = [
        ("[[signature]]\nname = \"a\"\ninline = \"q -> a: strng\"\n", 3, Some("a"), "did you mean `str`?"),
        ("[[signature]]\nname = \"a\"\ninline = \"q -> a\"\nmodul = \"predict\"\n", 4, None, "modul"),
        ("[[signature]]\nname = \"a\"\ninline = \"q -> a\"\nmodule = \"predikt\"\n", 4, Some("a"), "predikt"),
        ("[[signature]]\nname = \"a\"\ninline = \"q -> a\"\n[signature.fields.x]\n", 4, Some("a"), "no field `x`"),
        ("\n[[signature]]\ninline = \"q -> a\"\n", 2, None, "name"),
        (
            "[[signature]]\nname = \"a\"\ninline = \"q -> a\"\n[[signature]]\nname = \"a\"\ninline = \"b ->\"",
            5,
            Some("a"),
            "taken",
        ),
        ("not toml", 1, None, ""),
    ];
    for (text, line, entry, message) in cases {
        let error = library::parse(text).expect_err(text);
        assert_eq!((error.line, error.entry.as_deref()), (line, entry), "{text}: {error}");
        assert!(error.to_string().contains(message), "{text}: {error}");
    }
    let own = "[[signature]]\nname = \"question\"\ninline = \"q -> a\"\n[[signature]]\nname = \"mine\"\ninline = \"x -> y\"\n";
    let (entries, errors) = library::merge([("bad.toml", "?"), ("own.toml", own)]);
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].0, "bad.toml");
    assert_eq!(entries[0].signature.inline(), "q -> a", "in the place of the built-in one");
    assert_eq!(entries.last().map(|e| e.signature.name.as_str()), Some("mine"));
}
