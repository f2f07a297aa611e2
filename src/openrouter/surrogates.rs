//! Characters that arrive as two UTF-16 halves in different texts. Some servers cut their text between the halves, so that
//! one chunk ends with `\ud83d` and the next begins with `\ude00`. No Rust string can hold half a character: a half
//! is marked by a character of the last private plane until its other half comes.

/// What turns half a character into its mark: U+D800 becomes U+10D800.
const MARK: u32 = 0x10_0000;

/// JSON in which the halves at the ends of its strings are marked, and all other halves are replaced. `None` if it holds
/// no half, so that whatever is wrong with it is something else.
pub(super) fn mark(json: &str) -> Option<String> {
    let (mut out, mut rest) = (String::with_capacity(json.len()), json);
    let mut found = false;
    // Whether the text so far ends with the opening quote of a string.
    let mut at_start = false;
    while let Some(at) = rest.find(['\\', '"']) {
        out.push_str(&rest[..at]);
        at_start &= at == 0;
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix('"') {
            out.push('"');
            (rest, at_start) = (after, true);
            continue;
        }
        let after = rest.get(6..).unwrap_or_default();
        let marked = |half: u32| char::from_u32(MARK + half).unwrap_or('\u{fffd}');
        let length = match escape(rest) {
            Some(0xd800..=0xdbff) if matches!(escape(after), Some(0xdc00..=0xdfff)) => 12,
            Some(half @ 0xd800..=0xdfff) => {
                let high = half < 0xdc00;
                let joins = if high { after.starts_with('"') } else { at_start };
                out.push(if joins { marked(half) } else { '\u{fffd}' });
                (rest, found, at_start) = (after, true, false);
                continue;
            }
            Some(_) => 6,
            None => rest.char_indices().nth(2).map_or(rest.len(), |(end, _)| end),
        };
        out.push_str(&rest[..length]);
        (rest, at_start) = (&rest[length..], false);
    }
    out.push_str(rest);
    found.then_some(out)
}

/// The code of a `\u` escape at the start of a text.
fn escape(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// A piece of a text without marks: halves that belong together become their character, others U+FFFD. `high` is the
/// half at the end of the piece before, and is replaced by the one at the end of this piece. `marked`: this piece may hold
/// marks.
pub(super) fn join(high: &mut Option<char>, piece: &str, marked: bool) -> String {
    let half = |c: char| (marked && (0x10_d800..=0x10_dfff).contains(&u32::from(c))).then(|| u32::from(c) - MARK);
    let mut out = String::with_capacity(piece.len() + 4);
    for c in piece.chars() {
        match (high.take(), half(c)) {
            (Some(first), Some(low @ 0xdc00..)) => {
                let first = u32::from(first) - MARK;
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00);
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            (lost, half) => {
                out.extend(lost.map(|_| '\u{fffd}'));
                match half {
                    Some(..0xdc00) => *high = Some(c),
                    Some(_) => out.push('\u{fffd}'),
                    None => out.push(c),
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of these JSON strings, as chunks that come one after the other.
    fn read(strings: &[&str]) -> String {
        let mut high = None;
        let mut text: String = strings
            .iter()
            .map(|json| {
                let marked = mark(json);
                let piece: String = serde_json::from_str(marked.as_deref().unwrap_or(json)).expect("JSON");
                join(&mut high, &piece, marked.is_some())
            })
            .collect();
        text.extend(high.map(|_| '\u{fffd}'));
        text
    }

    #[test]
    fn halves_in_two_texts_are_joined_and_others_replaced() {
        let cases: &[(&[&str], &str)] = &[
            (&[r#""a\ud83d""#, r#""\ude00b""#], "a😀b"),
            (&[r#""\uD83D""#, r#""\uDE00""#], "😀"),
            // An empty text in between does not separate them.
            (&[r#""\ud83d""#, r#""""#, r#""\ude00""#], "😀"),
            (&[r#""\ud83d""#, r#""x""#], "\u{fffd}x"),
            (&[r#""\ud83d""#, r#""\ud83d""#, r#""\ude00""#], "\u{fffd}😀"),
            (&[r#""x\ud83d""#], "x\u{fffd}"),
            (&[r#""\ude00x""#], "\u{fffd}x"),
            (&[r#""a\ud83db\ude00c""#], "a\u{fffd}b\u{fffd}c"),
            // Whole pairs, other escapes, and a backslash before `ud83d` stay as they are.
            (&[r#""\ud83d\ude00\n\u4e16""#], "😀\n世"),
            (&[r#""\\ud83d""#], "\\ud83d"),
            (&[r#""\"\ude00""#], "\"\u{fffd}"),
            // A mark that the server itself sends is a character like any other.
            (&["\"\u{10d83d}\"", "\"\u{10de00}\""], "\u{10d83d}\u{10de00}"),
        ];
        for (strings, text) in cases {
            assert_eq!(read(strings), *text, "{strings:?}");
        }
        assert_eq!(mark(r#"{"a":"\ud83d\ude00"}"#), None);
        assert_eq!(mark("broken \\"), None);
    }
}
