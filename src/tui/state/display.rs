//! How the screen looks: colours, presenter mode, the mouse.

use crate::tui::theme::Theme;
use std::collections::VecDeque;

/// Colours and modes of the screen as a whole.
#[derive(Clone, Debug, Default)]
pub struct Display {
    /// The theme outside presenter mode.
    pub theme: Theme,
    /// The theme that was chosen on the screen, if one was.
    pub chosen_theme: Option<Theme>,
    /// Whether presenter mode is on: more space, pressed keys, strong colours.
    pub presenter: bool,
    /// Whether the terminal reports the mouse wheel.
    pub mouse: bool,
    /// The keys that were pressed last, for presenter mode.
    pub pressed_keys: VecDeque<String>,
}

impl Display {
    /// The theme to draw with. Presenter mode has stronger colours; a light theme stays, because they vanish on a light
    /// background, and so does one that was chosen for the eyes.
    pub fn theme_now(&self) -> Theme {
        if self.presenter && self.theme == Theme::Dark { Theme::Projector } else { self.theme }
    }
}
