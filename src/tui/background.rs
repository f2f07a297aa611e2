//! The terminal's background colour, requested once with OSC 11. The reply arrives as key presses: `Alt+]` first, or
//! `Esc` and `]` if it comes in two pieces. Keys that are not part of a reply are passed on as keys, so the program
//! never waits for the reply and no key is lost.

use super::theme::Theme;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use std::time::Duration;

/// The query, OSC 11.
pub const QUERY: &str = "\x1b]11;?\x1b\\";
/// A reply that arrives later than this is read as keys.
const REPLY_TIMEOUT: Duration = Duration::from_secs(2);
/// Keys that may be part of a reply are held for at most this time.
const HOLD: Duration = Duration::from_millis(50);
const REPLY_START: &str = "\x1b]11;rgb:";
/// Most characters of a reply: `11;rgb:ffff/ffff/ffff` with its escape sequences, and some more.
const MAX_REPLY: usize = 40;

/// Separates the reply from the user's keys.
#[derive(Debug, Default)]
pub struct ReplyScanner {
    /// The time until which a reply is expected; `None` if none is.
    until: Option<Duration>,
    /// Keys that may be part of a reply.
    held: Vec<Event>,
    /// When the first held key arrived.
    since: Duration,
}

/// The result of scanning one event.
#[derive(Debug, PartialEq)]
pub enum ReplyScan {
    /// These events are the user's: the one that was scanned and those held before it.
    Keys(Vec<Event>),
    /// The event may be part of a reply and is held.
    Partial,
    /// The reply is complete. This theme suits the background.
    Background(Theme),
}

impl ReplyScanner {
    /// Starts to expect a reply. Call it right after the query was written.
    pub fn start(&mut self, now: Duration) {
        self.until = Some(now + REPLY_TIMEOUT);
    }

    /// When the held keys must be returned at the latest; `None` if no key is held.
    pub fn deadline(&self) -> Option<Duration> {
        (!self.held.is_empty()).then_some(self.since + HOLD)
    }

    /// Removes and returns the held keys if their deadline has passed.
    pub fn take_expired(&mut self, now: Duration) -> Vec<Event> {
        if self.deadline().is_some_and(|due| due <= now) { std::mem::take(&mut self.held) } else { Vec::new() }
    }

    /// Scans one event.
    pub fn scan(&mut self, event: Event, now: Duration) -> ReplyScan {
        let Some(until) = self.until else { return ReplyScan::Keys(vec![event]) };
        let opens = REPLY_START.starts_with(&bytes_of(&event));
        if self.held.is_empty() && !(opens && now <= until) {
            return ReplyScan::Keys(vec![event]);
        }
        if self.held.is_empty() {
            self.since = now;
        }
        self.held.push(event);
        let text: String = self.held.iter().map(bytes_of).collect();
        if let Some(reply) = text.strip_suffix("\x1b\\").or(text.strip_suffix('\x07')) {
            let held = std::mem::take(&mut self.held);
            let Some(theme) = theme_for(reply) else { return ReplyScan::Keys(held) };
            self.until = None;
            return ReplyScan::Background(theme);
        }
        let partial = REPLY_START.starts_with(&text) || (text.starts_with(REPLY_START) && text.len() < MAX_REPLY);
        if partial { ReplyScan::Partial } else { ReplyScan::Keys(std::mem::take(&mut self.held)) }
    }
}

/// The bytes that this event may stand for; NUL if no reply contains them.
fn bytes_of(event: &Event) -> String {
    let Event::Key(KeyEvent { code, modifiers, .. }) = event else { return '\0'.to_string() };
    match (code, *modifiers) {
        (KeyCode::Esc, KeyModifiers::NONE) => '\x1b'.to_string(),
        (KeyCode::Char(c), KeyModifiers::NONE) => c.to_string(),
        (KeyCode::Char(c), KeyModifiers::ALT) => format!("\x1b{c}"),
        (KeyCode::Char('g'), KeyModifiers::CONTROL) => '\x07'.to_string(),
        _ => '\0'.to_string(),
    }
}

/// The theme for a reply such as `ESC ]11;rgb:ffff/ffff/ffff`. Each colour has one to four hexadecimal digits.
fn theme_for(reply: &str) -> Option<Theme> {
    let mut parts = reply.strip_prefix(REPLY_START)?.split('/').map(|part| {
        let most = 16_u32.checked_pow(part.len() as u32).filter(|_| (1..=4).contains(&part.len()))? - 1;
        Some(f64::from(u32::from_str_radix(part, 16).ok()?) / f64::from(most))
    });
    let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
    // Perceived brightness, ITU-R BT.601.
    Some(if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 { Theme::Light } else { Theme::Dark })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Event> {
        let mut held = KeyModifiers::NONE;
        let mut keys = Vec::new();
        for c in text.chars() {
            match c {
                '\x1b' => held = KeyModifiers::ALT,
                // An ESC that was read alone.
                '|' => keys.push(Event::Key(KeyCode::Esc.into())),
                '\x07' => keys.push(Event::Key(KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL))),
                c => keys.push(Event::Key(KeyEvent::new(
                    KeyCode::Char(c),
                    std::mem::replace(&mut held, KeyModifiers::NONE),
                ))),
            }
        }
        keys
    }

    /// Scans the keys. Returns the keys that are the user's, and the theme if a reply was found.
    fn scan_keys(text: &str) -> (Vec<Event>, Option<Theme>) {
        let mut scanner = ReplyScanner::default();
        scanner.start(Duration::ZERO);
        let (mut users, mut theme) = (Vec::new(), None);
        for event in keys(text) {
            match scanner.scan(event, Duration::ZERO) {
                ReplyScan::Keys(keys) => users.extend(keys),
                ReplyScan::Partial => {}
                ReplyScan::Background(suits) => theme = Some(suits),
            }
        }
        users.extend(scanner.take_expired(HOLD));
        (users, theme)
    }

    #[test]
    fn replies_are_found_among_keys_and_no_key_is_lost() {
        for (input, rest, theme) in [
            ("\x1b]11;rgb:ffff/ffff/ffff\x1b\\", "", Some(Theme::Light)),
            ("ab\x1b]11;rgb:1e1e/1e1e/2e2e\x07cd", "abcd", Some(Theme::Dark)),
            ("\x1b]11;rgb:f/f/0\x1b\\x", "x", Some(Theme::Light)),
            ("a|]11;rgb:ffff/ffff/ffff\x1b\\b", "ab", Some(Theme::Light)),
            ("\x1b]11;rgb:0/0/0|\\b", "b", Some(Theme::Dark)),
            ("|", "|", None),
            ("|]x", "|]x", None),
            ("||]11;rgb:0/0/0\x07", "||]11;rgb:0/0/0\x07", None),
            ("what?", "what?", None),
            ("\x1b]", "\x1b]", None),
            ("\x1b]11;no", "\x1b]11;no", None),
            ("\x1b]11;rgb:what/is/this\x07", "\x1b]11;rgb:what/is/this\x07", None),
            ("\x1b]\x1b\\", "\x1b]\x1b\\", None),
        ] {
            assert_eq!(scan_keys(input), (keys(rest), theme), "{input:?}");
        }
    }

    #[test]
    fn a_late_or_unexpected_reply_is_read_as_keys() {
        let mut scanner = ReplyScanner::default();
        let key = || keys("\x1b]").remove(0);
        assert_eq!(scanner.scan(key(), Duration::ZERO), ReplyScan::Keys(vec![key()]), "nothing was queried");
        scanner.start(Duration::ZERO);
        assert_eq!(scanner.scan(key(), REPLY_TIMEOUT * 2), ReplyScan::Keys(vec![key()]), "too late");
        assert_eq!(
            (scanner.scan(key(), REPLY_TIMEOUT), scanner.deadline()),
            (ReplyScan::Partial, Some(REPLY_TIMEOUT + HOLD))
        );
        assert_eq!(scanner.take_expired(REPLY_TIMEOUT), []);
        assert_eq!(scanner.take_expired(REPLY_TIMEOUT + HOLD), [key()]);
    }
}
