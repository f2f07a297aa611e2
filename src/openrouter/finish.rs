//! Why a model stopped: the finish reasons of many servers, as one table of five classes. A reason that is not in the
//! table says nothing; what came decides then.

use super::Finish;

/// What a finish reason says about the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FinishClass {
    /// Nothing that is known here.
    Unknown,
    /// The model came to its end.
    Stop,
    /// The model asks for a tool call.
    ToolCalls,
    /// A limit of tokens cut the answer off.
    Length,
    /// The model could not write a tool call. Text beside it may still be a whole answer.
    BadToolCall,
    /// The model or a filter refused.
    Refused,
    /// The server or the provider failed.
    Failed,
}

/// The reasons: word, class, source. Case, separators and a prefix `finish_reason` do not matter.
#[rustfmt::skip]
const REASONS: &[(&str, FinishClass, &str)] = {
    use FinishClass::{BadToolCall, Failed, Length, Refused, Stop, ToolCalls};
    &[
        ("stop", Stop, "OpenAI chat completions; Gemini"),
        ("end_turn", Stop, "Anthropic messages; Bedrock Converse"),
        ("stop_sequence", Stop, "Anthropic messages; Cohere; text-generation-inference"),
        ("eos", Stop, "Together; llama.cpp `stop_type`"),
        ("eos_token", Stop, "text-generation-inference; watsonx"),
        ("word", Stop, "llama.cpp `stop_type`: a stop text"),
        ("complete", Stop, "Cohere"),
        ("completed", Stop, "OpenAI responses `status`"),
        ("eosFound", Stop, "LM Studio `stopReason`"),
        ("stopStringFound", Stop, "LM Studio `stopReason`"),
        ("tool_calls", ToolCalls, "OpenAI chat completions; LM Studio"),
        ("tool_call", ToolCalls, "Cohere"),
        ("tool_use", ToolCalls, "Anthropic messages; Bedrock Converse"),
        ("function_call", ToolCalls, "OpenAI, before tools"),
        ("length", Length, "OpenAI chat completions"),
        ("max_tokens", Length, "Anthropic messages; Gemini; Bedrock Converse; Cohere"),
        ("max_output_tokens", Length, "OpenAI responses `incomplete_details`"),
        ("incomplete", Length, "OpenAI responses `status`"),
        ("model_length", Length, "Mistral: the context is full"),
        ("model_context_window_exceeded", Length, "Anthropic messages; Bedrock Converse; Z.ai"),
        ("limit", Length, "llama.cpp `stop_type`"),
        ("token_limit", Length, "watsonx"),
        ("maxPredictedTokensReached", Length, "LM Studio `stopReason`"),
        ("contextLengthReached", Length, "LM Studio `stopReason`"),
        ("malformed_function_call", BadToolCall, "Gemini"),
        ("unexpected_tool_call", BadToolCall, "Gemini"),
        ("malformed_tool_use", BadToolCall, "Bedrock Converse"),
        ("malformed_model_output", BadToolCall, "Bedrock Converse"),
        ("content_filter", Refused, "OpenAI chat completions; Azure"),
        ("content_filtered", Refused, "Bedrock Converse"),
        ("guardrail_intervened", Refused, "Bedrock Converse"),
        ("refusal", Refused, "Anthropic messages"),
        ("safety", Refused, "Gemini"),
        ("recitation", Refused, "Gemini"),
        ("blocklist", Refused, "Gemini"),
        ("prohibited_content", Refused, "Gemini"),
        ("spii", Refused, "Gemini: personal information"),
        ("image_safety", Refused, "Gemini"),
        ("model_armor", Refused, "Vertex AI"),
        ("error_toxic", Refused, "Cohere"),
        ("sensitive", Refused, "Z.ai"),
        ("error", Failed, "OpenRouter; Mistral; Cohere; watsonx"),
        ("error_limit", Failed, "Cohere"),
        ("network_error", Failed, "Z.ai"),
        ("insufficient_system_resource", Failed, "DeepSeek"),
        ("abort", Failed, "vLLM"),
        ("failed", Failed, "LM Studio `stopReason`; OpenAI responses `status`"),
        ("modelUnloaded", Failed, "LM Studio `stopReason`"),
        ("userStopped", Failed, "LM Studio `stopReason`: stopped at the server"),
        ("cancelled", Failed, "watsonx; OpenAI responses `status`"),
        ("time_limit", Failed, "watsonx"),
        ("timeout", Failed, "Cohere"),
    ]
};

impl FinishClass {
    /// The class of one word.
    pub(super) fn of(word: &str) -> Self {
        let word = letters(word);
        let word = word.strip_prefix("finishreason").unwrap_or(&word);
        REASONS.iter().find(|(reason, ..)| letters(reason) == word).map_or(Self::Unknown, |(_, class, _)| *class)
    }

    /// The class of a finish reason and the provider's own word behind it. The worse one counts: a router may write
    /// `stop` for any end that it does not know.
    pub(super) fn of_both(finish: &str, native: Option<&str>) -> Self {
        Self::of(finish).max(native.map_or(Self::Unknown, Self::of))
    }
}

impl Finish {
    /// The reason as the worker reads it. `word` is the server's own.
    pub(super) fn of(class: FinishClass, word: Option<String>) -> Self {
        match (class, word) {
            (FinishClass::Stop, _) => Self::Stop,
            (FinishClass::ToolCalls, _) => Self::ToolCalls,
            (FinishClass::Length, _) => Self::Length,
            (_, Some(word)) => Self::Other(word),
            (_, None) => Self::Unstated,
        }
    }

    /// Whether the reason says that the model came to its end. If not, only the syntax of the answer can show it.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Stop | Self::ToolCalls)
    }
}

/// The ASCII letters and digits of a word, in lower case.
fn letters(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_one_row_and_its_spellings_mean_the_same() {
        for (at, (word, class, source)) in REASONS.iter().enumerate() {
            assert!(!source.is_empty(), "{word}");
            assert!(!REASONS[..at].iter().any(|(other, ..)| letters(other) == letters(word)), "{word} has two rows");
            for spelling in [
                word.to_string(),
                word.to_uppercase(),
                word.replace('_', "-"),
                word.replace('_', " "),
                format!("FINISH_REASON_{}", word.to_uppercase()),
                format!("FinishReason.{word}"),
            ] {
                assert_eq!(FinishClass::of(&spelling), *class, "{spelling}");
            }
        }
    }

    #[test]
    fn the_worse_of_two_reasons_counts_and_unknown_ones_say_nothing() {
        use FinishClass::{Failed, Length, Refused, Stop, ToolCalls, Unknown};
        for (finish, native, class) in [
            ("stop", None, Stop),
            ("stop", Some("STOP"), Stop),
            ("stop", Some("some_new_word"), Stop),
            ("stop", Some("MAX_TOKENS"), Length),
            ("stop", Some("PROHIBITED_CONTENT"), Refused),
            ("stop", Some("network_error"), Failed),
            ("length", Some("stop"), Length),
            ("content_filter", Some("stop"), Refused),
            ("tool_calls", Some("stop"), ToolCalls),
            ("some_new_word", Some("end_turn"), Stop),
            ("some_new_word", Some("OTHER"), Unknown),
            ("", None, Unknown),
            // A word that only contains a known one is another word.
            ("stopped", None, Unknown),
            ("unsafety", None, Unknown),
        ] {
            assert_eq!(FinishClass::of_both(finish, native), class, "{finish} {native:?}");
        }
    }
}
