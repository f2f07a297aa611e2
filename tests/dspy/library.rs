//! Libraries: parsing and writing TOML.

use switchover::dspy::{Adapter, Demo, FieldType, LibraryEntry, Module, Signature, library};

#[test]
fn the_built_in_library_is_complete_and_survives_writing() {
    let entries = library::parse(include_str!("../../assets/signatures.toml")).unwrap_or_else(|e| panic!("{e}"));
    assert!(entries.len() >= 12);
    assert_eq!(library::built_in(), entries);
    assert_eq!(library::parse(&library::to_toml(&entries)).expect("our own TOML"), entries);
    for entry in &entries {
        assert!(!entry.description.is_empty(), "{}", entry.signature.name);
        let inputs =
            entry.signature.inputs.iter().filter(|f| f.field_type != FieldType::Named("dspy.History".to_owned()));
        for input in inputs {
            assert!(input.placeholder.is_some(), "{}: `{}` has no placeholder", entry.signature.name, input.name);
        }
        for adapter in Adapter::ALL {
            let asked = entry.module.expand(&entry.signature);
            let messages = adapter.messages(&asked, &Demo::new(), &entry.demos, &[]);
            assert_eq!(messages.len(), 2 + 2 * entry.demos.len(), "{}", entry.signature.name);
        }
    }
}

#[test]
fn values_that_toml_cannot_express_survive_writing() {
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
fn a_library_error_has_a_line_and_an_entry() {
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
            "same name",
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
    assert_eq!(entries[0].signature.inline(), "q -> a", "replaces the built-in entry");
    assert_eq!(entries.last().map(|e| e.signature.name.as_str()), Some("mine"));
}
