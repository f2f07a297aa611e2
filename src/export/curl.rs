//! A curl command; the chain becomes `OpenRouter`'s `models` list.

use super::Export;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// A command for a POSIX shell.
pub fn curl(export: &Export<'_>) -> String {
    let mut text = String::from("# Exported by Switchover.\n");
    if let Some(left_out) = export.left_out() {
        _ = writeln!(text, "# {left_out}");
    }
    text.push_str(&export.secrets_comment());
    text.push_str("# Prints the response if the answer is complete; else says why not, and exits with 1.\n");
    let url = quoted(&format!("{}/chat/completions", export.base));
    _ = writeln!(text, "response=$(curl -sS --fail-with-body --max-time {} {url} \\", export.timeout());
    text.push_str("  -H \"Authorization: Bearer $OPENROUTER_API_KEY\" \\\n  -H 'Content-Type: application/json' \\\n");
    for header in export.headers {
        _ = match header.variable() {
            Some(variable) => writeln!(text, "  -H {}\"${variable}\" \\", quoted(&format!("{}: ", header.name()))),
            None => writeln!(text, "  -H {} \\", quoted(&format!("{}: {}", header.name(), header.value()))),
        };
    }
    let mut body = Map::new();
    body.insert("model".into(), export.models().first().copied().into());
    if !export.server_side().is_empty() {
        body.insert("models".into(), json!(export.server_side()));
    }
    body.insert("messages".into(), json!(export.messages()));
    let (common, rest) = export.fields();
    body.extend(common.into_iter().chain(rest));
    let body = serde_json::to_string_pretty(&Value::Object(body)).unwrap_or_default();
    _ = writeln!(text, "  -d {}) || {{ printf '%s\\n' \"$response\" >&2; exit 1; }}", quoted(&body));
    // In the response, the text of the answer is a JSON string.
    let marks = export.marks().into_iter().map(|mark| quoted(&mark.replace('"', "\\\"")));
    let marks = marks.collect::<Vec<_>>();
    let ends = export.ends().iter().map(|end| format!("*'\"finish_reason\":\"{end}\"'*")).collect::<Vec<_>>().join("|");
    _ = write!(
        text,
        "compact=$(printf '%s' \"$response\" | tr -d ' \\n')\ncase $compact in\n  {ends}) ;;\n  *) printf '%s\\n' \
         \"$response\" 'The answer did not end by itself.' >&2; exit 1 ;;\nesac\n",
    );
    if marks.is_empty() {
        text.push_str(
            "case $compact in\n  *'\"tool_calls\":['*) ;;\n  *'\"content\":\"\"'*|*'\"content\":null'*) printf '%s\\n' \"$response\" \
             'The answer is empty.' >&2; exit 1 ;;\nesac\n",
        );
    } else {
        _ = write!(
            text,
            "for mark in {}; do\n  case $response in\n    *\"$mark\"*) ;;\n    *) printf '%s\\n' \"$response\" \"The answer \
             lacks $mark\" >&2; exit 1 ;;\n  esac\ndone\n",
            marks.join(" ")
        );
    }
    text.push_str("printf '%s\\n' \"$response\"\n");
    text
}

/// Any text as one single-quoted word of a POSIX shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
