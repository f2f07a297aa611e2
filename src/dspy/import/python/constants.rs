//! The values of expressions that need no running: texts with their concatenations, numbers, lists, and names for them.

use super::declarations::{Declarations, Meaning, Scope};
use super::syntax::{MAX_DEPTH, call, children};
use super::texts;
use crate::dspy::grammar::string_value;
use serde_json::{Map, Value};
use tree_sitter::Node;

/// The longest text, in bytes. Names can double a text again and again.
const MAX_TEXT: usize = 1 << 18;

/// The number of nodes that one value may come from.
const MAX_STEPS: usize = 5000;

/// The value of an expression.
///
/// # Errors
/// Why it is known only when the program runs, as the end of a sentence: `it is computed`.
pub(super) fn constant<'t>(names: &Declarations<'t>, node: Node<'t>, scope: Scope) -> Result<Value, String> {
    Evaluation { names, scope, steps: MAX_STEPS }.value(node, 0)
}

/// The text of an expression.
///
/// # Errors
/// As [`constant`], or it is no text.
pub(super) fn text<'t>(names: &Declarations<'t>, node: Node<'t>, scope: Scope) -> Result<String, String> {
    match constant(names, node, scope)? {
        Value::String(text) => Ok(text),
        _ => Err("it is not a text".to_owned()),
    }
}

struct Evaluation<'a, 't> {
    names: &'a Declarations<'t>,
    scope: Scope,
    steps: usize,
}

impl<'t> Evaluation<'_, 't> {
    fn value(&mut self, node: Node<'t>, depth: usize) -> Result<Value, String> {
        self.steps = self.steps.saturating_sub(1);
        if depth > MAX_DEPTH || self.steps == 0 {
            return Err("it is too long".to_owned());
        }
        let source = self.names.source;
        match node.kind() {
            "string" => self.string(node, depth),
            "concatenated_string" => {
                let mut whole = String::new();
                for part in children(node) {
                    append(&mut whole, &self.text(part, depth)?)?;
                }
                Ok(whole.into())
            }
            "integer" | "float" => {
                let number = crate::dspy::grammar::number_value(source.text(node));
                number.ok_or_else(|| "JSON cannot hold its number".to_owned())
            }
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            "none" => Ok(Value::Null),
            "list" | "tuple" | "set" => children(node).into_iter().map(|item| self.value(item, depth + 1)).collect(),
            "dictionary" => {
                let mut map = Map::new();
                for pair in children(node) {
                    let part = |name| pair.child_by_field_name(name).ok_or_else(computed);
                    map.insert(self.text(part("key")?, depth)?, self.value(part("value")?, depth + 1)?);
                }
                Ok(map.into())
            }
            "parenthesized_expression" => {
                let inner = children(node);
                self.value(*inner.first().ok_or_else(computed)?, depth + 1)
            }
            "unary_operator" if source.text(node).starts_with('-') => {
                let argument = node.child_by_field_name("argument").ok_or_else(computed)?;
                match self.value(argument, depth + 1)? {
                    Value::Number(number) if number.is_f64() => Ok((-number.as_f64().unwrap_or_default()).into()),
                    Value::Number(number) => number.as_i64().map(|n| (-n).into()).ok_or_else(computed),
                    _ => Err(computed()),
                }
            }
            "binary_operator" => self.sum(node, depth),
            "identifier" | "attribute" => self.name(node, depth),
            "call" => self.call(node, depth),
            _ => Err(computed()),
        }
    }

    fn text(&mut self, node: Node<'t>, depth: usize) -> Result<String, String> {
        match self.value(node, depth + 1)? {
            Value::String(text) => Ok(text),
            _ => Err(computed()),
        }
    }

    /// A string literal. In an f-string, the values between braces must be constants too.
    fn string(&mut self, node: Node<'t>, depth: usize) -> Result<Value, String> {
        let source = self.names.source;
        let parts = children(node);
        let Some(start) = parts.first().filter(|part| part.kind() == "string_start") else { return Err(computed()) };
        let open = source.text(*start);
        let (prefix, quote) = open.split_at(open.find(['"', '\'']).unwrap_or(open.len()));
        let is_format = prefix.contains(['f', 'F', 't', 'T']);
        if !is_format {
            let value = string_value(source.text(node));
            return value.map(Value::String).ok_or_else(|| "it is not a text".to_owned());
        }
        let prefix = prefix.replace(['f', 'F', 't', 'T'], "");
        let end = parts.last().filter(|part| part.kind() == "string_end").map_or(node.end_byte(), Node::start_byte);
        let mut whole = String::new();
        let mut from = start.end_byte();
        let plain = |from: usize, to: usize, whole: &mut String| {
            let literal = source.text.get(from..to).unwrap_or_default();
            let value = string_value(&format!("{prefix}{quote}{literal}{quote}")).ok_or_else(computed)?;
            append(whole, &value.replace("{{", "{").replace("}}", "}"))
        };
        for part in parts.iter().filter(|part| part.kind() == "interpolation") {
            plain(from, part.start_byte(), &mut whole)?;
            let formatted = children(*part).len() > 1;
            let value = part
                .child_by_field_name("expression")
                .filter(|_| !formatted)
                .ok_or_else(|| f_string(source.text(*part)))?;
            match self.value(value, depth + 1).map_err(|_| f_string(source.text(*part)))? {
                Value::String(text) => append(&mut whole, &text)?,
                Value::Number(number) if !number.is_f64() => append(&mut whole, &number.to_string())?,
                _ => return Err(f_string(source.text(*part))),
            }
            from = part.end_byte();
        }
        plain(from, end, &mut whole)?;
        Ok(whole.into())
    }

    /// Two texts or two lists with `+` between them.
    fn sum(&mut self, node: Node<'t>, depth: usize) -> Result<Value, String> {
        let part = |name| node.child_by_field_name(name).ok_or_else(computed);
        if self.names.source.text(part("operator")?) != "+" {
            return Err(computed());
        }
        match (self.value(part("left")?, depth + 1)?, self.value(part("right")?, depth + 1)?) {
            (Value::String(mut left), Value::String(right)) => {
                append(&mut left, &right)?;
                Ok(left.into())
            }
            (Value::Array(left), Value::Array(right)) => Ok([left, right].concat().into()),
            _ => Err(computed()),
        }
    }

    fn name(&mut self, node: Node<'t>, depth: usize) -> Result<Value, String> {
        let name = self.names.source.text(node);
        match self.names.find_dotted(name, self.scope, node.start_byte()).map(|found| found.meaning) {
            Some(Meaning::Value(value)) => self.value(value, depth + 1),
            _ => Err(format!("`{name}` is known only when the program runs")),
        }
    }

    /// A call of a function that changes the white space of a text, or of `join`.
    fn call(&mut self, node: Node<'t>, depth: usize) -> Result<Value, String> {
        let source = self.names.source;
        let (function, arguments) = call(source, node).ok_or_else(computed)?;
        let argument = arguments.plain.first().copied();
        match (self.names.full_name(source.text(function)).as_str(), argument) {
            ("textwrap.dedent" | "dedent", Some(text)) => return Ok(texts::dedent(&self.text(text, depth)?).into()),
            ("inspect.cleandoc" | "cleandoc", Some(text)) => {
                return Ok(texts::clean_doc(&self.text(text, depth)?).into());
            }
            _ => {}
        }
        let (Some(object), Some(method)) =
            (function.child_by_field_name("object"), function.child_by_field_name("attribute"))
        else {
            return Err(computed());
        };
        let text = self.text(object, depth)?;
        match (source.text(method), argument) {
            ("strip", None) => Ok(text.trim().into()),
            ("lstrip", None) => Ok(text.trim_start().into()),
            ("rstrip", None) => Ok(text.trim_end().into()),
            ("join", Some(list)) => {
                let Value::Array(items) = self.value(list, depth + 1)? else { return Err(computed()) };
                let mut whole = String::new();
                for (i, item) in items.iter().enumerate() {
                    append(&mut whole, if i == 0 { "" } else { &text })?;
                    append(&mut whole, item.as_str().ok_or_else(computed)?)?;
                }
                Ok(whole.into())
            }
            _ => Err(computed()),
        }
    }
}

fn append(whole: &mut String, more: &str) -> Result<(), String> {
    if whole.len() + more.len() > MAX_TEXT {
        return Err("it is too long".to_owned());
    }
    whole.push_str(more);
    Ok(())
}

fn computed() -> String {
    "it is known only when the program runs".to_owned()
}

fn f_string(part: &str) -> String {
    format!("it is an f-string, and `{part}` is known only when the program runs")
}
