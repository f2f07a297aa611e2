//! Writes a frame to the terminal only if it changes something.

use super::rows::Rows;
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::crossterm::cursor::MoveTo;
use ratatui::crossterm::queue;
use ratatui::crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::layout::{Position, Size};
use std::io::{self, Write};

/// The cursor as the terminal shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cursor {
    Hidden,
    At(Position),
}

/// A crossterm backend that writes nothing for a frame in which no cell changes and the cursor stays where it is.
/// Every other frame is one synchronized update, so that the terminal shows it in one piece.
///
/// ratatui's own backend writes about 30 bytes (colour reset, cursor) for each frame without changes.
pub(super) struct QuietBackend<W: Write> {
    inner: CrosstermBackend<W>,
    /// `None` until it is written, and whenever written cells have moved it.
    cursor: Option<Cursor>,
    /// Whether a synchronized update has begun.
    updating: bool,
    /// The cells that were written.
    rows: Rows,
}

impl<W: Write> QuietBackend<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { inner: CrosstermBackend::new(writer), cursor: None, updating: false, rows: Rows::default() }
    }

    /// The backend to write to; begins the synchronized update with the first write of a frame.
    fn writing(&mut self) -> io::Result<&mut CrosstermBackend<W>> {
        if !self.updating {
            queue!(self.inner, BeginSynchronizedUpdate)?;
            self.updating = true;
        }
        Ok(&mut self.inner)
    }
}

impl<W: Write> Backend for QuietBackend<W> {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let changed: Vec<_> = content.collect();
        if changed.is_empty() {
            return Ok(());
        }
        self.cursor = None;
        let whole = self.rows.apply(&changed);
        self.writing()?.draw(changed.into_iter().filter(|(_, y, _)| !whole.contains(y)))?;
        for y in whole {
            let inner = &mut self.inner;
            queue!(inner, MoveTo(0, y))?;
            inner.clear_region(ClearType::UntilNewLine)?;
            // Each part begins with the cursor's position, so a width that the terminal counts otherwise moves nothing.
            for part in self.rows.parts(y) {
                inner.draw(part.iter().map(|(x, y, cell)| (*x, *y, cell)))?;
            }
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor == Some(Cursor::Hidden) {
            return Ok(());
        }
        self.cursor = Some(Cursor::Hidden);
        self.writing()?.hide_cursor()
    }

    /// Does nothing: ratatui sets the position next, and the cursor is shown there.
    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor == Some(Cursor::At(position)) {
            return Ok(());
        }
        self.cursor = Some(Cursor::At(position));
        let inner = self.writing()?;
        inner.show_cursor()?;
        inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.rows = Rows::default();
        self.writing()?.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    /// Ends the frame.
    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.updating) {
            queue!(self.inner, EndSynchronizedUpdate)?;
        }
        Backend::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::text::Text;
    use ratatui::{Terminal, TerminalOptions, Viewport};
    use std::cell::RefCell;
    use std::rc::Rc;

    /// The bytes that were written since the last check.
    #[derive(Clone, Default)]
    struct Written(Rc<RefCell<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    type TestTerminal = Terminal<QuietBackend<Written>>;

    fn terminal(written: &Written, width: u16, height: u16) -> TestTerminal {
        let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
        Terminal::with_options(QuietBackend::new(written.clone()), TerminalOptions { viewport }).unwrap()
    }

    #[test]
    fn a_frame_without_changes_writes_nothing_and_any_other_is_one_synchronized_update() {
        let written = Written::default();
        let mut terminal = terminal(&written, 9, 2);
        let mut frame = |text: &str, cursor: Option<(u16, u16)>| {
            terminal
                .draw(|frame| {
                    frame.render_widget(text, frame.area());
                    if let Some(at) = cursor {
                        frame.set_cursor_position(at);
                    }
                })
                .unwrap();
            String::from_utf8(written.0.take()).unwrap()
        };
        let reset = "\x1b[39m\x1b[49m\x1b[59m\x1b[0m";
        let update = |what: &str| format!("\x1b[?2026h{what}\x1b[?2026l");
        assert_eq!(frame("", None), update("\x1b[?25l"), "whether the cursor is hidden is not known at first");
        assert_eq!(frame("", None), "");
        assert_eq!(frame("a", None), update(&format!("\x1b[1;1Ha{reset}\x1b[?25l")), "cells move the cursor");
        assert_eq!(frame("a", None), "");
        assert_eq!(frame("a", Some((1, 0))), update("\x1b[?25h\x1b[1;2H"));
        assert_eq!(frame("a", Some((1, 0))), "");
        assert_eq!(frame("a", Some((2, 1))), update("\x1b[?25h\x1b[2;3H"));
        assert_eq!(frame("b", Some((2, 1))), update(&format!("\x1b[1;1Hb{reset}\x1b[?25h\x1b[2;3H")));
        assert_eq!(frame("b", None), update("\x1b[?25l"));
        assert_eq!(frame("b", None), "");
    }

    /// Draws texts one after another and returns what a terminal shows that counts each character by itself.
    fn shown(texts: &[&str]) -> String {
        let written = Written::default();
        let mut terminal = terminal(&written, 24, 3);
        let mut screen = vt100::Parser::new(3.try_into().unwrap(), 24.try_into().unwrap(), 0);
        for text in texts {
            terminal.draw(|frame| frame.render_widget(Text::raw(*text), frame.area())).unwrap();
            screen.process(&written.0.take());
        }
        (0..3)
            .flat_map(|y| (0..24).map(move |x| (y, x)))
            .map(|(y, x)| screen.screen().cell(y, x).map_or("", |cell| cell.contents().trim()))
            .collect::<Vec<_>>()
            .join("|")
    }

    /// Graphemes that terminals count differently, between others.
    const UNCERTAIN: [&str; 8] = [
        "नमस्ते दुनिया, नि |",
        "a 👩‍👩‍👧 b ❤️ c 👍🏽 |",
        "🇩🇪 e\u{301} ✌\u{fe0e} |",
        "Thai กำ ሀ 🫨🫩 |",
        "தமிழ் ಕನ್ನಡ বাংলা |",
        "한글 ᄒ\u{1161}ᆫ |",
        "世界 plain |",
        "▸ thought 1.20 s",
    ];

    #[test]
    fn a_frame_leaves_nothing_of_the_last_one_where_terminals_count_other_widths() {
        for first in UNCERTAIN {
            for second in UNCERTAIN {
                assert_eq!(shown(&[first, second]), shown(&[second]), "{first:?}, then {second:?}");
                let (one, two) = (format!("{first}\nx{second}"), format!("{second}\n{first}"));
                assert_eq!(shown(&[&one, &two, &one]), shown(&[&one]), "{one:?}, then {two:?} and back");
            }
        }
    }

    #[test]
    fn only_rows_with_uncertain_widths_are_written_as_a_whole() {
        let written = Written::default();
        let mut terminal = terminal(&written, 24, 3);
        let mut frame = |text: &str| {
            terminal.draw(|frame| frame.render_widget(Text::raw(text), frame.area())).unwrap();
            String::from_utf8(written.0.take()).unwrap()
        };
        frame("世界 plain │ é\nनि and नि");
        let certain = frame("世界 pla1n │ é\nनि and नि");
        assert!(certain.contains("\x1b[1;9H1\x1b") && !certain.contains("\x1b[K"), "{certain:?}");
        let uncertain = frame("世界 pla1n │ é\nनि and न");
        assert!(uncertain.contains("\x1b[2;1H\x1b[K") && uncertain.contains("and"), "{uncertain:?}");
        frame("世界 pla1n │ é\nno more");
        let plain = frame("世界 pla1n │ é\nno m0re");
        assert!(plain.contains("\x1b[2;5H0\x1b") && !plain.contains("\x1b[K"), "{plain:?}");
        assert_eq!(frame("世界 pla1n │ é\nno m0re"), "");
    }
}
