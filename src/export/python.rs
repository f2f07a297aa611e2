//! A DSPy program. DSPy fails over with `fallbacks`, and sends the headers with every model's request. The often
//! recommended `model_list` does not work: it ignores errors and returns an empty prediction.

use super::{Export, classes, python_arguments, python_literal, python_text};
use crate::dspy::{Adapter, FieldType, Module};
use crate::openrouter::headers::{DSPY_VERSION, LITELLM_VERSION};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A Python program.
pub fn dspy(export: &Export<'_>) -> String {
    let (spec, task) = (export.spec, export.task);
    let models = export.models();
    let mut text = format!(
        "# Exported by Switchover.\n# Tested with Python 3.11, dspy {DSPY_VERSION} and litellm {LITELLM_VERSION}: pip \
         install dspy=={DSPY_VERSION} litellm=={LITELLM_VERSION}\n",
    );
    let classes = task.signature.classes();
    text.push_str(&classes::imports(&classes));
    text.push_str("\n# Sent with every request, also of the fallbacks.\n");
    text.push_str(&export.python_headers());
    let first = models.first().copied().unwrap_or_default();
    _ = write!(text, "\n\nlm = dspy.LM(\n    {},\n", python_text(&export.prefixed(first)));
    if models.len() > 1 {
        let rest: Vec<String> = models[1..].iter().map(|model| python_text(&export.prefixed(model))).collect();
        text.push_str("    # Tried in this order when the model before has failed.\n");
        _ = writeln!(text, "    fallbacks=[{}],", rest.join(", "));
    }
    _ = writeln!(text, "    api_base={},", python_text(export.base.as_str()));
    text.push_str("    api_key=os.environ[\"OPENROUTER_API_KEY\"],\n    extra_headers=HEADERS,\n");
    _ = writeln!(text, "    timeout={},", spec.policy.limits.deadline.as_secs_f64());
    text.push_str("    num_retries=0,  # fallbacks replace retries\n");
    text.push_str("    cache=False,  # a cached answer would hide a failing model\n");
    let (common, rest) = export.fields();
    text.push_str(&python_arguments("    ", &common));
    if !rest.is_empty() {
        _ = writeln!(text, "    extra_body={},", python_literal(&Value::Object(rest)));
    }
    let adapter = match task.adapter {
        Adapter::Chat => "ChatAdapter",
        Adapter::Json => "JSONAdapter",
        Adapter::Xml => "XMLAdapter",
    };
    _ = writeln!(text, ")\ndspy.configure(lm=lm, adapter=dspy.{adapter}())\n");
    text.push_str(&classes::definitions(&classes));
    text.push_str(&signature(export, &classes));
    text.push_str(&program(export));
    let inputs = python_arguments("        ", &export.inputs());
    _ = write!(text, "\n\nif __name__ == \"__main__\":\n    prediction = ask(\n{inputs}    )\n");
    for output in &task.signature.outputs {
        _ = writeln!(text, "    print(\"{0}:\", prediction.{0})", output.name);
    }
    text.push_str("    print(\"answered by:\", lm.history[-1][\"response_model\"])\n");
    text
}

fn signature(export: &Export<'_>, classes: &[&FieldType]) -> String {
    let signature = &export.task.signature;
    // DSPy writes the type of None as NoneType, but reads only None.
    let inline = signature.inline().replace("NoneType", "None");
    let mut text = format!(
        "signature = dspy.Signature(\n    {},\n    {},\n{})\n",
        python_text(&inline),
        python_text(&signature.task()),
        classes::custom_types(classes)
    );
    for field in signature.fields() {
        if let Some(description) = field.description.as_deref().filter(|description| !description.is_empty()) {
            let (name, description) = (python_text(&field.name), python_text(description));
            _ = writeln!(text, "signature = signature.with_updated_fields({name}, desc={description})");
        }
    }
    text
}

/// The module as a Python function `ask` of the inputs.
fn program(export: &Export<'_>) -> String {
    let task = export.task;
    let base = if task.module == Module::Predict { "Predict" } else { "ChainOfThought" };
    let mut text = format!("program = dspy.{base}(signature)\n");
    if !task.demos.is_empty() {
        let inner = if task.module == Module::Predict { "program" } else { "program.predict" };
        let row = |demo: &crate::dspy::Demo| format!("    dspy.Example({}),\n", python_literal(&json!(demo)));
        _ = writeln!(text, "{inner}.demos = [\n{}]", task.demos.iter().map(row).collect::<String>());
    }
    let several = |count: u8| {
        format!(
            "\n\ndef chains(inputs):\n    # A different rollout_id each; otherwise all requests would be equal.\n    \
             return [program(**inputs, config={{\"temperature\": 1.0, \"rollout_id\": n}}) for n in range({count})]\n"
        )
    };
    match task.module {
        Module::Predict | Module::ChainOfThought => {
            text.push_str("\n\ndef ask(**inputs):\n    return program(**inputs)\n");
        }
        Module::Majority(count) => {
            text.push_str(&several(count));
            text.push_str(
                "\n\ndef ask(**inputs):\n    return dspy.majority([dict(chain) for chain in chains(inputs)])\n",
            );
        }
        Module::MultiChainComparison(count) => {
            text.push_str(&several(count));
            _ = write!(
                text,
                "\n\ndef ask(**inputs):\n    return dspy.MultiChainComparison(signature, M={count})(chains(inputs), **inputs)\n"
            );
        }
    }
    text
}
