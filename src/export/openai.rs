//! A program for `OpenAI`'s Python library; the chain becomes `OpenRouter`'s `models` list.

use super::{Export, python_arguments, python_literal, python_messages, python_text};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A Python program.
pub fn openai(export: &Export<'_>) -> String {
    let (common, mut rest) = export.fields();
    let mut text = String::from(concat!(
        "# Exported by Switchover.\n# Tested with Python 3.11 and openai 2.54.0: pip install openai==2.54.0\n",
        "import os\n\nfrom openai import OpenAI\n\n",
    ));
    if let Some(left_out) = export.left_out() {
        _ = writeln!(text, "# {left_out}");
    }
    text.push_str(&export.python_headers());
    _ = write!(text, "\n\nclient = OpenAI(\n    base_url={},\n", python_text(export.base.as_str()));
    text.push_str("    api_key=os.environ[\"OPENROUTER_API_KEY\"],\n    default_headers=HEADERS,\n    max_retries=0,  # the server tries the next model\n");
    _ = writeln!(text, "    timeout={},\n)\n", export.spec.policy.limits.deadline.as_secs_f64());
    _ = writeln!(text, "MESSAGES = {}\n", python_messages(&export.messages()));
    let first = export.models().first().copied().unwrap_or_default();
    _ = write!(
        text,
        "if __name__ == \"__main__\":\n    answer = client.chat.completions.create(\n        model={},\n        messages=MESSAGES,\n",
        python_text(first)
    );
    text.push_str(&python_arguments("        ", &common));
    if !export.server_side().is_empty() {
        rest.insert("models".into(), json!(export.server_side()));
    }
    if !rest.is_empty() {
        _ = writeln!(text, "        extra_body={},", python_literal(&Value::Object(rest)));
    }
    text.push_str("    )\n    print(answer.choices[0].message.content)\n    print(\"answered by:\", answer.model)\n");
    text
}
