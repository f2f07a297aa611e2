//! What must hold of any text, cut anywhere.

use proptest::prelude::*;
use serde_json::Value;
use switchover::dspy::{Adapter, Kind, Sections, Signature, library, state};

/// Pieces that answers are made of, so that random texts meet the readers' corners.
const PIECES: [&str; 44] = [
    "[[ ## answer ## ]]",
    "[[ ## n ## ]]",
    "[[ ## xs ## ]]",
    "[[ ## completed ## ]]",
    "[[ ## other ## ]]",
    "[[ ##",
    "[[",
    " ## ]]",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "'",
    "“",
    "\\",
    "\\u00e9",
    "\\ud83d",
    ",",
    ":",
    "answer",
    "\"answer\": ",
    "\"n\": 3",
    "\"xs\": [\"a\"]",
    "<answer>",
    "</answer>",
    "<n>",
    "</n>",
    "<xs/>",
    "&lt;",
    "```",
    "// c\n",
    "/* ",
    "*/",
    "3",
    "Grüße",
    "\u{2028}",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40).prop_map(|pieces| pieces.concat()),
        ".{0,200}",
    ]
}

fn signature() -> Signature {
    "q -> answer, n: int, xs: list[str]".parse().expect("a signature")
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e12..1e12f64).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[a-z\"'\\\\,:\\[\\]{} \n]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z\" ]{0,6}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_of_any_text_ends_where_parse_ends(text in text(), cuts in prop::collection::vec(0usize..200, 0..8)) {
        let signature = signature();
        for adapter in Adapter::ALL {
            let mut sections = Sections::new(adapter, &signature);
            let (mut from, mut cuts) = (0, cuts.clone());
            cuts.sort_unstable();
            for cut in cuts.into_iter().chain([text.len()]) {
                let to = (cut.min(text.len())..=text.len()).find(|&i| text.is_char_boundary(i)).expect("the end");
                if to >= from {
                    sections.push(&text[from..to]);
                    from = to;
                }
                let shown = sections.view();
                prop_assert!(shown.iter().all(|s| signature.output(&s.name).is_some()));
                prop_assert!(shown.iter().enumerate().all(|(i, s)| shown[..i].iter().all(|t| t.name != s.name)));
            }
            sections.finish();
            let whole = adapter.parse(&signature, &text);
            prop_assert_eq!(sections.prediction(&text), whole.clone());
            if let Ok(prediction) = whole {
                let shown = sections.view().iter().find(|s| s.name == "answer").map(|s| s.text.clone());
                let repaired = prediction.repairs.iter().any(|r| r.field == "answer");
                prop_assert!(repaired || shown.as_deref() == prediction.fields["answer"].as_str());
            }
        }
    }

    #[test]
    fn no_piece_of_a_marker_is_ever_shown(body in "[a-z \n]{0,30}", at in 0usize..80) {
        let text = format!("[[ ## answer ## ]]\n{body}\n\n[[ ## n ## ]]\n3\n\n[[ ## completed ## ]]");
        let mut sections = Sections::new(Adapter::Chat, &signature());
        sections.push(&text[..at.min(text.len())]);
        for section in sections.view() {
            prop_assert!(!section.text.contains('['), "{:?}", section);
        }
    }

    #[test]
    fn valid_json_is_read_as_it_is(answer in ".{0,30}", n in any::<i64>(), xs in prop::collection::vec(".{0,9}", 0..4), extra in json(), pretty: bool) {
        let value = serde_json::json!({"extra": extra, "answer": answer, "n": n, "xs": xs, "last": extra});
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.expect("JSON");
        let read = Adapter::Json.parse(&signature(), &text).expect("it fits");
        prop_assert_eq!(&read.repairs, &vec![]);
        for name in ["answer", "n", "xs"] {
            prop_assert_eq!(&read.fields[name], &value[name]);
        }
    }

    #[test]
    fn any_value_survives_a_field_of_any_type(value in json()) {
        let signature: Signature = "q -> v: Any, w: dict[str, Any] | list".parse().expect("a signature");
        let text = serde_json::json!({"v": value, "w": [value]}).to_string();
        let read = Adapter::Json.parse(&signature, &text).expect("it fits");
        prop_assert_eq!(&read.fields["w"], &Value::from(vec![value]));
    }

    #[test]
    fn reading_never_panics(text in text()) {
        let _ = text.parse::<Kind>();
        let error = text.parse::<Signature>().err();
        if let Some(error) = error {
            prop_assert!(error.at.start <= error.at.end && error.at.end <= text.len());
            prop_assert!(text.is_char_boundary(error.at.start) && text.is_char_boundary(error.at.end), "{:?}", error);
            prop_assert!(error.caret(&text).lines().count() >= 2);
        }
        let _ = library::parse(&text);
        let _ = state::import(&text, "x");
        for kind in ["int", "float", "bool", "complex", "datetime.datetime", "datetime.time", "datetime.timedelta", "uuid.UUID",
            "dspy.Code", "Literal['a', 1, None]", "set[int | str]", "tuple[int, str]", "dict[int, float]", "Optional[Literal['x']]"] {
            let signature: Signature = format!("q -> answer: {kind}").parse().expect("a signature");
            for adapter in Adapter::ALL {
                let _ = adapter.parse(&signature, &text);
                let _ = adapter.parse(&signature, &format!("[[ ## answer ## ]]\n{text}"));
                let _ = adapter.parse(&signature, &format!("<answer>{text}</answer>"));
            }
        }
    }

    #[test]
    fn a_signature_that_is_read_is_written_and_read_the_same(source in "[a-c:,\\[\\]| ]{0,3}(int|str|list|dict|Literal|Optional|[a-c:,'\\[\\]|() =*/-]){0,12} -> [a-c]: (int|list\\[[a-c]\\]|Literal\\['[^']{0,5}'\\])") {
        if let Ok(signature) = source.parse::<Signature>() {
            prop_assert_eq!(signature.inline().parse::<Signature>(), Ok(signature));
        }
    }
}

#[test]
fn hostile_depth_and_length_are_an_answer_not_a_crash() {
    let deep = |open: &str, close: &str, n: usize| format!("{}{}", open.repeat(n), close.repeat(n));
    let many = 40_000;
    assert!(format!("a -> b: {}int{}", "list[".repeat(5000), "]".repeat(5000)).parse::<Signature>().is_err());
    assert!(format!("a -> b: {}", "(".repeat(5000)).parse::<Signature>().is_err());
    assert!(format!("a -> b: Literal[{}", "(".repeat(5000)).parse::<Signature>().is_err());
    assert!("x".repeat(1 << 20).parse::<Signature>().is_err());
    let signature: Signature = "q -> v: Any".parse().expect("a signature");
    for text in [
        deep("[", "]", many),
        deep("{\"v\":", "}", many),
        deep("(", ")", many),
        "\"".repeat(many),
        "{".repeat(many),
        "<v>".repeat(many),
    ] {
        for adapter in Adapter::ALL {
            for text in
                [text.clone(), format!("[[ ## v ## ]]\n{text}"), format!("{{\"v\": {text}}}"), format!("<v>{text}</v>")]
            {
                let _ = adapter.parse(&signature, &text);
            }
        }
    }
}
