//! The terminal's background colour, requested once with OSC 11. The reply arrives as key presses: `Alt+]` first, or
//! `Esc` and `]` if it comes in two pieces. Keys that are not part of a reply are passed on as keys, so the program
//! never waits for the reply and no key is lost.

use super::theme::Theme;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use std::time::Duration;

/// What asks.
pub const QUERY: &str = "\x1b]11;?\x1b\\";
/// An answer that has not come by then is none.
const REPLY_TIMEOUT: Duration = Duration::from_secs(2);
/// The pieces of an answer follow each other closely: keys are not held longer than this.
const HOLD: Duration = Duration::from_millis(50);
const REPLY_START: &str = "\x1b]11;rgb:";
/// `11;rgb:ffff/ffff/ffff` with what is around it, and a little more.
const MAX_REPLY: usize = 40;

/// The listener.
#[derive(Debug, Default)]
pub struct ReplyScanner {
    /// Until when an answer is awaited; none when it is not.
    until: Option<Duration>,
    /// Keys that may be an answer's, and when the first came.
    held: Vec<Event>,
    since: Duration,
}

/// What became of an event.
#[derive(Debug, PartialEq)]
pub enum ReplyScan {
    /// It, and what was held before it, is the user's.
    Keys(Vec<Event>),
    /// It may be part of an answer.
    Partial,
    /// The answer is whole: this suits the background.
    Background(Theme),
}

impl ReplyScanner {
    /// Begins to listen: the terminal has just been asked.
    pub fn start(&mut self, now: Duration) {
        self.until = Some(now + REPLY_TIMEOUT);
    }

    /// When held keys have to be given back at the latest.
    pub fn deadline(&self) -> Option<Duration> {
        (!self.held.is_empty()).then_some(self.since + HOLD)
    }

    /// Held keys that have waited long enough.
    pub fn take_expired(&mut self, now: Duration) -> Vec<Event> {
        if self.deadline().is_some_and(|due| due <= now) { std::mem::take(&mut self.held) } else { Vec::new() }
    }

    /// Takes an event in.
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
        if let Some(answer) = text.strip_suffix("\x1b\\").or(text.strip_suffix('\x07')) {
            let held = std::mem::take(&mut self.held);
            let Some(theme) = theme_for(answer) else { return ReplyScan::Keys(held) };
            self.until = None;
            return ReplyScan::Background(theme);
        }
        let may_be = REPLY_START.starts_with(&text) || (text.starts_with(REPLY_START) && text.len() < MAX_REPLY);
        if may_be { ReplyScan::Partial } else { ReplyScan::Keys(std::mem::take(&mut self.held)) }
    }
}

/// What the terminal may have sent to be taken for this; of what is in no answer, a character that is in none.
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

/// The theme for a background told as `ESC ]11;rgb:ffff/ffff/ffff`, of one to four digits a colour.
fn theme_for(answer: &str) -> Option<Theme> {
    let mut parts = answer.strip_prefix(REPLY_START)?.split('/').map(|part| {
        let most = 16_u32.checked_pow(part.len() as u32).filter(|_| (1..=4).contains(&part.len()))? - 1;
        Some(f64::from(u32::from_str_radix(part, 16).ok()?) / f64::from(most))
    });
    let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
    // As bright as the eye has it.
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
                // An ESC with nothing behind it when it was read.
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

    /// What the user is left with, and what was heard.
    fn heard(text: &str) -> (Vec<Event>, Option<Theme>) {
        let mut listener = ReplyScanner::default();
        listener.start(Duration::ZERO);
        let (mut users, mut theme) = (Vec::new(), None);
        for event in keys(text) {
            match listener.scan(event, Duration::ZERO) {
                ReplyScan::Keys(keys) => users.extend(keys),
                ReplyScan::Partial => {}
                ReplyScan::Background(suits) => theme = Some(suits),
            }
        }
        users.extend(listener.take_expired(HOLD));
        (users, theme)
    }

    #[test]
    fn answers_are_heard_among_keys_and_no_key_is_lost() {
        for (told, rest, theme) in [
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
            assert_eq!(heard(told), (keys(rest), theme), "{told:?}");
        }
    }

    #[test]
    fn nobody_listens_for_ever() {
        let mut listener = ReplyScanner::default();
        let key = || keys("\x1b]").remove(0);
        assert_eq!(listener.scan(key(), Duration::ZERO), ReplyScan::Keys(vec![key()]), "nobody has asked");
        listener.start(Duration::ZERO);
        assert_eq!(listener.scan(key(), REPLY_TIMEOUT * 2), ReplyScan::Keys(vec![key()]), "too late");
        assert_eq!(
            (listener.scan(key(), REPLY_TIMEOUT), listener.deadline()),
            (ReplyScan::Partial, Some(REPLY_TIMEOUT + HOLD))
        );
        assert_eq!(listener.take_expired(REPLY_TIMEOUT), []);
        assert_eq!(listener.take_expired(REPLY_TIMEOUT + HOLD), [key()]);
    }
}
