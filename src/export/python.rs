//! A DSPy program. Each model is an LM of its own on DSPy's own HTTP engine, so that it runs with and without `LiteLLM`; a
//! loop asks the next one when a model fails, and when its answer is cut off or does not parse. Attribution headers are
//! those of a provider that the program registers. DSPy's other ways lack one of these: `model_list` ignores errors and
//! returns an empty prediction, `fallbacks` and `extra_headers` need `LiteLLM`.

use super::{Export, FROM_ENVIRONMENT, classes, comment, python_arguments, python_literal, python_text};
use crate::dspy::{Adapter, FieldType, Module, Signature};
use crate::openrouter::headers::DSPY_VERSION;
use crate::spec::SignatureTask;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// A Python program.
pub fn dspy(export: &Export<'_>, task: &SignatureTask) -> String {
    let mut text = program_text(export, task, &task.signature.classes());
    let inputs = python_arguments("        ", &inputs(task));
    _ = write!(text, "\n\nif __name__ == \"__main__\":\n    prediction = ask(\n{inputs}    )\n");
    for output in &task.signature.outputs {
        _ = writeln!(text, "    print(\"{0}:\", prediction.{0})", output.name);
    }
    text.push_str("    print(\"answered by:\", ANSWERED_BY[-1])\n");
    text
}

/// The program with its function `ask`, which is not called yet, and with these classes.
pub(super) fn program_text(export: &Export<'_>, task: &SignatureTask, classes: &[&FieldType]) -> String {
    let mut text = format!(
        "# Exported by Switchover.\n# Tested with Python 3.11 and dspy {DSPY_VERSION}, with and without LiteLLM: pip install \
         dspy=={DSPY_VERSION}\n",
    );
    text.push_str(&classes::imports(classes));
    text.push_str("from dspy.lm15 import AccessPolicy, OpenAIChatCompat, ProviderDefinition, register_provider\n");
    text.push_str(FROM_ENVIRONMENT);
    text.push_str("# Sent with every request, of every model.\n");
    text.push_str(&export.python_headers());
    text.push_str(&chain(export));
    let adapter = match task.adapter {
        Adapter::Chat => "ChatAdapter(use_json_adapter_fallback=False)",
        Adapter::Json => "JSONAdapter()",
        Adapter::Xml => "XMLAdapter(use_json_adapter_fallback=False)",
    };
    _ = writeln!(text, "dspy.configure(lm=CHAIN[0], adapter=dspy.{adapter})\n");
    text.push_str(&classes::definitions(classes));
    text.push_str(&module(task, "signature", "program"));
    text.push_str(FIRST_ANSWER);
    text.push_str(&ask(task));
    text
}

/// The provider with the headers, and an LM for each model.
fn chain(export: &Export<'_>) -> String {
    let (common, mut rest) = export.fields();
    let routing = rest.remove("provider").map(|routing| format!(", routing={}", python_literal(&routing)));
    let mut text = format!("\n\nBASE = {}\n", python_text(export.base.as_str()));
    if !rest.is_empty() {
        let names = rest.keys().cloned().collect::<Vec<_>>().join(", ");
        _ = writeln!(text, "# {}", comment(&format!("left out, because DSPy's own engine cannot send it: {names}")));
    }
    _ = write!(
        text,
        "register_provider(\n    ProviderDefinition.chat(\n        AccessPolicy(\n            provider=\"switchover\",\n            \
         env_keys=(\"OPENROUTER_API_KEY\",),\n            base_url=BASE,\n            \
         headers=tuple(HEADERS.items()),\n        ),\n        \
         compat=OpenAIChatCompat(max_tokens_field=\"max_tokens\"{}),\n    )\n)\n\n\n",
        routing.unwrap_or_default()
    );
    text.push_str("def lm(model):\n    return dspy.LM(\n        \"switchover/\" + model,\n        api_base=BASE,\n");
    text.push_str("        api_key=from_environment(\"OPENROUTER_API_KEY\"),\n");
    _ = writeln!(text, "        timeout={},  # seconds for a whole answer; more for long ones", export.timeout());
    text.push_str("        num_retries=0,  # the next model is asked instead\n");
    text.push_str("        cache=False,  # a cached answer would hide a failing model\n");
    text.push_str(&python_arguments("        ", &common));
    text.push_str("    )\n\n\n# Asked in this order.\nCHAIN = [\n");
    for model in export.models() {
        _ = writeln!(text, "    lm({}),", python_text(model));
    }
    text.push_str("]\nANSWERED_BY = []\n");
    text
}

/// The module with its signature, as the variables of these names.
pub(super) fn module(task: &SignatureTask, of_signature: &str, of_module: &str) -> String {
    let mut text = signature(&task.signature, of_signature);
    let base = if task.module == Module::Predict { "Predict" } else { "ChainOfThought" };
    _ = writeln!(text, "{of_module} = dspy.{base}({of_signature})");
    if !task.demos.is_empty() {
        let inner = if task.module == Module::Predict { "" } else { ".predict" };
        let row = |demo: &crate::dspy::Demo| format!("    dspy.Example({}),\n", python_literal(&json!(demo)));
        _ = writeln!(text, "{of_module}{inner}.demos = [\n{}]", task.demos.iter().map(row).collect::<String>());
    }
    text
}

fn signature(signature: &Signature, variable: &str) -> String {
    // DSPy writes the type of None as NoneType, but reads only None.
    let inline = signature.inline().replace("NoneType", "None");
    let mut text = format!(
        "{variable} = dspy.Signature(\n    {},\n    {},\n{})\n",
        python_text(&inline),
        python_text(&signature.task()),
        classes::custom_types(&signature.classes())
    );
    for field in signature.fields() {
        let texts = [("desc", &field.description), ("constraints", &field.constraints)];
        let given =
            texts.into_iter().filter_map(|(name, text)| Some((name, text.as_deref().filter(|t| !t.is_empty())?)));
        let given = given.fold(String::new(), |list, (name, text)| list + ", " + name + "=" + &python_text(text));
        if !given.is_empty() {
            let name = python_text(&field.name);
            _ = writeln!(text, "{variable} = {variable}.with_updated_fields({name}{given})");
        }
    }
    text
}

/// The input values of the signature's inputs. Other names are not known to be identifiers.
fn inputs(task: &SignatureTask) -> Map<String, Value> {
    let inputs = task.inputs.iter().filter(|(name, _)| task.signature.inputs.iter().any(|f| f.name == **name));
    inputs.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The module as a Python function `ask` of the inputs.
fn ask(task: &SignatureTask) -> String {
    let mut text = String::new();
    let several = |count: u8| {
        format!(
            "\n\ndef chains(inputs):\n    # A different rollout_id each; otherwise all requests would be equal.\n    \
             configs = [{{\"temperature\": 1.0, \"rollout_id\": n}} for n in range({count})]\n    \
             return [first_answer(program, **inputs, config=config) for config in configs]\n"
        )
    };
    match task.module {
        Module::Predict | Module::ChainOfThought => {
            text.push_str("\n\ndef ask(**inputs):\n    return first_answer(program, **inputs)\n");
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
                "\n\ndef ask(**inputs):\n    attempts = chains(inputs)\n    compare = \
                 dspy.MultiChainComparison(signature, M={count})\n    return first_answer(lambda **given: \
                 compare(attempts, **given), **inputs)\n"
            );
        }
    }
    text
}

/// The loop over the chain.
const FIRST_ANSWER: &str = r#"

def first_answer(module, /, **inputs):
    for lm in CHAIN:
        try:
            with dspy.context(lm=lm):
                prediction = module(**inputs)
        except (dspy.LMError, dspy.AdapterParseError) as error:
            print(f"{lm.model}: {error}", file=sys.stderr)
            continue
        response = lm.history[-1]["response"]
        if response.finish_reason == "stop":
            ANSWERED_BY.append(response.model)
            return prediction
        print(f"{lm.model}: the answer ended with {response.finish_reason}", file=sys.stderr)
    sys.exit("No model gave an answer.")
"#;
