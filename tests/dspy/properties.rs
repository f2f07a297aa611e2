//! Properties that hold for every text, however it is cut into pieces.

use proptest::prelude::*;
use serde_json::Value;
use switchover::dspy::import::saved_program;
use switchover::dspy::{Adapter, AnswerReader, Demo, FieldType, Signature, library};

/// Pieces of answers, so that random texts reach the special cases of the readers.
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

/// Escape sequences and entities that decode to characters which a terminal must not get.
const HOSTILE_ESCAPES: [&str; 22] = [
    "\\u001b",
    "\\u001b[31m",
    "\\u001b]0;t\\u0007",
    "\\u001b]",
    "\\u009b2J",
    "\\x1b[2J",
    "\\x9d",
    "\\u202e",
    "\\u2066",
    "\\u200b",
    "\\ufeff",
    "\\udb40\\udc41",
    "\\r",
    "\\b",
    "\\f",
    "\\u0000",
    "\\\\u001b",
    "&#27;[2J",
    "&#x202e;",
    "&#13;",
    "&amp;#27;",
    "&lt;n&gt;",
];

/// Answers in the format of each adapter with such escapes in every place, cleaned as a received text is.
fn hostile_answer() -> impl Strategy<Value = String> {
    let piece = prop_oneof![prop::sample::select(&HOSTILE_ESCAPES[..]), prop::sample::select(&PIECES[..])];
    let escapes =
        || prop::collection::vec(prop_oneof![3 => prop::sample::select(&HOSTILE_ESCAPES[..]), 1 => Just("a")], 0..5);
    let form = (0..6usize, escapes(), escapes(), escapes()).prop_map(|(form, a, b, c)| {
        let (a, b, c) = (a.concat(), b.concat(), c.concat());
        let object = format!("{{\"answer\": \"{a}\", \"xs\": [\"{b}\", \"\"], \"d\": {{\"{c}\": \"{a}\"}}, \"c\": \"{b}\"}}");
        let marked = |d: &str| {
            format!("[[ ## answer ## ]]\n{a}\n[[ ## xs ## ]]\n[\"{b}\"]\n[[ ## d ## ]]\n{d}\n[[ ## c ## ]]\n{{\"code\": \"{c}\"}}\n")
        };
        match form {
            0 => object,
            1 => serde_json::Value::from(object).to_string(),
            2 => marked(&format!("{{\"{c}\": \"{a}\"}}")),
            3 => marked(&format!("('{b}', '{c}')")),
            4 => format!("<answer>{a}</answer><xs><item>{b}</item></xs><d><{c}>{a}</{c}></d><c>{c}</c>"),
            _ => object.replace('"', "'"),
        }
    });
    prop_oneof![2 => form, 1 => prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())]
        .prop_map(|text| switchover::text::clean(&text).into_owned())
}

/// Whether a text has no control characters except `\n` and `\t`, no invisible ones, and none that change the text
/// direction.
fn is_harmless(text: &str) -> bool {
    let hostile = |c| matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}');
    text.chars().all(|c| !hostile(c) && (!c.is_control() || c == '\n' || c == '\t'))
}

fn is_harmless_value(value: &Value) -> bool {
    match value {
        Value::String(text) => is_harmless(text),
        Value::Array(items) => items.iter().all(is_harmless_value),
        Value::Object(map) => map.iter().all(|(key, value)| is_harmless(key) && is_harmless_value(value)),
        _ => true,
    }
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

/// Pieces of texts that look like the ends of values.
const TEXT_PIECES: [&str; 30] = [
    "a",
    "Grüße 🦀",
    "<",
    "</",
    "</item>",
    "</f0>",
    "<item>",
    "<b>",
    "&",
    "&lt;",
    "]]>",
    "\n",
    "\n\n",
    " ",
    "\t",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    ",",
    ":",
    "#",
    "//",
    "[[ ## f1",
    "```",
    "null",
    "12",
    "\\",
];

/// Texts that every adapter can write: without white space at their ends, and without lines that are a marker or the
/// closing tag of their own field.
fn plain_text() -> impl Strategy<Value = String> {
    let marks = |line: &str| {
        let line = line.trim();
        line.starts_with("[[ ##") || line.starts_with("</f") || line.starts_with("<f")
    };
    prop::collection::vec(prop::sample::select(&TEXT_PIECES[..]), 0..8)
        .prop_map(|pieces| pieces.concat().trim().to_owned())
        .prop_filter("a marker", move |text| !text.lines().any(marks))
}

/// A type and a value of it.
fn typed() -> impl Strategy<Value = (String, Value)> {
    let leaf = prop_oneof![
        3 => plain_text().prop_map(|text| ("str".to_owned(), Value::from(text))),
        1 => any::<i64>().prop_map(|n| ("int".to_owned(), n.into())),
        1 => (-1e12..1e12f64).prop_map(|n| ("float".to_owned(), n.into())),
        1 => any::<bool>().prop_map(|b| ("bool".to_owned(), b.into())),
        1 => prop::sample::select(&["x y", "<5"][..]).prop_map(|l| ("Literal['x y', '<5']".to_owned(), l.into())),
        1 => any::<bool>().prop_map(|n| ("int | None".to_owned(), if n { 5.into() } else { Value::Null })),
    ];
    let key = prop_oneof!["[a-z][a-z0-9_-]{0,5}", "item", "entry", "[ -~]{0,8}"];
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let several = (inner.clone(), 0..3usize);
        let list = several.clone().prop_map(|((name, value), n)| (format!("list[{name}]"), vec![value; n].into()));
        let dict = (several, prop::collection::vec(key.clone(), 3)).prop_map(|(((name, value), n), keys)| {
            let members = keys.into_iter().take(n).map(|key| (key, value.clone()));
            (format!("dict[str, {name}]"), Value::Object(members.collect()))
        });
        prop_oneof![list, dict]
    })
}

/// Repairs after which an earlier view of the answer showed what is no part of it.
const REVISED: [&str; 9] = [
    "added a missing opening quote",
    "ignored a field inside another element",
    "took the text before",
    "kept the last of several objects",
    "a key occurs twice",
    "added a missing closing quote",
    "accepted a JSON object instead of markers",
    "dropped a code fence",
    "accepted a Python set",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_do_not_change_what_is_parsed(text in text(), cuts in prop::collection::vec(0usize..200, 0..8)) {
        let signature = signature();
        for adapter in Adapter::ALL {
            let mut reader = AnswerReader::new(adapter, &signature);
            let (mut from, mut cuts) = (0, cuts.clone());
            cuts.sort_unstable();
            for cut in cuts.into_iter().chain([text.len()]) {
                let to = (cut.min(text.len())..=text.len()).find(|&i| text.is_char_boundary(i)).expect("the end");
                if to >= from {
                    reader.push(&text[from..to]);
                    from = to;
                }
                let shown = reader.sections();
                prop_assert!(shown.iter().all(|s| signature.output(&s.name).is_some()));
                prop_assert!(shown.iter().enumerate().all(|(i, s)| shown[..i].iter().all(|t| t.name != s.name)));
            }
            reader.finish();
            let whole = adapter.parse(&signature, &text);
            prop_assert_eq!(reader.clone().into_prediction(&text), whole.clone());
            if let Ok(prediction) = whole {
                let shown = reader.sections().iter().find(|s| s.name == "answer").map(|s| s.text.clone());
                let repaired = prediction.repairs.iter().any(|r| r.field == "answer");
                prop_assert!(repaired || shown.as_deref() == prediction.fields["answer"].as_str());
            }
        }
    }

    #[test]
    fn escapes_in_an_answer_do_not_reach_the_terminal(text in hostile_answer(), size in 1..9_usize) {
        let signature: Signature = "q -> answer, xs: list[str], d: Any, c: dspy.Code".parse().expect("a signature");
        let chars: Vec<char> = text.chars().collect();
        for adapter in Adapter::ALL {
            let mut reader = AnswerReader::new(adapter, &signature);
            for piece in chars.chunks(size) {
                reader.push(&piece.iter().collect::<String>());
                prop_assert!(reader.sections().iter().all(|s| is_harmless(&s.text)), "{:?}", reader.sections());
            }
            reader.finish();
            prop_assert!(reader.sections().iter().all(|s| is_harmless(&s.text)), "{:?}", reader.sections());
            match reader.into_prediction(&text) {
                Ok(prediction) => {
                    prop_assert!(prediction.fields.values().all(is_harmless_value), "{:?}", prediction.fields);
                    prop_assert!(prediction.repairs.iter().all(|repair| is_harmless(&repair.what)), "{:?}", prediction.repairs);
                }
                Err(failure) => prop_assert!(is_harmless(&failure.to_string()), "{}", failure),
            }
        }
    }

    #[test]
    fn a_part_of_a_marker_is_never_shown(body in "[a-z \n]{0,30}", at in 0usize..80) {
        let text = format!("[[ ## answer ## ]]\n{body}\n\n[[ ## n ## ]]\n3\n\n[[ ## completed ## ]]");
        let mut reader = AnswerReader::new(Adapter::Chat, &signature());
        reader.push(&text[..at.min(text.len())]);
        for section in reader.sections() {
            prop_assert!(!section.text.contains('['), "{:?}", section);
        }
    }

    #[test]
    fn valid_json_is_parsed_unchanged_but_cleaned(answer in ".{0,30}", n in any::<i64>(), xs in prop::collection::vec(".{0,9}", 0..4), extra in json(), pretty: bool) {
        let value = serde_json::json!({"extra": extra, "answer": answer, "n": n, "xs": xs, "last": extra});
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.expect("JSON");
        let prediction = Adapter::Json.parse(&signature(), &text).expect("it fits");
        prop_assert_eq!(&prediction.repairs, &vec![]);
        let value = switchover::text::clean_value(value);
        for name in ["answer", "n", "xs"] {
            prop_assert_eq!(&prediction.fields[name], &value[name]);
        }
    }

    #[test]
    fn a_field_of_type_any_keeps_its_value(value in json()) {
        let signature: Signature = "q -> v: Any, w: dict[str, Any] | list".parse().expect("a signature");
        let text = serde_json::json!({"v": value, "w": [value]}).to_string();
        let prediction = Adapter::Json.parse(&signature, &text).expect("it fits");
        prop_assert_eq!(&prediction.fields["w"], &switchover::text::clean_value(Value::from(vec![value])));
    }

    #[test]
    fn a_written_value_is_read_back((name, value) in typed(), other in plain_text()) {
        let signature: Signature = format!("q -> f0: {name}, f1").parse().expect("a signature");
        let demo: Demo = serde_json::from_value(serde_json::json!({"q": "?", "f0": value, "f1": other})).expect("an object");
        for adapter in Adapter::ALL {
            let text = &adapter.messages(&signature, &Demo::new(), std::slice::from_ref(&demo), &[])[2].content;
            match adapter.parse(&signature, text) {
                Ok(read) => {
                    prop_assert_eq!(&read.fields["f0"], &demo["f0"], "{}: {:?}", adapter, text);
                    prop_assert_eq!(&read.fields["f1"], &demo["f1"], "{}: {:?}", adapter, text);
                    prop_assert_eq!(&read.repairs, &vec![], "{}: {:?}", adapter, text);
                }
                Err(failure) => prop_assert!(false, "{adapter}: {failure} in {text:?}"),
            }
        }
    }

    #[test]
    fn a_prefix_shows_no_more_than_the_whole((name, value) in typed(), other in plain_text(), noise in text(), at in 0usize..400) {
        let signature: Signature = format!("q -> f0: {name}, f1").parse().expect("a signature");
        let demo: Demo = serde_json::from_value(serde_json::json!({"q": "?", "f0": value, "f1": other})).expect("an object");
        for adapter in Adapter::ALL {
            let written = &adapter.messages(&signature, &Demo::new(), std::slice::from_ref(&demo), &[])[2].content;
            let at = (at.min(written.len())..=written.len()).find(|&i| written.is_char_boundary(i)).expect("the end");
            for text in [written.clone(), format!("{}{noise}{}", &written[..at], &written[at..])] {
                let mut whole = AnswerReader::new(adapter, &signature);
                whole.push(&text);
                whole.finish();
                let sections = whole.sections().to_vec();
                let repairs = whole.repairs();
                if REVISED.iter().any(|revised| repairs.iter().any(|repair| repair.starts_with(revised))) {
                    continue;
                }
                let mut reader = AnswerReader::new(adapter, &signature);
                for c in text.chars() {
                    reader.push(c.encode_utf8(&mut [0; 4]));
                    for shown in reader.sections() {
                        let known = sections.iter().find(|section| section.name == shown.name);
                        let same = known.is_some_and(|section| section.text.starts_with(shown.text.trim_end()));
                        prop_assert!(same, "{}: {:?} of {:?}, at last {:?} {:?}", adapter, shown, text, known, repairs);
                    }
                }
            }
        }
    }

    #[test]
    fn parsing_never_panics(text in text()) {
        let _ = text.parse::<FieldType>();
        let error = text.parse::<Signature>().err();
        if let Some(error) = error {
            prop_assert!(error.span.start <= error.span.end && error.span.end <= text.len());
            prop_assert!(text.is_char_boundary(error.span.start) && text.is_char_boundary(error.span.end), "{:?}", error);
            prop_assert!(error.annotate(&text).lines().count() >= 2);
        }
        let _ = library::parse(&text);
        let _ = saved_program::read(&text, "x", None);
        for field_type in ["int", "float", "bool", "complex", "datetime.datetime", "datetime.time", "datetime.timedelta", "uuid.UUID",
            "dspy.Code", "Literal['a', 1, None]", "set[int | str]", "tuple[int, str]", "dict[int, float]", "Optional[Literal['x']]"] {
            let signature: Signature = format!("q -> answer: {field_type}").parse().expect("a signature");
            for adapter in Adapter::ALL {
                let _ = adapter.parse(&signature, &text);
                let _ = adapter.parse(&signature, &format!("[[ ## answer ## ]]\n{text}"));
                let _ = adapter.parse(&signature, &format!("<answer>{text}</answer>"));
            }
        }
    }

    #[test]
    fn a_parsed_signature_survives_its_inline_form(source in "[a-c:,\\[\\]| ]{0,3}(int|str|list|dict|Literal|Optional|[a-c:,'\\[\\]|() =*/-]){0,12} -> [a-c]: (int|list\\[[a-c]\\]|Literal\\['[^']{0,5}'\\])") {
        if let Ok(signature) = source.parse::<Signature>() {
            prop_assert_eq!(signature.inline().parse::<Signature>(), Ok(signature));
        }
    }
}

#[test]
fn extreme_depth_and_length_do_not_crash() {
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

/// For each of these pieces a careless reader looks at all of the rest again, and takes minutes here.
#[test]
fn long_answers_of_one_repeated_piece_are_read_alike_at_once_and_in_characters() {
    let signature: Signature = "q -> v: list[str], w: Any, x".parse().expect("a signature");
    let many = 60_000;
    for (open, piece) in [
        ("", "<v>\na</v> b"),
        ("", "<v>a"),
        ("<v>\n", "a</v> b\n"),
        ("<v>\n", "</v> "),
        ("<x>\n", "</x>\n\n\n"),
        ("<w>", "<a>\nx</a> y"),
        ("<w>", "<a>x</a>"),
        ("<w>", "<a>"),
        ("", "<!-- "),
        ("", "<a "),
        ("<x>", "<"),
        ("<x>a</x>", " </x>"),
        ("<think>", "</thin"),
        ("a", "</think>"),
        ("a</think>", " "),
        ("[[ ## x ## ]]\na", "[[ ## completed ## ]"),
        ("[[ ## x ## ]]\n", "x [[ ## completed ## ]] "),
        ("{\"x\": \"", "\" , "),
        ("{\"x\": ", "1 2,"),
    ] {
        let text = format!("{open}{}", piece.repeat(many / piece.len()));
        for adapter in Adapter::ALL {
            let mut reader = AnswerReader::new(adapter, &signature);
            for c in text.chars() {
                reader.push(c.encode_utf8(&mut [0; 4]));
            }
            reader.finish();
            let (whole, pieces) = (adapter.parse(&signature, &text), reader.into_prediction(&text));
            assert!(pieces == whole, "{adapter}: {open:?}, {piece:?}");
        }
    }
}
