//! The request for curl, the chain as `OpenRouter`'s own `models` list.

use super::Setting;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// A shell command.
pub fn curl(setting: &Setting<'_>) -> String {
    let mut text = String::from("# Exported by Switchover.\n");
    if let Some(left_out) = setting.left_out() {
        _ = writeln!(text, "# {left_out}");
    }
    text.push_str(&setting.secrets_comment());
    _ = writeln!(text, "curl -sS --fail-with-body {} \\", quoted(&format!("{}/chat/completions", setting.base)));
    text.push_str("  -H \"Authorization: Bearer $OPENROUTER_API_KEY\" \\\n  -H 'Content-Type: application/json' \\\n");
    for header in setting.headers {
        _ = match header.variable() {
            Some(variable) => writeln!(text, "  -H {}\"${variable}\" \\", quoted(&format!("{}: ", header.name()))),
            None => writeln!(text, "  -H {} \\", quoted(&format!("{}: {}", header.name(), header.value()))),
        };
    }
    let mut body = Map::new();
    body.insert("model".into(), setting.models().first().copied().into());
    if !setting.server_side().is_empty() {
        body.insert("models".into(), json!(setting.server_side()));
    }
    body.insert("messages".into(), json!(setting.messages()));
    let (common, rest) = setting.fields();
    body.extend(common.into_iter().chain(rest));
    let body = serde_json::to_string_pretty(&Value::Object(body)).unwrap_or_default();
    _ = writeln!(text, "  -d {}", quoted(&body));
    text
}

/// A word for a POSIX shell, whatever is in it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
