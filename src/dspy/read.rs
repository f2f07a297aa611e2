//! From what a model wrote to a field's type, as leniently as DSPy and no more: `3.0` is an `int`, `3.5` is not.

mod moment;

use super::json::{self, scalar};
use super::value::repr;
use super::{Field, FieldType, Problem};
use crate::text::clean_value;
use serde_json::{Map, Number, Value};

/// A value that fits its type, with what was mended.
pub(super) type FieldResult = Result<(Value, Vec<String>), Problem>;

/// Reads a field's text.
pub(super) fn text(field: &Field, text: &str) -> FieldResult {
    let mut repairs = Vec::new();
    let value = match &field.kind {
        kind if keeps_text(kind) => Some(Value::String(text.to_owned())),
        FieldType::Literal(choices) => choice(choices, text, &mut repairs),
        FieldType::Named(name) if name.starts_with("dspy.Code") => Some(code(text)),
        kind => {
            let found = loose(text, &mut repairs);
            fit(kind, &found, &mut repairs).or_else(|| {
                // A bare word in a union with a Literal.
                (found == text && matches!(kind, FieldType::Union(_)))
                    .then(|| union_choice(kind, text, &mut repairs))
                    .flatten()
            })
        }
    };
    finish(field, value, repairs, text)
}

/// Reads a field's text that nobody else needs: where it is the value, it may be long and is not copied.
pub(super) fn whole(field: &Field, mut words: String) -> FieldResult {
    if !keeps_text(&field.kind) {
        return text(field, &words);
    }
    words.shrink_to_fit();
    Ok((Value::String(words), Vec::new()))
}

/// Reads a field's value that came as JSON.
pub(super) fn json(field: &Field, value: &Value) -> FieldResult {
    if let Value::String(words) = value {
        return text(field, words);
    }
    let mut repairs = Vec::new();
    let read = match &field.kind {
        FieldType::Str => {
            repairs.push(format!("{} taken as text", shape(value)));
            Some(Value::String(repr(value)))
        }
        FieldType::Literal(choices) => choices.iter().any(|choice| alike(choice, value)).then(|| value.clone()),
        FieldType::Named(name) if name.starts_with("dspy.Code") => value.get("code").and_then(Value::as_str).map(code),
        kind => fit(kind, value, &mut repairs),
    };
    finish(field, read, repairs, &value.to_string())
}

/// What a field is worth that never came.
pub(super) fn missing(field: &Field) -> FieldResult {
    if field.kind.is_optional() {
        return Ok((Value::Null, Vec::new()));
    }
    Err(Problem { field: field.name.clone(), expected: field.kind.to_string(), got: "nothing".to_owned() })
}

fn finish(field: &Field, value: Option<Value>, repairs: Vec<String>, got: &str) -> FieldResult {
    match value {
        Some(value) => Ok((value, repairs)),
        None => Err(Problem { field: field.name.clone(), expected: field.kind.to_string(), got: line(got) }),
    }
}

/// A text cut to one line that a person can read.
pub(super) fn line(text: &str) -> String {
    let flat: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(81).collect();
    match flat.chars().count() {
        0 => "an empty text".to_owned(),
        81 => format!("`{}…`", flat.chars().take(80).collect::<String>()),
        _ => format!("`{flat}`"),
    }
}

fn shape(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// `str`, and unions of it with `None`: their text is never looked into, not even `null`.
fn keeps_text(kind: &FieldType) -> bool {
    match kind {
        FieldType::Str => true,
        FieldType::Union(kinds) => kinds.contains(&FieldType::None) && kinds.contains(&FieldType::Str),
        _ => false,
    }
}

/// The value of a text that is JSON throughout. What its escapes spell is cleaned here, where it is decoded.
fn decoded(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().map(clean_value)
}

/// The value in a text: JSON, Python's spelling of it, JSON with repairs or with prose around, or the text itself.
fn loose(text: &str, repairs: &mut Vec<String>) -> Value {
    let text = text.trim();
    if let Some(value) = decoded(text) {
        return value;
    }
    let bare = text.split_once(" #").map_or(text, |(value, _)| value.trim_end());
    let bare = bare.strip_prefix('(').and_then(|b| b.strip_suffix(')')).map_or(bare, str::trim);
    let spaced = bare.strip_prefix('-').map(|digits| format!("-{}", digits.trim_start()));
    if let Some(value) = python(spaced.as_deref().unwrap_or(bare)) {
        if value != text {
            repairs.push(format!("{} read as Python writes it", line(text)));
        }
        return value;
    }
    if (text.contains(['{', '[']) || text.starts_with('('))
        && let Some((value, mended)) = json::read(text)
    {
        repairs.extend(mended.into_iter().map(str::to_owned));
        return value;
    }
    if text.contains(',')
        && let Some(value) = decoded(&format!("[{text}]"))
    {
        repairs.push("a list without its brackets".to_owned());
        return value;
    }
    Value::String(text.to_owned())
}

/// Whether Python's own reader takes the number: no zeros before it.
fn plain(word: &str) -> bool {
    let digits = word.trim_start_matches('-');
    !(digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit())
}

/// A single value as Python writes it.
fn python(word: &str) -> Option<Value> {
    let quoted = |quote: char| {
        let inner = word.strip_prefix('b').unwrap_or(word).strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains([quote, '\\'])).then(|| Value::String(inner.to_owned()))
    };
    match word {
        "None" => Some(Value::Null),
        "True" => Some(Value::Bool(true)),
        "False" => Some(Value::Bool(false)),
        _ if word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            scalar(word).filter(|v| v.is_number() && plain(word))
        }
        _ => quoted('\'').or_else(|| quoted('"')),
    }
}

/// The choice that a text names: exactly, in quotes, as `Literal[a]`, as a value, or, marked, in another case.
fn choice(choices: &[Value], text: &str, repairs: &mut Vec<String>) -> Option<Value> {
    let mut word = text.trim();
    for wrap in ["Literal[", "str["] {
        word = word.strip_prefix(wrap).and_then(|w| w.strip_suffix(']')).unwrap_or(word);
    }
    for _ in 0..2 {
        for quote in ['"', '\''] {
            let inner = word.strip_prefix(quote).and_then(|w| w.strip_suffix(quote));
            word = inner.filter(|_| !choices.iter().any(|c| c == word)).unwrap_or(word);
        }
    }
    let named = |choice: &&Value| choice.as_str().map_or_else(|| repr(choice) == word, |name| name == word);
    if let Some(choice) = choices.iter().find(named) {
        return Some(choice.clone());
    }
    if let Some(value) = scalar(word) {
        let same = choices.iter().find(|choice| shape(choice) == shape(&value) && alike(choice, &value));
        if let Some(choice) = same.or_else(|| choices.iter().find(|choice| alike(choice, &value))) {
            return Some(choice.clone());
        }
    }
    let folded = word.to_lowercase();
    let mut near = choices.iter().filter(|choice| choice.as_str().is_some_and(|name| name.to_lowercase() == folded));
    match (near.next(), near.next()) {
        (Some(choice), None) if !word.is_empty() => {
            repairs.push(format!("{} read as {}", line(word), repr(choice)));
            Some(choice.clone())
        }
        _ => None,
    }
}

fn union_choice(kind: &FieldType, text: &str, repairs: &mut Vec<String>) -> Option<Value> {
    let FieldType::Union(kinds) = kind else { return None };
    kinds.iter().find_map(|kind| match kind {
        FieldType::Literal(choices) => choice(choices, text, repairs),
        _ => None,
    })
}

/// Python's equality: `1`, `1.0` and `True` are one.
fn alike(a: &Value, b: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
        value => value.as_f64(),
    };
    a == b || number(a).is_some_and(|a| number(b) == Some(a))
}

/// The code in a fence, or all of it.
fn code(text: &str) -> Value {
    if let Some(Value::Object(map)) = decoded(text)
        && let Some(Value::String(code)) = map.get("code")
    {
        return Value::String(code.clone());
    }
    let fenced = text.find("```").and_then(|open| {
        let body = &text[open + 3..];
        let start = body.find('\n')? + 1;
        let end = body[start..].find("```")?;
        Some(body[start..start + end].trim_end_matches('\n'))
    });
    Value::String(fenced.unwrap_or(text).to_owned())
}

/// The value as `kind`, converted where Python's pydantic would; nothing if it does not fit.
pub(super) fn fit(kind: &FieldType, value: &Value, repairs: &mut Vec<String>) -> Option<Value> {
    match kind {
        FieldType::Any => Some(value.clone()),
        FieldType::Str | FieldType::Bytes => value.is_string().then(|| value.clone()),
        FieldType::None => value.is_null().then_some(Value::Null),
        FieldType::Int => int(value),
        FieldType::Float => float(value),
        FieldType::Bool => boolean(value),
        FieldType::Complex => complex(value),
        FieldType::Named(name) => moment::named(name, value),
        FieldType::Literal(choices) => {
            let exact = choices.iter().find(|choice| shape(choice) == shape(value) && alike(choice, value)).cloned();
            exact.or_else(|| value.as_str().and_then(|text| folded(choices, text, repairs)))
        }
        FieldType::Like(_, inner) => fit(inner, value, repairs),
        FieldType::List(None) | FieldType::Tuple(None) => Some(value).filter(|v| v.is_array()).cloned(),
        FieldType::List(Some(inner)) | FieldType::TupleOf(inner) => items(inner, value, repairs).map(Value::Array),
        FieldType::Set(inner) => {
            let mut seen: Vec<Value> = Vec::new();
            for item in items(inner.as_deref().unwrap_or(&FieldType::Any), value, repairs)? {
                if !seen.contains(&item) {
                    seen.push(item);
                }
            }
            Some(Value::Array(seen))
        }
        FieldType::Tuple(Some(kinds)) => {
            let items = value.as_array().filter(|items| items.len() == kinds.len())?;
            let read = kinds.iter().zip(items).map(|(kind, item)| fit(kind, item, repairs));
            read.collect::<Option<Vec<_>>>().map(Value::Array)
        }
        FieldType::Dict(None) => Some(value).filter(|v| v.is_object()).cloned(),
        FieldType::Dict(Some(pair)) => {
            let mut read = Map::new();
            for (key, value) in value.as_object()? {
                let name = fit(&pair.0, &Value::String(key.clone()), repairs)?;
                read.insert(
                    name.as_str().map_or_else(|| name.to_string(), str::to_owned),
                    fit(&pair.1, value, repairs)?,
                );
            }
            Some(Value::Object(read))
        }
        FieldType::Union(kinds) => {
            let exact = kinds.iter().find(|kind| exactly(kind, value));
            match exact {
                Some(kind) => fit(kind, value, repairs),
                None => kinds.iter().find_map(|kind| fit(kind, value, repairs)),
            }
        }
    }
}

fn folded(choices: &[Value], text: &str, repairs: &mut Vec<String>) -> Option<Value> {
    let strings: Vec<Value> = choices.iter().filter(|choice| choice.is_string()).cloned().collect();
    (!text.contains(['[', '"', '\''])).then(|| choice(&strings, text, repairs)).flatten()
}

fn items(kind: &FieldType, value: &Value, repairs: &mut Vec<String>) -> Option<Vec<Value>> {
    value.as_array()?.iter().map(|item| fit(kind, item, repairs)).collect()
}

/// Whether a union would take the value for this member without converting it.
fn exactly(kind: &FieldType, value: &Value) -> bool {
    match (kind, value) {
        (FieldType::Str, Value::String(_))
        | (FieldType::Bool, Value::Bool(_))
        | (FieldType::None, Value::Null)
        | (FieldType::List(None), Value::Array(_))
        | (FieldType::Dict(None), Value::Object(_)) => true,
        (FieldType::Int, Value::Number(number)) => !number.is_f64(),
        (FieldType::Float, Value::Number(number)) => number.is_f64(),
        (FieldType::Literal(choices), value) => choices.contains(value),
        (FieldType::List(Some(inner)), Value::Array(items)) => items.iter().all(|item| exactly(inner, item)),
        (FieldType::Dict(Some(pair)), Value::Object(map)) => map.values().all(|value| exactly(&pair.1, value)),
        _ => false,
    }
}

fn int(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(yes) => Some(i64::from(*yes).into()),
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9.2e18)?;
            Some((float as i64).into())
        }
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => {
            let text = text.trim();
            let whole =
                text.split_once('.').filter(|(_, zeros)| zeros.bytes().all(|b| b == b'0')).map_or(text, |(w, _)| w);
            if whole.contains(['e', 'E', '.']) {
                return None;
            }
            scalar(whole).filter(|value| value.is_i64() || value.is_u64())
        }
        _ => None,
    }
}

fn float(value: &Value) -> Option<Value> {
    let float = match value {
        Value::Bool(yes) => f64::from(u8::from(*yes)),
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => {
            let text = text.trim();
            let digits = text.contains(|c: char| c.is_ascii_digit());
            // Underscores stand between digits only.
            let odd = text.starts_with('_') || text.ends_with('_') || text.contains("__");
            if odd || (text.contains('_') && !digits) {
                return None;
            }
            text.replace('_', "").parse().ok()?
        }
        _ => return None,
    };
    Some(Number::from_f64(float).map_or_else(|| Value::String(json::infinity(float).to_owned()), Value::Number))
}

fn boolean(value: &Value) -> Option<Value> {
    let yes = match value {
        Value::Bool(yes) => *yes,
        Value::Number(number) if number.as_f64() == Some(1.0) => true,
        Value::Number(number) if number.as_f64() == Some(0.0) => false,
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "1" | "on" | "t" | "true" | "y" | "yes" => true,
            "0" | "off" | "f" | "false" | "n" | "no" => false,
            _ => return None,
        },
        _ => return None,
    };
    Some(Value::Bool(yes))
}

/// A complex number as Python prints it.
fn complex(value: &Value) -> Option<Value> {
    let text = match value {
        Value::Number(number) => format!("({}+0j)", number.as_f64()?),
        Value::String(text) => {
            let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            let body = plain.strip_suffix(['j', 'J']);
            match body {
                None => format!("({}+0j)", plain.parse::<f64>().ok()?),
                Some(body) => match body.rfind(['+', '-']).filter(|&at| at > 0 && !body[..at].ends_with(['e', 'E'])) {
                    None => format!("{}j", body.parse::<f64>().ok()?),
                    Some(at) => {
                        let (real, imaginary) = (body[..at].parse::<f64>().ok()?, body[at..].parse::<f64>().ok()?);
                        format!("({real}{imaginary:+}j)")
                    }
                },
            }
        }
        _ => return None,
    };
    Some(Value::String(text))
}
