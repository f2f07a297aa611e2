//! The cleaner for text that comes in pieces: a state machine over characters.

use super::characters::{CharClass, class, is_invisible, takes_selector};
use unicode_width::UnicodeWidthChar;

/// The longest CSI sequence. What is longer counts as text.
pub(super) const CSI_CAP: u32 = 64;
/// The longest OSC, DCS, APC, PM or SOS string. The text after that length is shown.
pub(super) const STRING_CAP: u32 = 4096;
/// The most combining marks on one character.
pub(super) const MARK_CAP: u8 = 12;

/// Cleans a text that comes in pieces. The output does not depend on how the text is cut.
#[derive(Clone, Debug, Default)]
pub struct Cleaner {
    state: CleanerState,
    /// The class of the last character that was kept.
    last: CharClass,
    /// A joiner, which is kept only if the next character can be joined.
    joiner: Option<char>,
    /// The number of combining marks in a row.
    marks: u8,
    /// The last character was CR: a LF after it belongs to the same line end.
    after_cr: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum CleanerState {
    #[default]
    Ground,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate byte: one final byte follows.
    Intermediate,
    /// In a CSI sequence, after this number of characters.
    Csi(u32),
    /// In a string that ends with ST or BEL, after this number of characters.
    String(u32),
}

impl Cleaner {
    /// A cleaner at the beginning of a text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the clean form of the next piece to `out`.
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
            (_, '\u{18}' | '\u{1a}' | '\u{9c}') | (CleanerState::String(_), '\u{7}') => CleanerState::Ground,
            (_, '\u{1b}') => CleanerState::Escape,
            (CleanerState::String(n), _) if n < STRING_CAP => CleanerState::String(n + 1),
            (CleanerState::Escape, '[') | (CleanerState::Ground, '\u{9b}') => CleanerState::Csi(0),
            (CleanerState::Escape, ']' | 'P' | 'X' | '^' | '_')
            | (CleanerState::Ground, '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}') => CleanerState::String(0),
            (CleanerState::Escape | CleanerState::Intermediate, ' '..='/') => CleanerState::Intermediate,
            (CleanerState::Escape | CleanerState::Intermediate, '0'..='~') | (CleanerState::Csi(_), '@'..='~') => {
                CleanerState::Ground
            }
            (CleanerState::Csi(n), ' '..='?') if n < CSI_CAP => CleanerState::Csi(n + 1),
            (CleanerState::Ground, _) => return self.ground(c, out),
            // This character ends the sequence early, and is text itself.
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
                let joinable = self.last == CharClass::Joining
                    || (c == '\u{200d}' && matches!(self.last, CharClass::Emoji | CharClass::Selector));
                self.joiner = (joinable && joiner.is_none()).then_some(c);
            }
            '\u{fe00}'..='\u{fe0f}' => {
                if self.last != CharClass::Selector && takes_selector(self.last, c) {
                    out.push(c);
                    self.last = CharClass::Selector;
                }
            }
            '\u{e0100}'..='\u{e01ef}' => {
                if self.last == CharClass::Ideograph {
                    out.push(c);
                    self.last = CharClass::Selector;
                }
            }
            c if c.is_control() || is_invisible(c) => {}
            c => self.visible(c, joiner, out),
        }
    }

    fn visible(&mut self, c: char, joiner: Option<char>, out: &mut String) {
        let class = class(c);
        let mark = c.width() == Some(0);
        if mark && self.marks == MARK_CAP {
            return;
        }
        if let Some(joiner) = joiner
            && (class == CharClass::Joining
                || (class == CharClass::Emoji && joiner == '\u{200d}' && self.last != CharClass::Joining))
        {
            out.push(joiner);
        }
        if mark {
            self.marks += 1;
            // A mark of a joining script can be joined as its letter can; other marks change nothing.
            if class == CharClass::Joining {
                self.last = class;
            }
        } else {
            self.marks = 0;
            self.last = class;
        }
        out.push(c);
    }
}
