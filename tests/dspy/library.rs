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

/// A signature with objects and enums, as TOML.
const PLAN: &str = r#"
[[signature]]
name = "plan"
inline = "notes, boss: Person | None -> tasks: list[Task], by_person: dict[str, list[Task]], urgency: Urgency"

[signature.types.Task]
description = "One thing to do."
fields.title = { type = "str", description = "A few words.", max_length = 80 }
fields.owner = "Person"
fields.urgency = { type = "Urgency", default = "low" }
fields.effort = { type = "float | None", default.json = "null", ge = 0 }

[signature.types.Person]
fields.name = "str"

[signature.types.Urgency]
enum = { LOW = "low", HIGH = "high" }
"#;

#[test]
fn objects_and_enums_survive_writing_as_toml_and_as_json() {
    let [entry] = library::parse(PLAN).unwrap_or_else(|e| panic!("{e}")).try_into().expect("one entry");
    let signature = &entry.signature;
    let names: Vec<_> = signature.classes().iter().filter_map(|class| class.class_name()).collect();
    assert_eq!(names, ["Person", "Urgency", "Task"]);
    assert_eq!(signature.outputs[1].field_type.to_string(), "dict[str, list[Task]]");
    assert_eq!(signature.inputs[1].field_type.to_string(), "Union[Person, NoneType]");
    let (again, _) = Signature::parse_inline_with(&signature.inline(), &signature.scope()).expect("its own spelling");
    assert_eq!((&again.inputs, &again.outputs), (&signature.inputs, &signature.outputs));
    let written = library::to_toml(std::slice::from_ref(&entry));
    assert_eq!(library::parse(&written).unwrap_or_else(|e| panic!("{e}\n{written}")), std::slice::from_ref(&entry));
    let definition = written.split_once("\n[signature.types.Task]").expect("a definition").1;
    assert_eq!(
        definition,
        r#"
description = "One thing to do."

[signature.types.Task.fields]
title = { type = "str", description = "A few words.", max_length = 80 }
owner = "Person"
urgency = { type = "Urgency", default = "low" }
effort = { type = "float | None", default = { json = "null" }, ge = 0 }
"#
    );
    let json = serde_json::to_value(signature).expect("JSON");
    assert_eq!(json["outputs"][0]["kind"], "list[Task]");
    assert_eq!(
        json["types"],
        serde_json::json!({
            "Person": {"fields": {"name": "str"}},
            "Urgency": {"enum": {"LOW": "low", "HIGH": "high"}},
            "Task": {
                "description": "One thing to do.",
                "fields": {
                    "title": {"type": "str", "description": "A few words.", "max_length": 80},
                    "owner": "Person",
                    "urgency": {"type": "Urgency", "default": "low"},
                    "effort": {"type": "float | None", "default": null, "ge": 0},
                },
            },
        })
    );
    assert_eq!(serde_json::from_value::<Signature>(json).expect("its own JSON"), *signature);
}

#[test]
fn a_definition_that_cannot_be_used_has_a_line_and_a_name() {
    for (types, line, message) in [
        ("[signature.types.Node]\nfields.next = 'Node | None'", 4, "type `Node`: it contains itself"),
        ("[signature.types.A]\nfields.b = 'B'\n[signature.types.B]\nfields.a = 'list[A]'", 4, "type `A`: it contains"),
        ("[signature.types.A]\nfields.b = 'Bee'", 4, "type `A`: field `b`: unknown type `Bee`"),
        ("[signature.types.str]\nfields.b = 'int'", 4, "type `str`: the name must be a Python name"),
        ("[signature.types.A]\nfields.b = { type = 'int', gee = 1 }", 4, "field `b`: unknown key `gee`"),
        ("[signature.types.A]\nfield.b = 'int'", 4, "unknown key `field`"),
        ("[signature.types.A]\nfields.b = 'int'\nenum = { C = 1 }", 4, "expected either `fields` or `enum`"),
        ("[signature.types.A]\nenum = { C = [1] }", 4, "`C`: expected a Python name with a text"),
    ] {
        let text = format!("[[signature]]\nname = 'x'\ninline = 'q -> a'\n{types}");
        let error = library::parse(&text).expect_err(types);
        assert_eq!((error.line, error.message.contains(message)), (line, true), "{types}: {error}");
    }
    // Each of forty types has two fields of the next one.
    let levels = (0..40).map(|n| format!("[signature.types.T{n}]\nfields.a = 'T{0}'\nfields.b = 'T{0}'\n", n + 1));
    let bomb = format!("{}[signature.types.T40]\nfields.a = 'int'\n", levels.collect::<String>());
    let error =
        library::parse(&format!("[[signature]]\nname = 'x'\ninline = 'q -> a: T0'\n{bomb}")).expect_err("too large");
    assert!(error.message.contains("it is too large"), "{error}");
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
