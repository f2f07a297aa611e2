//! The table of all keys: name, environment variable, options, shape, default and meaning.

use serde_json::{Value, json};

/// The shape of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueShape {
    /// A text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Switch,
    /// A text, or `true` or `false` as earlier versions had it.
    TextOrSwitch,
    /// A whole number, zero or more.
    Count,
    /// Any number.
    Number,
    /// A number of seconds, over 0 and at most a day.
    Seconds,
    /// A list of texts, separated by commas in the environment.
    Texts,
    /// A table of texts by name.
    Table,
    /// A table of lists of texts by name.
    Lists,
    /// A table of header values by name. They are stored apart, because they are secret unless made public.
    Headers,
    /// Any JSON object.
    Json,
}

/// One key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct ConfigKey {
    /// The name in the file: `section.name`.
    pub name: &'static str,
    /// The environment variable that sets it.
    pub env: &'static str,
    /// Its options on the command line besides `--set`, such as `--model` or `gateway --listen`; empty if there are none.
    pub options: &'static str,
    /// The shape of its value.
    pub shape: ValueShape,
    /// The default, written as JSON; empty if there is none.
    pub default: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
}

const fn key(
    name: &'static str,
    env: &'static str,
    options: &'static str,
    shape: ValueShape,
    default: &'static str,
    doc: &'static str,
) -> ConfigKey {
    ConfigKey { name, env, options, shape, default, doc }
}

use ValueShape::{Count, Headers, Json, Lists, Number, Seconds, Switch, Table, Text, TextOrSwitch, Texts, Word};

/// All keys. The API key is not one of them: it belongs in the environment or a `.env` file.
#[rustfmt::skip] // a table is easier to read with one row per line
pub const KEYS: &[ConfigKey] = &[
    key("base_url", "SWITCHOVER_BASE_URL", "--base-url", Text, "", "The server's base URL; without it OpenRouter if a key is set, else the built-in simulator"),
    key("models", "SWITCHOVER_MODELS", "--model", Texts, "", "The fallback chain, first choice first"),
    key("chains", "SWITCHOVER_CHAINS", "", Lists, "", "Named chains: name = [models]; the name stands for these models wherever a model is asked for"),
    key("signature", "SWITCHOVER_SIGNATURE", "--signature", Text, "", "The signature at the start: inline, or a name from the library; without it `question`"),
    key("signatures", "SWITCHOVER_SIGNATURES", "", Table, "", "Named signatures: name = \"inline signature\"; `signatures/*.toml` beside the project's file holds larger ones"),
    key("module", "SWITCHOVER_MODULE", "--module", Text, "", "The module: predict, chain_of_thought, …; without it that of the signature"),
    key("adapter", "SWITCHOVER_ADAPTER", "--adapter", Word(&["chat", "json", "xml"]), r#""chat""#, "The adapter, which writes the fields into messages"),
    key("reasoning", "SWITCHOVER_REASONING", "", Word(&["text", "native"]), r#""text""#, "How modules get `reasoning`: the model writes it as a field, or the service returns it if the catalogue says so"),
    key("attribution.referer", "SWITCHOVER_REFERER", "--referer", Text, r#""http://localhost/switchover""#, "HTTP-Referer: the app's identity in OpenRouter's rankings"),
    key("attribution.title", "SWITCHOVER_TITLE", "--title", Text, r#""Switchover""#, "X-OpenRouter-Title and X-Title: the app's name"),
    key("attribution.categories", "SWITCHOVER_CATEGORIES", "", Texts, "", "X-OpenRouter-Categories: at most two"),
    key("headers", "SWITCHOVER_HEADERS", "", Headers, "", "Extra headers, sent to the configured server only; their values are masked wherever they are shown"),
    key("public_headers", "SWITCHOVER_PUBLIC_HEADERS", "", Texts, "", "Names of extra headers with values that may be shown, kept and exported"),
    key("request", "SWITCHOVER_REQUEST", "", Json, "", "Request fields: temperature, top_p, max_tokens, seed, stop, reasoning, provider, plugins, service_tier, extra_body, …"),
    key("failover.mode", "SWITCHOVER_FAILOVER", "ask --strict, ask --server-side", Word(&["client", "server", "strict"]), r#""client""#, "Who tries the next model: this program, OpenRouter by its `models` list, or nobody"),
    key("failover.deadline", "SWITCHOVER_DEADLINE", "", Seconds, "90.0", "Longest time of a run, in seconds"),
    key("failover.patience", "SWITCHOVER_PATIENCE", "", Seconds, "3.0", "Longest wait for one model before the next is tried, in seconds"),
    key("failover.connect", "SWITCHOVER_CONNECT", "", Seconds, "5.0", "Longest time to connect, in seconds"),
    key("failover.first_token", "SWITCHOVER_FIRST_TOKEN", "", Seconds, "10.0", "Longest time to the first token, in seconds"),
    key("failover.first_token_reasoning", "SWITCHOVER_FIRST_TOKEN_REASONING", "", Seconds, "60.0", "The same limit for models that reason and for answers in one piece, in seconds"),
    key("failover.idle", "SWITCHOVER_IDLE", "", Seconds, "10.0", "Longest silence in a stream, in seconds"),
    key("failover.idle_reasoning", "SWITCHOVER_IDLE_REASONING", "", Seconds, "30.0", "Longest silence in a stream of reasoning, in seconds"),
    key("failover.attempts_per_model", "SWITCHOVER_ATTEMPTS_PER_MODEL", "", Count, "3", "Most attempts on one model in a run, 1 to 99"),
    key("failover.attempts_per_run", "SWITCHOVER_ATTEMPTS_PER_RUN", "", Count, "8", "Most attempts in a run, 1 to 99"),
    key("failover.hedge", "SWITCHOVER_HEDGE", "", Switch, "false", "Start the next model in parallel when one is slow"),
    key("failover.next_on_policy", "SWITCHOVER_NEXT_ON_POLICY", "", Switch, "false", "Try the next model when a content policy refuses the request"),
    key("failover.strict_model", "SWITCHOVER_STRICT_MODEL", "", Switch, "false", "Try the next model when a server answers with another model than requested"),
    key("failover.max_price_ratio", "SWITCHOVER_MAX_PRICE_RATIO", "", Number, "", "Skip fallbacks that cost more than this many times the first model"),
    key("failover.seed", "SWITCHOVER_SEED", "", Count, "", "Seed of the jitter; random if it is not set"),
    key("gateway.listen", "SWITCHOVER_GATEWAY_LISTEN", "gateway --listen", Text, r#""127.0.0.1:4141""#, "The address on which `switchover gateway` listens"),
    key("gateway.hold", "SWITCHOVER_GATEWAY_HOLD", "gateway --hold", Word(&["first-token", "answer"]), r#""first-token""#, "What a stream of the gateway waits for before anything is sent"),
    key("gateway.hosts", "SWITCHOVER_GATEWAY_HOSTS", "", Texts, "", "Further names under which clients may reach the gateway"),
    key("gateway.max_requests", "SWITCHOVER_GATEWAY_MAX_REQUESTS", "", Count, "64", "Requests that the gateway serves at the same time; others wait"),
    key("gateway.max_cost", "SWITCHOVER_GATEWAY_MAX_COST", "gateway --max-cost", Number, "", "The gateway refuses new requests once its session has cost this much, in USD"),
    key("eval.cases", "SWITCHOVER_EVAL_CASES", "eval [CASES]", Text, "", "The file of cases of `switchover eval`; in a file, its path is relative to that file"),
    key("eval.metrics", "SWITCHOVER_EVAL_METRICS", "eval --metric", Table, "", "How outputs are scored: output = \"exact\", \"normalized\", \"contains\", \"f1\", \"number:0.01\", \"set\", \"json\", \"judge:NAME\" or \"cmd:PROGRAM\""),
    key("eval.faults", "SWITCHOVER_EVAL_FAULTS", "eval --faults", Lists, "", "Named fault plans: name = [\"MODEL=FAULT\"]"),
    key("eval.concurrency", "SWITCHOVER_EVAL_CONCURRENCY", "eval --concurrency", Count, "8", "Runs of `switchover eval` at the same time"),
    key("eval.repeat", "SWITCHOVER_EVAL_REPEAT", "eval --repeat", Count, "1", "How often `switchover eval` asks each case"),
    key("eval.max_cost", "SWITCHOVER_EVAL_MAX_COST", "eval --max-cost", Number, "", "`switchover eval` stops before its cost passes this, in USD"),
    key("eval.seed", "SWITCHOVER_EVAL_SEED", "eval --seed", Count, "0", "Seed of chance faults, jitter and intervals of `switchover eval`"),
    key("simulator.pace", "SWITCHOVER_PACE", "serve --pace", Number, "1.0", "Pace of the simulated models: 0 answers at once, 2 takes twice as long"),
    key("ui.theme", "SWITCHOVER_THEME", "", Word(&["auto", "dark", "light", "safe", "projector", "mono"]), r#""auto""#, "Colours: for dark or light terminals, colour-blind safe, for a projector, or none"),
    key("ui.enter", "SWITCHOVER_ENTER", "", Word(&["send", "newline"]), r#""send""#, "What Enter does in the prompt; Alt+Enter does the other"),
    key("ui.keys", "SWITCHOVER_KEYS", "", Table, "", "Other keyboard keys for actions: action = \"key\""),
    key("history.keep", "SWITCHOVER_HISTORY", "", TextOrSwitch, r#""2 years, 4 GB""#, "How long runs are kept on disk: an age, a size or both; `everything`; or `nothing`"),
];

/// Fields of `request` that are worth a line of their own: name and meaning.
pub const REQUEST_FIELDS: &[(&str, &str)] = &[
    ("request.temperature", "Randomness, 0 to 2"),
    ("request.max_tokens", "Most tokens of an answer, reasoning included"),
    ("request.reasoning.effort", "How much to reason: none, minimal, low, medium, high, xhigh, max"),
    ("request.seed", "The same seed and request give the same answer, with some providers"),
    ("request.top_p", "Share of probability that tokens are drawn from: over 0, at most 1"),
    ("request.provider.sort", "Which providers come first: price, throughput, latency, exacto"),
    ("request.service_tier", "Price and speed class: flex, priority, …"),
];

/// Keys of earlier versions: name, environment variable and what to do instead. They are ignored with a notice, so that
/// the program still starts with an old configuration.
pub(super) const RETIRED: &[(&str, &str, &str)] =
    &[("ui.vim", "SWITCHOVER_VIM", "there are no Vim keys any more; Ctrl+G opens the prompt in $EDITOR")];

/// The key with this name.
pub(super) fn find(name: &str) -> Option<&'static ConfigKey> {
    KEYS.iter().find(|key| key.name == name)
}

/// The key of a table and the part of it that `name` means, such as `request` and `temperature`.
pub fn within(name: &str) -> Option<(&'static ConfigKey, &str)> {
    let part = |key: &'static ConfigKey| Some((key, name.strip_prefix(key.name)?.strip_prefix('.')?));
    KEYS.iter().filter(|key| matches!(key.shape, Table | Lists | Headers | Json)).find_map(part)
}

fn is_list(value: &Value) -> bool {
    value.as_array().is_some_and(|all| all.iter().all(Value::is_string))
}

/// The message for an unknown name.
pub(super) fn unknown(name: &str) -> String {
    if name == "key" || name.to_ascii_lowercase().ends_with("api_key") {
        return format!(
            "unknown key `{name}`: the API key belongs in the environment or a .env file, as OPENROUTER_API_KEY"
        );
    }
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

    /// Reads a value as it is written in the environment.
    ///
    /// # Errors
    /// What is expected instead.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        let value = match self.shape {
            Text | TextOrSwitch | Word(_) => json!(text),
            Texts => text.split(',').map(str::trim).filter(|t| !t.is_empty()).collect(),
            Switch => match text.to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" | "on" => json!(true),
                "0" | "false" | "no" | "off" => json!(false),
                _ => return Err(self.mismatch(text)),
            },
            Count | Number | Seconds | Table | Lists | Headers | Json => {
                serde_json::from_str(text).map_err(|_| self.mismatch(text))?
            }
        };
        self.check(&value).map(|()| value)
    }

    /// Checks that a value has the key's shape.
    ///
    /// # Errors
    /// What is expected instead.
    pub(super) fn check(&self, value: &Value) -> Result<(), String> {
        let fits = match self.shape {
            Text => value.is_string(),
            Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Switch => value.is_boolean(),
            TextOrSwitch => value.is_string() || value.is_boolean(),
            Count => value.is_u64(),
            Number => value.is_number(),
            Seconds => value.as_f64().is_some_and(|s| s > 0.0 && s <= 86_400.0),
            Texts => is_list(value),
            Lists => value.as_object().is_some_and(|all| all.values().all(is_list)),
            Table | Headers => value.as_object().is_some_and(|all| all.values().all(Value::is_string)),
            Json => value.is_object(),
        };
        if fits { Ok(()) } else { Err(self.mismatch(&value.to_string())) }
    }

    /// The message for a value of another shape. A table may hold secrets and is not quoted.
    fn mismatch(&self, found: &str) -> String {
        match self.shape {
            Table | Lists | Headers | Json => format!("expected {}, found another type", self.expected()),
            _ => format!("expected {}, found `{found}`", self.expected()),
        }
    }

    /// What its value must be, in words.
    pub fn expected(&self) -> String {
        match self.shape {
            Text | TextOrSwitch => "text".into(),
            Word(words) => format!("one of {}", words.join(", ")),
            Switch => "true or false".into(),
            Count => "a whole number".into(),
            Number => "a number".into(),
            Seconds => "a number of seconds between 0 and 86400".into(),
            Texts => "a list of texts".into(),
            Table | Headers => r#"a table of texts, like {"Name": "value"}"#.into(),
            Lists => r#"a table of lists, like {"name": ["a", "b"]}"#.into(),
            Json => r#"a table, like {"top_p": 0.9}"#.into(),
        }
    }
}
