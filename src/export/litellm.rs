//! The chain for `LiteLLM`: a Router in Python, and the configuration of the proxy, which serves one chain to several
//! machines.

use super::{
    CHECK_ANSWER, Export, FROM_ENVIRONMENT, RequestHeader, python_arguments, python_literal, python_messages,
    python_text,
};
use crate::openrouter::headers::LITELLM_VERSION;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// A Python program with a `LiteLLM` Router.
pub fn router(export: &Export<'_>) -> String {
    let models = export.models();
    let (common, rest) = export.fields();
    let mut text = format!(
        "# Exported by Switchover.\n# Tested with Python 3.11 and litellm {LITELLM_VERSION}: pip install \
         litellm=={LITELLM_VERSION}\nimport os\nimport sys\n\nfrom litellm import Router\n{FROM_ENVIRONMENT}# Sent with every request, also of the \
         fallbacks.\n",
    );
    text.push_str(&export.python_headers());
    text.push_str("\n\n\ndef route(name, model):\n    return {\n        \"model_name\": name,\n        \"litellm_params\": {\n            \"model\": model,\n");
    _ = writeln!(text, "            \"api_base\": {},", python_text(export.base.as_str()));
    text.push_str("            \"api_key\": from_environment(\"OPENROUTER_API_KEY\"),\n            \"extra_headers\": HEADERS,\n        },\n    }\n\n\n");
    text.push_str("router = Router(\n    model_list=[\n");
    for model in &models {
        _ = writeln!(text, "        route({}, {}),", python_text(model), python_text(&export.prefixed(model)));
    }
    text.push_str("    ],\n");
    if models.len() > 1 {
        text.push_str("    # Tried in this order when a model has failed.\n    fallbacks=[\n");
        for (at, model) in models.iter().enumerate().take(models.len() - 1) {
            _ = writeln!(text, "        {},", python_literal(&json!({*model: models[at + 1..]})));
        }
        text.push_str("    ],\n");
    }
    text.push_str("    num_retries=0,  # the defaults first retry the failing model for seconds\n");
    _ = writeln!(text, "    timeout={},  # seconds for a whole answer; more for long ones\n)\n", export.timeout());
    _ = writeln!(text, "MODELS = {}", python_literal(&json!(models)));
    _ = writeln!(text, "MESSAGES = {}", python_messages(&export.messages()));
    text.push_str(&export.python_problem());
    text.push_str("\n\nif __name__ == \"__main__\":\n    # The router fails over on errors. An answer that cannot be used is no error for it.\n    for model in MODELS:\n        answer = router.completion(\n            model=model,\n            messages=MESSAGES,\n");
    text.push_str(&python_arguments("            ", &common));
    if !rest.is_empty() {
        _ = writeln!(text, "            extra_body={},", python_literal(&Value::Object(rest)));
    }
    text.push_str("        )\n");
    text.push_str(CHECK_ANSWER);
    text
}

/// The configuration of the `LiteLLM` proxy. JSON strings and objects are valid YAML.
pub fn proxy(export: &Export<'_>) -> String {
    let models: Vec<&str> = export.models().into_iter().map(proxy_text).collect();
    // What one chat says of itself is not for all clients.
    let (common, rest) = export.fields_of(None);
    let value = |header: &RequestHeader| match header.variable() {
        Some(variable) => format!("os.environ/{variable}"),
        None => proxy_text(header.value()).to_owned(),
    };
    let headers: Map<String, Value> =
        export.headers.iter().map(|header| (header.name().to_owned(), value(header).into())).collect();
    let mut text = format!(
        "# Exported by Switchover.\n# Tested with litellm {LITELLM_VERSION}: pip install \
         'litellm[proxy]=={LITELLM_VERSION}' && litellm --config litellm.yaml\n# Clients request the first model{}; the proxy \
         tries the others when it fails.\n",
        if export.chains.is_empty() { "" } else { ", or the name of a chain" },
    );
    text.push_str(&export.secrets_comment());
    text.push_str("model_list:\n");
    let chains = export.chains.iter().map(|(name, chain)| (name.as_str(), chain.as_slice()));
    let chains: Vec<(&str, &str, Vec<&str>)> = chains
        .filter_map(|(name, chain)| {
            let (first, rest) = chain.split_first()?;
            Some((proxy_text(name), proxy_text(first), rest.iter().map(|model| proxy_text(model)).collect()))
        })
        .collect();
    // The proxy knows each by its own name; a chain's name is a further one of its first model.
    let mut routes: Vec<(&str, &str)> = Vec::new();
    let of_chains = chains
        .iter()
        .flat_map(|(name, first, rest)| [(*name, *first)].into_iter().chain(rest.iter().map(|model| (*model, *model))));
    for route in models.iter().map(|model| (*model, *model)).chain(of_chains) {
        if !routes.contains(&route) {
            routes.push(route);
        }
    }
    for (name, model) in routes {
        _ = writeln!(text, "  - model_name: {}\n    litellm_params:", json!(name));
        _ = writeln!(text, "      model: {}", json!(export.prefixed(model)));
        _ = writeln!(text, "      api_base: {}", json!(export.base.as_str()));
        text.push_str("      api_key: os.environ/OPENROUTER_API_KEY\n");
        _ = writeln!(text, "      extra_headers: {}", Value::Object(headers.clone()));
        for (name, value) in &common {
            _ = writeln!(text, "      {name}: {value}");
        }
        if !rest.is_empty() {
            _ = writeln!(text, "      extra_body: {}", Value::Object(rest.clone()));
        }
    }
    text.push_str(
        "general_settings:\n  # The key that your clients send to the proxy: sk- and 32 random bytes in hex.\n",
    );
    text.push_str("  master_key: os.environ/LITELLM_MASTER_KEY\nrouter_settings:\n  num_retries: 0\n");
    _ = writeln!(text, "  timeout: {}", export.spec.policy.limits.deadline.as_secs_f64());
    // A stream's limit is that between its pieces; the first one counts.
    _ = writeln!(text, "  stream_timeout: {}", export.spec.policy.timeouts.first_token.as_secs_f64());
    let own = models.split_first().into_iter().map(|(first, rest)| (*first, rest.to_vec()));
    let fallbacks = own.chain(chains.into_iter().map(|(name, _, rest)| (name, rest)));
    let fallbacks: Vec<Value> =
        fallbacks.filter(|(_, rest)| !rest.is_empty()).map(|(name, rest)| json!({name: rest})).collect();
    if !fallbacks.is_empty() {
        _ = writeln!(text, "  fallbacks: {}", json!(fallbacks));
    }
    text.push_str(concat!(
        "  # To share cooldowns between several proxies:\n",
        "  # redis_host: os.environ/REDIS_HOST\n",
        "  # redis_port: os.environ/REDIS_PORT\n",
        "  # redis_password: os.environ/REDIS_PASSWORD\n",
    ));
    text
}

/// A text that the proxy takes as it stands. It reads one that begins with `os.environ/` from its own environment.
fn proxy_text(text: &str) -> &str {
    text.strip_prefix("os.environ/").map_or(text, proxy_text)
}
