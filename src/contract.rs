//! What a chat request lets its answer promise: read from the request, checked in the answer. Knows JSON and the form of
//! signatures in prompts; must not know who asks or who answers.
//!
//! | the request has | the answer must |
//! |---|---|
//! | `response_format` with a schema | be one JSON value that fits the schema |
//! | the fields of a signature in its prompt, as DSPy writes them | hold every output field, with a value of its type |
//! | `response_format: json_object` | be one JSON object |
//! | none of these | have something to read or to do |
//!
//! Tool calls must name tools that were offered, and their arguments must be JSON objects.

mod prompt;
mod schema;

use crate::dspy::{Adapter, ParseFailure, Prediction, Problem, Repair, Signature, Values};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Whether answers are checked against what their request asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractMode {
    /// Answers are checked against their request.
    #[default]
    FromRequest,
    /// Any message is an answer.
    None,
}

impl ContractMode {
    /// Whether this is the default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What an answer must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Contract {
    /// Any message.
    Message,
    /// One JSON object.
    Object,
    /// One JSON value that fits this schema.
    Schema(Value),
    /// The outputs of a signature, as this adapter writes them.
    Fields(Adapter, Box<Signature>),
}

/// An answer that fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitting {
    /// What it says: the fields of a signature, or `content`.
    pub prediction: Prediction,
    /// The answer as it should have been written, if it was not.
    pub canonical: Option<String>,
}

impl Contract {
    /// The contract of a request's body.
    pub fn of(body: &Map<String, Value>) -> Self {
        let format = body.get("response_format");
        let kind = format.and_then(|format| format["type"].as_str());
        if kind == Some("json_schema") {
            let schema = format.and_then(|format| format.pointer("/json_schema/schema"));
            return schema.map_or(Self::Object, |schema| Self::Schema(schema.clone()));
        }
        if let Some((adapter, signature)) = body.get("messages").and_then(prompt::signature) {
            return Self::Fields(adapter, Box::new(signature));
        }
        if kind == Some("json_object") { Self::Object } else { Self::Message }
    }

    /// What it is called in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Message => "a message",
            Self::Object => "a JSON object",
            Self::Schema(_) => "JSON that fits the request's schema",
            Self::Fields(..) => "the fields of the prompt's signature",
        }
    }

    /// Checks the text of an answer.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self, text: &str) -> Result<Fitting, ParseFailure> {
        match self {
            Self::Message => Ok(content(text, None)),
            Self::Object => one_value(text, |value| {
                if value.is_object() { Vec::new() } else { vec![problem("", "a JSON object", &excerpt(value))] }
            }),
            Self::Schema(schema) => one_value(text, |value| schema::check(schema, value)),
            Self::Fields(adapter, signature) => {
                let prediction = adapter.parse(signature, text)?;
                let mended = !prediction.repairs.is_empty();
                let canonical = mended.then(|| adapter.answer(signature, &prediction.fields));
                Ok(Fitting { prediction, canonical })
            }
        }
    }

    /// Whether the text is whole by its own syntax, although its end may have been cut off.
    pub fn is_whole(&self, text: &str) -> bool {
        match self {
            Self::Message => false,
            Self::Object | Self::Schema(_) => serde_json::from_str::<serde::de::IgnoredAny>(text.trim()).is_ok(),
            Self::Fields(adapter, signature) => adapter.open_field(signature, text).is_none(),
        }
    }
}

/// Checks the tool calls of a message: names that were offered, and arguments that are JSON objects.
///
/// # Errors
/// What does not fit.
pub fn check_calls(body: &Map<String, Value>, calls: &[Value]) -> Result<(), ParseFailure> {
    let tools = body.get("tools").and_then(Value::as_array);
    let mut problems = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        // A call of another kind, such as a server's own tool, is not ours to judge.
        let Some(function) = call.get("function").filter(|_| call["type"].as_str().is_none_or(|it| it == "function"))
        else {
            continue;
        };
        let name = function["name"].as_str().unwrap_or_default();
        let place = format!("tool_calls[{index}]");
        if let Some(tools) = tools {
            let offered = || tools.iter().filter_map(|tool| tool.pointer("/function/name")?.as_str());
            if !offered().any(|tool| tool == name) {
                let expected = format!("one of the tools {}", offered().collect::<Vec<_>>().join(", "));
                problems.push(problem(&format!("{place}.function.name"), &expected, name));
            }
        }
        let arguments = function["arguments"].as_str().unwrap_or_default();
        // No arguments at all are written as an empty text by some servers.
        if !arguments.trim().is_empty() && serde_json::from_str::<Map<String, Value>>(arguments).is_err() {
            problems.push(problem(&format!("{place}.function.arguments"), "a JSON object", &cut(arguments)));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(ParseFailure { problems }) }
}

/// The only JSON value of a text; a code fence around it is dropped.
fn one_value(text: &str, check: impl Fn(&Value) -> Vec<Problem>) -> Result<Fitting, ParseFailure> {
    let bare = text.trim();
    let inner = unfenced(bare);
    let value: Value = serde_json::from_str(inner).map_err(|error| ParseFailure {
        problems: vec![problem("", "one JSON value", &format!("{} ({error})", cut(bare)))],
    })?;
    let problems = check(&value);
    if !problems.is_empty() {
        return Err(ParseFailure { problems });
    }
    let mended = (inner.len() != bare.len()).then(|| inner.to_owned());
    Ok(content(text, mended))
}

/// A text as the field `content`.
fn content(text: &str, canonical: Option<String>) -> Fitting {
    let fields = Values::from_iter([("content".to_owned(), Value::from(text))]);
    let repair = |_: &String| Repair { field: "content".to_owned(), what: "dropped a code fence".to_owned() };
    let repairs = canonical.iter().map(repair).collect();
    Fitting { prediction: Prediction { fields: Arc::new(fields), repairs }, canonical }
}

/// The inside of a text that is one code fence.
fn unfenced(text: &str) -> &str {
    let inner = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    let body = inner.and_then(|inner| inner.split_once('\n')).filter(|(language, _)| language.len() < 20);
    body.map_or(text, |(_, body)| body.trim())
}

/// What does not fit at this place of the answer; an empty place is the whole answer.
fn problem(place: &str, expected: &str, got: &str) -> Problem {
    let field = if place.is_empty() { "content" } else { place };
    Problem { field: field.to_owned(), path: String::new(), expected: expected.to_owned(), got: got.to_owned() }
}

/// A value for a message about it.
fn excerpt(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    const MOST: usize = 60;
    let mut cut: String = text.chars().take(MOST).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(body: &Value) -> Contract {
        Contract::of(body.as_object().expect("an object"))
    }

    #[test]
    fn a_contract_is_read_from_the_request() {
        let plain = json!({"messages": [{"role": "user", "content": "hi"}]});
        assert_eq!(of(&plain), Contract::Message);
        assert_eq!(of(&json!({"response_format": {"type": "json_object"}})), Contract::Object);
        assert_eq!(of(&json!({"response_format": {"type": "text"}})), Contract::Message);
        let schema = json!({"type": "array"});
        let format = json!({"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}});
        assert_eq!(of(&format), Contract::Schema(schema));
    }

    #[test]
    fn an_answer_is_one_json_value_and_a_fence_around_it_is_dropped() {
        let schema =
            Contract::Schema(json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}));
        for (text, fits) in [
            (r#"{"n": 1}"#, true),
            ("  {\"n\": 1}\n", true),
            (r#"{"n": "1"}"#, false),
            ("{}", false),
            (r#"{"n": 1"#, false),
            (r#"{"n": 1} and more"#, false),
            ("Sure: {\"n\": 1}", false),
            ("", false),
        ] {
            assert_eq!(schema.check(text).is_ok(), fits, "{text}");
        }
        let fenced = schema.check("```json\n{\"n\": 1}\n```").expect("fits");
        assert_eq!((fenced.canonical.as_deref(), fenced.prediction.repairs.len()), (Some("{\"n\": 1}"), 1));
        assert!(Contract::Object.check("[1]").is_err());
    }

    #[test]
    fn a_fence_begins_with_at_most_a_language() {
        for (language, fits) in [("", true), ("json", true), (&"x".repeat(19), true), (&"x".repeat(20), false)] {
            assert_eq!(Contract::Object.check(&format!("```{language}\n{{}}\n```")).is_ok(), fits, "{language}");
        }
    }

    #[test]
    fn what_does_not_fit_is_quoted_with_at_most_60_characters() {
        for (count, quoted) in [(58, format!("\"{}\"", "ä".repeat(58))), (59, format!("\"{}…", "ä".repeat(59)))] {
            let failure = Contract::Object.check(&format!("\"{}\"", "ä".repeat(count))).expect_err("no object");
            assert_eq!(failure.problems[0].got, quoted);
        }
    }

    #[test]
    fn fields_are_checked_and_a_mended_answer_is_written_anew() {
        let signature: Signature = "q -> n: int, s: list[str]".parse().expect("a signature");
        for adapter in Adapter::ALL {
            let fields = Values::from_iter([("n".to_owned(), json!(1)), ("s".to_owned(), json!(["a"]))]);
            let written = adapter.answer(&signature, &fields);
            let contract = Contract::Fields(adapter, Box::new(signature.clone()));
            let fitting = contract.check(&written).expect("fits");
            assert_eq!((fitting.prediction.fields.as_ref(), fitting.canonical), (&fields, None), "{written}");
            assert!(contract.check(&written.replace('1', "one")).is_err(), "{written}");
        }
        let contract = Contract::Fields(Adapter::Json, Box::new(signature.clone()));
        let mended = contract.check(r#"{"n": "1", "s": ['a']}"#).expect("can be mended");
        assert_eq!(mended.canonical.as_deref(), Some("{\n  \"n\": 1,\n  \"s\": [\n    \"a\"\n  ]\n}"));
    }

    #[test]
    fn only_syntax_tells_whether_a_cut_answer_is_whole() {
        let fields = Contract::Fields(Adapter::Json, Box::new("q -> n: int".parse().expect("a signature")));
        for (contract, text, is_whole) in [
            (&Contract::Message, "hi", false),
            (&Contract::Object, " {\"n\": 1}\n", true),
            (&Contract::Object, "{\"n\": 1", false),
            (&Contract::Schema(json!({})), "[1, 2]", true),
            (&Contract::Schema(json!({})), "[1, 2", false),
            (&fields, "{\"n\": 1}", true),
            (&fields, "{\"n\": 1", false),
        ] {
            assert_eq!(contract.is_whole(text), is_whole, "{contract:?} {text}");
        }
    }

    #[test]
    fn tool_calls_name_offered_tools_and_have_objects_as_arguments() {
        let body = json!({"tools": [{"type": "function", "function": {"name": "look"}}]});
        let body = body.as_object().expect("an object");
        let call = |name: &str, arguments: &str| json!({"type": "function", "function": {"name": name, "arguments": arguments}});
        for (name, arguments, fits) in [
            ("look", "{}", true),
            ("look", "", true),
            ("look", "{\"a\": ", false),
            ("look", "[]", false),
            ("see", "{}", false),
        ] {
            assert_eq!(check_calls(body, &[call(name, arguments)]).is_ok(), fits, "{name} {arguments}");
        }
        assert!(check_calls(body, &[json!({"type": "custom", "custom": {}})]).is_ok());
        let failure = check_calls(body, &[call("look", "{}"), call("see", "x")]).expect_err("does not fit");
        assert_eq!(failure.problems.len(), 2);
        assert_eq!(failure.problems[0].field, "tool_calls[1].function.name");
    }
}
