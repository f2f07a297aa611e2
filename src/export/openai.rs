//! A program for `OpenAI`'s Python library. The rest of the chain goes along as `OpenRouter`'s `models` list; a loop asks
//! the next model when all of them fail, and when an answer cannot be used.

use super::{CHECK_ANSWER, Export, FROM_ENVIRONMENT, python_arguments, python_literal, python_messages, python_text};
use crate::openrouter::Dialect;
use crate::openrouter::settings::MAX_MODELS;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A Python program.
pub fn openai(export: &Export<'_>) -> String {
    let (common, rest) = export.fields();
    let mut text = String::from(concat!(
        "# Exported by Switchover.\n# Tested with Python 3.11 and openai 2.54.0: pip install openai==2.54.0\n",
        "import os\nimport sys\n\nfrom openai import OpenAI, OpenAIError\n",
    ));
    text.push_str(FROM_ENVIRONMENT);
    text.push_str(&export.python_headers());
    _ = write!(text, "\n\nclient = OpenAI(\n    base_url={},\n", python_text(export.base.as_str()));
    text.push_str("    api_key=from_environment(\"OPENROUTER_API_KEY\"),\n    default_headers=HEADERS,\n    max_retries=0,  # the next model is asked instead\n");
    _ = writeln!(text, "    timeout={},  # seconds for a whole answer; more for long ones\n)\n", export.timeout());
    _ = writeln!(text, "# Asked in this order.\nMODELS = {}", python_literal(&json!(export.models())));
    _ = writeln!(text, "MESSAGES = {}", python_messages(&export.messages()));
    _ = writeln!(text, "EXTRA = {}", python_literal(&Value::Object(rest)));
    text.push_str(&export.python_problem());
    text.push_str("\n\nif __name__ == \"__main__\":\n    for at, model in enumerate(MODELS):\n");
    let extra = if export.base.dialect() == Dialect::OpenRouter {
        _ = writeln!(text, "        # OpenRouter tries these by itself; it takes {MAX_MODELS} at most.");
        _ = writeln!(text, "        others = MODELS[at + 1 : at + {}]", MAX_MODELS + 1);
        "{**EXTRA, \"models\": others} if others else EXTRA"
    } else {
        "EXTRA"
    };
    text.push_str("        try:\n            answer = client.chat.completions.create(\n                model=model,\n                messages=MESSAGES,\n");
    text.push_str(&python_arguments("                ", &common));
    _ = writeln!(text, "                extra_body={extra},\n            )");
    text.push_str(NEXT_ON_ERROR);
    text.push_str(CHECK_ANSWER);
    text
}

const NEXT_ON_ERROR: &str = r#"        except OpenAIError as error:
            print(f"{model}: {error}", file=sys.stderr)
            continue
"#;
