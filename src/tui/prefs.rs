//! What the screen remembers from one session to the next: sizes of panes, and the theme if one was chosen.
//! Knows its text form; must not know where that is kept.

use super::layout::PaneSizes;
use super::theme::Theme;
use serde::{Deserialize, Serialize};

/// What is remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UiPrefs {
    /// What the user has made of the sizes.
    pub sizes: PaneSizes,
    /// The theme that was chosen on the screen; none if none was.
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
    /// Out of its text. What cannot be read is as good as nothing: it is only the look of things.
    pub fn read(text: &str) -> Self {
        let Ok(written) = toml::from_str::<PrefsFile>(text) else { return Self::default() };
        let sizes = PaneSizes { left: written.left, right: written.right, strip: written.strip }.within_bounds();
        Self { sizes, theme: written.theme.as_deref().and_then(Theme::by_name) }
    }

    /// As text.
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
    fn what_was_written_is_read_and_nonsense_is_nothing() {
        let kept = UiPrefs { sizes: PaneSizes { left: 40, right: 60, strip: 9 }, theme: Some(Theme::Safe) };
        assert_eq!(UiPrefs::read(&kept.write()), kept);
        assert_eq!(UiPrefs::read("left = 'a'"), UiPrefs::default());
        let wild = UiPrefs::read("left = 9000\nright = 0\nstrip = 0\ntheme = \"plaid\"");
        assert_eq!(wild, UiPrefs { sizes: PaneSizes { left: 60, right: 24, strip: 3 }, theme: None });
    }
}
