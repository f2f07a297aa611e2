//! Objects and enums of random shape: their definitions survive writing, and their values survive a message.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use switchover::dspy::{
    Adapter, EnumType, Field, FieldType, LibraryEntry, Module, ObjectField, ObjectType, Signature, Values, library,
};

/// Random decisions, one after the other; 0 when there are no more.
struct Source {
    decisions: std::vec::IntoIter<u32>,
    classes: usize,
}

impl Source {
    fn below(&mut self, count: u32) -> u32 {
        self.decisions.next().unwrap_or(0) % count
    }

    fn text(&mut self) -> String {
        const PARTS: [&str; 12] = ["", "a", "B c", "\"", "'", "\\", "\n", "{", "]", "<b>", "null", "ä 日"];
        (0..self.below(4)).map(|_| PARTS[self.below(12) as usize]).collect::<String>()
    }

    fn name(&mut self) -> String {
        self.classes += 1;
        format!("Class{}", self.classes)
    }

    fn class(&mut self, depth: u32) -> FieldType {
        let description = (self.below(2) == 1).then(|| self.text());
        if self.below(3) == 0 {
            let values = [json!("red"), json!("it's"), json!(3), json!(null), json!(2.5)];
            let count = 1 + self.below(5) as usize;
            let members =
                values.into_iter().take(count).enumerate().map(|(i, value)| (format!("M{i}"), value)).collect();
            return FieldType::Enum(Arc::new(EnumType { name: self.name(), description, members }));
        }
        let fields = (0..self.below(4)).map(|i| self.field(&format!("f{i}"), depth)).collect();
        FieldType::Object(Arc::new(ObjectType { name: self.name(), description, fields }))
    }

    fn field(&mut self, name: &str, depth: u32) -> ObjectField {
        let mut field = ObjectField::new(name, self.field_type(depth + 1));
        field.description = (self.below(2) == 1).then(|| self.text());
        field.default = (self.below(3) == 0).then(|| self.value(&field.field_type));
        if self.below(3) == 0 && matches!(field.field_type, FieldType::Int) {
            field.constraints = Values::from_iter([("ge".to_owned(), json!(-100)), ("lt".to_owned(), json!(1e9))]);
        }
        field
    }

    fn field_type(&mut self, depth: u32) -> FieldType {
        let boxed = |field_type: FieldType| Some(Box::new(field_type));
        match self.below(if depth > 3 { 5 } else { 10 }) {
            0 => FieldType::Str,
            1 => FieldType::Int,
            2 => FieldType::Float,
            3 => FieldType::Bool,
            4 => FieldType::Literal(vec![json!("a"), json!(1), json!("b c")]),
            5 => FieldType::List(boxed(self.field_type(depth + 1))),
            6 => FieldType::Dict(Some(Box::new((FieldType::Str, self.field_type(depth + 1))))),
            7 => match self.field_type(depth + 1) {
                FieldType::Union(types) => FieldType::Union(types),
                other => FieldType::Union(vec![other, FieldType::None]),
            },
            _ => self.class(depth),
        }
    }

    fn value(&mut self, field_type: &FieldType) -> Value {
        let count = self.below(3);
        match field_type {
            FieldType::Str => self.text().into(),
            FieldType::Int => i64::from(self.below(90)).into(),
            FieldType::Float => (f64::from(self.below(90)) + 0.5).into(),
            FieldType::Bool => (self.below(2) == 1).into(),
            FieldType::Literal(choices) => choices[self.below(3) as usize].clone(),
            FieldType::List(Some(inner)) => (0..count).map(|_| self.value(inner)).collect(),
            FieldType::Dict(Some(pair)) => {
                (0..count).map(|i| (format!("{}{i}", self.text()), self.value(&pair.1))).collect::<Map<_, _>>().into()
            }
            FieldType::Union(types) => self.value(&types[0].clone()),
            FieldType::Object(class) => {
                let fields = class.fields.iter().map(|field| (field.name.clone(), self.value(&field.field_type)));
                fields.collect::<Map<_, _>>().into()
            }
            FieldType::Enum(class) => class.members[self.below(class.members.len() as u32) as usize].1.clone(),
            other => panic!("no values of {other}"),
        }
    }
}

/// A signature with a random type, and a value of that type.
fn signature(decisions: Vec<u32>) -> (Signature, Value) {
    let mut source = Source { decisions: decisions.into_iter(), classes: 0 };
    let inner = source.class(0);
    let field_type = if source.below(2) == 0 { inner } else { FieldType::List(Some(Box::new(inner))) };
    let value = source.value(&field_type);
    let fields = |name: &str| vec![Field::new(name, field_type.clone())];
    let mut signature = Signature::new(fields("q"), fields("v"));
    "random".clone_into(&mut signature.name);
    (signature, value)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn definitions_survive_writing(decisions in prop::collection::vec(any::<u32>(), 0..120)) {
        let (signature, _) = signature(decisions);
        let json = serde_json::to_string(&signature).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Signature>(&json).expect("its own JSON"), signature.clone());
        let entry = LibraryEntry { signature, description: String::new(), module: Module::Predict, demos: Vec::new() };
        let toml = library::to_toml(std::slice::from_ref(&entry));
        prop_assert_eq!(library::parse(&toml).unwrap_or_else(|e| panic!("{e}\n{toml}")), [entry]);
    }

    #[test]
    fn values_survive_a_message(decisions in prop::collection::vec(any::<u32>(), 0..160)) {
        let (signature, value) = signature(decisions);
        let demo = Values::from_iter([("q".to_owned(), value.clone()), ("v".to_owned(), value.clone())]);
        for adapter in [Adapter::Chat, Adapter::Json] {
            let messages = adapter.messages(&signature, &demo, std::slice::from_ref(&demo), &[]);
            let answer = messages.iter().find(|m| m.role == switchover::openrouter::Role::Assistant);
            // A demo with a null value is not complete, and has a remark in its place.
            let Some(answer) = answer.filter(|_| !value.is_null()) else { continue };
            let read = adapter.parse(&signature, &answer.content).unwrap_or_else(|e| panic!("{e}\n{}", answer.content));
            prop_assert_eq!((&read.fields["v"], &read.repairs), (&value, &Vec::new()), "{}", answer.content);
        }
        // What a person types into an input of the type.
        prop_assert_eq!(signature.inputs[0].parse_json(&value), Ok(value));
    }
}
