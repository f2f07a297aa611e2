//! Messages have the roles, order, markers and values of DSPy 3.4.1.

use serde_json::{Value, json};
use switchover::dspy::{
    Adapter, Demo, Field, FieldType, Module, ObjectField, ObjectType, Signature, Turn, Values, read_types,
};
use switchover::openrouter::{Message, Role};

fn values(value: Value) -> Values {
    serde_json::from_value(value).expect("an object")
}

fn signature(inline: &str) -> Signature {
    inline.parse().unwrap_or_else(|e| panic!("{inline}: {e}"))
}

/// Asserts that `text` contains all `pieces` in this order.
fn in_order(text: &str, pieces: &[&str]) {
    let mut rest = text;
    for piece in pieces {
        let at = rest.find(piece).unwrap_or_else(|| panic!("{piece:?} is missing or in the wrong place in:\n{text}"));
        rest = &rest[at + piece.len()..];
    }
}

fn roles(messages: &[Message]) -> String {
    messages
        .iter()
        .map(|m| match m.role {
            Role::System => 's',
            Role::User => 'u',
            Role::Assistant => 'a',
        })
        .collect()
}

const WIDE: &str =
    "context: list[str], question -> reasoning, answer: int, label: Literal['x', 'y', 2], ok: bool, o: Optional[float]";

#[test]
fn the_system_message_has_fields_format_and_task_in_this_order() {
    let mut signature = signature(WIDE);
    signature.instructions = "First line.\nSecond line.".to_owned();
    signature.inputs[0].description = Some("some passages".to_owned());
    signature.inputs[1].description = Some("${question}".to_owned());
    signature.outputs[1].constraints = Some("from 1 to 5".to_owned());
    let messages = Adapter::Chat.messages(&signature, &Values::new(), &[], &[]);
    assert_eq!(roles(&messages), "su");
    in_order(
        &messages[0].content,
        &[
            "1. `context` (list[str]): some passages",
            "2. `question` (str):\n",
            "1. `reasoning` (str):",
            "2. `answer` (int):\nConstraints: from 1 to 5",
            "3. `label` (Literal['x', 'y', 2]):",
            "[[ ## context ## ]]\n{context}\n\n[[ ## question ## ]]\n{question}\n\n[[ ## reasoning ## ]]\n{reasoning}\n\n[[ ## answer ## ]]\n{answer}  ",
            "one int",
            "[[ ## label ## ]]\n{label} ",
            "one of: x; y; 2",
            "True or False",
            r#"{"anyOf": [{"type": "number"}, {"type": "null"}]}"#,
            "[[ ## completed ## ]]",
            "First line.\n    Second line.",
        ],
    );
}

#[test]
fn the_user_message_has_the_given_inputs_and_a_reminder() {
    let inputs = values(json!({"question": "Why?", "context": ["a", "b\"c"], "extra": 1}));
    let messages = Adapter::Chat.messages(&signature(WIDE), &inputs, &[], &[]);
    let (shown, reminder) = messages[1].content.rsplit_once("\n\n").expect("a reminder");
    assert_eq!(shown, "[[ ## context ## ]]\n[\"a\", \"b\\\"c\"]\n\n[[ ## question ## ]]\nWhy?");
    in_order(
        reminder,
        &[
            "`[[ ## reasoning ## ]]`, then",
            "`[[ ## answer ## ]]`",
            "int",
            "`[[ ## label ## ]]`",
            "Literal['x', 'y', 2]",
            "`[[ ## ok ## ]]`",
            "bool",
            "`[[ ## o ## ]]`",
            "Union[float, NoneType]",
            "`[[ ## completed ## ]]`",
        ],
    );
    assert!(!reminder.contains("str"), "plain text has no type in the reminder: {reminder}");
    let json = Adapter::Json.messages(&signature(WIDE), &inputs, &[], &[]);
    assert_eq!(json[1].content.rsplit_once("\n\n").expect("a reminder").0, shown);
    in_order(
        &json[0].content,
        &["[[ ## question ## ]]\n{question}", "{\n  \"reasoning\": \"{reasoning}\",\n  \"answer\": \"{answer}  "],
    );
}

#[test]
fn values_are_written_as_dspy_writes_them() {
    let signature = signature("v: str, l: list, d: dict, f: float, n: Optional[str], b: bool -> a");
    let shown = |value: Value| {
        let messages = Adapter::Chat.messages(&signature, &values(json!({"v": value})), &[], &[]);
        let text = messages[1].content.strip_prefix("[[ ## v ## ]]\n").expect("the marker").to_owned();
        text.rsplit_once("\n\n").expect("a reminder").0.to_owned()
    };
    let cases = [
        (json!("  as it\n is "), "  as it\n is "),
        (json!([]), "N/A"),
        (json!(["one"]), "«one»"),
        (json!(["a", "b"]), "[1] «a»\n[2] «b»"),
        (json!(["a\n\nb", "q»"]), "[1] «««\n    a\n    \n    b\n»»»\n[2] «««\n    q»\n»»»"),
        (json!({"k": [1, null, "é"]}), r#"{"k": [1, null, "é"]}"#),
        (json!(null), "None"),
        (json!(true), "True"),
        (json!(1.0), "1.0"),
        (json!(1e20), "1e+20"),
        (json!(0.00001), "1e-05"),
    ];
    for (value, expected) in cases {
        assert_eq!(shown(value.clone()), expected, "{value}");
    }
    let typed = values(json!({"l": [1, "x"], "d": {"a": {"b": 1.5}}, "f": 2.0, "n": null, "b": false}));
    let messages = Adapter::Chat.messages(&signature, &typed, &[], &[]);
    in_order(&messages[1].content, &["[1, \"x\"]", "{\"a\": {\"b\": 1.5}}", "\n2.0\n", "\nNone\n", "\nFalse\n"]);
}

#[test]
fn incomplete_demos_come_first_then_complete_ones_then_turns() {
    let signature = Module::ChainOfThought.expand(&signature("question -> answer: int"));
    let demos: Vec<Demo> = vec![
        values(json!({"question": "full", "reasoning": "r", "answer": 1})),
        values(json!({"question": "lacks reasoning", "answer": 2})),
        values(json!({"question": "no output"})),
        values(json!({"reasoning": "no input", "answer": 3})),
        values(json!({"augmented": true, "question": "full too", "reasoning": "s", "answer": 4})),
    ];
    let turns: Vec<Turn> = vec![values(json!({"question": "before", "reasoning": "t", "answer": 5}))];
    for adapter in Adapter::ALL {
        let messages = adapter.messages(&signature, &values(json!({"question": "now"})), &demos, &turns);
        assert_eq!(roles(&messages), "suauauauau", "{adapter}");
        let order = ["lacks reasoning", "full", "full too", "before", "now"];
        for (i, text) in order.iter().enumerate() {
            assert!(messages[1 + 2 * i].content.contains(text), "{adapter}: {text}");
        }
        let reminder = messages[9].content.rsplit_once("\n\n").expect("a reminder").1;
        assert!(messages[7].content.ends_with(reminder), "{adapter}: turns have the reminder");
        for i in [1, 3, 5] {
            assert!(!messages[i].content.contains(reminder), "{adapter}: demos have none");
        }
        for i in [4, 6, 8] {
            let read = adapter.parse(&signature, &messages[i].content).unwrap_or_else(|e| panic!("{adapter}: {e}"));
            assert!(read.repairs.is_empty() && read.fields["answer"].is_number(), "{adapter}: what we write, we parse");
        }
    }
    let chat = Adapter::Chat.messages(&signature, &Values::new(), &demos, &[]);
    assert_eq!(chat[4].content, "[[ ## reasoning ## ]]\nr\n\n[[ ## answer ## ]]\n1\n\n[[ ## completed ## ]]\n");
    let json = Adapter::Json.messages(&signature, &Values::new(), &demos, &[]);
    assert_eq!(json[4].content, "{\n  \"reasoning\": \"r\",\n  \"answer\": 1\n}");
}

#[test]
fn typed_values_are_parsed_and_rendered() {
    let signature = signature("context: list[str], n: int, q -> a");
    let read = |i: usize, text: &str| signature.inputs[i].parse(text);
    assert_eq!(read(0, "['a', \"b\"]"), Ok(json!(["a", "b"])));
    assert_eq!(read(1, " 3.0 "), Ok(json!(3)));
    assert_eq!(read(2, " as [it] is "), Ok(json!(" as [it] is ")));
    assert_eq!(read(1, "three").expect_err("no int").to_string(), "n: expected int, got `three`");
    assert_eq!(signature.inputs[0].render(&json!(["a"])), "[\"a\"]");
}

#[test]
fn a_history_input_becomes_turns() {
    let signature = signature("history: dspy.History, message -> reply");
    let history = json!({"messages": [{"message": "hi", "reply": "hello"}, {"message": "and?", "reply": "so"}]});
    for given in [history.clone(), history["messages"].clone()] {
        let messages =
            Adapter::Chat.messages(&signature, &values(json!({"history": given, "message": "now"})), &[], &[]);
        assert_eq!(roles(&messages), "suauau");
        assert!(messages[5].content.starts_with("[[ ## message ## ]]\nnow\n\n"), "{}", messages[5].content);
        assert_eq!(messages[4].content, "[[ ## reply ## ]]\nso\n\n[[ ## completed ## ]]\n");
    }
}

#[test]
fn response_format_is_strict_where_strict_mode_can_express_the_types() {
    let format =
        Adapter::Json.response_format(&signature("q -> someText, n: list[int], o: Optional[bool], l: Literal['a']"));
    let format = format.expect("a format")["json_schema"].clone();
    assert_eq!(format["strict"], true);
    assert_eq!(format["schema"]["required"], json!(["someText", "n", "o", "l"]));
    assert_eq!(format["schema"]["additionalProperties"], false);
    assert_eq!(format["schema"]["properties"]["someText"], json!({"type": "string", "title": "Some Text"}));
    assert_eq!(format["schema"]["properties"]["o"]["anyOf"], json!([{"type": "boolean"}, {"type": "null"}]));
    assert_eq!(format["schema"]["properties"]["l"]["enum"], json!(["a"]));
    let open = Adapter::Json.response_format(&signature("q -> d: dict[str, int]")).expect("a format");
    assert_eq!(open["json_schema"]["strict"], false, "strict mode cannot express a dict");
    assert_eq!(Adapter::Chat.response_format(&signature("q -> a")), None);
}

#[test]
fn a_repair_turn_names_the_problems_and_the_format() {
    let signature = signature("q -> score: int, label: Literal['a', 'b']");
    let bad = "[[ ## score ## ]]\n3 points";
    let failure = Adapter::Chat.parse(&signature, bad).expect_err("it does not fit");
    let turn = Adapter::Chat.repair_turn(&signature, bad, &failure);
    assert_eq!(roles(&turn), "au");
    assert_eq!(turn[0].content, bad);
    in_order(
        &turn[1].content,
        &["`score`", "int", "`3 points`", "`label`", "Literal['a', 'b']", "[[ ## completed ## ]]"],
    );
}

/// The pieces of a recorded message, in order: what stands between DSPy's sentences (`…`), the names in a list of tags
/// each for itself.
fn pieces(recorded: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    for piece in recorded.split('…').flat_map(|part| part.split("\n\n")).map(str::trim) {
        let tags: Vec<&str> = piece.split(", ").collect();
        if tags.iter().all(|tag| tag.starts_with('<') && tag.ends_with('>') && !tag.contains('\n')) {
            pieces.extend(tags.iter().map(|tag| (*tag).to_owned()));
        } else if !piece.is_empty() {
            pieces.extend(piece.split("        # ").map(|piece| piece.trim().to_owned()));
        }
    }
    pieces
}

#[test]
fn xml_messages_have_the_structure_of_dspys() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../cases/dspy/3.5/messages_xml.json")).expect("JSON");
    for case in cases {
        let name = case["case"].as_str().expect("a name");
        let mut module: Module = case["module"].as_str().expect("a module").parse().expect("a module");
        if name.contains("the service's own reasoning") {
            // Then the field leaves the signature.
            module = Module::Predict;
        }
        let signature = module.expand(&signature(case["signature"].as_str().expect("a signature")));
        let demos: Vec<Demo> = serde_json::from_value(case["demos"].clone()).expect("demos");
        let messages = Adapter::Xml.messages(&signature, &values(case["inputs"].clone()), &demos, &[]);
        let recorded = case.get("ours").unwrap_or(&case["messages"]).as_array().expect("messages");
        let roles: Vec<Value> = messages.iter().map(|message| json!(message.role)).collect();
        assert_eq!(roles, recorded.iter().map(|message| message["role"].clone()).collect::<Vec<_>>(), "{name}");
        for (message, recorded) in messages.iter().zip(recorded) {
            let recorded = recorded["content"].as_str().expect("a content");
            if message.role == Role::Assistant && !recorded.contains('…') {
                assert_eq!(message.content, recorded, "{name}");
            }
            let pieces = pieces(recorded);
            in_order(&message.content, &pieces.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}

#[test]
fn xml_inputs_are_raw_and_outputs_are_elements() {
    let signature = signature("q -> tags: list[str], m: dict[str, list[int]], o: Optional[str], t: tuple[int, str]");
    let demo = values(
        json!({"q": "1 < 2 & 3", "tags": ["a", "x < y"], "m": {"k-1": [1], "New \"York\"": []}, "o": null, "t": [1, "a"]}),
    );
    let messages = Adapter::Xml.messages(&signature, &Values::new(), std::slice::from_ref(&demo), &[]);
    assert_eq!(messages[1].content, "<q>\n1 < 2 & 3\n</q>");
    assert_eq!(
        messages[2].content,
        "<tags>\n<item>\na\n</item>\n<item>\nx < y\n</item>\n</tags>\n\n<m><k-1><item>1</item></k-1><entry key='New \"York\"' /></m>\n\n<o />\n\n<t>\n[1, \"a\"]\n</t>"
    );
    let read = Adapter::Xml.parse(&signature, &messages[2].content).expect("what we write, we parse");
    assert_eq!((&read.fields["tags"], &read.fields["m"], &read.fields["o"]), (&demo["tags"], &demo["m"], &demo["o"]));
}

#[test]
fn a_turn_without_inputs_or_outputs_has_no_empty_message() {
    let signature = signature("q -> a");
    let turns = [json!({"q": "unanswered"}), json!({"a": "unasked"}), json!({"other": 1})].map(values);
    for adapter in Adapter::ALL {
        let messages = adapter.messages(&signature, &values(json!({"q": "now"})), &[], &turns);
        assert_eq!(roles(&messages), "suau", "{adapter}");
        assert!(messages[1].content.contains("unanswered") && messages[2].content.contains("unasked"), "{adapter}");
    }
}

#[test]
fn a_str_input_takes_lists_and_dicts() {
    let signature = signature("context, q -> a");
    let field = &signature.inputs[0];
    let shown = |value: Value| field.render(&field.parse_json(&value).expect("it fits"));
    assert_eq!(shown(json!(["p1", "p2"])), "[1] «p1»\n[2] «p2»");
    assert_eq!(shown(json!(["p1"])), "«p1»");
    assert_eq!(shown(json!([])), "N/A");
    assert_eq!(shown(json!({"a": [1, true]})), "{\"a\": [1, true]}");
    assert_eq!(shown(json!(1.5)), "1.5");
    assert_eq!(shown(json!("p1")), "p1");
}

#[test]
fn a_declared_reasoning_comes_first() {
    for module in [Module::ChainOfThought, Module::Majority(3), Module::MultiChainComparison(2)] {
        let expanded = module.expand(&signature("q -> category, reasoning: str, note"));
        assert_eq!(expanded.inline(), "q -> reasoning, category, note");
    }
    assert_eq!(Module::Predict.expand(&signature("q -> a, reasoning")).inline(), "q -> a, reasoning");
}

/// A signature with objects and enums.
fn tasks(inline: &str) -> Signature {
    let types = json!({
        "Owner": {"fields": {"name": "str", "mail": {"type": "str | None", "default": null}}},
        "Color": {"description": "A color.", "enum": {"RED": "red", "BLUE": "blue"}},
        "Prio": {"enum": {"LOW": 1, "HIGH": 2}},
        "Task": {"description": "One thing to do.", "fields": {
            "title": {"type": "str", "description": "What to do."},
            "owner": "Owner",
            "color": {"type": "Color", "default": "red", "description": "Its label."},
            "tags": {"type": "list[str]", "max_length": 3},
            "effort": {"type": "float | None", "default": 1.5, "description": "Hours.", "ge": 0, "le": 10},
        }},
    });
    let scope = read_types(types.as_object().expect("types")).unwrap_or_else(|e| panic!("{e}"));
    Signature::parse_inline_with(inline, &scope).unwrap_or_else(|e| panic!("{inline}: {e}")).0
}

#[test]
fn objects_are_defined_in_the_schema_of_a_prompt() {
    let signature =
        tasks("boss: Owner -> owner: Owner, task: Task, tasks: list[Task], color: Color, prio: Optional[Prio]");
    let system = &Adapter::Chat.messages(&signature, &Values::new(), &[], &[])[0].content;
    let owner = r#"{"type": "object", "properties": {"name": {"type": "string", "title": "Name"}, "mail": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Mail"}}, "required": ["name"], "title": "Owner"}"#;
    let color = r#"{"type": "string", "enum": ["red", "blue"], "title": "Color", "description": "A color."}"#;
    let task = concat!(
        r#""properties": {"title": {"type": "string", "title": "Title", "description": "What to do."}, "#,
        r##""owner": {"$ref": "#/$defs/Owner"}, "##,
        r##""color": {"$ref": "#/$defs/Color", "default": "red", "description": "Its label."}, "##,
        r#""tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3, "title": "Tags"}, "#,
        r#""effort": {"anyOf": [{"type": "number", "minimum": 0, "maximum": 10}, {"type": "null"}], "default": 1.5, "title": "Effort", "description": "Hours."}}, "#,
        r#""required": ["title", "owner", "tags"], "title": "Task", "description": "One thing to do."}"#,
    );
    let defs = format!(r#""$defs": {{"Owner": {owner}, "Color": {color}"#);
    in_order(
        system,
        &[
            "1. `boss` (Owner):",
            "3. `tasks` (list[Task]):",
            "5. `prio` (Union[Prio, NoneType]):",
            "{boss}\n",
            &format!("{{owner}}        # JSON that fits this schema: {owner}\n"),
            &format!(r#"{{task}}        # JSON that fits this schema: {{"type": "object", {defs}}}, {task}"#),
            &format!(
                r#"{{tasks}}        # JSON that fits this schema: {{"type": "array", {defs}, "Task": {{"type": "object", {task}}}, "#
            ),
            r##""items": {"$ref": "#/$defs/Task"}}"##,
            "{color}        # exactly one of: red; blue\n",
            r##"{"$defs": {"Prio": {"type": "integer", "enum": [1, 2], "title": "Prio"}}, "anyOf": [{"$ref": "#/$defs/Prio"}, {"type": "null"}]}"##,
        ],
    );
}

#[test]
fn the_response_format_closes_objects_and_is_strict_where_it_can_be() {
    let format = Adapter::Json.response_format(&tasks("q -> best: Optional[Task], color: Color")).expect("a format");
    assert_eq!(format["json_schema"]["strict"], true);
    let schema = &format["json_schema"]["schema"];
    assert_eq!(schema["properties"]["color"], json!({"$ref": "#/$defs/Color"}));
    assert_eq!(
        schema["properties"]["best"],
        json!({"anyOf": [{"$ref": "#/$defs/Task"}, {"type": "null"}], "title": "Best"})
    );
    assert_eq!(
        schema["$defs"]["Task"],
        json!({
            "type": "object",
            "properties": {
                "title": {"type": "string", "title": "Title", "description": "What to do."},
                "owner": {"$ref": "#/$defs/Owner"},
                "color": {"$ref": "#/$defs/Color"},
                "tags": {"type": "array", "items": {"type": "string"}, "title": "Tags", "description": "at most 3 long"},
                "effort": {
                    "anyOf": [{"type": "number"}, {"type": "null"}],
                    "title": "Effort",
                    "description": "Hours. (at least 0, at most 10)",
                },
            },
            "required": ["title", "owner", "color", "tags", "effort"],
            "additionalProperties": false,
            "title": "Task",
            "description": "One thing to do.",
        })
    );
    let format = Adapter::Json.response_format(&tasks("q -> by: dict[str, Task]")).expect("a format");
    assert_eq!(format["json_schema"]["strict"], false);
    assert_eq!(format["json_schema"]["schema"]["$defs"]["Owner"]["additionalProperties"], false);
}

#[test]
fn constraints_are_keywords_of_the_type_that_they_concern() {
    let types = json!({"Size": {"fields": {
        "score": {"type": "float", "gt": 0, "lt": 2},
        "step": {"type": "float", "multiple_of": 0.1},
        "code": {"type": "str", "min_length": 2, "max_length": 3, "pattern": "^[a-z]+$"},
        "items": {"type": "list[int]", "min_length": 1, "max_length": 2},
        "marks": {"type": "dict[str, int]", "min_length": 1, "max_length": 2},
        "count": {"type": "int", "ge": 1, "le": 8, "multiple_of": 2},
    }}});
    let scope = read_types(types.as_object().expect("types")).unwrap_or_else(|e| panic!("{e}"));
    let (signature, _) = Signature::parse_inline_with("q -> v: Size", &scope).expect("a signature");
    let system = &Adapter::Chat.messages(&signature, &Values::new(), &[], &[])[0].content;
    let (_, schema) = system.split_once("{v}        # JSON that fits this schema: ").expect("a schema");
    let schema: Value = serde_json::from_str(schema.lines().next().expect("a line")).expect("JSON");
    // As pydantic writes them.
    assert_eq!(
        schema["properties"],
        json!({
            "score": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 2, "title": "Score"},
            "step": {"type": "number", "multipleOf": 0.1, "title": "Step"},
            "code": {"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^[a-z]+$", "title": "Code"},
            "items": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2, "title": "Items"},
            "marks": {
                "type": "object",
                "additionalProperties": {"type": "integer"},
                "minProperties": 1,
                "maxProperties": 2,
                "title": "Marks",
            },
            "count": {"type": "integer", "minimum": 1, "maximum": 8, "multipleOf": 2, "title": "Count"},
        })
    );
}

#[test]
fn every_type_has_its_schema_and_strict_mode_where_it_can_express_it() {
    for (output, schema, strict) in [
        ("datetime.datetime", json!({"type": "string", "format": "date-time"}), true),
        ("datetime.date", json!({"type": "string", "format": "date"}), true),
        ("datetime.time", json!({"type": "string", "format": "time"}), true),
        ("datetime.timedelta", json!({"type": "string", "format": "duration"}), true),
        ("uuid.UUID", json!({"type": "string", "format": "uuid"}), true),
        ("pathlib.Path", json!({"type": "string", "format": "path"}), false),
        ("decimal.Decimal", json!({"anyOf": [{"type": "number"}, {"type": "string"}]}), false),
        ("dspy.History", json!({"type": "object", "additionalProperties": true}), false),
        ("Literal['a', 'b']", json!({"type": "string", "enum": ["a", "b"]}), true),
        ("Literal[True, False]", json!({"type": "boolean", "enum": [true, false]}), true),
        ("Literal[None]", json!({"type": "null", "enum": [null]}), true),
        ("Literal[1, 2]", json!({"type": "integer", "enum": [1, 2]}), true),
        ("Literal[1.5]", json!({"type": "number", "enum": [1.5]}), true),
        ("Literal['a', 1]", json!({"enum": ["a", 1]}), true),
        ("list", json!({"type": "array", "items": {}}), false),
        ("set[int]", json!({"type": "array", "items": {"type": "integer"}, "uniqueItems": true}), false),
        ("tuple[int, ...]", json!({"type": "array", "items": {"type": "integer"}}), true),
        ("tuple[Any, ...]", json!({"type": "array", "items": {}}), false),
        (
            "Optional[dict[str, int]]",
            json!({"anyOf": [{"type": "object", "additionalProperties": {"type": "integer"}}, {"type": "null"}]}),
            false,
        ),
    ] {
        let format = Adapter::Json.response_format(&signature(&format!("q -> v: {output}"))).expect("a format");
        let mut found = format["json_schema"]["schema"]["properties"]["v"].clone();
        assert_eq!(found.as_object_mut().expect("a schema").shift_remove("title"), Some(json!("V")), "{output}");
        assert_eq!((&found, &format["json_schema"]["strict"]), (&schema, &json!(strict)), "{output}");
    }
}

#[test]
fn objects_are_elements_with_their_fields() {
    let task = ObjectType {
        name: "Step".to_owned(),
        description: None,
        fields: vec![
            ObjectField::new("title", FieldType::Str),
            ObjectField::new("hours", "float | None".parse().expect("a type")),
            ObjectField::new("tags", "list[str]".parse().expect("a type")),
            ObjectField {
                default: Some(json!("low")),
                ..ObjectField::new("risk", "Literal['low', 'high']".parse().expect("a type"))
            },
        ],
    };
    let steps = FieldType::List(Some(Box::new(FieldType::Object(task.into()))));
    let signature = Signature::new(vec![Field::new("q", FieldType::Str)], vec![Field::new("steps", steps)]);
    let value = json!([
        {"title": "a & b", "hours": 1.5, "tags": ["x"], "risk": "high"},
        {"title": "two\nlines </title> or more", "hours": null, "tags": [], "risk": "low"},
    ]);
    let one = values(json!({"q": "?", "steps": [value[0]]}));
    let all = values(json!({"q": "?", "steps": value}));
    let messages = Adapter::Xml.messages(&signature, &Values::new(), &[one, all], &[]);
    let skeleton =
        "<steps><item><title>...</title><hours>...</hours><tags><item>...</item></tags><risk>...</risk></item></steps>";
    in_order(
        &messages[0].content,
        &["\n\n", skeleton, "The values in `<steps>` fit this schema: {", "$defs", "The task"],
    );
    in_order(&messages[5].content, &["`<steps>`", skeleton]);
    assert_eq!(
        messages[2].content,
        "<steps><item><title>a & b</title><hours>1.5</hours><tags><item>x</item></tags><risk>high</risk></item></steps>"
    );
    for (message, expected) in [(&messages[2], json!([value[0]])), (&messages[4], value.clone())] {
        let read = Adapter::Xml.parse(&signature, &message.content).expect("what we write, we parse");
        assert_eq!((&read.fields["steps"], read.repairs.len()), (&expected, 0));
    }
    let lenient = "<steps>\n<item>\n<title>\nif a < b:\n    print(\"</title>\")\n</title>\n<hours/>\n<tags>x</tags>\n<extra>1</extra>\n</item>\n</steps>";
    let read = Adapter::Xml.parse(&signature, lenient).expect("it fits");
    let expected =
        json!([{"title": "if a < b:\n    print(\"</title>\")", "hours": null, "tags": ["x"], "risk": "low"}]);
    assert_eq!(read.fields["steps"], expected);
}
