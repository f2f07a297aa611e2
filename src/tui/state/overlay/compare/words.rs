//! Which words of a text are not in another: what both have in the same order is found, the rest is new.
//! Knows words; must not know what they belong to.

use std::collections::BTreeSet;

/// The table for what both have is no larger than this: a frame waits for it.
const CELLS: usize = 1_000_000;

/// For each word of a text whether the other lacks it there. Where both are long and nothing like each other, a word
/// is new if the other has it nowhere.
pub(super) fn new_words<W: Ord>(base: &[W], text: &[W]) -> Vec<bool> {
    let before = base.iter().zip(text).take_while(|(a, b)| a == b).count();
    let (rest, middle) = (&base[before..], &text[before..]);
    let behind = rest.iter().rev().zip(middle.iter().rev()).take_while(|(a, b)| a == b).count();
    let (rest, middle) = (&rest[..rest.len() - behind], &middle[..middle.len() - behind]);
    let mut new = vec![false; text.len()];
    let marks = &mut new[before..before + middle.len()];
    if rest.len().saturating_mul(middle.len()) > CELLS {
        let known: BTreeSet<&W> = base.iter().collect();
        marks.iter_mut().zip(middle).for_each(|(mark, word)| *mark = !known.contains(word));
    } else {
        mark(rest, middle, marks);
    }
    new
}

/// The longest common subsequence, in a table of the lengths from each pair of places on.
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
    fn shown(base: &str, text: &str) -> String {
        let words: Vec<&str> = text.split_whitespace().collect();
        let new = new_words(&base.split_whitespace().collect::<Vec<_>>(), &words);
        let word = |(word, new): (&&str, bool)| if new { format!("[{word}]") } else { (*word).to_owned() };
        words.iter().zip(new).map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_the_other_has_in_the_same_order_is_not_new() {
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
            assert_eq!(shown(base, text), want, "{base:?} and {text:?}");
        }
    }

    #[test]
    fn long_texts_cost_no_table() {
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
