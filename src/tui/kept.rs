//! What the screen remembers from one session to the next: sizes of panes, and the theme if one was chosen.
//! Knows its text form; must not know where that is kept.

use super::layout::Sizes;
use super::theme::Theme;
use serde::{Deserialize, Serialize};

/// What is remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// What the user has made of the sizes.
    pub sizes: Sizes,
    /// The theme that was chosen on the screen; none if none was.
    pub theme: Option<Theme>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    left: u16,
    right: u16,
    strip: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
}

impl Kept {
    /// Out of its text. What cannot be read is as good as nothing: it is only the look of things.
    pub fn read(text: &str) -> Self {
        let Ok(written) = toml::from_str::<Written>(text) else { return Self::default() };
        let sizes = Sizes { left: written.left, right: written.right, strip: written.strip }.within_bounds();
        Self { sizes, theme: written.theme.as_deref().and_then(Theme::named) }
    }

    /// As text.
    pub fn write(self) -> String {
        let Sizes { left, right, strip } = self.sizes;
        let theme = self.theme.map(|theme| theme.name().to_owned());
        toml::to_string(&Written { left, right, strip, theme }).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nonsense_is_nothing() {
        let kept = Kept { sizes: Sizes { left: 40, right: 60, strip: 9 }, theme: Some(Theme::Safe) };
        assert_eq!(Kept::read(&kept.write()), kept);
        assert_eq!(Kept::read("left = 'a'"), Kept::default());
        let wild = Kept::read("left = 9000\nright = 0\nstrip = 0\ntheme = \"plaid\"");
        assert_eq!(wild, Kept { sizes: Sizes { left: 60, right: 24, strip: 3 }, theme: None });
    }
}
