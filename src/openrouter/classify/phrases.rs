//! The phrases that tell errors of one status apart, in lower case. They come from the messages of real servers.

/// The prompt is longer than the model's context.
pub(super) const CONTEXT_LENGTH: [&str; 9] = [
    "maximum context length",
    "context length",
    "context_length",
    "context window",
    "prompt is too long",
    "too many tokens",
    "input is too long",
    "exceeds the maximum number of tokens",
    "exceed context",
];

/// The model or its provider does not support `response_format`.
pub(super) const FORMAT_UNSUPPORTED: [&str; 5] =
    ["response_format", "json_schema", "structured output", "json mode", "output_format"];

/// The model id is unknown.
pub(super) const UNKNOWN_MODEL: [&str; 5] =
    ["not a valid model", "model not found", "no such model", "unknown model", "invalid model"];

/// Something does not exist: the model, if the message also says "model".
pub(super) const MISSING: [&str; 3] = ["does not exist", "not exist", "no longer available"];

/// A content policy refused the request.
pub(super) const POLICY: [&str; 9] = [
    "moderation",
    "content policy",
    "content_policy",
    "content management policy",
    "content_filter",
    "flagged",
    "safety system",
    "usage policies",
    "refused to",
];

/// The limit of all `:free` models together.
pub(super) const FREE_TIER: [&str; 3] = ["free-models-per", "free model requests", "free tier"];

/// The budget of the key, the account or the workspace is spent.
pub(super) const BUDGET: [&str; 3] = ["key limit exceeded", "limit exceeded (total", "budget"];

/// The words before the number of tokens that the account can pay for.
pub(super) const AFFORDABLE: &str = "can only afford";
