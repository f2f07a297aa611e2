//! The JSON body of a request, as a value that can be shown before it is sent.

use super::base::Dialect;
use super::message::Message;
use super::settings::{BadSetting, RequestSettings};
use serde_json::{Map, Value, json};

/// The parts of one chat completion request.
#[derive(Clone, Copy, Debug)]
pub struct ChatRequest<'a> {
    /// The model's id, with its variant if it has one.
    pub model: &'a str,
    /// The messages of the conversation.
    pub messages: &'a [Message],
    /// The request fields that the user chose.
    pub settings: &'a RequestSettings,
    /// The `response_format` that the adapter asks for, if it does.
    pub response_format: Option<&'a Value>,
    /// Replaces the settings' cap on the answer's tokens.
    pub max_tokens: Option<u32>,
    /// The body as a program wrote it. Its fields are sent as they are, except those that decide who is asked and how the
    /// answer is sent; `messages` are added to its own.
    pub own: Option<&'a Map<String, Value>>,
    /// The fields that the server understands.
    pub dialect: Dialect,
}

/// The fields of a program's own body that are not its to decide.
const DECIDED_HERE: [&str; 4] = ["model", "models", "stream", "stream_options"];

/// The body. Its keys are always in the same order, because the service's prompt cache compares bytes.
///
/// # Errors
/// A setting that the service would refuse.
pub fn body(request: ChatRequest<'_>) -> Result<Value, BadSetting> {
    let ChatRequest { settings, dialect, .. } = request;
    settings.check()?;
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| {
        if !matches!(&value, Value::Null) && value != json!([]) && value != json!({}) {
            body.insert(name.to_owned(), value);
        }
    };
    let own = dialect == Dialect::OpenRouter;
    put("model", request.model.into());
    if own {
        put("models", json!(settings.models));
    }
    put("messages", json!(request.messages));
    let stream = settings.stream.unwrap_or(true);
    put("stream", stream.into());
    if stream && !own {
        // OpenRouter always sends usage; other servers only on request.
        put("stream_options", json!({"include_usage": true}));
    }
    put("temperature", json!(settings.temperature));
    put("top_p", json!(settings.top_p));
    put("max_tokens", json!(request.max_tokens.or(settings.max_tokens)));
    put("seed", json!(settings.seed));
    put("stop", json!(settings.stop));
    let unset = RequestSettings::default();
    if own && settings.reasoning != unset.reasoning {
        put("reasoning", json!(settings.reasoning));
    } else if !own {
        put("reasoning_effort", json!(settings.reasoning.effort));
    }
    put("response_format", request.response_format.cloned().unwrap_or_default());
    if own {
        if settings.provider != unset.provider {
            put("provider", json!(settings.provider));
        }
        put("plugins", json!(settings.plugins));
        put("service_tier", json!(settings.service_tier));
        put("prompt_cache_options", json!(settings.prompt_cache_options));
        put("deferred_tools", json!(settings.deferred_tools));
        put("session_id", json!(settings.session_id));
    }
    merge(&mut body, &settings.extra_body);
    if let Some(own) = request.own {
        add_own(&mut body, own);
    }
    Ok(Value::Object(body))
}

/// The body of a request to another part of the API than chat completions: as the program wrote it, for this model.
/// `models` are those that OpenRouter itself may ask after it.
pub fn passed_on(own: &Map<String, Value>, model: &str, models: &[String]) -> Value {
    let mut body = own.clone();
    body.insert("model".to_owned(), model.into());
    body.shift_remove("models");
    if !models.is_empty() {
        body.insert("models".to_owned(), json!(models));
    }
    Value::Object(body)
}

/// Puts a program's own fields over the settings of the same name. An own cap on tokens, under either name, is the only
/// one.
fn add_own(body: &mut Map<String, Value>, own: &Map<String, Value>) {
    let added = body.shift_remove("messages");
    if own.contains_key("max_completion_tokens") {
        body.shift_remove("max_tokens");
    }
    for (name, value) in own.iter().filter(|(name, _)| !DECIDED_HERE.contains(&name.as_str())) {
        body.insert(name.clone(), value.clone());
    }
    if let (Some(Value::Array(added)), Some(Value::Array(messages))) = (added, body.get_mut("messages")) {
        messages.extend(added);
    }
}

/// The names of the settings that a server of this dialect does not get, because it does not understand them.
pub fn left_out(settings: &RequestSettings, dialect: Dialect) -> Vec<&'static str> {
    if dialect == Dialect::OpenRouter {
        return Vec::new();
    }
    let default = RequestSettings::default();
    let reasoning = &settings.reasoning;
    [
        ("models", settings.models != default.models),
        ("reasoning.max_tokens", reasoning.max_tokens.is_some()),
        ("reasoning.exclude", reasoning.exclude.is_some()),
        ("reasoning.enabled", reasoning.enabled.is_some()),
        ("provider", settings.provider != default.provider),
        ("plugins", settings.plugins != default.plugins),
        ("service_tier", settings.service_tier.is_some()),
        ("prompt_cache_options", settings.prompt_cache_options != default.prompt_cache_options),
        ("deferred_tools", settings.deferred_tools != default.deferred_tools),
        ("session_id", settings.session_id.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, set)| set.then_some(name))
    .collect()
}

/// Merges a patch (RFC 7396): objects into objects, other values over the old ones; `null` removes.
fn merge(into: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match (into.get_mut(key), value) {
            (_, Value::Null) => {
                into.shift_remove(key);
            }
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, Value::Object(new)) => {
                let mut fresh = Map::new();
                merge(&mut fresh, new);
                into.insert(key.clone(), Value::Object(fresh));
            }
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Role;
    use super::super::settings::{Effort, Provider, Reasoning, Sort};
    use super::*;

    fn compose(settings: &RequestSettings, dialect: Dialect) -> Result<String, BadSetting> {
        let messages = [Message::new(Role::User, "hi")];
        let format = json!({"type": "json_object"});
        let request = ChatRequest {
            model: "a/b",
            messages: &messages,
            settings,
            response_format: Some(&format),
            max_tokens: None,
            own: None,
            dialect,
        };
        body(request).map(|body| body.to_string())
    }

    fn full() -> RequestSettings {
        RequestSettings {
            temperature: Some(0.5),
            max_tokens: Some(100),
            stop: vec!["END".into()],
            reasoning: Reasoning { effort: Some(Effort::Low), exclude: Some(true), ..Reasoning::default() },
            provider: Provider { order: vec!["openai".into()], sort: Some(Sort::Price), ..Provider::default() },
            models: vec!["c/d".into()],
            plugins: vec![json!({"id": "web"})],
            session_id: Some("s".into()),
            extra_body: json!({"provider": {"sort": null, "zdr": true}, "top_k": 5})
                .as_object()
                .cloned()
                .unwrap_or_default(),
            ..RequestSettings::default()
        }
    }

    #[test]
    fn the_body_has_a_fixed_order_and_the_servers_dialect() {
        assert_eq!(
            compose(&full(), Dialect::OpenRouter).unwrap(),
            r#"{"model":"a/b","models":["c/d"],"messages":[{"role":"user","content":"hi"}],"stream":true,"temperature":0.5,"max_tokens":100,"stop":["END"],"reasoning":{"effort":"low","exclude":true},"response_format":{"type":"json_object"},"provider":{"order":["openai"],"zdr":true},"plugins":[{"id":"web"}],"session_id":"s","top_k":5}"#
        );
        assert_eq!(
            compose(&full(), Dialect::Plain).unwrap(),
            r#"{"model":"a/b","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true},"temperature":0.5,"max_tokens":100,"stop":["END"],"reasoning_effort":"low","response_format":{"type":"json_object"},"provider":{"zdr":true},"top_k":5}"#
        );
        assert_eq!(
            left_out(&full(), Dialect::Plain),
            ["models", "reasoning.exclude", "provider", "plugins", "session_id"]
        );
        assert_eq!(left_out(&full(), Dialect::OpenRouter), [""; 0]);
    }

    #[test]
    fn a_programs_own_body_keeps_its_fields_and_wins_over_the_settings() {
        let own = json!({
            "model": "x/y", "models": ["x/z"], "stream": false, "messages": [{"role": "user", "content": "hi"}],
            "max_completion_tokens": 7, "temperature": 0.9, "reasoning": null, "tools": [{"type": "function"}],
        });
        let added = [Message::new(Role::User, "again")];
        let request = ChatRequest {
            model: "a/b",
            messages: &added,
            settings: &full(),
            response_format: None,
            max_tokens: Some(5),
            own: own.as_object(),
            dialect: Dialect::OpenRouter,
        };
        assert_eq!(
            body(request).unwrap().to_string(),
            r#"{"model":"a/b","models":["c/d"],"stream":true,"temperature":0.9,"stop":["END"],"reasoning":null,"provider":{"order":["openai"],"zdr":true},"plugins":[{"id":"web"}],"session_id":"s","top_k":5,"messages":[{"role":"user","content":"hi"},{"role":"user","content":"again"}],"max_completion_tokens":7,"tools":[{"type":"function"}]}"#
        );
    }

    #[test]
    fn a_setting_that_the_service_refuses_is_an_error_before_sending() {
        let reject = |change: fn(&mut RequestSettings)| {
            let mut settings = RequestSettings::default();
            change(&mut settings);
            compose(&settings, Dialect::OpenRouter).unwrap_err().to_string()
        };
        assert!(reject(|s| s.models = vec!["x".into(); 4]).contains("4 models; the service takes 3 besides the first"));
        assert!(reject(|s| s.temperature = Some(f64::NAN)).contains("temperature"));
        assert!(reject(|s| s.top_p = Some(0.0)).contains("top_p"));
        assert!(reject(|s| s.stop = vec!["x".into(); 5]).contains("four"));
        assert!(
            reject(
                |s| s.reasoning = Reasoning { effort: Some(Effort::High), max_tokens: Some(1), ..Reasoning::default() }
            )
            .contains("both")
        );
        assert!(reject(|s| _ = s.extra_body.insert("model".into(), json!("x"))).contains("extra_body"));
        assert!(reject(|s| _ = s.extra_body.insert("models".into(), json!([1, 2, 3, 4]))).contains("more than 3"));
        assert!(reject(|s| s.plugins = vec![json!("web")]).contains("without an id"));
        assert!(reject(|s| _ = s.provider.max_price.insert("prompt".into(), json!("x"))).contains("max_price"));
    }

    #[test]
    fn the_newer_fields_are_passed_on_to_the_service_only() {
        let text = "service_tier = \"ultrafast\"\nprompt_cache_options = {ttl = \"12h\"}\n\
            deferred_tools = [{type = \"function\"}]\nplugins = [{id = \"armor\"}, {id = \"alignment\", mode = \"enforce\"}]\n\
            [provider]\npreferred_max_latency = {p90 = 3}\noptions = {anthropic = {x = 1}}\n";
        let settings: RequestSettings = toml::from_str(text).unwrap();
        assert_eq!(toml::from_str::<RequestSettings>(&toml::to_string(&settings).unwrap()).unwrap(), settings);
        let own = compose(&settings, Dialect::OpenRouter).unwrap();
        let fields = r#""provider":{"preferred_max_latency":{"p90":3},"options":{"anthropic":{"x":1}}},"plugins":[{"id":"armor"},{"id":"alignment","mode":"enforce"}],"service_tier":"ultrafast","prompt_cache_options":{"ttl":"12h"},"deferred_tools":[{"type":"function"}]"#;
        assert!(own.contains(fields), "{own}");
        let plain = compose(&settings, Dialect::Plain).unwrap();
        assert!(
            !plain.contains("armor") && !plain.contains("ultrafast") && !plain.contains("options\":{\"ttl"),
            "{plain}"
        );
        let left_out = ["provider", "plugins", "service_tier", "prompt_cache_options", "deferred_tools"];
        assert_eq!(super::left_out(&settings, Dialect::Plain), left_out);
    }

    #[test]
    fn settings_are_toml_and_a_typo_is_an_error() {
        let text = "temperature = 0.2\n[reasoning]\neffort = \"xhigh\"\n[provider]\nsort = \"latency\"\ndata_collection = \"deny\"\nmax_price = {prompt = 1, completion = \"2\"}\n[[plugins]]\nid = \"web\"\n";
        let settings: RequestSettings = toml::from_str(text).unwrap();
        assert_eq!(settings.reasoning.effort, Some(Effort::Xhigh));
        assert_eq!(toml::from_str::<RequestSettings>(&toml::to_string(&settings).unwrap()).unwrap(), settings);
        let error = toml::from_str::<RequestSettings>("temprature = 1").unwrap_err().to_string();
        assert!(error.contains("temprature") && error.contains("temperature"), "{error}");
    }
}
