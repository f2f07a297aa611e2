//! Inline signatures: accepted or rejected as by DSPy 3.4.1, with the same names, order and types.

use serde_json::Value;
use switchover::dspy::{FieldType, Signature};

/// Whether a case that DSPy accepts is rejected on purpose. Our own cases say so (`we_reject`); in the recorded ones it
/// is the text that breaks out of the argument list and becomes Python code.
fn rejected_on_purpose(case: &Value) -> bool {
    case.get("we_reject").is_some() || case["signature"].as_str().is_some_and(|source| source.contains("): pass"))
}

fn fields(signature: &Signature) -> Vec<[String; 3]> {
    let side = |kind: &'static str, fields: &[switchover::dspy::Field]| {
        fields.iter().map(|f| [f.name.clone(), kind.to_owned(), f.field_type.to_string()]).collect::<Vec<_>>()
    };
    [side("input", &signature.inputs), side("output", &signature.outputs)].concat()
}

fn check(case: &Value) -> Result<(), String> {
    let source = case["signature"].as_str().expect("a signature");
    let ours = source.parse::<Signature>();
    let accepted = case["accepted"] == true && !rejected_on_purpose(case);
    match (&ours, accepted) {
        (Err(error), false) => {
            let shown = error.annotate(source);
            if error.span.end <= source.len() && shown.lines().count() >= 3 && !error.expected.is_empty() {
                return Ok(());
            }
            Err(format!("{source:?}: the error has no place: {error:?}"))
        }
        (Ok(signature), true) => {
            let expected: Vec<[String; 3]> = case["fields"]
                .as_array()
                .expect("fields")
                .iter()
                .map(|f| ["name", "kind", "type"].map(|key| f[key].as_str().expect("a string").to_owned()))
                .collect();
            if fields(signature) != expected {
                return Err(format!("{source:?}: expected {expected:?}, got {:?}", fields(signature)));
            }
            let again: Signature =
                signature.inline().parse().map_err(|e| format!("{source:?}: its inline form does not parse: {e}"))?;
            if again != *signature {
                return Err(format!("{source:?} became {:?}", signature.inline()));
            }
            for field in signature.fields() {
                let printed = field.field_type.to_string();
                if !printed.contains('\\')
                    && printed.parse::<FieldType>().is_ok_and(|parsed| parsed != field.field_type)
                {
                    return Err(format!("{printed:?} is parsed as another type"));
                }
            }
            Ok(())
        }
        (ours, _) => Err(format!("{source:?}: DSPy says {accepted}, we say {ours:?}")),
    }
}

#[test]
fn recorded_signatures_are_parsed_as_by_dspy() {
    let mut wrong = Vec::new();
    for file in [include_str!("../cases/dspy/signatures.json"), include_str!("../cases/dspy/signatures_more.json")] {
        let cases: Vec<Value> = serde_json::from_str(file).expect("JSON");
        assert!(cases.len() > 50);
        wrong.extend(cases.iter().filter_map(|case| check(case).err()));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn an_error_has_a_place_and_a_suggestion() {
    // The source, the text at the span of the error, and the suggestion.
    let cases = [
        ("q -> a: strng", "strng", Some("str")),
        ("q -> a: string", "string", Some("str")),
        ("q -> a: Integer", "Integer", Some("int")),
        ("q -> a: lst[str]", "lst", Some("list")),
        ("q -> a: dict[str, boolean]", "boolean", Some("bool")),
        ("q -> a: List", "List", Some("list")),
        ("q -> a: dict[str]", "[str]", Some("[str, str]")),
        ("q -> a: list[int, str]", "[int, str]", Some("[int | str]")),
        ("q -> a: datetime", "datetime", Some("datetime.datetime")),
        ("q -> a: Literal[yes, no]", "yes", Some("'yes'")),
        ("q -> a: 'int'", "'int'", Some("int")),
        ("q => a", "=>", Some("->")),
        ("q → a", "→", Some("->")),
        ("q", "", Some(" -> answer")),
        ("a -> b -> c", "->", Some(",")),
        ("a -> class", "class", Some("class_")),
        ("_a -> b", "_a", Some("a")),
        ("1a -> b", "1a", Some("a1")),
        ("a b -> c", "b", Some(", b")),
        ("a str -> c", "str", Some(": str")),
        ("a-b -> c", "-", Some("_")),
        ("'a' -> b", "'a'", Some("a")),
        ("instructions -> b", "instructions", Some("instructions_text")),
        ("a -> a", "a", Some("new_a")),
        ("q -> a: dspy.Image", "dspy.Image", None),
        ("q -> a: my.module.Thing", "my.module.Thing", None),
        ("q -> a: Frobnicator", "Frobnicator", None),
    ];
    for (source, place, suggestion) in cases {
        let error = source.parse::<Signature>().expect_err(source);
        assert_eq!(
            (&source[error.span.clone()], error.suggestion.as_deref()),
            (place, suggestion),
            "{source}: {error:?}"
        );
        let [line, under, _] =
            error.annotate(source).lines().map(str::to_owned).collect::<Vec<_>>().try_into().expect(source);
        assert_eq!(line, source);
        assert_eq!(under.chars().position(|c| c == '^'), Some(source[..error.span.start].chars().count()), "{under}");
    }
    let image = "q -> a: dspy.Image".parse::<Signature>().expect_err("an error");
    assert!(image.message.contains("dspy.Image"), "{image}");
    let second = "a,\nb c -> d".parse::<Signature>().expect_err("no comma");
    assert_eq!(second.annotate("a,\nb c -> d").lines().next(), Some("b c -> d"), "the line of the error");
}

#[test]
fn python_source_is_recognized_and_the_error_says_what_to_do() {
    let class = "import dspy\n\nclass Answer(dspy.Signature):\n    question: str = dspy.InputField()\n";
    let cases = [
        (class, "import dspy"),
        ("\n# comment\nfrom dspy import Signature\n", "from dspy import Signature"),
        ("def answer(question: str) -> str:\n    return question", "def answer(question: str) -> str:"),
        ("qa = dspy.Signature('question -> answer')", "qa = dspy.Signature('question -> answer')"),
    ];
    for (source, line) in cases {
        let error = source.parse::<Signature>().expect_err(source);
        assert_eq!(&source[error.span.clone()], line, "{source}");
        let shown = error.annotate(source);
        assert!(shown.starts_with(line) && shown.contains("Python") && shown.contains("switchover import"), "{shown}");
    }
    for source in ["from -> import", "import -> b", "class, def -> b", "q -> from x"] {
        let error = source.parse::<Signature>().expect_err(source);
        assert!(!error.message.contains("Python source"), "{source}: {error}");
    }
}

#[test]
fn a_warning_names_each_part_that_dspy_drops() {
    let cases = [
        ("a=1 -> b", 1, "default"),
        ("a: str = 'x', b=2 -> c", 2, "default"),
        ("a, *b -> c", 1, "`*b`"),
        ("a, **b -> c", 1, "`**b`"),
        ("a, *, b -> c", 2, "`*`"),
        ("a, b, /, c -> d", 2, "`/`"),
        ("a, a: int -> b", 1, "twice"),
        ("a: None -> b", 1, "`str`"),
        ("a -> b", 0, ""),
    ];
    for (source, count, word) in cases {
        let (_, warnings) = Signature::parse_inline(source).expect(source);
        assert_eq!(warnings.len(), count, "{source}: {warnings:?}");
        assert!(warnings.iter().any(|w| w.message.contains(word)) || count == 0, "{source}: {warnings:?}");
    }
}
