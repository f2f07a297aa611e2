//! Colours and text attributes by meaning. Only the sixteen ANSI colours are used, so that the terminal's own scheme
//! decides the shades. Colour is never the only sign of a meaning.

use crate::transcript::Tone;
use ratatui::style::{Color, Modifier, Style};

/// A set of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// For dark backgrounds.
    #[default]
    Dark,
    /// For light backgrounds.
    Light,
    /// Blue and yellow, which are distinct with every common kind of colour blindness.
    Safe,
    /// Strong contrast for a projector.
    Projector,
    /// No colours, only bold, dim, underline and reverse (`NO_COLOR`).
    Mono,
}

/// The meaning of a piece of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StyleRole {
    /// Ordinary text.
    Text,
    /// Less important text.
    Dim,
    /// The border of a pane without focus.
    Border,
    /// The border of the focused pane.
    Focus,
    /// A pane's title.
    Title,
    /// Success.
    Good,
    /// Failure.
    Bad,
    /// A warning.
    Warn,
    /// Still in progress.
    Live,
    /// The model that answers, and a switch to another one.
    Accent,
    /// Reasoning.
    Reasoning,
    /// Discarded text.
    Struck,
    /// The selected line.
    Selected,
    /// A key to press.
    Key,
    /// The badge of the simulator or of a replay.
    Badge,
    /// A heading in Markdown, or the name of a field.
    Heading,
    /// Code without a more specific role.
    Code,
    /// A keyword in code.
    Keyword,
    /// A string in code.
    Literal,
    /// A number in code, or a typed value.
    Number,
    /// A comment in code.
    Comment,
    /// The text of a link.
    Link,
}

impl From<Tone> for StyleRole {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Live => Self::Live,
            Tone::Good => Self::Good,
            Tone::Bad => Self::Bad,
            Tone::Warn => Self::Warn,
            Tone::Quiet => Self::Dim,
        }
    }
}

impl Theme {
    /// All themes with their names, in the order of [`next`](Self::next).
    pub const ALL: [(&'static str, Self); 5] = [
        ("dark", Self::Dark),
        ("light", Self::Light),
        ("safe", Self::Safe),
        ("mono", Self::Mono),
        ("projector", Self::Projector),
    ];

    /// The theme with this name, as in the configuration.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, theme)| *theme)
    }

    /// The theme for the value of `COLORFGBG`, such as `15;0` or `0;default;15`: the last number is the background. Dark if
    /// there is no number.
    pub fn for_colorfgbg(colorfgbg: &str) -> Self {
        match colorfgbg.rsplit(';').next().map(str::parse::<u8>) {
            Some(Ok(7 | 9..=15)) => Self::Light,
            _ => Self::Dark,
        }
    }

    /// The name, as in the configuration.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, theme)| *theme == self).map_or("dark", |(name, _)| name)
    }

    /// The next theme; after the last comes the first.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|(_, theme)| *theme == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()].1
    }

    /// The style of a role.
    pub fn style(self, role: StyleRole) -> Style {
        let style = Style::new().add_modifier(attributes(role));
        match self.colour(role) {
            _ if self == Self::Mono => style.add_modifier(mono_attributes(role)),
            // One colour over the whole selection, whatever is in it.
            _ if role == StyleRole::Selected => style.fg(Color::Reset),
            Some(colour) if role == StyleRole::Badge => style.fg(Color::Black).bg(colour),
            Some(colour) => style.fg(colour),
            None => style,
        }
    }

    fn colour(self, role: StyleRole) -> Option<Color> {
        use StyleRole::{
            Accent, Bad, Badge, Border, Code, Comment, Dim, Focus, Good, Heading, Key, Keyword, Link, Literal, Live,
            Number, Reasoning, Selected, Struck, Text, Title, Warn,
        };
        let (good, bad, warn, accent, keyword) = match self {
            Self::Dark | Self::Mono => (Color::Green, Color::Red, Color::Yellow, Color::Cyan, Color::Magenta),
            Self::Light => (Color::Green, Color::Red, Color::Magenta, Color::Blue, Color::Magenta),
            Self::Safe => (Color::Blue, Color::Yellow, Color::Yellow, Color::Cyan, Color::Blue),
            Self::Projector => {
                (Color::LightGreen, Color::LightRed, Color::LightYellow, Color::LightCyan, Color::LightMagenta)
            }
        };
        let dim = (self != Self::Projector).then_some(Color::DarkGray);
        match role {
            Text | Title | Heading | Selected => None,
            Dim | Border | Comment | Reasoning => dim,
            Struck | Bad => Some(bad),
            Good | Literal => Some(good),
            Warn | Badge => Some(warn),
            Focus | Accent | Live | Key | Link | Number => Some(accent),
            Code | Keyword => Some(keyword),
        }
    }
}

/// The text attributes of a role in every theme.
fn attributes(role: StyleRole) -> Modifier {
    match role {
        StyleRole::Struck => Modifier::CROSSED_OUT,
        StyleRole::Reasoning => Modifier::ITALIC,
        StyleRole::Title
        | StyleRole::Heading
        | StyleRole::Good
        | StyleRole::Bad
        | StyleRole::Accent
        | StyleRole::Badge
        | StyleRole::Key => Modifier::BOLD,
        StyleRole::Selected => Modifier::REVERSED,
        StyleRole::Link => Modifier::UNDERLINED,
        _ => Modifier::empty(),
    }
}

/// Further text attributes of a role in the theme without colours.
fn mono_attributes(role: StyleRole) -> Modifier {
    match role {
        StyleRole::Dim | StyleRole::Border | StyleRole::Comment | StyleRole::Struck => Modifier::DIM,
        StyleRole::Focus | StyleRole::Keyword | StyleRole::Warn => Modifier::BOLD,
        StyleRole::Badge => Modifier::REVERSED,
        _ => Modifier::empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_background_decides_between_light_and_dark() {
        for (colorfgbg, theme) in
            [("15;0", Theme::Dark), ("0;15", Theme::Light), ("0;default;7", Theme::Light), ("", Theme::Dark)]
        {
            assert_eq!(Theme::for_colorfgbg(colorfgbg), theme, "{colorfgbg:?}");
        }
    }

    #[test]
    fn the_mono_theme_uses_no_colours() {
        let roles = [
            StyleRole::Bad,
            StyleRole::Good,
            StyleRole::Focus,
            StyleRole::Struck,
            StyleRole::Badge,
            StyleRole::Selected,
        ];
        for style in roles.map(|role| Theme::Mono.style(role)) {
            assert_eq!((style.fg, style.bg), (None, None));
        }
        assert!(Theme::Mono.style(StyleRole::Struck).add_modifier.contains(Modifier::CROSSED_OUT));
    }
}
