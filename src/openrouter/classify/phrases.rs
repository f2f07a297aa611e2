//! The table of phrases: what the words of an error mean, where its status leaves several kinds open. Each row names
//! the server that says it; `tests/cases/phrases.toml` has a response for each row, and responses that fit none.

use crate::failover::FailureKind;
use crate::failover::FailureKind::{
    AccountBudget, ClassLimited, ContextLength, Forbidden, FormatUnsupported, Length, ModelGone, NoCredit, Policy,
    Unaffordable, Unauthorized, Unsupported,
};
use crate::failover::parameter;

/// One row: an error that says this is of this kind.
#[derive(Debug)]
pub(super) struct Phrase {
    /// The kind that it means.
    pub(super) kind: FailureKind,
    /// What has to be there.
    pub(super) says: PhraseMatch,
    /// The servers that say it. Tests print it.
    #[cfg_attr(not(test), expect(dead_code, reason = "the table is also documentation"))]
    pub(super) source: &'static str,
}

/// What an error must contain.
#[derive(Debug)]
pub(super) enum PhraseMatch {
    /// The error's code or type is this word. It decides whatever the status is.
    Code(&'static str),
    /// All of these are in its texts, which are in lower case.
    Words(&'static [&'static str]),
    /// The same, and a parameter of [`PARAMETERS`] is named. Without that, the request itself is wrong.
    AboutParameter(&'static [&'static str]),
}

/// The table. Of several rows that fit, the first counts.
#[rustfmt::skip]
pub(super) const PHRASES: &[Phrase] = &[
    // The context length.
    code(ContextLength, "context_length_exceeded", "OpenAI, OpenRouter, llama-cpp-python"),
    code(ContextLength, "exceed_context_size_error", "llama.cpp"),
    code(ContextLength, "string_too_long", "OpenRouter"),
    code(ContextLength, "string_above_max_length", "OpenAI"),
    code(ContextLength, "payload_too_large", "OpenRouter"),
    code(ContextLength, "request_too_large", "Anthropic"),
    code(ContextLength, "contextwindowexceedederror", "LiteLLM"),
    // The output limit, before the words of the context length, which it may mention.
    code(Length, "max_tokens_exceeded", "OpenRouter since September 2026"),
    words(Length, &["max_tokens", "maximum allowed number of output tokens"], "Anthropic"),
    words(Length, &["max_tokens", "too large", "completion tokens"], "OpenAI"),
    words(Length, &["max_tokens", "must be less than or equal to"], "Groq"),
    words(Length, &["maxoutputtokens", "supported range"], "Google"),
    words(Length, &["max_tokens", "valid range"], "DeepSeek, Alibaba"),
    words(ContextLength, &["maximum context length"], "OpenAI, OpenRouter, vLLM"),
    words(ContextLength, &["context length"], "LM Studio, Ollama, vLLM"),
    words(ContextLength, &["context size"], "llama.cpp"),
    words(ContextLength, &["context window"], "llama-cpp-python, OpenAI"),
    words(ContextLength, &["context limit"], "Anthropic"),
    words(ContextLength, &["context_length"], "OpenAI behind a proxy"),
    words(ContextLength, &["exceed context"], "llama.cpp before 2025"),
    words(ContextLength, &["prompt is too long"], "Anthropic"),
    words(ContextLength, &["prompt too long"], "Ollama"),
    words(ContextLength, &["input is too long"], "Amazon Bedrock"),
    words(ContextLength, &["input token count", "exceeds the maximum"], "Google"),
    words(ContextLength, &["exceeds the maximum number of tokens"], "Google"),
    words(ContextLength, &["too large for model", "maximum context"], "Mistral"),
    words(ContextLength, &["too many tokens"], "Cohere, Together"),
    words(ContextLength, &["max_new_tokens", "must be <="], "Text Generation Inference"),
    words(ContextLength, &["longer than the model's"], "vLLM"),
    words(ContextLength, &["maximum prompt length"], "xAI"),
    words(ContextLength, &["reduce the length of the messages"], "Groq"),
    // Money.
    code(Unaffordable, "token_limit_exceeded", "OpenRouter since September 2026"),
    words(Unaffordable, &["can only afford"], "OpenRouter"),
    words(Unaffordable, &["prompt tokens limit exceeded"], "OpenRouter"),
    words(NoCredit, &["credit balance is too low"], "Anthropic"),
    words(NoCredit, &["insufficient balance"], "DeepSeek"),
    words(NoCredit, &["budget has been exceeded"], "LiteLLM proxy"),
    words(AccountBudget, &["key limit exceeded"], "OpenRouter"),
    words(AccountBudget, &["limit exceeded (total"], "OpenRouter"),
    words(AccountBudget, &["budget"], "OpenRouter"),
    words(ClassLimited, &["free-models-per"], "OpenRouter"),
    words(ClassLimited, &["free model requests"], "OpenRouter"),
    words(ClassLimited, &["free tier"], "OpenRouter"),
    // The format of the answer.
    words(FormatUnsupported, &["response_format"], "OpenAI, LM Studio, Groq"),
    words(FormatUnsupported, &["json_schema"], "OpenAI"),
    words(FormatUnsupported, &["structured output"], "OpenRouter"),
    words(FormatUnsupported, &["json mode"], "Google, Together"),
    words(FormatUnsupported, &["output_format"], "Anthropic"),
    words(FormatUnsupported, &["failed to parse grammar"], "llama.cpp"),
    words(FormatUnsupported, &["guided decoding"], "vLLM"),
    // The model is not there.
    code(ModelGone, "not_found", "OpenRouter"),
    code(ModelGone, "model_not_found", "OpenAI"),
    code(ModelGone, "not_found_error", "Anthropic"),
    code(ModelGone, "model_not_supported", "GitHub Copilot"),
    words(ModelGone, &["not a valid model"], "OpenRouter"),
    words(ModelGone, &["model not found"], "OpenAI-compatible servers"),
    words(ModelGone, &["no such model"], "OpenAI-compatible servers"),
    words(ModelGone, &["unknown model"], "Azure, Mistral"),
    words(ModelGone, &["invalid model"], "LiteLLM proxy, Mistral"),
    words(ModelGone, &["no models loaded"], "LM Studio"),
    words(ModelGone, &["model", "does not exist"], "vLLM, OpenAI"),
    words(ModelGone, &["model", "not exist"], "DeepSeek"),
    words(ModelGone, &["model", "no longer available"], "Google, Groq"),
    words(ModelGone, &["model", "has been decommissioned"], "Groq"),
    // A policy.
    code(Policy, "content_policy_violation", "OpenAI"),
    code(Policy, "content_filter", "Azure"),
    code(Policy, "refusal", "OpenRouter"),
    code(Policy, "moderation", "OpenRouter"),
    words(Policy, &["moderation"], "OpenRouter"),
    words(Policy, &["content policy"], "OpenAI"),
    words(Policy, &["content_policy"], "OpenAI"),
    words(Policy, &["content management policy"], "Azure"),
    words(Policy, &["content_filter"], "Azure"),
    words(Policy, &["flagged"], "OpenRouter"),
    words(Policy, &["safety system"], "OpenAI"),
    words(Policy, &["usage policies"], "OpenAI"),
    words(Policy, &["refused to"], "OpenRouter"),
    words(Policy, &["prompt injection"], "OpenRouter's guardrails"),
    words(Policy, &["request blocked"], "OpenRouter's guardrails"),
    words(Policy, &["prompt was blocked"], "Google"),
    words(Policy, &["inappropriate content"], "Alibaba"),
    words(Policy, &["content exists risk"], "DeepSeek"),
    // The account may not use this model.
    code(Forbidden, "below_usage_tier", "OpenAI"),
    words(Forbidden, &["to access this model"], "OpenAI"),
    words(Forbidden, &["do not have access to", "model"], "OpenAI, Anthropic"),
    words(Unauthorized, &["api key not valid"], "Google"),
    // This model does not take what the request has.
    code(Unsupported, "unsupported_value", "OpenAI"),
    code(Unsupported, "unsupported_parameter", "OpenAI"),
    words(Unsupported, &["does not support"], "Ollama, OpenAI, Anthropic"),
    words(Unsupported, &["doesn't support"], "Together, Fireworks"),
    words(Unsupported, &["not supported", "model"], "OpenAI, Groq, vLLM"),
    words(Unsupported, &["input is not supported"], "llama.cpp"),
    words(Unsupported, &["unsupported", "model"], "OpenAI-compatible servers"),
    words(Unsupported, &["role not supported"], "vLLM, llama.cpp with Gemma's template"),
    words(Unsupported, &["roles must alternate"], "vLLM, llama.cpp with Mistral's template"),
    words(Unsupported, &["is not enabled for"], "Google"),
    words(Unsupported, &["deprecated for this model"], "Anthropic"),
    words(Unsupported, &["cannot both be specified"], "Anthropic"),
    words(Unsupported, &["verified to stream"], "OpenAI"),
    words(Unsupported, &["reasoning is mandatory"], "OpenRouter"),
    words(Unsupported, &["not a chat model"], "OpenAI"),
    words(Unsupported, &["not a multimodal model"], "vLLM"),
    words(Unsupported, &["chat template"], "vLLM"),
    words(Unsupported, &["no endpoints found that support"], "OpenRouter"),
    about(&["extra inputs are not permitted"], "Mistral, Anthropic, Fireworks"),
    about(&["unrecognized request argument"], "OpenAI"),
    about(&["unknown parameter"], "OpenAI"),
    about(&["unknown name", "cannot find field"], "Google"),
    about(&["unknown field"], "Cohere, Rust and Go servers"),
    about(&["not permitted"], "Cerebras"),
    about(&["is unsupported"], "Cerebras, Groq"),
    about(&["not supported"], "OpenAI-compatible servers"),
    about(&["unsupported parameter"], "OpenAI-compatible servers"),
];

/// What a refused parameter is called, and what is left out of the request then. Of several that are named, the first
/// counts. A name fits as a whole word only.
#[rustfmt::skip]
pub(super) const PARAMETERS: &[(&str, &str)] = &[
    ("use 'max_completion_tokens'", parameter::MAX_COMPLETION_TOKENS),
    ("stream_options", "stream_options"),
    ("developer instruction", parameter::SYSTEM),
    ("role not supported", parameter::SYSTEM),
    ("roles must alternate", parameter::SYSTEM),
    ("does not support 'system'", parameter::SYSTEM),
    ("system message", parameter::SYSTEM),
    ("system messages", parameter::SYSTEM),
    ("system prompt", parameter::SYSTEM),
    ("system instruction", parameter::SYSTEM),
    ("system role", parameter::SYSTEM),
    ("top_p", "top_p"),
    ("top_k", "top_k"),
    ("min_p", "min_p"),
    ("temperature", "temperature"),
    ("reasoning_effort", parameter::REASONING),
    ("reasoning", parameter::REASONING),
    ("thinking", parameter::REASONING),
    ("include_reasoning", parameter::REASONING),
    ("response_format", parameter::RESPONSE_FORMAT),
    ("max_tokens", "max_tokens"),
    ("seed", "seed"),
    ("stop", "stop"),
    ("frequency_penalty", "frequency_penalty"),
    ("presence_penalty", "presence_penalty"),
    ("repetition_penalty", "repetition_penalty"),
    ("logit_bias", "logit_bias"),
    ("top_logprobs", "top_logprobs"),
    ("logprobs", "logprobs"),
    ("verbosity", "verbosity"),
    ("service_tier", "service_tier"),
    ("parallel_tool_calls", "parallel_tool_calls"),
    ("stream", parameter::STREAM),
    ("streaming", parameter::STREAM),
];

/// The words before the number of tokens that the account can pay for.
pub(super) const AFFORDABLE: &str = "can only afford";

const fn code(kind: FailureKind, word: &'static str, source: &'static str) -> Phrase {
    Phrase { kind, says: PhraseMatch::Code(word), source }
}

const fn words(kind: FailureKind, all: &'static [&'static str], source: &'static str) -> Phrase {
    Phrase { kind, says: PhraseMatch::Words(all), source }
}

const fn about(all: &'static [&'static str], source: &'static str) -> Phrase {
    Phrase { kind: Unsupported, says: PhraseMatch::AboutParameter(all), source }
}

/// The parameter that these texts name.
pub(super) fn parameter_in(words: &str) -> Option<&'static str> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let whole = |name: &str| {
        words
            .match_indices(name)
            .any(|(at, _)| !words[..at].ends_with(inside) && !words[at + name.len()..].starts_with(inside))
    };
    PARAMETERS.iter().find(|(name, _)| whole(name)).map(|(_, part)| *part)
}

#[cfg(test)]
mod tests;
