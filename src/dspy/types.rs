//! A field's type: what Python's type would be, without Python. Knows how DSPy prints
//! each and how to spell it so that it can be read again; values of it are read in `reader::coerce`.

use super::python_text::repr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt::{self, Display};

/// A field's type. Prints as DSPy prints it (`Union[str, NoneType]`); is stored as [`FieldType::inline`] spells it.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldType {
    /// `str`
    Str,
    /// `int`
    Int,
    /// `float`
    Float,
    /// `bool`
    Bool,
    /// `None`, within another type
    None,
    /// `Any`
    Any,
    /// `complex`
    Complex,
    /// `bytes`
    Bytes,
    /// `datetime.datetime` and its like, by their dotted name.
    Named(String),
    /// `Literal[…]`: strings, numbers, booleans, null.
    Literal(Vec<Value>),
    /// `list` or `list[…]`
    List(Option<Box<FieldType>>),
    /// `set` or `set[…]`
    Set(Option<Box<FieldType>>),
    /// `tuple` or `tuple[A, B]`
    Tuple(Option<Vec<FieldType>>),
    /// `tuple[X, ...]`
    TupleOf(Box<FieldType>),
    /// `dict` or `dict[…, …]`
    Dict(Option<Box<(FieldType, FieldType)>>),
    /// `Union[…]`, `X | Y`, `Optional[X]`: two or more, each once, none of them a union.
    Union(Vec<FieldType>),
    /// A container by another name, `Sequence[int]`: printed by that name, read as the kind inside.
    Like(String, Box<FieldType>),
}

/// The two spellings.
#[derive(Clone, Copy, PartialEq)]
enum Notation {
    /// As DSPy prints it; some types lose their module, some literals their escapes.
    Printed,
    /// As a person would type it.
    Inline,
}

impl FieldType {
    /// As one would type it in a signature: `str | None`, `datetime.datetime`. Reading it gives the same kind.
    pub fn inline(&self) -> String {
        let mut out = String::new();
        self.spell(Notation::Inline, &mut out);
        out
    }

    /// Whether a missing value is fine: `Optional[…]`, `None` or a union with it.
    pub fn is_optional(&self) -> bool {
        match self {
            Self::None => true,
            Self::Union(types) => types.contains(&Self::None),
            _ => false,
        }
    }

    /// One kind of several: flat, each once; a single one stays itself.
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

    fn spell(&self, style: Notation, out: &mut String) {
        match self {
            Self::Str => out.push_str("str"),
            Self::Int => out.push_str("int"),
            Self::Float => out.push_str("float"),
            Self::Bool => out.push_str("bool"),
            Self::None => out.push_str(if style == Notation::Inline { "None" } else { "NoneType" }),
            Self::Any => out.push_str("Any"),
            Self::Complex => out.push_str("complex"),
            Self::Bytes => out.push_str("bytes"),
            Self::Named(name) if style == Notation::Inline => out.push_str(name),
            Self::Named(name) => match name.split_once('[') {
                Some((_, language)) => {
                    out.push_str("Code_(");
                    out.push_str(language.trim_end_matches(']'));
                    out.push_str(",)");
                }
                None => out.push_str(name.rsplit('.').next().unwrap_or(name)),
            },
            Self::Literal(values) => {
                let one = if style == Notation::Inline { repr } else { printed };
                out.push_str("Literal[");
                out.push_str(&values.iter().map(one).collect::<Vec<_>>().join(", "));
                out.push(']');
            }
            Self::List(inner) => container("list", inner.as_deref().map(std::slice::from_ref), style, out),
            Self::Set(inner) => container("set", inner.as_deref().map(std::slice::from_ref), style, out),
            Self::Tuple(inner) if style == Notation::Inline && inner.as_ref().is_some_and(Vec::is_empty) => {
                out.push_str("tuple[()]");
            }
            Self::Tuple(inner) => container("tuple", inner.as_deref(), style, out),
            Self::TupleOf(inner) => {
                out.push_str("tuple[");
                inner.spell(style, out);
                out.push_str(if style == Notation::Inline { ", ...]" } else { ", Ellipsis]" });
            }
            Self::Dict(None) => out.push_str("dict"),
            Self::Dict(Some(pair)) => {
                out.push_str("dict[");
                element(&pair.0, style, out);
                out.push_str(", ");
                element(&pair.1, style, out);
                out.push(']');
            }
            Self::Union(types) => {
                let (open, between, close) =
                    if style == Notation::Inline { ("", " | ", "") } else { ("Union[", ", ", "]") };
                out.push_str(open);
                for (i, field_type) in types.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { between });
                    field_type.spell(style, out);
                }
                out.push_str(close);
            }
            Self::Like(name, inner) => {
                let start = out.len();
                inner.spell(style, out);
                let bracket = out[start..].find('[').map_or(out.len(), |i| start + i);
                out.replace_range(start..bracket, name);
            }
        }
    }
}

fn container(name: &str, inner: Option<&[FieldType]>, style: Notation, out: &mut String) {
    out.push_str(name);
    let Some(inner) = inner else { return };
    out.push('[');
    for (i, field_type) in inner.iter().enumerate() {
        out.push_str(if i == 0 { "" } else { ", " });
        element(field_type, style, out);
    }
    out.push(']');
}

/// A container's argument: DSPy prints a bare `None` there, and `NoneType` elsewhere.
fn element(field_type: &FieldType, style: Notation, out: &mut String) {
    match field_type {
        FieldType::None => out.push_str("None"),
        field_type => field_type.spell(style, out),
    }
}

/// A literal as DSPy prints it: quoted, with quotes escaped only where both kinds occur, and nothing else escaped.
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

impl<'de> Deserialize<'de> for FieldType {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}
