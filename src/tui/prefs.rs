//! What the screen keeps from one session to the next: pane sizes and the chosen theme. Knows the TOML form; must not
//! know the file.

use super::layout::PaneSizes;
use super::theme::Theme;
use serde::{Deserialize, Serialize};

/// Preferences that outlast a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UiPrefs {
    /// Pane sizes that the user chose.
    pub sizes: PaneSizes,
    /// The theme that the user chose on the screen, if any.
    pub theme: Option<Theme>,
}

#[derive(Serialize, Deserialize)]
struct PrefsFile {
    left: u16,
    right: u16,
    strip: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
}

impl UiPrefs {
    /// Parses the TOML form. Returns the defaults if it cannot be parsed; sizes are clamped to their bounds.
    pub fn read(text: &str) -> Self {
        let Ok(file) = toml::from_str::<PrefsFile>(text) else { return Self::default() };
        let sizes = PaneSizes { left: file.left, right: file.right, strip: file.strip }.within_bounds();
        Self { sizes, theme: file.theme.as_deref().and_then(Theme::by_name) }
    }

    /// The TOML form.
    pub fn write(self) -> String {
        let PaneSizes { left, right, strip } = self.sizes;
        let theme = self.theme.map(|theme| theme.name().to_owned());
        toml::to_string(&PrefsFile { left, right, strip, theme }).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_round_trip_and_invalid_text_gives_the_defaults() {
        let prefs = UiPrefs { sizes: PaneSizes { left: 40, right: 60, strip: 9 }, theme: Some(Theme::Safe) };
        assert_eq!(UiPrefs::read(&prefs.write()), prefs);
        assert_eq!(UiPrefs::read("left = 'a'"), UiPrefs::default());
        let clamped = UiPrefs::read("left = 9000\nright = 0\nstrip = 0\ntheme = \"plaid\"");
        assert_eq!(clamped, UiPrefs { sizes: PaneSizes { left: 60, right: 24, strip: 3 }, theme: None });
    }
}
