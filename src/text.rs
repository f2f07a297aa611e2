//! Text from outside, made safe to show, store and copy. Knows terminals' escape
//! sequences and Unicode's invisible characters; must not know where the text goes.
//!
//! What is kept: letters, digits, symbols, spaces, `\n`, `\t`, combining marks (up to a
//! dozen in a row), joiners where scripts and emoji need them. What goes: whole escape
//! sequences with their payload, all other control characters, bidi controls, invisible
//! characters and tags. CR and CRLF become `\n`.

use serde_json::Value;
use std::borrow::Cow;
use unicode_width::UnicodeWidthChar;

/// A CSI sequence longer than this is not one.
const CSI_CAP: u32 = 64;
/// An OSC, DCS, APC, PM or SOS string longer than this is given up: what follows is shown.
const STRING_CAP: u32 = 4096;
/// So many marks may pile up on one character.
const MARK_CAP: u8 = 12;

/// A streaming sanitiser. The output does not depend on how the input is cut.
#[derive(Clone, Debug, Default)]
pub struct Cleaner {
    state: CleanerState,
    /// What the last printed character was, for those whose meaning hangs on it.
    last: LastChar,
    /// A joiner that is kept only if the very next character deserves it.
    joiner: Option<char>,
    /// Marks in a row.
    marks: u8,
    /// The last character was a CR: a LF now is its other half.
    after_cr: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum CleanerState {
    #[default]
    Ground,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate byte: one final byte is to come.
    Intermediate,
    /// In a CSI sequence, so many characters long.
    Csi(u32),
    /// In a string that ends with ST (or BEL), so many characters long.
    Text(u32),
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum LastChar {
    #[default]
    Plain,
    Emoji,
    /// A script whose letters use joiners.
    Joining,
    Ideograph,
    Selector,
}

impl Cleaner {
    /// At the beginning of a text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cleans the next piece onto `out`.
    pub fn push(&mut self, piece: &str, out: &mut String) {
        let mut rest = piece;
        while !rest.is_empty() {
            if self.state == CleanerState::Ground {
                let plain = rest.bytes().position(|b| !(0x20..0x7f).contains(&b)).unwrap_or(rest.len());
                if plain > 0 {
                    out.push_str(&rest[..plain]);
                    *self = Self::default();
                    rest = &rest[plain..];
                    continue;
                }
            }
            let mut chars = rest.chars();
            if let Some(c) = chars.next() {
                self.char(c, out);
            }
            rest = chars.as_str();
        }
    }

    fn char(&mut self, c: char, out: &mut String) {
        self.state = match (self.state, c) {
            (_, '\u{18}' | '\u{1a}' | '\u{9c}') | (CleanerState::Text(_), '\u{7}') => CleanerState::Ground,
            (_, '\u{1b}') => CleanerState::Escape,
            (CleanerState::Text(n), _) if n < STRING_CAP => CleanerState::Text(n + 1),
            (CleanerState::Escape, '[') | (CleanerState::Ground, '\u{9b}') => CleanerState::Csi(0),
            (CleanerState::Escape, ']' | 'P' | 'X' | '^' | '_')
            | (CleanerState::Ground, '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}') => CleanerState::Text(0),
            (CleanerState::Escape | CleanerState::Intermediate, ' '..='/') => CleanerState::Intermediate,
            (CleanerState::Escape | CleanerState::Intermediate, '0'..='~') | (CleanerState::Csi(_), '@'..='~') => {
                CleanerState::Ground
            }
            (CleanerState::Csi(n), ' '..='?') if n < CSI_CAP => CleanerState::Csi(n + 1),
            (CleanerState::Ground, _) => return self.ground(c, out),
            // Not a sequence after all: what broke it is text again.
            _ => {
                self.state = CleanerState::Ground;
                return self.char(c, out);
            }
        };
        self.after_cr = false;
        self.joiner = None;
    }

    fn ground(&mut self, c: char, out: &mut String) {
        let after_cr = std::mem::take(&mut self.after_cr);
        let joiner = self.joiner.take();
        match c {
            '\n' if after_cr => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}' | '\u{85}' => {
                *self = Self { after_cr: c == '\r', ..Self::default() };
                out.push('\n');
            }
            '\t' => {
                *self = Self::default();
                out.push('\t');
            }
            '\u{200c}' | '\u{200d}' => {
                // One joiner at most, and only after something that can be joined.
                let joinable = self.last == LastChar::Joining
                    || (c == '\u{200d}' && matches!(self.last, LastChar::Emoji | LastChar::Selector));
                self.joiner = (joinable && joiner.is_none()).then_some(c);
            }
            '\u{fe00}'..='\u{fe0f}' => {
                if self.last != LastChar::Selector && !out_of_place(self.last, c) {
                    out.push(c);
                    self.last = LastChar::Selector;
                }
            }
            '\u{e0100}'..='\u{e01ef}' => {
                if self.last == LastChar::Ideograph {
                    out.push(c);
                    self.last = LastChar::Selector;
                }
            }
            c if c.is_control() || is_invisible(c) => {}
            c => self.visible(c, joiner, out),
        }
    }

    fn visible(&mut self, c: char, joiner: Option<char>, out: &mut String) {
        let kind = kind(c);
        let mark = c.width() == Some(0);
        if mark && self.marks == MARK_CAP {
            return;
        }
        if let Some(joiner) = joiner
            && (kind == LastChar::Joining
                || (kind == LastChar::Emoji && joiner == '\u{200d}' && self.last != LastChar::Joining))
        {
            out.push(joiner);
        }
        if mark {
            self.marks += 1;
            // A mark of a joining script stands for its letter; any other leaves it as it was.
            if kind == LastChar::Joining {
                self.last = kind;
            }
        } else {
            self.marks = 0;
            self.last = kind;
        }
        out.push(c);
    }
}

/// Selectors 1 to 14 choose forms of ideographs and symbols, 15 and 16 text or emoji style, also of digits.
fn out_of_place(last: LastChar, selector: char) -> bool {
    selector < '\u{fe0e}' && last == LastChar::Plain
}

fn kind(c: char) -> LastChar {
    match c {
        '\u{600}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{a840}'..='\u{abff}' | '\u{10a00}'..='\u{11fff}' => {
            LastChar::Joining
        }
        '\u{a9}'
        | '\u{ae}'
        | '\u{203c}'
        | '\u{2049}'
        | '\u{2122}'
        | '\u{2139}'
        | '\u{2190}'..='\u{21ff}'
        | '\u{2300}'..='\u{23ff}'
        | '\u{25a0}'..='\u{27bf}'
        | '\u{2900}'..='\u{297f}'
        | '\u{2b00}'..='\u{2bff}'
        | '\u{3030}'
        | '\u{303d}'
        | '\u{3297}'
        | '\u{3299}'
        | '\u{1f000}'..='\u{1faff}' => LastChar::Emoji,
        '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => LastChar::Ideograph,
        _ => LastChar::Plain,
    }
}

/// Characters that show nothing, or turn the order of what follows.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}'
            | '\u{ffff}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e00ff}'
            | '\u{e01f0}'..='\u{e0fff}'
    )
}

/// A whole text, cleaned; the same text if there was nothing to clean.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b) || b == b'\n' || b == b'\t') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    Cleaner::new().push(text, &mut out);
    Cow::Owned(out)
}

/// A text as one line: cleaned, runs of white space as one space, cut to `cap` characters with an ellipsis.
pub fn clean_line(text: &str, cap: usize) -> String {
    let clean = clean(text);
    let mut line = String::with_capacity(clean.len().min(cap));
    let mut left = cap;
    for (i, word) in clean.split_whitespace().enumerate() {
        if word.len() < left {
            line.push_str(if i > 0 { " " } else { "" });
            line.push_str(word);
            left -= word.chars().count() + usize::from(i > 0);
            continue;
        }
        for c in (i > 0).then_some(' ').into_iter().chain(word.chars()) {
            if left == 0 {
                line.pop();
                line.push('…');
                return line;
            }
            line.push(c);
            left -= 1;
        }
    }
    line
}

/// Cleans every string in a JSON value, names included: an escape may have come as `\u001b`.
pub fn clean_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(clean_value).collect(),
        Value::Object(map) => map.into_iter().map(|(k, v)| (clean(&k).into_owned(), clean_value(v))).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cleaned(text: &str) -> String {
        clean(text).into_owned()
    }

    #[test]
    fn sequences_go_with_their_payload() {
        for (dirty, expected) in [
            ("a\x1b[31mred\x1b[0m", "ared"),
            ("\x1b]0;title\x07x", "x"),
            ("\x1b]52;c;aGk=\x1b\\x", "x"),
            ("\x1bPq#0;2\x1b\\x\x1b_Gf=100;AAAA\x1b\\y\x1b^pm\x1b\\z\x1bXsos\x1b\\.", "xyz."),
            ("\u{9b}31mred\u{9d}0;t\u{9c}x\u{90}q\u{9c}y", "redxy"),
            ("\x1b(Bx\x1b#8y\x1b7z\x1bc.", "xyz."),
            ("a\u{8}\u{7}\0\u{7f}b", "ab"),
            ("\x1b[12\nb", "\nb"),
            ("\x1b\x1b[31mx", "x"),
            ("\x1b[31\u{18}x", "x"),
            ("\x1bé", "é"),
            ("a\rb\r\nc\n\rd\r\r\n", "a\nb\nc\n\nd\n\n"),
        ] {
            assert_eq!(cleaned(dirty), expected, "{dirty:?}");
        }
    }

    #[test]
    fn what_never_ends_does_not_swallow_the_rest() {
        let osc = format!("\x1b]{}the rest", "x".repeat(STRING_CAP as usize));
        assert_eq!(cleaned(&osc), "the rest");
        let csi = format!("\x1b[{}the rest", "1".repeat(CSI_CAP as usize));
        assert!(cleaned(&csi).ends_with("he rest"), "a t is the final byte");
    }

    #[test]
    fn invisible_tricks_go_and_honest_joiners_stay() {
        for (dirty, expected) in [
            ("\u{feff}a\u{200b}b\u{2060}c\u{ad}d", "abcd"),
            ("user\u{202e}txt.exe\u{2066}x\u{2069}", "usertxt.exex"),
            ("👩\u{200d}🔬 ❤\u{fe0f}\u{200d}🔥", "👩\u{200d}🔬 ❤\u{fe0f}\u{200d}🔥"),
            ("👨🏽\u{200d}🚀", "👨🏽\u{200d}🚀"),
            ("a\u{200d}b 👩\u{200d}x 👩\u{200d}", "ab 👩x 👩"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("क्\u{200d}ष", "क्\u{200d}ष"),
            ("1\u{fe0f}\u{20e3}", "1\u{fe0f}\u{20e3}"),
            ("x\u{fe00}\u{fe01}\u{e0100}y", "xy"),
            ("❤\u{fe0f}\u{fe0f}\u{fe0f}", "❤\u{fe0f}"),
            ("\u{e0041}\u{e0042}hidden", "hidden"),
        ] {
            assert_eq!(cleaned(dirty), expected, "{dirty:?}");
        }
        let pile: String = std::iter::once('e').chain(std::iter::repeat_n('\u{301}', 500)).collect();
        assert_eq!(cleaned(&pile).chars().count(), 1 + usize::from(MARK_CAP));
    }

    #[test]
    fn a_line_is_one_line_and_capped() {
        assert_eq!(clean_line("  a\r\n\tb \x1b[2J c ", 80), "a b c");
        assert_eq!(clean_line("abcdef", 6), "abcdef");
        assert_eq!(clean_line("abcdefg", 6), "abcde…");
        assert_eq!(clean_line("", 6), "");
    }

    /// Every text of five characters, one of each sort that the rules tell apart, at the
    /// beginning and after as many marks as leave room for one.
    #[test]
    fn every_short_text_is_clean_after_one_cleaning() {
        const SORTS: [char; 13] = [
            'a',
            '👩',
            'م',
            '\u{94d}',
            '\u{301}',
            '世',
            '\u{200c}',
            '\u{200d}',
            '\u{fe00}',
            '\u{fe0f}',
            '\u{e0100}',
            '\r',
            '\u{1b}',
        ];
        let pile: String =
            std::iter::once('e').chain(std::iter::repeat_n('\u{301}', usize::from(MARK_CAP) - 1)).collect();
        for n in 0..SORTS.len().pow(5) {
            let short = (0..5).map(|digit| SORTS[n / SORTS.len().pow(digit) % SORTS.len()]);
            for text in [short.clone().collect(), pile.chars().chain(short).collect::<String>()] {
                let once = cleaned(&text);
                assert_eq!(cleaned(&once), once, "{text:?}");
            }
        }
    }

    fn hostile() -> impl Strategy<Value = String> {
        let nasty: Vec<char> = "\x1b\x1b\x1b[]P_^X\\;m0a \n\r\t\u{7}\u{8}\u{18}\u{9b}\u{9c}\u{9d}\u{85}\u{200b}\u{200c}\u{200d}\u{202e}\u{2067}\u{feff}\u{fe0f}\u{e0101}👩🔬🏽❤مक्é\u{301}世"
            .chars()
            .collect();
        prop::collection::vec(prop_oneof![4 => prop::sample::select(nasty), 1 => any::<char>()], 0..80)
            .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in hostile(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
            let chars: Vec<char> = text.chars().collect();
            let mut at: Vec<usize> = cuts.iter().map(|i| i.index(chars.len() + 1)).collect();
            at.sort_unstable();
            let (mut cleaner, mut out, mut from) = (Cleaner::new(), String::new(), 0);
            for to in at.into_iter().chain([chars.len()]) {
                cleaner.push(&chars[from..to].iter().collect::<String>(), &mut out);
                from = to;
            }
            prop_assert_eq!(out, cleaned(&text));
        }

        #[test]
        fn nothing_hostile_is_left_and_cleaning_twice_is_cleaning_once(text in hostile()) {
            let once = cleaned(&text);
            prop_assert!(once.chars().all(|c| (!c.is_control() || c == '\n' || c == '\t') && !is_invisible(c)), "{once:?}");
            prop_assert_eq!(cleaned(&once), once);
        }
    }
}
