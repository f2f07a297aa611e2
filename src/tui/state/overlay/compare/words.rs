//! Finds the words of a text that another text does not have: those outside their longest common subsequence.

use std::collections::BTreeSet;

/// Largest table for the longest common subsequence, in entries. It is computed between two frames.
const MAX_TABLE: usize = 1_000_000;

/// For each word of `text` whether it is new compared with `base`. If both texts are long and differ much, a word is new
/// only if `base` does not have it anywhere.
pub(in crate::tui) fn new_words<W: Ord>(base: &[W], text: &[W]) -> Vec<bool> {
    let before = base.iter().zip(text).take_while(|(a, b)| a == b).count();
    let (rest, middle) = (&base[before..], &text[before..]);
    let after = rest.iter().rev().zip(middle.iter().rev()).take_while(|(a, b)| a == b).count();
    let (rest, middle) = (&rest[..rest.len() - after], &middle[..middle.len() - after]);
    let mut new = vec![false; text.len()];
    let marks = &mut new[before..before + middle.len()];
    if rest.len().saturating_mul(middle.len()) > MAX_TABLE {
        let known: BTreeSet<&W> = base.iter().collect();
        marks.iter_mut().zip(middle).for_each(|(mark, word)| *mark = !known.contains(word));
    } else {
        mark(rest, middle, marks);
    }
    new
}

/// Marks the words outside the longest common subsequence. The table has its length for each pair of suffixes.
fn mark<W: Eq>(base: &[W], text: &[W], marks: &mut [bool]) {
    let width = text.len() + 1;
    let mut longest = vec![0_u32; (base.len() + 1) * width];
    for (i, a) in base.iter().enumerate().rev() {
        for (j, b) in text.iter().enumerate().rev() {
            let (below, beside) = (longest[(i + 1) * width + j], longest[i * width + j + 1]);
            longest[i * width + j] = if a == b { longest[(i + 1) * width + j + 1] + 1 } else { below.max(beside) };
        }
    }
    let (mut i, mut j) = (0, 0);
    while j < text.len() {
        if i < base.len() && base[i] == text[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < base.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            i += 1;
        } else {
            marks[j] = true;
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with its new words in brackets.
    fn with_brackets(base: &str, text: &str) -> String {
        let words: Vec<&str> = text.split_whitespace().collect();
        let new = new_words(&base.split_whitespace().collect::<Vec<_>>(), &words);
        let word = |(word, new): (&&str, bool)| if new { format!("[{word}]") } else { (*word).to_owned() };
        words.iter().zip(new).map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_that_both_texts_have_in_the_same_order_are_not_new() {
        for (base, text, want) in [
            ("", "", ""),
            ("a b", "", ""),
            ("", "a b", "[a] [b]"),
            ("a b c", "a b c", "a b c"),
            ("a b c", "a x c", "a [x] c"),
            ("a b c", "a b c d", "a b c [d]"),
            ("a b c", "x a b c", "[x] a b c"),
            ("a b", "b a", "b [a]"),
            ("the cat sat on the mat", "the dog sat on the old mat", "the [dog] sat on the [old] mat"),
            ("a a", "a a a", "a a [a]"),
            ("one two", "three four", "[three] [four]"),
        ] {
            assert_eq!(with_brackets(base, text), want, "{base:?} and {text:?}");
        }
    }

    #[test]
    fn long_texts_are_compared_without_a_table() {
        let base: Vec<u32> = (0..100_000).collect();
        let text: Vec<u32> = (0..100_000).map(|n| n * 7919 % 150_000).collect();
        let new = new_words(&base, &text);
        assert!(new.iter().zip(&text).all(|(new, word)| *new == (*word >= 100_000)));
        let mut other = base.clone();
        other[50_000] = 0;
        assert_eq!(
            new_words(&base, &other).iter().filter(|new| **new).count(),
            1,
            "few changes in a long text are found"
        );
    }
}
