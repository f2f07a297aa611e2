//! Takes a part out of a request that the model does not accept. Knows the body of a request and the names that
//! servers have for its fields; must not know why the part is refused.

use crate::failover::parameter;
use serde_json::{Map, Value, json};

/// The fields that are left out under the name [`parameter::REASONING`].
const REASONING_FIELDS: [&str; 4] = ["reasoning", "reasoning_effort", "include_reasoning", "thinking"];

/// Takes the named part out of `body`: a field, or one of [`parameter`]'s words. False if the body has no such part.
pub fn take_out(body: &mut Value, name: &str) -> bool {
    let Value::Object(fields) = body else { return false };
    match name {
        parameter::STREAM => {
            let streams = fields.get("stream") == Some(&Value::Bool(true));
            fields.shift_remove("stream_options");
            if streams {
                fields.insert("stream".into(), false.into());
            }
            streams
        }
        parameter::SYSTEM => fold_system(fields),
        parameter::REASONING => {
            let removed = REASONING_FIELDS.iter().filter(|field| fields.shift_remove(**field).is_some());
            removed.count() > 0
        }
        parameter::MAX_COMPLETION_TOKENS => rename(fields, "max_tokens", name),
        field => fields.shift_remove(field).is_some(),
    }
}

/// Renames a field and keeps its place, because the service's prompt cache compares bytes.
fn rename(fields: &mut Map<String, Value>, from: &str, to: &str) -> bool {
    let found = fields.contains_key(from);
    let renamed = std::mem::take(fields).into_iter().map(|(key, value)| {
        let key = if key == from { to.to_owned() } else { key };
        (key, value)
    });
    *fields = renamed.collect();
    found
}

/// Puts the texts of system messages before that of the first user message.
fn fold_system(fields: &mut Map<String, Value>) -> bool {
    let Some(Value::Array(messages)) = fields.get_mut("messages") else { return false };
    let is = |message: &Value, roles: &[&str]| message["role"].as_str().is_some_and(|role| roles.contains(&role));
    let system = |message: &Value| is(message, &["system", "developer"]);
    let texts: Vec<String> =
        messages.iter().filter(|m| system(m)).filter_map(|m| Some(m["content"].as_str()?.to_owned())).collect();
    if texts.is_empty() {
        return false;
    }
    messages.retain(|message| !system(message));
    let instructions = texts.join("\n\n");
    match messages.iter_mut().find(|message| is(message, &["user"])) {
        Some(first) => {
            let text = format!("{instructions}\n\n{}", first["content"].as_str().unwrap_or_default());
            first["content"] = text.into();
        }
        None => messages.insert(0, json!({"role": "user", "content": instructions})),
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_taken_out_and_the_rest_stays_as_it_is() {
        let body = json!({"model": "m", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
            "stream": true, "stream_options": {"include_usage": true}, "temperature": 0.5, "max_tokens": 9,
            "reasoning_effort": "low", "thinking": {}, "top_k": 3});
        let keys = |body: &Value| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        for (name, left) in [
            ("temperature", "model messages stream stream_options max_tokens reasoning_effort thinking top_k"),
            ("top_k", "model messages stream stream_options temperature max_tokens reasoning_effort thinking"),
            ("stream", "model messages stream temperature max_tokens reasoning_effort thinking top_k"),
            ("stream_options", "model messages stream temperature max_tokens reasoning_effort thinking top_k"),
            ("reasoning", "model messages stream stream_options temperature max_tokens top_k"),
            (
                "max_completion_tokens",
                "model messages stream stream_options temperature max_completion_tokens reasoning_effort thinking top_k",
            ),
        ] {
            let mut changed = body.clone();
            assert!(take_out(&mut changed, name), "{name}");
            assert_eq!(keys(&changed), left, "{name}");
            assert!(!take_out(&mut changed, name), "{name}: nothing is left to take out");
        }
        let mut folded = body.clone();
        assert!(take_out(&mut folded, "system"));
        assert_eq!(folded["messages"], json!([{"role": "user", "content": "Be brief.\n\nhi"}]));
        assert!(!take_out(&mut folded, "system"));
        let mut same = body.clone();
        for name in ["top_p", "response_format", "seed"] {
            assert!(!take_out(&mut same, name), "{name}");
        }
        assert_eq!(same, body);
    }
}
