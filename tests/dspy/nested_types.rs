//! Signatures with random objects and enums: they survive JSON and TOML, and so do random values of their types in
//! messages.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use switchover::dspy::{
    Adapter, EnumType, Field, FieldType, LibraryEntry, Module, ObjectField, ObjectType, Signature, Values, library,
};

/// A random type. All objects and enums have the same name.
fn any_type() -> impl Strategy<Value = FieldType> {
    let member = |(name, value): (&str, Value)| (name.to_owned(), value);
    let choice = move |values: &[Value], description: Option<&str>| {
        FieldType::Enum(
            EnumType {
                name: String::new(),
                description: description.map(str::to_owned),
                members: ["FIRST", "SECOND", "THIRD"].into_iter().zip(values.iter().cloned()).map(member).collect(),
            }
            .into(),
        )
    };
    let leaf = prop_oneof![
        Just(FieldType::Str),
        Just(FieldType::Int),
        Just(FieldType::Float),
        Just(FieldType::Bool),
        Just(FieldType::Literal(vec!["a".into(), 1.into(), "b c".into()])),
        Just(choice(&["one".into(), "it's \"2\"".into()], None)),
        Just(choice(&[1.into(), 2.into()], Some("A \"number\".\nOr two."))),
        Just(choice(&["red".into(), Value::Null, 2.5.into()], None)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let field = (inner.clone(), any::<bool>(), prop::option::of("[a-z\"' ]{1,20}"));
        prop_oneof![
            inner.clone().prop_map(|inner| FieldType::List(Some(inner.into()))),
            inner.clone().prop_map(|inner| FieldType::Dict(Some((FieldType::Str, inner).into()))),
            inner.clone().prop_map(optional),
            prop::collection::vec(field, 1..4).prop_map(object),
        ]
    })
}

fn optional(inner: FieldType) -> FieldType {
    match inner {
        FieldType::Union(_) => inner,
        inner => FieldType::Union(vec![inner, FieldType::None]),
    }
}

fn object(fields: Vec<(FieldType, bool, Option<String>)>) -> FieldType {
    let field = |(i, (field_type, has_default, description)): (usize, (FieldType, bool, Option<String>))| ObjectField {
        default: (has_default && field_type == FieldType::Int).then(|| 7.into()),
        constraints: if !has_default && field_type == FieldType::Int {
            [("ge".to_owned(), json!(-100)), ("lt".to_owned(), json!(1e9))].into_iter().collect()
        } else {
            Values::new()
        },
        description,
        ..ObjectField::new(format!("f{i}"), field_type)
    };
    let fields = fields.into_iter().enumerate().map(field).collect();
    FieldType::Object(
        ObjectType { name: String::new(), description: Some("A \"thing\".\nOr two.".into()), fields }.into(),
    )
}

/// The type with a name of its own for each object and enum.
fn named(field_type: FieldType, count: &mut usize) -> FieldType {
    match field_type {
        FieldType::List(Some(inner)) => FieldType::List(Some(named(*inner, count).into())),
        FieldType::Dict(Some(pair)) => FieldType::Dict(Some((pair.0, named(pair.1, count)).into())),
        FieldType::Union(types) => FieldType::Union(types.into_iter().map(|inner| named(inner, count)).collect()),
        FieldType::Object(class) => {
            let mut class = ObjectType::clone(&class);
            for field in &mut class.fields {
                field.field_type = named(field.field_type.clone(), count);
            }
            *count += 1;
            class.name = format!("Thing{count}");
            FieldType::Object(class.into())
        }
        FieldType::Enum(class) => {
            *count += 1;
            FieldType::Enum(EnumType { name: format!("Choice{count}"), ..EnumType::clone(&class) }.into())
        }
        other => other,
    }
}

/// Two outputs, each an object or a list, because a bare text has no end of its own; and an input of the type of the
/// first.
fn signature() -> impl Strategy<Value = Signature> {
    (any_type(), any_type(), any::<bool>()).prop_map(|(one, two, list)| {
        let mut count = 0;
        let one = object(vec![(one, true, None)]);
        let two = if list { FieldType::List(Some(two.into())) } else { object(vec![(two, false, None)]) };
        let outputs = vec![Field::new("one", named(one, &mut count)), Field::new("two", named(two, &mut count))];
        let inputs = vec![Field::new("q", outputs[0].field_type.clone())];
        Signature { name: "x".into(), ..Signature::new(inputs, outputs) }
    })
}

/// A value of a type, chosen by the next numbers.
fn value(field_type: &FieldType, next: &mut impl FnMut() -> usize) -> Value {
    const TEXTS: [&str; 8] = ["x", "", "two words", "two\nlines", "it's \"so\" & <b>", "[1, {2}]", "null", "7"];
    match field_type {
        FieldType::Str => TEXTS[next() % TEXTS.len()].into(),
        FieldType::Int => (i64::try_from(next()).expect("a small number") - 50).into(),
        FieldType::Float => (next() as f64 / 2.0).into(),
        FieldType::Bool => next().is_multiple_of(2).into(),
        FieldType::Literal(choices) => choices[next() % choices.len()].clone(),
        FieldType::Enum(class) => class.members[next() % class.members.len()].1.clone(),
        FieldType::List(Some(inner)) => (0..next() % 4).map(|_| value(inner, next)).collect(),
        FieldType::Dict(Some(pair)) => {
            let key = |i: usize| ["key", "Two words", "x-1", "&\"'"][i].to_owned();
            Value::Object((0..next() % 4).map(|i| (key(i), value(&pair.1, next))).collect())
        }
        FieldType::Union(types) => value(&types[next() % types.len()], next),
        FieldType::Object(class) => {
            let member = |field: &ObjectField| (field.name.clone(), value(&field.field_type, next));
            Value::Object(class.fields.iter().map(member).collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_signature_with_nested_types_survives_json_and_toml(signature in signature()) {
        let text = serde_json::to_string(&signature).expect("JSON");
        prop_assert_eq!(&serde_json::from_str::<Signature>(&text).expect("its own JSON"), &signature);
        let entry = LibraryEntry { signature, description: String::new(), module: Module::Predict, demos: Vec::new() };
        let text = library::to_toml(std::slice::from_ref(&entry));
        prop_assert_eq!(library::parse(&text).expect("its own TOML"), vec![entry], "{}", text);
    }

    #[test]
    fn values_of_nested_types_survive_messages(signature in signature(), numbers in prop::collection::vec(0..100_usize, 50)) {
        let mut numbers = numbers.into_iter().cycle();
        let mut next = || numbers.next().unwrap_or_default();
        let mut demo: Values = signature.outputs.iter().map(|f| (f.name.clone(), value(&f.field_type, &mut next))).collect();
        let expected = demo.clone();
        demo.insert("q".to_owned(), demo["one"].clone());
        // What a person types into the input.
        prop_assert_eq!(signature.inputs[0].parse_json(&demo["q"]), Ok(demo["q"].clone()));
        for adapter in Adapter::ALL {
            let messages = adapter.messages(&signature, &Values::new(), std::slice::from_ref(&demo), &[]);
            let answer = &messages[2].content;
            let read = adapter.parse(&signature, answer);
            let repairs = read.as_ref().map(|read| read.repairs.len());
            prop_assert_eq!(repairs.unwrap_or_default(), 0, "{}: {}", adapter, answer);
            prop_assert_eq!(read.map(|read| Values::clone(&read.fields)).map_err(|e| e.to_string()), Ok(expected.clone()), "{}: {}", adapter, answer);
        }
    }
}
