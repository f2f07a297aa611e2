//! Things that can be taken from a text without understanding it.

/// Words that begin sentences, or that say little, and so name nothing.
const SMALL: [&str; 96] = [
    "a",
    "about",
    "after",
    "all",
    "also",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "because",
    "been",
    "before",
    "but",
    "by",
    "can",
    "could",
    "dear",
    "did",
    "do",
    "does",
    "each",
    "for",
    "from",
    "had",
    "has",
    "have",
    "he",
    "hello",
    "her",
    "here",
    "hi",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "just",
    "last",
    "many",
    "may",
    "more",
    "most",
    "my",
    "no",
    "not",
    "of",
    "on",
    "one",
    "or",
    "our",
    "out",
    "over",
    "please",
    "said",
    "she",
    "should",
    "so",
    "some",
    "than",
    "thank",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "to",
    "today",
    "under",
    "up",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "who",
    "why",
    "will",
    "with",
    "would",
    "yesterday",
    "you",
    "your",
];

/// Whether a word says little.
pub(super) fn is_small(word: &str) -> bool {
    SMALL.binary_search(&word.to_lowercase().as_str()).is_ok()
}

/// Sentences, trimmed.
pub(super) fn sentences(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let ends = matches!(c, '.' | '!' | '?') && chars.peek().is_none_or(|(_, next)| next.is_whitespace());
        // An initial or a title is no end: "J. Doe", "Dr. Who".
        let word = text[start..i].rsplit(char::is_whitespace).next().unwrap_or_default();
        let short =
            c == '.' && (word.chars().count() == 1 || ["Mr", "Mrs", "Ms", "Dr", "St", "e.g", "i.e"].contains(&word));
        if (ends && !short) || c == '\n' {
            sentences.push(text[start..i + c.len_utf8()].trim().to_owned());
            start = i + c.len_utf8();
        }
    }
    sentences.push(text[start..].trim().to_owned());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Words without the punctuation around them.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
}

/// Runs of capitalised words, each once, in order.
pub(super) fn names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for sentence in sentences(text) {
        let mut run: Vec<&str> = Vec::new();
        for raw in sentence.split_whitespace() {
            let word = raw.trim_matches(|c: char| !c.is_alphanumeric());
            let word = word.strip_suffix("'s").or(word.strip_suffix("’s")).unwrap_or(word);
            let capital = word.chars().next().is_some_and(char::is_uppercase) && !is_small(word);
            if capital {
                run.push(word);
            }
            // A comma ends a name, and so does a word in small letters.
            if !capital || raw.ends_with([',', ';', ':', ')']) || raw.ends_with("'s") {
                names.push(std::mem::take(&mut run).join(" "));
            }
        }
        names.push(run.join(" "));
    }
    distinct(names)
}

/// Numbers, in order; `1,000` is one of them.
pub(super) fn numbers(text: &str) -> Vec<f64> {
    let clean = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-').replace(',', "");
    let begins = |word: &str| word.strip_prefix('-').unwrap_or(word).starts_with(|c: char| c.is_ascii_digit());
    text.split_whitespace().map(clean).filter(|word| begins(word)).filter_map(|word| word.parse().ok()).collect()
}

/// E-mail addresses.
pub(super) fn emails(text: &str) -> Vec<String> {
    let is = |word: &&str| {
        word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@'))
    };
    distinct(words(text).filter(is).map(str::to_owned).collect())
}

/// Web addresses.
pub(super) fn urls(text: &str) -> Vec<String> {
    let all = text.split_whitespace().filter(|word| word.starts_with("http://") || word.starts_with("https://"));
    distinct(all.map(|word| word.trim_end_matches(['.', ',', ')', '>', ';']).to_owned()).collect())
}

/// Dates such as 2026-11-22, and years.
pub(super) fn dates(text: &str) -> Vec<String> {
    let digits = |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    let is = |word: &&str| match word.split('-').collect::<Vec<_>>()[..] {
        [year, month, day] => digits(year, 4) && digits(month, 2) && digits(day, 2),
        [year] => digits(year, 4) && (year.starts_with("19") || year.starts_with("20")),
        _ => false,
    };
    distinct(words(text).filter(is).map(str::to_owned).collect())
}

/// The words that say most: the most frequent first, then the earlier.
pub(super) fn keywords(text: &str, most: usize) -> Vec<String> {
    let mut counted: Vec<(String, usize)> = Vec::new();
    for word in words(text).filter(|word| word.chars().count() > 3 && !is_small(word)) {
        let word = word.to_lowercase();
        match counted.iter().position(|(known, _)| *known == word) {
            Some(at) => counted[at].1 += 1,
            None if counted.len() < 500 => counted.push((word, 1)),
            None => {}
        }
    }
    counted.sort_by_key(|(_, count)| usize::MAX - count);
    counted.into_iter().take(most).map(|(word, _)| word).collect()
}

/// Items of a list in a line: parted by commas, semicolons or line ends.
pub(super) fn items(text: &str) -> Vec<String> {
    let parts = text
        .split([',', ';', '\n'])
        .map(|part| part.trim().trim_start_matches(['-', '*', '•', ' ']).trim_end_matches('.'));
    distinct(parts.map(str::to_owned).collect())
}

fn distinct(list: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    list.into_iter().filter(|item| !item.is_empty() && seen.insert(item.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_words_are_sorted() {
        assert!(SMALL.is_sorted());
    }

    #[test]
    fn things_are_found() {
        assert_eq!(sentences("Dr. J. Doe came. Why? 3.5 is\nfine"), ["Dr. J. Doe came.", "Why?", "3.5 is", "fine"]);
        assert_eq!(
            names("The meeting of Ada Lovelace, Charles Babbage and I in London's Tower."),
            ["Ada Lovelace", "Charles Babbage", "London", "Tower"]
        );
        assert_eq!(numbers("3 apples, 1,000 pears, -2.5 °C and v2 (7)"), [3.0, 1000.0, -2.5, 7.0]);
        assert_eq!(emails("write to <ada@example.org>, not @home"), ["ada@example.org"]);
        assert_eq!(urls("see https://example.org/a?b=c."), ["https://example.org/a?b=c"]);
        assert_eq!(dates("on 2026-11-22 or in 1984, 12345"), ["2026-11-22", "1984"]);
        assert_eq!(keywords("the parser reads; the parser writes", 2), ["parser", "reads"]);
        assert_eq!(items("red, green; blue."), ["red", "green", "blue"]);
    }
}
