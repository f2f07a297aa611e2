//! Python's type names, as DSPy writes them in prompts, as JSON schemas: the rest of the simulator knows only those.

use serde_json::{Value, json};

/// A type that nests deeper than this is read as `Any`.
const MAX_DEPTH: usize = 16;

/// The JSON schema of a type such as `list[Literal['a', 'b']]` or `Optional[int]`. A class,
/// `Any`, and what cannot be read become `{}`, which allows every value.
pub(super) fn of_python_type(text: &str) -> Value {
    TypeParser { rest: text, depth: 0 }.union().unwrap_or_else(|| json!({}))
}

struct TypeParser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> TypeParser<'a> {
    fn eat(&mut self, sign: char) -> bool {
        let rest = self.rest.trim_start();
        let eaten = rest.strip_prefix(sign);
        self.rest = eaten.unwrap_or(rest);
        eaten.is_some()
    }

    fn until(&mut self, end: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest.trim_start();
        let (word, rest) = rest.split_at(rest.find(end).unwrap_or(rest.len()));
        self.rest = rest;
        word
    }

    /// `int | None`
    fn union(&mut self) -> Option<Value> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut members = vec![self.single()?];
        while self.eat('|') {
            members.push(self.single()?);
        }
        self.depth -= 1;
        Some(if members.len() == 1 { members.remove(0) } else { json!({ "anyOf": members }) })
    }

    fn single(&mut self) -> Option<Value> {
        let word = self.until(|c| !(c.is_alphanumeric() || c == '_' || c == '.'));
        if word == "Literal" {
            return Some(json!({ "enum": self.arguments(Self::constant)? }));
        }
        let mut arguments = self.arguments(Self::union)?;
        let first = arguments.first().cloned();
        let string = json!({ "type": "string" });
        Some(match word.rsplit('.').next()? {
            "" if word.is_empty() => return None,
            // `tuple[int, ...]`
            "" => json!("..."),
            "str" | "bytes" => string,
            "int" => json!({ "type": "integer" }),
            "float" | "complex" => json!({ "type": "number" }),
            "bool" => json!({ "type": "boolean" }),
            "None" | "NoneType" => json!({ "type": "null" }),
            "list" | "List" | "set" | "Set" | "frozenset" | "Sequence" => {
                json!({ "type": "array", "items": first.unwrap_or(string) })
            }
            "tuple" | "Tuple" if arguments.get(1) == Some(&json!("...")) => {
                json!({ "type": "array", "items": first })
            }
            "tuple" | "Tuple" => json!({ "type": "array", "prefixItems": arguments }),
            "dict" | "Dict" | "Mapping" => {
                let value = arguments.pop().unwrap_or(string);
                json!({ "type": "object", "propertyNames": first, "additionalProperties": value })
            }
            "Optional" => json!({ "anyOf": [first.unwrap_or(string), { "type": "null" }] }),
            "Union" => json!({ "anyOf": arguments }),
            "Annotated" => first?,
            "datetime" => json!({ "type": "string", "format": "date-time" }),
            "date" => json!({ "type": "string", "format": "date" }),
            _ => json!({}),
        })
    }

    /// What stands between brackets, if there are any.
    fn arguments(&mut self, read: fn(&mut Self) -> Option<Value>) -> Option<Vec<Value>> {
        let mut arguments = Vec::new();
        if self.eat('[') {
            while !self.eat(']') {
                arguments.push(read(self)?);
                if !self.eat(',') && !self.rest.starts_with(']') {
                    return None;
                }
            }
        }
        Some(arguments)
    }

    /// A text, a number, `True`, `False` or `None`.
    fn constant(&mut self) -> Option<Value> {
        for quote in ['\'', '"'] {
            if self.eat(quote) {
                let mut text = String::new();
                let mut chars = self.rest.chars();
                while let Some(c) = chars.next().filter(|c| *c != quote) {
                    text.push(if c == '\\' { chars.next()? } else { c });
                }
                self.rest = chars.as_str();
                return Some(text.into());
            }
        }
        Some(match self.until(|c| c == ',' || c == ']').trim() {
            "True" => true.into(),
            "False" => false.into(),
            "None" => Value::Null,
            word => serde_json::from_str(word).unwrap_or_else(|_| word.into()),
        })
    }
}
