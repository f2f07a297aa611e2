//! The type of a field, without Python: its two spellings, the one that DSPy 3.4.1 prints and the one that people type.
//! Types are parsed in `grammar`; values are converted to a type in `reader::coerce`.

mod class;
pub(super) mod definitions;

pub use class::{CONSTRAINTS, EnumType, ObjectField, ObjectType, TypeScope};
pub use definitions::{DefinitionError, read_types};

use super::python_text::repr;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::fmt::{self, Display};
use std::sync::Arc;

/// The type of a field. Displays as DSPy prints it (`Union[str, NoneType]`) and serializes as [`FieldType::inline`],
/// where an object or an enum is its name; a [`Signature`](super::Signature) serializes their definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// `str`
    Str,
    /// `int`
    Int,
    /// `float`
    Float,
    /// `bool`
    Bool,
    /// `None` inside another type, and `NoneType`.
    None,
    /// `Any`
    Any,
    /// `complex`
    Complex,
    /// `bytes`
    Bytes,
    /// A type that JSON carries as text, by its dotted name: `datetime.date`, `uuid.UUID`, `dspy.Code['sql']`.
    Named(String),
    /// `Literal[…]`: its choices, which are strings, numbers, booleans or null.
    Literal(Vec<Value>),
    /// `list` or `list[X]`.
    List(Option<Box<FieldType>>),
    /// `set` or `set[X]`.
    Set(Option<Box<FieldType>>),
    /// `tuple` or `tuple[A, B]`.
    Tuple(Option<Vec<FieldType>>),
    /// `tuple[X, ...]`.
    TupleOf(Box<FieldType>),
    /// `dict` or `dict[K, V]`.
    Dict(Option<Box<(FieldType, FieldType)>>),
    /// `Union[…]`, `X | Y`, `Optional[X]`: two or more different types, none of them a union.
    Union(Vec<FieldType>),
    /// A container with another name, such as `Sequence[int]`: the name that is printed, and the type that values have.
    Alias(String, Box<FieldType>),
    /// An object with typed fields: a class, by its name.
    Object(Arc<ObjectType>),
    /// A choice between named values: a class, by its name.
    Enum(Arc<EnumType>),
}

/// How a type is spelled.
#[derive(Clone, Copy, PartialEq)]
enum Notation {
    /// As DSPy prints it: some types without their module, some literals without their escapes.
    Printed,
    /// As a person types it in an inline signature.
    Inline,
}

impl FieldType {
    /// The spelling for an inline signature: `str | None`, `datetime.datetime`. Parsing it, with the objects and enums in
    /// scope, gives the same type.
    pub fn inline(&self) -> String {
        let mut out = String::new();
        self.spell(Notation::Inline, &mut out);
        out
    }

    /// Whether `None` is a value of this type: `None` itself, or a union with it.
    pub fn is_optional(&self) -> bool {
        match self {
            Self::None => true,
            Self::Union(types) => types.contains(&Self::None),
            _ => false,
        }
    }

    /// The union of several types, flattened and without duplicates. A single type stays as it is.
    pub(super) fn union(types: impl IntoIterator<Item = FieldType>) -> Self {
        let mut flat: Vec<FieldType> = Vec::new();
        for field_type in types {
            let members = if let Self::Union(inner) = field_type { inner } else { vec![field_type] };
            for member in members {
                if !flat.contains(&member) {
                    flat.push(member);
                }
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::Union(flat) }
    }

    fn spell(&self, notation: Notation, out: &mut String) {
        match self {
            Self::Str => out.push_str("str"),
            Self::Int => out.push_str("int"),
            Self::Float => out.push_str("float"),
            Self::Bool => out.push_str("bool"),
            Self::None => out.push_str(if notation == Notation::Inline { "None" } else { "NoneType" }),
            Self::Any => out.push_str("Any"),
            Self::Object(class) => out.push_str(&class.name),
            Self::Enum(class) => out.push_str(&class.name),
            Self::Complex => out.push_str("complex"),
            Self::Bytes => out.push_str("bytes"),
            Self::Named(name) if notation == Notation::Inline => out.push_str(name),
            Self::Named(name) => match name.split_once('[') {
                Some((_, language)) => {
                    out.push_str("Code_(");
                    out.push_str(language.trim_end_matches(']'));
                    out.push_str(",)");
                }
                None => out.push_str(name.rsplit('.').next().unwrap_or(name)),
            },
            Self::Literal(values) => {
                let one = if notation == Notation::Inline { repr } else { printed };
                out.push_str("Literal[");
                out.push_str(&values.iter().map(one).collect::<Vec<_>>().join(", "));
                out.push(']');
            }
            Self::List(inner) => container("list", inner.as_deref().map(std::slice::from_ref), notation, out),
            Self::Set(inner) => container("set", inner.as_deref().map(std::slice::from_ref), notation, out),
            Self::Tuple(inner) if notation == Notation::Inline && inner.as_ref().is_some_and(Vec::is_empty) => {
                out.push_str("tuple[()]");
            }
            Self::Tuple(inner) => container("tuple", inner.as_deref(), notation, out),
            Self::TupleOf(inner) => {
                out.push_str("tuple[");
                inner.spell(notation, out);
                out.push_str(if notation == Notation::Inline { ", ...]" } else { ", Ellipsis]" });
            }
            Self::Dict(None) => out.push_str("dict"),
            Self::Dict(Some(pair)) => {
                out.push_str("dict[");
                element(&pair.0, notation, out);
                out.push_str(", ");
                element(&pair.1, notation, out);
                out.push(']');
            }
            Self::Union(types) => {
                let (open, between, close) =
                    if notation == Notation::Inline { ("", " | ", "") } else { ("Union[", ", ", "]") };
                out.push_str(open);
                for (i, field_type) in types.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { between });
                    field_type.spell(notation, out);
                }
                out.push_str(close);
            }
            Self::Alias(name, inner) => {
                let start = out.len();
                inner.spell(notation, out);
                let bracket = out[start..].find('[').map(|i| start + i);
                out.replace_range(start..bracket.unwrap_or(out.len()), name);
                // Without brackets only the class itself can be written, not `typing`'s alias.
                if notation == Notation::Inline && bracket.is_none() && name != "frozenset" {
                    out.insert_str(start, "collections.");
                }
            }
        }
    }
}

fn container(name: &str, inner: Option<&[FieldType]>, notation: Notation, out: &mut String) {
    out.push_str(name);
    let Some(inner) = inner else { return };
    out.push('[');
    for (i, field_type) in inner.iter().enumerate() {
        out.push_str(if i == 0 { "" } else { ", " });
        element(field_type, notation, out);
    }
    out.push(']');
}

/// Appends the argument of a container, where DSPy prints `None` and not `NoneType`.
fn element(field_type: &FieldType, notation: Notation, out: &mut String) {
    match field_type {
        FieldType::None => out.push_str("None"),
        field_type => field_type.spell(notation, out),
    }
}

/// A choice of a `Literal` as DSPy prints it: in quotes; quotes inside are escaped only if both kinds occur, and
/// nothing else is escaped.
fn printed(value: &Value) -> String {
    match value {
        Value::String(text) if !text.contains('\'') => format!("'{text}'"),
        Value::String(text) if !text.contains('"') => format!("\"{text}\""),
        Value::String(text) => format!("'{}'", text.replace('\'', "\\'")),
        other => repr(other),
    }
}

impl Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.spell(Notation::Printed, &mut out);
        f.pad(&out)
    }
}

impl Serialize for FieldType {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.inline())
    }
}
