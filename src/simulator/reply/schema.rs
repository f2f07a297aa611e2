//! Python's type names, as DSPy writes them in prompts, as JSON schemas: the rest of the simulator knows only those.

use serde_json::{Value, json};

/// A type that nests deeper than this is read as `Any`.
const MAX_DEPTH: usize = 16;

/// The JSON schema of a type such as `list[Literal['a', 'b']]` or `Optional[int]`. A class becomes [`unknown`]; `Any`
/// and what cannot be read become `{}`, which allows every value.
pub(super) fn of_python_type(text: &str) -> Value {
    read_type(text, 0).unwrap_or_else(|| json!({}))
}

/// The schema of a class, of which its name says nothing.
pub(super) fn unknown() -> Value {
    json!({ "type": "object" })
}

/// The text before the first separator that is outside of brackets and quotes, and the text after it. A closing
/// bracket without an opening one is found too, so this also finds the end of what is already open.
pub(super) fn split_outside(text: &str, separator: char) -> Option<(&str, &str)> {
    let (mut depth, mut quote, mut escaped) = (0, None, false);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (None, c) if c == separator && depth == 0 => return Some((&text[..i], &text[i + c.len_utf8()..])),
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            (Some(open), c) if c == open && !escaped => quote = None,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

fn parts(mut text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    while let Some((part, rest)) = split_outside(text, separator) {
        parts.push(part.trim());
        text = rest;
    }
    parts.push(text.trim());
    // Python allows a comma after the last one.
    parts.pop_if(|part| part.is_empty());
    parts
}

fn read_type(text: &str, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    let members = parts(text, '|');
    if let [_, _, ..] = members[..] {
        let members: Option<Vec<_>> = members.into_iter().map(|member| read_type(member, depth + 1)).collect();
        return members.map(|members| json!({ "anyOf": members }));
    }
    let text = text.trim();
    let (name, arguments) = match text.split_once('[') {
        Some((name, rest)) => (name, parts(split_outside(rest, ']')?.0, ',')),
        None => (text, Vec::new()),
    };
    let name = name.rsplit('.').next().unwrap_or_default();
    if name == "Literal" {
        return Some(json!({ "enum": arguments.into_iter().map(constant).collect::<Vec<_>>() }));
    }
    let any_length = arguments.get(1) == Some(&"...");
    let arguments = arguments.into_iter().filter(|argument| *argument != "...");
    let mut arguments = arguments.map(|argument| read_type(argument, depth + 1)).collect::<Option<Vec<_>>>()?;
    let first = arguments.first().cloned();
    let string = json!({ "type": "string" });
    Some(match name {
        "" => return None,
        "str" | "bytes" => string,
        "int" => json!({ "type": "integer" }),
        "float" | "complex" => json!({ "type": "number" }),
        "bool" => json!({ "type": "boolean" }),
        "None" | "NoneType" => json!({ "type": "null" }),
        "datetime" => json!({ "type": "string", "format": "date-time" }),
        "date" => json!({ "type": "string", "format": "date" }),
        "tuple" | "Tuple" if !any_length => json!({ "type": "array", "prefixItems": arguments }),
        "list" | "List" | "set" | "Set" | "frozenset" | "Sequence" | "tuple" | "Tuple" => {
            json!({ "type": "array", "items": first.unwrap_or(string) })
        }
        "dict" | "Dict" | "Mapping" => {
            let value = arguments.pop().unwrap_or(string);
            json!({ "type": "object", "propertyNames": first, "additionalProperties": value })
        }
        "Optional" => json!({ "anyOf": [first.unwrap_or(string), { "type": "null" }] }),
        "Union" => json!({ "anyOf": arguments }),
        "Annotated" => first?,
        "Any" | "object" => json!({}),
        _ => unknown(),
    })
}

/// A text in quotes, a number, `True`, `False` or `None`.
fn constant(text: &str) -> Value {
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            let mut chars = inner.chars();
            let unescaped =
                std::iter::from_fn(|| chars.next().and_then(|c| if c == '\\' { chars.next() } else { Some(c) }));
            return unescaped.collect::<String>().into();
        }
    }
    match text {
        "True" => true.into(),
        "False" => false.into(),
        "None" => Value::Null,
        word => serde_json::from_str(word).unwrap_or_else(|_| word.into()),
    }
}
