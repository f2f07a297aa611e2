//! Chunks that differ in one text alone. Most chunks of a stream say the same model, id and time again, around the next
//! piece of the answer: only that piece is read.

use super::{Chunk, TextField};
use std::borrow::Cow;

/// The JSON of the last chunk, around its text.
pub(in crate::openrouter) struct ChunkPattern {
    field: TextField,
    before: String,
    after: String,
}

impl ChunkPattern {
    /// The pattern of a chunk that was read from `json`, if it says nothing but a piece of a text.
    pub(in crate::openrouter) fn of(chunk: &Chunk<'_>, json: &str) -> Option<Self> {
        let (field, text) = chunk.only_text()?;
        // A text without escapes is a stretch of the JSON.
        let at = text.as_ptr().addr().checked_sub(json.as_ptr().addr())?.checked_sub(1)?;
        let (before, rest) = json.split_at_checked(at)?;
        let after = rest.strip_prefix('"')?.strip_prefix(text)?.strip_prefix('"')?;
        Some(Self { field, before: before.to_owned(), after: after.to_owned() })
    }

    /// The text of a chunk with this pattern. `None`: the chunk differs elsewhere, or its text cannot be read alone.
    pub(in crate::openrouter) fn text_of<'j>(&self, json: &'j str) -> Option<(TextField, Cow<'j, str>)> {
        let text = json.strip_prefix(self.before.as_str())?.strip_suffix(self.after.as_str())?;
        let plain = text.strip_prefix('"')?.strip_suffix('"')?;
        // The quotes are those of one string if nothing between them ends it or must be escaped.
        let has_marks = plain.bytes().any(|byte| matches!(byte, b'"' | b'\\' | ..=0x1f));
        let text = if has_marks { Cow::Owned(serde_json::from_str(text).ok()?) } else { Cow::Borrowed(plain) };
        Some((self.field, text)).filter(|(_, text)| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openrouter::chunk::parse;

    fn pattern(json: &str) -> Option<ChunkPattern> {
        ChunkPattern::of(&parse(json).unwrap(), json)
    }

    /// A chunk with these fields of the delta and behind the delta.
    fn chunk(delta: &str, rest: &str) -> String {
        format!(r#"{{"id":"a","model":"m","choices":[{{"index":0,"delta":{{{delta}}}{rest}}}],"created":1}}"#)
    }

    #[test]
    fn a_chunk_with_another_text_has_the_pattern() {
        let first = pattern(&chunk(r#""role":"assistant","content":"a""#, r#","finish_reason":null"#)).unwrap();
        for (json, text) in
            [("b", "b"), (" ", " "), (r"\n", "\n"), (r#"\""#, "\""), (r"\ud83d\ude00", "\u{1f600}"), ("é", "é")]
        {
            let next = chunk(&format!(r#""role":"assistant","content":"{json}""#), r#","finish_reason":null"#);
            assert_eq!(first.text_of(&next).unwrap(), (TextField::Content, text.into()), "{json}");
        }
        let thoughts = pattern(&chunk(r#""content":"","reasoning_content":"a""#, "")).unwrap();
        let next = chunk(r#""content":"","reasoning_content":"b""#, "");
        let (field, text) = thoughts.text_of(&next).unwrap();
        assert_eq!((field.name(), text.as_ref()), ("reasoning_content", "b"));
    }

    #[test]
    fn a_chunk_that_says_more_does_not_have_the_pattern() {
        let first = pattern(&chunk(r#""content":"a""#, "")).unwrap();
        for other in [
            chunk(r#""content":"""#, ""),
            chunk(r#""content":"b","refusal":"no""#, ""),
            chunk(r#""content":"b""#, r#","finish_reason":"stop""#),
            chunk(r#""content":"\ud83d""#, ""),
            chunk(r#""content":"b\""#, ""),
            chunk("\"content\":\"b\u{1}\"", ""),
            chunk(r#""content":null"#, ""),
            chunk(r#""content":"b"},{"content":"c""#, ""),
        ] {
            assert!(first.text_of(&other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_chunk_whose_other_fields_add_up_has_no_pattern() {
        for odd in [
            chunk(r#""content":"a","x_new":"b""#, ""),
            chunk(r#""content":"a","reasoning":"b""#, ""),
            chunk(r#""content":[{"type":"text","text":""},{"type":"thinking","thinking":"T"}],"reasoning":"a""#, ""),
            chunk(r#""reasoning":"a","reasoning_content":"a""#, ""),
            chunk(r#""content":"a","reasoning_details":[{"type":"reasoning.encrypted","data":"x"}]"#, ""),
            chunk(r#""content":"a","reasoning_details":[{"text":""}]"#, ""),
            chunk(r#""content":"a","tool_calls":[{"index":0}]"#, ""),
            chunk(r#""content":"a""#, r#","logprobs":{"content":[]}"#),
            chunk(r#""content":"a""#, r#","finish_reason":"stop""#),
            chunk(r#""content":"a""#, r#","message":{"content":"a"}"#),
            chunk(r#""content":"\n""#, ""),
            r#"{"choices":[{"index":1,"delta":{"content":"a"}}]}"#.to_owned(),
            r#"{"choices":[{"delta":{"content":"a"}},{"index":1,"delta":{"content":"a"}}]}"#.to_owned(),
            r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1}}"#.to_owned(),
            r#"{"choices":[{"delta":{"content":"a"}}],"error":{"message":"no"}}"#.to_owned(),
        ] {
            assert!(pattern(&odd).is_none(), "{odd}");
        }
        assert!(pattern(&chunk(r#""content":"a","x_new":null"#, r#","logprobs":null"#)).is_some());
    }
}
