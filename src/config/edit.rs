//! Changes a configuration file as text: comments and order stay, and only the changed lines are different.

use serde_json::Value;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike};

/// A change of a configuration file.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The key, in parts: `["request", "temperature"]`.
    pub path: Vec<String>,
    /// Its new value; `None` removes it.
    pub value: Option<Value>,
}

impl Change {
    /// A change of a key that is written with dots.
    pub fn new(key: &str, value: Option<Value>) -> Self {
        Self { path: key.split('.').map(str::to_owned).collect(), value }
    }
}

/// The text of a configuration file after these changes.
///
/// # Errors
/// The text is not TOML, or a part of a key is not a table.
pub fn edited(text: &str, changes: &[Change]) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    for change in changes {
        let Some((name, tables)) = change.path.split_last() else { continue };
        apply(document.as_table_mut(), tables, name, change.value.as_ref())
            .map_err(|table| format!("`{table}` is not a table"))?;
    }
    Ok(document.to_string())
}

fn apply(table: &mut dyn TableLike, tables: &[String], name: &str, value: Option<&Value>) -> Result<(), String> {
    if let [first, rest @ ..] = tables {
        if !table.contains_key(first) {
            if value.is_none() {
                return Ok(());
            }
            // Its header is written only if it has values of its own.
            let mut new = Table::new();
            new.set_implicit(true);
            table.insert(first, Item::Table(new));
        }
        let item = table.get_mut(first).ok_or_else(|| first.clone())?;
        apply(item.as_table_like_mut().ok_or_else(|| first.clone())?, rest, name, value)?;
        // A table in one line has its spaces around its last value.
        item.as_inline_table_mut().into_iter().for_each(InlineTable::fmt);
        return Ok(());
    }
    let Some(mut value) = value.and_then(toml_value) else {
        table.remove(name);
        return Ok(());
    };
    match table.get_mut(name).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => _ = table.insert(name, Item::Value(value)),
    }
    Ok(())
}

/// A value as TOML, which has no null.
fn toml_value(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().filter_map(toml_value).collect::<Array>().into(),
        Value::Object(fields) => {
            let fields = fields.iter().filter_map(|(name, value)| Some((name.as_str(), toml_value(value)?)));
            fields.collect::<InlineTable>().into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn after(text: &str, changes: &[(&str, Value)]) -> String {
        let value = |value: &Value| (!value.is_null()).then(|| value.clone());
        let changes: Vec<Change> = changes.iter().map(|(key, new)| Change::new(key, value(new))).collect();
        edited(text, &changes).expect("an edit")
    }

    #[test]
    fn comments_order_and_other_keys_stay() {
        let text = "# mine\nmodels = [\"a/b\"] # the chain\n\n[request] # sent\nseed = 1\ntemperature = 0.2   # low\n";
        assert_eq!(
            after(text, &[("models", json!(["c/d", "a/b"])), ("request.temperature", json!(0.7))]),
            "# mine\nmodels = [\"c/d\", \"a/b\"] # the chain\n\n[request] # sent\nseed = 1\ntemperature = 0.7   # low\n"
        );
        assert_eq!(after(text, &[("request.seed", Value::Null)]), text.replace("seed = 1\n", ""));
        assert_eq!(after(text, &[("failover.hedge", Value::Null)]), text, "what is not there is not removed");
    }

    #[test]
    fn new_keys_go_into_their_table_however_it_is_written() {
        for (before, wanted) in [
            ("", "[request]\nseed = 7\n"),
            ("[request]\ntop_p = 1.0\n", "[request]\ntop_p = 1.0\nseed = 7\n"),
            ("request = { top_p = 1.0 }\n", "request = { top_p = 1.0, seed = 7 }\n"),
            ("request.top_p = 1.0\n", "request.top_p = 1.0\nrequest.seed = 7\n"),
        ] {
            assert_eq!(after(before, &[("request.seed", json!(7))]), wanted);
        }
        assert_eq!(after("[ui]\n", &[("models", json!(["a/b"]))]), "models = [\"a/b\"]\n[ui]\n");
        assert_eq!(after("", &[("request.reasoning.effort", json!("low"))]), "[request.reasoning]\neffort = \"low\"\n");
    }

    #[test]
    fn names_with_dots_and_values_of_every_kind_are_written() {
        let chain = Change { path: vec!["chains".into(), "v1.2 fast".into()], value: Some(json!(["a/b"])) };
        assert_eq!(edited("", &[chain]).as_deref(), Ok("[chains]\n\"v1.2 fast\" = [\"a/b\"]\n"));
        let body = json!({"a": {"b": [1, 2.5, true]}});
        assert_eq!(
            after("", &[("request.extra_body", body)]),
            "[request]\nextra_body = { a = { b = [1, 2.5, true] } }\n"
        );
        assert!(edited("request = 1", &[Change::new("request.seed", Some(json!(1)))]).is_err());
        assert!(edited("request = ", &[]).is_err());
    }
}
