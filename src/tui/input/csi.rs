//! CSI sequences: keys and the wheel. Every other one is a reply that nobody asked for.

use super::kitty;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseEvent, MouseEventKind};

/// The longest sequence in bytes. A longer one is dropped.
const CAP: usize = 256;

/// The bytes behind `ESC [` up to the end of the sequence, and the key, if it is one; `None` if more bytes are needed.
pub(super) fn sequence(bytes: &[u8]) -> Option<(usize, Option<Event>)> {
    let parameters = bytes.iter().take_while(|byte| matches!(byte, 0x30..=0x3f)).count();
    let between = bytes[parameters..].iter().take_while(|byte| matches!(byte, 0x20..=0x2f)).count();
    let end = parameters + between;
    if end > CAP {
        return Some((end, None));
    }
    let text = std::str::from_utf8(&bytes[..parameters]).unwrap_or_default();
    match *bytes.get(end)? {
        // The Linux console's F1 to F5.
        b'[' if end == 0 => {
            let code = match bytes.get(1)? {
                byte @ b'A'..=b'E' => KeyCode::F(byte - b'A' + 1),
                _ => return Some((1, None)),
            };
            Some((2, Some(Event::Key(code.into()))))
        }
        // Three more bytes: a button and a place, from terminals of old.
        b'M' if end == 0 => (bytes.len() >= 4).then_some((4, None)),
        last @ 0x40..=0x7e => Some((end + 1, if between == 0 { event(text, last) } else { None })),
        // What cannot stand here ends the sequence, and begins something else.
        _ => Some((end, None)),
    }
}

/// The key with this final byte of `ESC O …` or `ESC [ …`.
pub(super) fn function_key(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

fn event(parameters: &str, last: u8) -> Option<Event> {
    if let Some(report) = parameters.strip_prefix('<') {
        return if matches!(last, b'M' | b'm') { wheel(report) } else { None };
    }
    let mut parts = parameters.split(';');
    let (code, modifiers) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match last {
        _ if parameters.starts_with(['=', '>', '?']) => None,
        // With numbers it is the place of the cursor.
        b'R' if !parameters.is_empty() => None,
        b'M' => None,
        b'Z' => Some(Event::Key(KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT))),
        b'u' => kitty::key(code, modifiers),
        // xterm's modifyOtherKeys.
        b'~' if code == "27" => kitty::key(parts.next()?, modifiers),
        b'~' => kitty::with_modifiers(numbered(code.parse().ok()?)?, modifiers),
        last => kitty::with_modifiers(function_key(last)?, modifiers),
    }
}

/// The keys with a number.
fn numbered(number: u8) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(number - 10),
        17..=21 => KeyCode::F(number - 11),
        23..=26 => KeyCode::F(number - 12),
        _ => return None,
    })
}

/// A turn of the wheel. Other reports of the mouse mean nothing here.
fn wheel(report: &str) -> Option<Event> {
    let mut numbers = report.split(';').map(|number| number.parse::<u16>().ok());
    // Shift, Alt and Ctrl are added to the button.
    let kind = match numbers.next()?? & !0b1_1100 {
        64 => MouseEventKind::ScrollUp,
        65 => MouseEventKind::ScrollDown,
        _ => return None,
    };
    let (column, row) = (numbers.next()??, numbers.next()??);
    Some(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
}
