//! The type of an answer, read from Python's name for it or from a JSON schema.

use serde_json::Value;

/// A type, as far as it matters for inventing a value of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Text,
    Int,
    Float,
    Bool,
    Null,
    /// A date and time.
    Moment,
    Literal(Vec<Value>),
    List(Box<Shape>),
    Dict(Box<Shape>),
    Tuple(Vec<Shape>),
    Union(Vec<Shape>),
    Object(Vec<(String, Shape)>),
    /// A name that says nothing: a class, `Any`.
    Any,
}

/// Types nest no deeper than this.
const DEEPEST: usize = 16;

impl Shape {
    /// Reads `list[Literal['a', 'b']]`, `Optional[int]`, `dict[str, float] | None` and the like.
    pub(super) fn of_python(text: &str) -> Self {
        let mut reader = Reader { rest: text.trim(), depth: 0 };
        reader.union().unwrap_or(Self::Any)
    }

    /// Reads a JSON schema; `root` holds its definitions.
    pub(super) fn of_schema(schema: &Value, root: &Value) -> Self {
        of_schema(schema, root, 0)
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn eat(&mut self, sign: char) -> bool {
        let rest = self.rest.trim_start();
        let eaten = rest.strip_prefix(sign);
        self.rest = eaten.unwrap_or(rest);
        eaten.is_some()
    }

    fn union(&mut self) -> Option<Shape> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut members = vec![self.one()?];
        while self.eat('|') {
            members.push(self.one()?);
        }
        self.depth -= 1;
        Some(if members.len() == 1 { members.remove(0) } else { Shape::Union(members) })
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        word.strip_prefix("typing.").unwrap_or(word)
    }

    fn one(&mut self) -> Option<Shape> {
        let word = self.word();
        if word == "Literal" {
            return self.literal();
        }
        let mut arguments = self.arguments()?;
        let first = || arguments.first().cloned().unwrap_or(Shape::Text);
        Some(match word {
            "str" | "bytes" => Shape::Text,
            "int" => Shape::Int,
            "float" | "complex" => Shape::Float,
            "bool" => Shape::Bool,
            "None" | "NoneType" => Shape::Null,
            "list" | "List" | "set" | "Set" | "frozenset" | "Sequence" => Shape::List(Box::new(first())),
            "dict" | "Dict" | "Mapping" => Shape::Dict(Box::new(arguments.pop().unwrap_or(Shape::Text))),
            "tuple" | "Tuple" => Shape::Tuple(arguments),
            "Optional" => Shape::Union(vec![first(), Shape::Null]),
            "Union" => Shape::Union(arguments),
            "Annotated" => first(),
            "datetime.datetime" | "datetime" | "datetime.date" | "date" => Shape::Moment,
            "" => return None,
            _ => Shape::Any,
        })
    }

    fn arguments(&mut self) -> Option<Vec<Shape>> {
        let mut arguments = Vec::new();
        if self.eat('[') {
            while !self.eat(']') {
                arguments.push(self.union()?);
                if !self.eat(',') && !self.rest.trim_start().starts_with(']') {
                    return None;
                }
            }
        }
        Some(arguments)
    }

    fn literal(&mut self) -> Option<Shape> {
        let mut values = Vec::new();
        if !self.eat('[') {
            return None;
        }
        while !self.eat(']') {
            values.push(self.constant()?);
            if !self.eat(',') && !self.rest.trim_start().starts_with(']') {
                return None;
            }
        }
        Some(Shape::Literal(values))
    }

    fn constant(&mut self) -> Option<Value> {
        let rest = self.rest.trim_start();
        let quote = rest.chars().next()?;
        if quote == '\'' || quote == '"' {
            let mut text = String::new();
            let mut chars = rest[1..].char_indices();
            while let Some((i, c)) = chars.next() {
                if c == quote {
                    self.rest = &rest[i + 2..];
                    return Some(text.into());
                }
                text.push(if c == '\\' { chars.next()?.1 } else { c });
            }
            return None;
        }
        let end = rest.find([',', ']']).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        Some(match word.trim() {
            "True" => true.into(),
            "False" => false.into(),
            "None" => Value::Null,
            word => serde_json::from_str(word).unwrap_or_else(|_| word.into()),
        })
    }
}

fn of_schema(schema: &Value, root: &Value, depth: usize) -> Shape {
    if depth > DEEPEST {
        return Shape::Null;
    }
    let deeper = |schema: &Value| of_schema(schema, root, depth + 1);
    if let Some(target) = schema["$ref"].as_str().and_then(|path| root.pointer(path.strip_prefix('#')?)) {
        return deeper(target);
    }
    if let Some(values) = schema["enum"].as_array() {
        return Shape::Literal(values.clone());
    }
    if let Some(value) = schema.get("const") {
        return Shape::Literal(vec![value.clone()]);
    }
    if let Some(members) = ["anyOf", "oneOf", "allOf"].iter().find_map(|key| schema[*key].as_array()) {
        return Shape::Union(members.iter().map(deeper).collect());
    }
    if let Some(types) = schema["type"].as_array() {
        let member = |kind: &Value| {
            let mut one = schema.clone();
            one["type"] = kind.clone();
            deeper(&one)
        };
        return Shape::Union(types.iter().map(member).collect());
    }
    match schema["type"].as_str() {
        Some("string") if schema["format"] == "date-time" || schema["format"] == "date" => Shape::Moment,
        Some("string") => Shape::Text,
        Some("integer") => Shape::Int,
        Some("number") => Shape::Float,
        Some("boolean") => Shape::Bool,
        Some("null") => Shape::Null,
        Some("array") => match schema["prefixItems"].as_array() {
            Some(items) => Shape::Tuple(items.iter().map(deeper).collect()),
            None => Shape::List(Box::new(deeper(&schema["items"]))),
        },
        Some("object") => match schema["properties"].as_object() {
            Some(properties) => {
                Shape::Object(properties.iter().map(|(name, one)| (name.clone(), deeper(one))).collect())
            }
            None => Shape::Dict(Box::new(deeper(&schema["additionalProperties"]))),
        },
        _ => Shape::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::Shape::{self, Any, Bool, Dict, Int, List, Literal, Moment, Null, Object, Text, Tuple, Union};
    use serde_json::json;

    #[test]
    fn python_names_are_read() {
        for (text, shape) in [
            ("str", Text),
            ("list", List(Box::new(Text))),
            ("list[int]", List(Box::new(Int))),
            ("dict[str, list[bool]]", Dict(Box::new(List(Box::new(Bool))))),
            ("Union[int, NoneType]", Union(vec![Int, Null])),
            ("Optional[int]", Union(vec![Int, Null])),
            ("int | None", Union(vec![Int, Null])),
            ("tuple[int, str]", Tuple(vec![Int, Text])),
            (
                "Literal['a', \"b, c]\", 1, True, None]",
                Literal(vec![json!("a"), json!("b, c]"), json!(1), json!(true), json!(null)]),
            ),
            ("Literal['it\\'s']", Literal(vec![json!("it's")])),
            ("typing.List[datetime.datetime]", List(Box::new(Moment))),
            ("Person", Any),
            ("", Any),
            ("list[", Any),
            ("Literal['a", Any),
        ] {
            assert_eq!(Shape::of_python(text), shape, "{text}");
        }
        assert_eq!(Shape::of_python(&"list[".repeat(10_000)), Any);
    }

    #[test]
    fn schemas_are_read() {
        let schema = json!({
            "type": "object", "$defs": { "Mood": { "enum": ["up", "down"] } },
            "properties": {
                "mood": { "$ref": "#/$defs/Mood" }, "n": { "type": ["integer", "null"] },
                "loop": { "$ref": "#" },
            },
        });
        let Object(fields) = Shape::of_schema(&schema, &schema) else { panic!("no object") };
        assert_eq!(fields[0].1, Literal(vec![json!("up"), json!("down")]));
        assert_eq!(fields[1].1, Union(vec![Int, Null]));
    }
}
