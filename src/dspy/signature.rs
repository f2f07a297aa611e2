//! What is asked for: typed inputs and outputs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Named, typed inputs and outputs with instructions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signature {
    /// Its name in the library; empty for one that was typed.
    pub name: String,
    /// The task, in words.
    pub instructions: String,
    /// In order.
    pub inputs: Vec<Field>,
    /// In order.
    pub outputs: Vec<Field>,
}

/// One input or output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// An identifier.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// What it means, if it says more than its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What must hold of it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<String>,
    /// An example that an empty editor shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
}

/// A field's type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `str`
    Str,
    /// `int`
    Int,
    /// `float`
    Float,
    /// `bool`
    Bool,
    /// `None`
    None,
    /// `Any`
    Any,
    /// `complex`
    Complex,
    /// `bytes`
    Bytes,
    /// `datetime.datetime` and its like, by their dotted name.
    Named(String),
    /// `Literal[…]`
    Literal(Vec<Value>),
    /// `list` or `list[…]`
    List(Option<Box<Kind>>),
    /// `set` or `set[…]`
    Set(Option<Box<Kind>>),
    /// `tuple` or `tuple[…]`
    Tuple(Option<Vec<Kind>>),
    /// `dict` or `dict[…, …]`
    Dict(Option<Box<(Kind, Kind)>>),
    /// `Union[…]`, `X | Y`, `Optional[X]`
    Union(Vec<Kind>),
}
