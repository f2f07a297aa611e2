//! Types that a person defines: objects with typed fields (`pydantic.BaseModel`, dataclasses) and enums.

use super::super::Values;
use super::super::python_text::repr;
use super::FieldType;
use crate::text::value_text;
use serde_json::Value;
use std::collections::BTreeMap;

/// The types that a text may name, by name.
pub type TypeScope = BTreeMap<String, FieldType>;

/// The most types that a type may consist of, each use counted.
const MAX_PARTS: usize = 10_000;

/// The maximum nesting of types, so that the call stack stays small.
pub(super) const MAX_DEPTH: usize = 100;

/// An object with typed fields. In Python a class: a model of pydantic, a dataclass, a `TypedDict`. It does not contain
/// itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectType {
    /// The name of the class. In one signature, no two different types have the same name.
    pub name: String,
    /// What it is, for the model; the class's docstring.
    pub description: Option<String>,
    /// The fields in the order in which they are written.
    pub fields: Vec<ObjectField>,
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectField {
    /// The key in JSON.
    pub name: String,
    /// The type.
    pub field_type: FieldType,
    /// What the field means, for the model.
    pub description: Option<String>,
    /// The value if an answer lacks the field. Without a default the field is required.
    pub default: Option<Value>,
    /// Conditions on the value, by the names of [`CONSTRAINTS`].
    pub constraints: Values,
}

/// A choice between named values. In Python an `enum.Enum`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumType {
    /// The name of the class. In one signature, no two different types have the same name.
    pub name: String,
    /// What it is, for the model; the class's docstring.
    pub description: Option<String>,
    /// The names and values in order. JSON has the values.
    pub members: Vec<(String, Value)>,
}

/// The conditions on the value of an object's field, by the names of the arguments of `pydantic.Field`.
pub const CONSTRAINTS: [&str; 8] = ["ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern"];

impl ObjectField {
    /// The constraints in words: `at least 0`, `at most 80 long`.
    pub(in crate::dspy) fn constraint_words(&self) -> Vec<String> {
        let words = |(name, limit): (&String, &Value)| {
            let limit = value_text(limit);
            match name.as_str() {
                "ge" => format!("at least {limit}"),
                "gt" => format!("more than {limit}"),
                "le" => format!("at most {limit}"),
                "lt" => format!("less than {limit}"),
                "multiple_of" => format!("a multiple of {limit}"),
                "min_length" => format!("at least {limit} long"),
                "max_length" => format!("at most {limit} long"),
                _ => format!("matching {limit}"),
            }
        };
        self.constraints.iter().map(words).collect()
    }

    /// A required field with a name and a type.
    pub fn new(name: impl Into<String>, field_type: FieldType) -> Self {
        Self { name: name.into(), field_type, description: None, default: None, constraints: Values::new() }
    }
}

impl EnumType {
    /// The values in order.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.members.iter().map(|(_, value)| value)
    }
}

impl FieldType {
    /// The name of the class, if this is an object or an enum.
    pub fn class_name(&self) -> Option<&str> {
        match self {
            Self::Object(class) => Some(&class.name),
            Self::Enum(class) => Some(&class.name),
            _ => None,
        }
    }

    /// An object with its fields, or an enum with its values, in one line: `Task(title: str, urgency: Urgency = 'low')`.
    pub fn outline(&self) -> Option<String> {
        let field = |field: &ObjectField| {
            let default = field.default.as_ref().map(|value| format!(" = {}", repr(value))).unwrap_or_default();
            format!("{}: {}{default}", field.name, field.field_type.inline())
        };
        let parts: Vec<String> = match self {
            Self::Object(class) => class.fields.iter().map(field).collect(),
            Self::Enum(class) => class.values().map(repr).collect(),
            _ => return None,
        };
        Some(format!("{}({})", self.class_name()?, parts.join(", ")))
    }

    /// The types that this type directly consists of.
    pub(in crate::dspy) fn parts(&self) -> Vec<&FieldType> {
        match self {
            Self::List(Some(inner)) | Self::Set(Some(inner)) | Self::TupleOf(inner) | Self::Alias(_, inner) => {
                vec![inner]
            }
            Self::Tuple(Some(types)) | Self::Union(types) => types.iter().collect(),
            Self::Dict(Some(pair)) => vec![&pair.0, &pair.1],
            Self::Object(class) => class.fields.iter().map(|field| &field.field_type).collect(),
            _ => Vec::new(),
        }
    }

    /// Adds the objects and enums in this type, once each: after those that they consist of.
    pub(in crate::dspy) fn collect_classes<'a>(&'a self, found: &mut Vec<&'a FieldType>) {
        let name = self.class_name();
        if name.is_some() && found.iter().any(|other| other.class_name() == name) {
            return;
        }
        self.parts().into_iter().for_each(|part| part.collect_classes(found));
        if name.is_some() {
            found.push(self);
        }
    }

    /// Whether an object or an enum occurs in this type.
    pub(in crate::dspy) fn has_class(&self) -> bool {
        self.class_name().is_some() || self.parts().into_iter().any(Self::has_class)
    }

    /// Whether the type is too large to be used: nested more than 100 levels deep, or more than 10,000 types in all.
    pub fn is_too_large(&self) -> bool {
        fn fits(field_type: &FieldType, depth: usize, left: &mut usize) -> bool {
            *left = left.saturating_sub(1);
            *left > 0 && depth > 0 && field_type.parts().into_iter().all(|part| fits(part, depth - 1, left))
        }
        !fits(self, MAX_DEPTH, &mut MAX_PARTS.clone())
    }
}
