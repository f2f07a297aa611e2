//! "Did you mean": the known word closest to a mistyped one.

/// The candidate with the fewest edits from `word`, ignoring case: insert, delete, replace, or swap two neighbours.
/// `None` if more than two fifths of the longer word would have to change.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(edits, candidate)| *edits * 5 <= 2 * word.chars().count().max(candidate.chars().count()))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typing_error_is_recognised_and_another_word_is_not() {
        let types = ["str", "int", "float", "bool"];
        assert_eq!(nearest("srt", types), Some("str"));
        assert_eq!(nearest("strng", types), Some("str"));
        assert_eq!(nearest("flaot", types), Some("float"));
        assert_eq!(nearest("Bool", types), Some("bool"));
        assert_eq!(nearest("elephant", types), None);
    }
}
