//! Text as question-answering scores compare it. The steps are those of `SQuAD`'s evaluation script, in the order in which
//! DSPy 3.4.1's `normalize_text` takes them.

use icu_normalizer::DecomposingNormalizerBorrowed;
use unicode_width::UnicodeWidthChar as _;

/// Decomposed (NFD), in lower case, without ASCII punctuation, without English articles, with single spaces.
pub(super) fn normalized(text: &str) -> String {
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(text);
    let plain: String = decomposed.to_lowercase().chars().filter(|c| !c.is_ascii_punctuation()).collect();
    without_articles(&plain).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Replaces each word `a`, `an` and `the` by a space. A word ends where a letter or a digit meets anything else.
fn without_articles(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let is_word = rest.starts_with(char::is_alphanumeric);
        let end = rest.find(|c: char| c.is_alphanumeric() != is_word).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        out.push_str(if matches!(run, "a" | "an" | "the") { " " } else { run });
        rest = after;
    }
    out
}

/// The words of a normalized text for a search: runs of letters, digits and marks; every other sign by itself.
pub(super) fn words(normalized: &str) -> Vec<&str> {
    let in_word = |c: char| c.is_alphanumeric() || (c.width() == Some(0) && !c.is_control());
    let mut words = Vec::new();
    let mut rest = normalized.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = if in_word(first) { rest.find(|c| !in_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        words.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_normalized_as_dspy_does_it() {
        // The results are DSPy 3.4.1's.
        for (text, expected) in [
            ("The,  Eiffel  Tower!", "eiffel tower"),
            ("  An apple a day.\n", "apple day"),
            ("theatre at Anna's", "theatre at annas"),
            ("the-answer", "theanswer"),
            ("Café", "cafe\u{301}"),
            ("à la carte", "\u{300} la carte"),
            ("“quoted” — text", "“quoted” — text"),
            ("a", ""),
            ("U.S.A.", "usa"),
            ("1,234.5", "12345"),
        ] {
            assert_eq!(normalized(text), expected, "{text}");
        }
    }

    #[test]
    fn words_are_runs_of_letters_digits_and_marks() {
        assert_eq!(words("cafe\u{301} “x2” — y"), ["cafe\u{301}", "“", "x2", "”", "—", "y"]);
        assert!(words("  ").is_empty());
    }
}
