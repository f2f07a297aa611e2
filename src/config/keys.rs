//! The table of keys: name, environment variable, shape, default, meaning.

use serde_json::{Value, json};

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueShape {
    /// Text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// True or false.
    Switch,
    /// A whole number, zero or more.
    Count,
    /// Any number.
    Number,
    /// A number of seconds over zero.
    Seconds,
    /// Texts; comma-separated in the environment.
    Texts,
    /// Names to texts.
    Table,
    /// Header names to values, which are kept apart because they are secret unless public.
    Headers,
    /// Any JSON.
    Json,
}

/// One thing that can be set.
#[derive(Clone, Copy, Debug)]
pub struct ConfigKey {
    /// As in the file: `section.name`.
    pub name: &'static str,
    /// The environment variable.
    pub env: &'static str,
    /// What its value looks like.
    pub shape: ValueShape,
    /// The default as it would be written in TOML; empty if there is none.
    pub default: &'static str,
    /// What it does, one line.
    pub doc: &'static str,
}

const fn key(
    name: &'static str,
    env: &'static str,
    shape: ValueShape,
    default: &'static str,
    doc: &'static str,
) -> ConfigKey {
    ConfigKey { name, env, shape, default, doc }
}

use ValueShape::{Count, Headers, Json, Number, Seconds, Switch, Table, Text, Texts, Word};

/// Every key there is. The service's own key is not among them: it lives in the environment or a `.env` file.
#[rustfmt::skip] // a table reads by its rows
pub const KEYS: &[ConfigKey] = &[
    key("base_url", "SWITCHOVER_BASE_URL", Text, "", "The API to talk to; without it the built-in simulator, or OpenRouter when there is a key"),
    key("models", "SWITCHOVER_MODELS", Texts, "", "The fallback chain, first choice first"),
    key("signature", "SWITCHOVER_SIGNATURE", Text, "", "Inline signature or library name to begin with"),
    key("module", "SWITCHOVER_MODULE", Text, "", "How a signature is asked: predict, chain_of_thought, …"),
    key("adapter", "SWITCHOVER_ADAPTER", Word(&["chat", "json", "xml"]), r#""chat""#, "How fields are written in messages"),
    key("attribution.referer", "SWITCHOVER_REFERER", Text, r#""http://localhost/switchover""#, "HTTP-Referer: the app's identity in OpenRouter's rankings"),
    key("attribution.title", "SWITCHOVER_TITLE", Text, r#""Switchover""#, "X-OpenRouter-Title and X-Title: the app's name"),
    key("attribution.categories", "SWITCHOVER_CATEGORIES", Texts, "", "X-OpenRouter-Categories: at most two"),
    key("headers", "SWITCHOVER_HEADERS", Headers, "", "Extra headers, sent to the configured server only; their values are masked wherever they are shown"),
    key("public_headers", "SWITCHOVER_PUBLIC_HEADERS", Texts, "", "Names of extra headers with values that may be shown, kept and exported"),
    key("request", "SWITCHOVER_REQUEST", Json, "", "Request fields: temperature, top_p, max_tokens, seed, stop, reasoning, provider, extra_body, …"),
    key("failover.mode", "SWITCHOVER_FAILOVER", Word(&["client", "server", "strict"]), r#""client""#, "Who moves on: this program, OpenRouter's own `models` list, or nobody"),
    key("failover.deadline", "SWITCHOVER_DEADLINE", Seconds, "90.0", "Longest time from send to answer, in seconds"),
    key("failover.patience", "SWITCHOVER_PATIENCE", Seconds, "3.0", "Longest wait on one model before moving on, in seconds"),
    key("failover.connect", "SWITCHOVER_CONNECT", Seconds, "5.0", "Longest time to connect, in seconds"),
    key("failover.first_token", "SWITCHOVER_FIRST_TOKEN", Seconds, "10.0", "Longest time to the first token, in seconds"),
    key("failover.first_token_reasoning", "SWITCHOVER_FIRST_TOKEN_REASONING", Seconds, "60.0", "The same for models that reason and for answers in one piece, in seconds"),
    key("failover.idle", "SWITCHOVER_IDLE", Seconds, "10.0", "Longest silence in a stream, in seconds"),
    key("failover.idle_reasoning", "SWITCHOVER_IDLE_REASONING", Seconds, "30.0", "Longest silence while a model reasons, in seconds"),
    key("failover.attempts_per_model", "SWITCHOVER_ATTEMPTS_PER_MODEL", Count, "3", "Attempts on one model in one run"),
    key("failover.attempts_per_run", "SWITCHOVER_ATTEMPTS_PER_RUN", Count, "8", "Attempts in one run"),
    key("failover.hedge", "SWITCHOVER_HEDGE", Switch, "false", "Start the next model beside a slow one"),
    key("failover.next_on_policy", "SWITCHOVER_NEXT_ON_POLICY", Switch, "false", "Try the next model when moderation refuses"),
    key("failover.strict_model", "SWITCHOVER_STRICT_MODEL", Switch, "false", "Move on when another model than the one asked for answered"),
    key("failover.max_price_ratio", "SWITCHOVER_MAX_PRICE_RATIO", Number, "", "Skip fallbacks dearer than this many times the first model"),
    key("failover.seed", "SWITCHOVER_SEED", Count, "", "Seed of the jitter; random without it"),
    key("simulator.pace", "SWITCHOVER_PACE", Number, "1.0", "Speed of the simulated models: 0 answers at once, 2 takes twice as long"),
    key("ui.theme", "SWITCHOVER_THEME", Word(&["auto", "dark", "light", "safe", "projector", "mono"]), r#""auto""#, "Colours: for dark or light terminals, colour-blind safe, for a projector, or none"),
    key("ui.enter", "SWITCHOVER_ENTER", Word(&["send", "newline"]), r#""send""#, "What Enter does in the prompt; Alt+Enter does the other"),
    key("ui.keys", "SWITCHOVER_KEYS", Table, "", "Other keys for actions: action = \"key\""),
    key("history.keep", "SWITCHOVER_HISTORY", Switch, "true", "Keep every run on disk"),
];

/// Keys of earlier versions: name, environment variable, and what to do instead. They are ignored with a notice, so that
/// an old configuration still starts the program.
pub(super) const RETIRED: &[(&str, &str, &str)] =
    &[("ui.vim", "SWITCHOVER_VIM", "there are no Vim keys any more; Ctrl+G opens the prompt in $EDITOR")];

/// The key of that name.
pub(super) fn find(name: &str) -> Option<&'static ConfigKey> {
    KEYS.iter().find(|key| key.name == name)
}

/// The key of which `name` is a part, such as `request.temperature`, and which part.
pub fn within(name: &str) -> Option<(&'static ConfigKey, &str)> {
    let part = |key: &'static ConfigKey| Some((key, name.strip_prefix(key.name)?.strip_prefix('.')?));
    KEYS.iter().filter(|key| matches!(key.shape, Table | Headers | Json)).find_map(part)
}

/// What to say of a name that is in no table.
pub(super) fn unknown(name: &str) -> String {
    let names = || KEYS.iter().flat_map(|k| [k.name, k.name.split('.').next().unwrap_or(k.name)]);
    match crate::nearest::nearest(name, names()) {
        Some(near) => format!("unknown key `{name}`: did you mean `{near}`?"),
        None => format!("unknown key `{name}`: `switchover config` lists all of them"),
    }
}

impl ConfigKey {
    /// The default as a value.
    pub fn default(&self) -> Option<Value> {
        (!self.default.is_empty()).then(|| serde_json::from_str(self.default).unwrap_or(Value::Null))
    }

    /// Reads a text as in the environment.
    ///
    /// # Errors
    /// What was expected.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        let value = match self.shape {
            Text | Word(_) => json!(text),
            Texts => text.split(',').map(str::trim).filter(|t| !t.is_empty()).collect(),
            Switch => match text.to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" | "on" => json!(true),
                "0" | "false" | "no" | "off" => json!(false),
                _ => return Err(self.unlike(text)),
            },
            Count | Number | Seconds | Table | Headers | Json => {
                serde_json::from_str(text).map_err(|_| self.unlike(text))?
            }
        };
        self.check(&value).map(|()| value)
    }

    /// Whether a value has the key's shape.
    ///
    /// # Errors
    /// What was expected.
    pub(super) fn check(&self, value: &Value) -> Result<(), String> {
        let fits = match self.shape {
            Text => value.is_string(),
            Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Switch => value.is_boolean(),
            Count => value.is_u64(),
            Number => value.is_number(),
            Seconds => value.as_f64().is_some_and(|s| s > 0.0 && s <= 86_400.0),
            Texts => value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
            Table | Headers => value.as_object().is_some_and(|all| all.values().all(Value::is_string)),
            Json => value.is_object(),
        };
        if fits { Ok(()) } else { Err(self.unlike(&value.to_string())) }
    }

    /// What to say of a value of another shape. A table may hold a header that is a secret, and is not repeated.
    fn unlike(&self, found: &str) -> String {
        match self.shape {
            Table | Headers | Json => format!("expected {}, found something else", self.expected()),
            _ => format!("expected {}, found `{found}`", self.expected()),
        }
    }

    fn expected(&self) -> String {
        match self.shape {
            Text => "text".into(),
            Word(words) => format!("one of {}", words.join(", ")),
            Switch => "true or false".into(),
            Count => "a whole number".into(),
            Number => "a number".into(),
            Seconds => "a number of seconds between 0 and 86400".into(),
            Texts => "a list of texts".into(),
            Table | Headers => r#"a table of texts, like {"Name": "value"}"#.into(),
            Json => r#"a table, like {"top_p": 0.9}"#.into(),
        }
    }
}
