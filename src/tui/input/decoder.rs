//! From bytes to keys and pastes. Whatever a terminal sends without being asked, late, or in pieces is dropped: control
//! strings (OSC, DCS, APC, PM, SOS) up to their end, and CSI sequences that are no key (ECMA-48 §5.4 and §5.6).
//!
//! The bytes after an ESC may come later, so an ESC alone is a key only after a pause.

use super::csi;
use super::terminal_input::TerminalInput::{self, Background};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use std::time::Duration;

/// After this pause an ESC is the key Esc, and `ESC ]` is Alt+].
const ESCAPE: Duration = Duration::from_millis(50);
/// After this pause the rest of a sequence does not come any more.
const SEQUENCE: Duration = Duration::from_secs(1);
/// The bytes of a control string that are kept, to recognise a reply.
const STRING_CAP: usize = 64;
const PASTE_START: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

/// Decodes bytes however they are cut.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// Bytes that are not decoded yet.
    pending: Vec<u8>,
    state: DecoderState,
}

#[derive(Debug, Default, PartialEq)]
enum DecoderState {
    #[default]
    Ground,
    /// In a bracketed paste, with its text so far.
    Paste(Vec<u8>),
    /// In a control string, with its beginning.
    String(Vec<u8>),
}

/// The beginning of the pending bytes.
enum Token {
    /// More bytes are needed.
    Incomplete,
    /// This many bytes, and what they are; `None` is dropped.
    Bytes(usize, Option<Event>),
    /// This many bytes begin a control string.
    StringStart(usize),
}

impl Decoder {
    /// Decodes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<TerminalInput>) {
        self.pending.extend_from_slice(bytes);
        while !self.pending.is_empty() && self.step(out) {}
    }

    /// The longest pause before [`expire`](Self::expire); `None` if nothing is pending. The end of a paste is waited for
    /// without a limit: its rest would be typed.
    pub(super) fn patience(&self) -> Option<Duration> {
        match &self.state {
            DecoderState::Paste(_) => None,
            DecoderState::String(_) => Some(SEQUENCE),
            DecoderState::Ground if self.pending.is_empty() => None,
            DecoderState::Ground if self.pending.len() <= 2 => Some(ESCAPE),
            DecoderState::Ground => Some(SEQUENCE),
        }
    }

    /// Decodes what is pending, because nothing more has come for a while.
    pub(super) fn expire(&mut self, out: &mut Vec<TerminalInput>) {
        self.state = DecoderState::Ground;
        match std::mem::take(&mut self.pending).as_slice() {
            [0x1b] => out.push(TerminalInput::Event(Event::Key(KeyCode::Esc.into()))),
            [0x1b, byte] if byte.is_ascii_graphic() => out.push(TerminalInput::Event(alt(char::from(*byte)))),
            _ => {}
        }
    }

    /// Decodes one token. Returns false if more bytes are needed.
    fn step(&mut self, out: &mut Vec<TerminalInput>) -> bool {
        match std::mem::take(&mut self.state) {
            DecoderState::Ground if self.pending.starts_with(PASTE_START) => {
                self.pending.drain(..PASTE_START.len());
                self.state = DecoderState::Paste(Vec::new());
                true
            }
            DecoderState::Ground => match token(&self.pending) {
                Token::Incomplete => false,
                Token::Bytes(count, event) => {
                    self.pending.drain(..count);
                    out.extend(event.map(TerminalInput::Event));
                    true
                }
                Token::StringStart(count) => {
                    self.state = DecoderState::String(self.pending.drain(..count).collect());
                    true
                }
            },
            DecoderState::Paste(text) => self.paste(text, out),
            DecoderState::String(string) => self.string(string, out),
        }
    }

    fn paste(&mut self, mut text: Vec<u8>, out: &mut Vec<TerminalInput>) -> bool {
        if let Some(end) = memchr::memmem::find(&self.pending, PASTE_END) {
            text.extend(self.pending.drain(..end));
            self.pending.drain(..PASTE_END.len());
            out.push(TerminalInput::Event(Event::Paste(String::from_utf8_lossy(&text).into_owned())));
            return true;
        }
        // The last bytes may be the beginning of the end.
        let sure = self.pending.len().saturating_sub(PASTE_END.len() - 1);
        text.extend(self.pending.drain(..sure));
        self.state = DecoderState::Paste(text);
        false
    }

    /// Drops a control string up to its end: ST, BEL, or a control character that aborts it.
    fn string(&mut self, mut string: Vec<u8>, out: &mut Vec<TerminalInput>) -> bool {
        let end = self.pending.iter().position(|byte| matches!(byte, 0x07 | 0x18 | 0x1a | 0x1b));
        let inside = end.unwrap_or(self.pending.len());
        string.extend(self.pending.drain(..inside).take(STRING_CAP.saturating_sub(string.len())));
        let closing = match self.pending.as_slice() {
            [0x1b, b'\\', ..] => 2,
            [] | [0x1b] => {
                self.state = DecoderState::String(string);
                return false;
            }
            // Another sequence begins.
            [0x1b, ..] => 0,
            [..] => 1,
        };
        self.pending.drain(..closing);
        if let Some(colour) = std::str::from_utf8(&string).ok().and_then(|text| text.strip_prefix("\x1b]11;")) {
            out.push(Background(colour.to_owned()));
        }
        true
    }
}

/// The first token of bytes that are not empty.
fn token(bytes: &[u8]) -> Token {
    match bytes {
        [0x1b] | [0x1b, b'[' | b'O' | b']' | b'P' | b'X' | b'^' | b'_'] => Token::Incomplete,
        [0x1b, b'[', rest @ ..] => match csi::sequence(rest) {
            None => Token::Incomplete,
            Some((count, event)) => Token::Bytes(2 + count, event),
        },
        [0x1b, b'O', byte, ..] => match csi::function_key(*byte) {
            Some(code) => Token::Bytes(3, Some(key(code, KeyModifiers::NONE))),
            None => Token::Bytes(2, Some(alt('O'))),
        },
        [0x1b, opener, byte, ..] if opens_string(*opener, *byte) => Token::StringStart(2),
        [0x1b, 0x1b, ..] => Token::Bytes(1, Some(key(KeyCode::Esc, KeyModifiers::NONE))),
        [0x1b, rest @ ..] => match typed(rest) {
            Token::Bytes(count, Some(Event::Key(key))) => {
                let key = KeyEvent { modifiers: key.modifiers | KeyModifiers::ALT, ..key };
                Token::Bytes(1 + count, Some(Event::Key(key)))
            }
            Token::Bytes(count, _) => Token::Bytes(1 + count, None),
            incomplete => incomplete,
        },
        _ => typed(bytes),
    }
}

/// Whether the two bytes after an ESC begin a control string. Alt with the first one may also be a key.
fn opens_string(opener: u8, next: u8) -> bool {
    match opener {
        b']' => next.is_ascii_alphanumeric(),
        b'P' => next.is_ascii_digit() || b";>!$+=?|{<".contains(&next),
        b'X' | b'^' | b'_' => matches!(next, 0x20..=0x7e),
        _ => false,
    }
}

/// A control character or a character of UTF-8.
fn typed(bytes: &[u8]) -> Token {
    let control = |letter: u8| key(KeyCode::Char(char::from(letter)), KeyModifiers::CONTROL);
    let event = match bytes[0] {
        b'\r' => key(KeyCode::Enter, KeyModifiers::NONE),
        b'\t' => key(KeyCode::Tab, KeyModifiers::NONE),
        0x7f => key(KeyCode::Backspace, KeyModifiers::NONE),
        0 => control(b' '),
        byte @ 0x01..=0x1a => control(byte - 1 + b'a'),
        byte @ 0x1c..=0x1f => control(byte - 0x1c + b'4'),
        lead => {
            let length = match lead {
                0x20..=0x7e => 1,
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => return Token::Bytes(1, None),
            };
            let Some(bytes) = bytes.get(..length) else {
                let continued = bytes[1..].iter().all(|byte| matches!(byte, 0x80..=0xbf));
                return if continued { Token::Incomplete } else { Token::Bytes(1, None) };
            };
            let c = std::str::from_utf8(bytes).ok().and_then(|text| text.chars().next());
            return match c {
                Some(c) if !c.is_control() => Token::Bytes(length, Some(character(c))),
                Some(_) => Token::Bytes(length, None),
                None => Token::Bytes(1, None),
            };
        }
    };
    Token::Bytes(1, Some(event))
}

fn character(c: char) -> Event {
    key(KeyCode::Char(c), if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE })
}

fn alt(c: char) -> Event {
    let shift = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    key(KeyCode::Char(c), KeyModifiers::ALT | shift)
}

fn key(code: KeyCode, modifiers: KeyModifiers) -> Event {
    Event::Key(KeyEvent::new(code, modifiers))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
