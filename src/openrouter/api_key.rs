//! What belongs to an API key, and what only stands around it.

use crate::secret::Secret;
use crate::text::unwrapped;

/// What people copy along with a key, in any case.
const PREFIXES: [&str; 3] = ["authorization:", "bearer ", "openrouter_api_key="];

/// The key in a text as it was typed or read: without quotes, `Bearer`, white space, line ends and invisible characters
/// around it.
pub fn clean(text: &str) -> Secret {
    let text = unwrapped(text);
    let mut key: &str = &text;
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| strip_prefix(key, prefix)) {
        key = rest.trim_start();
    }
    if key.len() < text.len() { Secret::new(unwrapped(key)) } else { Secret::new(key) }
}

fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix)).map(|_| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn what_stands_around_a_key_is_removed_and_the_key_itself_stays() {
        for text in [
            "sk-or-v1-1",
            "  sk-or-v1-1\r\n",
            "\"sk-or-v1-1\"",
            "'sk-or-v1-1' ",
            "\u{201c}sk-or-v1-1\u{201d}",
            "\u{feff}sk-or-v1-1\u{200b}\u{a0}",
            "Bearer sk-or-v1-1",
            "bearer  \"sk-or-v1-1\"",
            "\"Bearer sk-or-v1-1\"",
            "Authorization: Bearer sk-or-v1-1",
            "OPENROUTER_API_KEY='sk-or-v1-1'",
            "sk-or\u{2060}-v1-1",
        ] {
            assert_eq!(clean(text).expose(), "sk-or-v1-1", "{text:?}");
        }
        for key in ["sk-\"or\"-1", "Bearer", "bearer-1", "it's", "\"", "key with blanks", "é"] {
            assert_eq!(clean(key).expose(), key);
        }
        assert!(clean(" \"\" ").is_empty() && clean("Bearer \n").expose() == "Bearer");
    }
}
