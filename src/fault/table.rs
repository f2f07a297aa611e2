//! Every fault in one table: `switchover faults`, the picker and the documentation read it.

use serde::Serialize;

/// One fault of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FaultRow {
    /// The fault's name; for a status, the status and its main detail.
    pub name: &'static str,
    /// The place in an exchange where it happens.
    pub group: FaultGroup,
    /// A complete word for `--fault MODEL=…`.
    pub example: &'static str,
    /// What the server does, in one line.
    pub does: &'static str,
    /// What the engine does, in one line.
    pub expect: &'static str,
}

/// The place in an exchange where a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultGroup {
    /// In the connection.
    Network,
    /// In time: too late, or never.
    Time,
    /// In the status.
    Status,
    /// In a response with status 200.
    Ok,
    /// In the stream, after it began.
    Stream,
    /// In the content of the answer.
    Content,
    /// In the form of the typed answer.
    Typed,
}

const fn row(
    group: FaultGroup,
    name: &'static str,
    example: &'static str,
    does: &'static str,
    expect: &'static str,
) -> FaultRow {
    FaultRow { name, group, example, does, expect }
}

use FaultGroup::{Content, Network, Ok, Status, Stream, Time, Typed};

/// All faults by group.
#[rustfmt::skip] // a table is easier to read with one row per line
pub const TABLE: &[FaultRow] = &[
    row(Network, "refused", "refused", "the connection is refused", "retry twice, then the next model"),
    row(Network, "black-hole", "black-hole", "accepts the connection and never answers", "next model when the first-token timer runs out"),
    row(Network, "reset", "reset", "resets the connection before any response header", "retry at once on a fresh connection, once more, then the next model"),
    row(Network, "reset-after", "reset-after:8", "resets the connection (RST) after 8 tokens", "discard the text; retry once, then the next model"),

    row(Time, "headers-never", "headers-never", "sends a status line and never ends the headers", "next model when the first-token timer runs out"),
    row(Time, "slow", "slow:15s", "delays the first token by 15 s, with keep-alive comments meanwhile", "next model when the first-token timer runs out; comments do not count"),
    row(Time, "stall", "stall:8", "goes silent after 8 tokens, with the connection open", "discard the text; next model when the idle timer runs out"),
    row(Time, "comments", "comments", "sends keep-alive comments and no content, without end", "next model when the first-token timer runs out"),
    row(Time, "drip", "drip:2s", "waits 2 s before every token", "wait while tokens come; stop at the deadline"),

    row(Status, "400", "400", "400: malformed request", "stop: no model would accept it"),
    row(Status, "400:context", "400:context", "400: the prompt is longer than the context", "next model with a larger context"),
    row(Status, "400:policy", "400:policy", "400: refused by a content policy", "stop and show the reason"),
    row(Status, "400:format", "400:format", "400: response_format is not supported", "same model once more without response_format"),
    row(Status, "400:provider", "400:provider", "400: the provider refuses the request", "next model"),
    row(Status, "400:model", "400:model", "400: not a model id", "next model; this one is skipped for the session"),
    row(Status, "401", "401", "401: unknown key", "stop: every model would refuse the key"),
    row(Status, "402", "402:credits", "402: no credits left", "next model that is free; if there is none, stop"),
    row(Status, "402:key-limit", "402:key-limit", "402: the key's limit is spent", "next model that is free; if there is none, stop"),
    row(Status, "402:unaffordable", "402:unaffordable", "402: the credits do not pay for max_tokens", "retry once with a lower max_tokens, then a cheaper model"),
    row(Status, "402:in-flight", "402:in-flight,retry-after=1", "402: other requests hold the budget for 1 s", "wait for that time, then retry"),
    row(Status, "403", "403:region", "403: not offered in this region", "next model; this one is skipped for 300 s"),
    row(Status, "403:moderation", "403:moderation", "403: moderation flagged the input", "stop and show the reason"),
    row(Status, "403:guardrail", "403:guardrail", "403: a guardrail blocked the prompt", "stop and show the reason"),
    row(Status, "403:budget", "403:budget", "403: the workspace's budget is spent", "stop"),
    row(Status, "404", "404", "404: no provider serves this model; suggests others", "next model; this one is skipped for the session"),
    row(Status, "404:deprecated", "404:deprecated", "404: the model was withdrawn", "next model; this one is skipped for the session"),
    row(Status, "404:privacy", "404:privacy", "404: the privacy settings leave no provider", "next model; this one is skipped for the session"),
    row(Status, "408", "408", "408: timed out upstream", "next model"),
    row(Status, "409", "409", "409: conflict", "retry once, then the next model"),
    row(Status, "410", "410", "410: gone", "next model; this one is skipped for the session"),
    row(Status, "413", "413", "413: payload too large", "next model with a larger context"),
    row(Status, "422", "422", "422: cannot be processed", "stop: no model would accept it"),
    row(Status, "425", "425", "425: too early", "retry once, then the next model"),
    row(Status, "429:retry-after", "429:retry-after=2", "429 with Retry-After: 2", "wait 2 s and retry, as the limit for waits allows"),
    row(Status, "429", "429", "429 without a hint", "next model"),
    row(Status, "429:date", "429:date=20", "429 with Retry-After as an HTTP date 20 s ahead", "next model; this one is skipped for 20 s"),
    row(Status, "429:ms", "429:ms=1500", "429 with retry-after-ms: 1500", "wait 1.5 s and retry"),
    row(Status, "429:reset", "429:account,reset=20", "429 with X-RateLimit-Reset 20 s ahead: the account's cap", "wait if the deadline allows it, else stop"),
    row(Status, "429:metadata", "429:upstream,metadata=2", "429 with the hint in error.metadata", "wait 2 s and retry"),
    row(Status, "429:huge", "429:retry-after=999999999", "429 with Retry-After: 31 years", "next model; this one is skipped for 24 h at most"),
    row(Status, "429:negative", "429:retry-after=-5", "429 with Retry-After: -5", "retry at once: a negative hint is 0"),
    row(Status, "429:daily", "429:daily", "429: the day's free requests are used up", "next model; every :free model is skipped"),
    row(Status, "429:minute", "429:minute,retry-after=20", "429: the minute's free requests are used up", "next model; every :free model is skipped for 20 s"),
    row(Status, "500", "500", "500: internal error", "retry once with backoff, then the next model"),
    row(Status, "502", "502", "502: bad response from the provider", "retry once with backoff, then the next model"),
    row(Status, "502:html", "502:html", "502 with an HTML page", "retry once, then the next model"),
    row(Status, "503", "503", "503: overloaded", "retry once with backoff, then the next model"),
    row(Status, "503:availability", "503:availability=2", "503 with the hint in error.availability", "wait 2 s and retry"),
    row(Status, "503:long", "503:retry-after=60", "503 with Retry-After: 60", "next model; this one is skipped for 60 s"),
    row(Status, "504", "504", "504: gateway timeout", "next model at once"),
    row(Status, "520", "520", "520: the edge met an unknown error", "retry once with backoff, then the next model"),
    row(Status, "521", "521", "521: the edge was refused", "retry once with backoff, then the next model"),
    row(Status, "522", "522", "522: the edge could not connect", "retry once with backoff, then the next model"),
    row(Status, "523", "523", "523: the edge found no route", "retry once with backoff, then the next model"),
    row(Status, "524", "524", "524: the edge timed out", "next model at once"),
    row(Status, "529", "529", "529: the provider is overloaded", "retry once with backoff, then the next model"),

    row(Ok, "error-body", "error-body:502", "200 with an error as its body", "the same as for that error"),
    row(Ok, "error-first", "error-first:502", "200 with an error as its first event", "the same as for that error"),
    row(Ok, "html", "html", "200 with an HTML page", "retry once, then the next model; hint at a captive portal"),
    row(Ok, "no-choices", "no-choices", "200 with choices: []", "retry once, then the next model"),
    row(Ok, "null-content", "null-content", "200 with content: null and finish stop", "retry once, then the next model"),
    row(Ok, "content-type", "content-type", "200 with plain text", "retry once, then the next model"),
    row(Ok, "blank", "blank", "200 with a body of white space", "retry once, then the next model"),

    row(Stream, "error-event", "error-event:8", "an error event after 8 tokens", "discard the text; next model"),
    row(Stream, "finish-error", "finish-error:8", "finish reason error without an explanation, after 8 tokens", "discard the text; next model"),
    row(Stream, "cut", "cut:8", "closes the connection after 8 tokens", "discard the text; retry once, then the next model"),
    row(Stream, "no-finish", "no-finish:8", "ends properly after 8 tokens, without a finish reason", "discard the text; retry once, then the next model"),
    row(Stream, "bad-json", "bad-json:1", "one event is damaged; the answer continues", "discard the text; next model"),
    row(Stream, "bad-json:3", "bad-json:3", "three events in a row are damaged", "discard the text; next model"),
    row(Stream, "bad-utf8", "bad-utf8", "bytes within a token that are not UTF-8", "replace them and warn: success"),
    row(Stream, "huge-event", "huge-event", "an event of 2 MiB", "discard the text; next model"),
    row(Stream, "no-done", "no-done", "a good answer without [DONE]", "success"),
    row(Stream, "double-finish", "double-finish", "a good answer that finishes twice", "success; the first reason counts"),

    row(Content, "empty", "empty", "finish stop and no text", "retry once, then the next model"),
    row(Content, "whitespace", "whitespace", "finish stop and only white space", "retry once, then the next model"),
    row(Content, "reasoning-only", "reasoning-only", "reasoning and no answer", "retry once, then the next model"),
    row(Content, "content-filter", "content-filter", "finish content_filter after half of the answer", "stop and show the reason"),
    row(Content, "refusal", "refusal", "the model refuses to answer", "stop and show the reason"),
    row(Content, "length", "length", "finish length after a third of the answer", "retry once with a higher max_tokens, then a model with a larger output limit"),

    row(Typed, "garbled", "garbled", "text without any field", "show the model its mistake once, then the next model"),
    row(Typed, "missing-field", "missing-field", "leaves the last output field out", "show the model its mistake once, then the next model"),
    row(Typed, "wrong-type", "wrong-type", "values of other types than the fields have", "show the model its mistake once, then the next model"),
    row(Typed, "not-in-enum", "not-in-enum", "a value that is not in its Literal", "show the model its mistake once, then the next model"),
    row(Typed, "fenced-json", "fenced-json", "a good JSON object in a code fence", "success: the fence is dropped"),
    row(Typed, "json-in-reasoning", "json-in-reasoning", "the whole answer in reasoning, with empty content", "success: the answer is read from there, with a warning"),
    row(Typed, "prose-around", "prose-around", "a good answer with other text around it", "success: the other text is dropped"),
    row(Typed, "misspelt-marker", "misspelt-marker", "field markers or keys with one wrong letter", "show the model its mistake once, then the next model"),
    row(Typed, "marker-inside", "marker-inside", "a good answer with a marker quoted in a value", "success: the quoted marker is text"),
];
