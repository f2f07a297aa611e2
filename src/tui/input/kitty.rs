//! Keys of the kitty keyboard protocol: `ESC [ code:shifted:base ; modifiers:kind u`.
//! Source: <https://sw.kovidgoyal.net/kitty/keyboard-protocol/>.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

/// The kind of event that says that a key was released.
const RELEASE: &str = "3";

/// A key by its code. Ctrl or Alt with a letter that is not ASCII is the key of the base layout at that place, so that
/// Ctrl+C is Ctrl+C on a Cyrillic, Greek or Hebrew layout. A letter that is ASCII stays as it is, as Dvorak needs it.
pub(super) fn key(code: &str, modifiers: &str) -> Option<Event> {
    let mut codes = code.split(':').map(|code| code.parse::<u32>().ok());
    let (code, shifted, base) = (codes.next()??, codes.next().flatten(), codes.next().flatten());
    let held = held(modifiers)?;
    let code = match special(code) {
        Some(code) => code,
        None if is_private(code) => return None,
        None => {
            let letter = |code: Option<u32>| code.and_then(char::from_u32).filter(|c| !c.is_control());
            let plain = letter(Some(code))?;
            if held.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
                KeyCode::Char(letter(base).filter(|base| base.is_ascii() && !plain.is_ascii()).unwrap_or(plain))
            } else if let Some(shifted) = letter(shifted).filter(|_| held.contains(KeyModifiers::SHIFT)) {
                return Some(Event::Key(KeyEvent::new(KeyCode::Char(shifted), held - KeyModifiers::SHIFT)));
            } else {
                KeyCode::Char(plain)
            }
        }
    };
    let code = if code == KeyCode::Tab && held.contains(KeyModifiers::SHIFT) { KeyCode::BackTab } else { code };
    Some(Event::Key(KeyEvent::new(code, held)))
}

/// A key with its modifiers; `None` if it was released.
pub(super) fn with_modifiers(code: KeyCode, modifiers: &str) -> Option<Event> {
    Some(Event::Key(KeyEvent::new(code, held(modifiers)?)))
}

/// The modifiers that are held: a sum of bits plus one. Caps Lock and Num Lock are left out.
fn held(modifiers: &str) -> Option<KeyModifiers> {
    let (sum, kind) = modifiers.split_once(':').unwrap_or((modifiers, ""));
    if kind == RELEASE {
        return None;
    }
    let sum = if sum.is_empty() { 0 } else { sum.parse::<u16>().ok()?.saturating_sub(1) };
    let bits = [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
        (8, KeyModifiers::SUPER),
        (16, KeyModifiers::HYPER),
        (32, KeyModifiers::META),
    ];
    Some(bits.into_iter().filter(|(bit, _)| sum & bit != 0).map(|(_, modifier)| modifier).collect())
}

/// Codes of keys that type nothing: volume, modifiers, and others of the private use area.
fn is_private(code: u32) -> bool {
    (0xe000..=0xf8ff).contains(&code)
}

/// Keys with a code of their own, those of the keypad among them.
fn special(code: u32) -> Option<KeyCode> {
    const KEYPAD: [char; 15] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.', '/', '*', '-', '+'];
    Some(match code {
        9 => KeyCode::Tab,
        13 | 57414 => KeyCode::Enter,
        27 => KeyCode::Esc,
        127 => KeyCode::Backspace,
        57399..=57413 => KeyCode::Char(KEYPAD[(code - 57399) as usize]),
        57415 => KeyCode::Char('='),
        57416 => KeyCode::Char(','),
        57417 => KeyCode::Left,
        57418 => KeyCode::Right,
        57419 => KeyCode::Up,
        57420 => KeyCode::Down,
        57421 => KeyCode::PageUp,
        57422 => KeyCode::PageDown,
        57423 => KeyCode::Home,
        57424 => KeyCode::End,
        57425 => KeyCode::Insert,
        57426 => KeyCode::Delete,
        _ => return None,
    })
}
