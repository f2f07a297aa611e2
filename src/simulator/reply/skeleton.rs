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

/// The schema of the element of this name, if it holds other elements: `<item>`s make a list, others an object, and
/// what holds text allows any value.
pub(super) fn schema(text: &str, name: &str) -> Option<Value> {
    let (_, mut rest) = text.split_once(&format!("<{name}>"))?;
    Some(children(&mut rest, 0)).filter(|schema| *schema != json!({}))
}

/// Reads elements up to the closing tag of their parent.
fn children(rest: &mut &str, depth: usize) -> Value {
    let mut properties = Map::new();
    while let Some((_, tail)) = rest.split_once('<') {
        let Some((name, tail)) = tail.split_once('>').filter(|_| depth < MAX_DEPTH && !tail.starts_with('/')) else {
            break;
        };
        *rest = tail;
        properties.insert(name.to_owned(), children(rest, depth + 1));
        *rest = rest.split_once('>').map_or("", |(_, after)| after);
    }
    match properties.shift_remove("item") {
        Some(items) => json!({ "type": "array", "items": items }),
        None if properties.is_empty() => json!({}),
        None => json!({ "type": "object", "properties": properties }),
    }
}
