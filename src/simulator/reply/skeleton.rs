//! The XML that DSPy's XML adapter writes in place of a schema: `<q><when>...</when><tags><item>...</item></tags></q>`.

use serde_json::{Map, Value, json};

/// Elements that nest deeper than this are not read.
const MAX_DEPTH: usize = 16;

/// The text of the first element of this name. It ends at a closing tag that begins a line, if there is one.
pub(super) fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let end = format!("</{name}>");
    Some(rest.split_once(&format!("\n{end}")).or(rest.split_once(&end))?.0)
}

/// The schema of the element of this name, if it holds other elements: `<item>`s make a list, others an object. The type
/// of what holds text is guessed.
pub(super) fn schema(text: &str, name: &str) -> Option<Value> {
    let (_, mut rest) = text.split_once(&format!("<{name}>"))?;
    Some(children(&mut rest, name, 0)).filter(|schema| schema.get("type").is_some())
}

/// Words in the names of fields that usually hold something else than text. The elements show no types, so a model has to
/// guess them too.
const GUESSES: [(&str, &[&str]); 3] = [
    (
        "number",
        &[
            "age",
            "amount",
            "confidence",
            "cost",
            "count",
            "duration",
            "effort",
            "hours",
            "index",
            "length",
            "level",
            "minutes",
            "number",
            "percent",
            "percentage",
            "price",
            "priority",
            "probability",
            "quantity",
            "rank",
            "rating",
            "score",
            "seconds",
            "size",
            "total",
            "value",
            "weight",
            "year",
        ],
    ),
    ("boolean", &["can", "done", "enabled", "has", "is", "should", "valid"]),
    ("date", &["birthday", "date", "day", "deadline", "due", "when"]),
];

/// The schema of an element with text, guessed from its name.
fn guessed(name: &str) -> Value {
    let word = |words: &[&str]| name.to_lowercase().split('_').any(|word| words.contains(&word));
    match GUESSES.iter().find(|(_, words)| word(words)) {
        Some(("number", _)) => json!({ "type": "integer", "minimum": 1 }),
        Some(("date", _)) => json!({ "type": "string", "format": "date" }),
        Some((kind, _)) => json!({ "type": kind }),
        None => json!({}),
    }
}

/// Reads elements up to the closing tag of their parent, which has this name.
fn children(rest: &mut &str, parent: &str, depth: usize) -> Value {
    let mut properties = Map::new();
    while let Some((_, tail)) = rest.split_once('<') {
        let Some((name, tail)) = tail.split_once('>').filter(|_| depth < MAX_DEPTH && !tail.starts_with('/')) else {
            break;
        };
        *rest = tail;
        properties.insert(name.to_owned(), children(rest, name, depth + 1));
        *rest = rest.split_once('>').map_or("", |(_, after)| after);
    }
    match properties.shift_remove("item") {
        Some(items) => json!({ "type": "array", "items": items }),
        None if depth > 0 && properties.is_empty() => guessed(parent),
        None if properties.is_empty() => json!({}),
        None => json!({ "type": "object", "properties": properties }),
    }
}
