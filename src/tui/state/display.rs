//! Theme, presenter mode and mouse.

use crate::tui::theme::Theme;
use std::collections::VecDeque;

/// Theme and modes of the whole screen.
#[derive(Clone, Debug, Default)]
pub struct Display {
    /// The theme outside presenter mode.
    pub theme: Theme,
    /// The theme that the user chose on the screen, if any.
    pub chosen_theme: Option<Theme>,
    /// Whether presenter mode is on: more space, pressed keys, strong colours.
    pub presenter: bool,
    /// Whether the terminal reports the mouse wheel.
    pub mouse: bool,
    /// The last keys that were pressed, for presenter mode.
    pub pressed_keys: VecDeque<String>,
}

impl Display {
    /// The theme to draw with. Presenter mode replaces only the dark theme: its strong colours cannot be read on a light
    /// background, and the other themes are chosen for accessibility.
    pub fn theme_now(&self) -> Theme {
        if self.presenter && self.theme == Theme::Dark { Theme::Projector } else { self.theme }
    }
}
