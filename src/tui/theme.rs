//! What things look like, by what they mean. Sixteen ANSI colours only, so that the
//! terminal's own scheme decides the shades; no role is told by colour alone.

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
    /// Blue against yellow: safe for every common kind of colour blindness.
    Safe,
    /// Strong contrast for a projector.
    Projector,
    /// No colours, only bold, dim, underline and reverse (`NO_COLOR`).
    Mono,
}

/// What a piece of the screen means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StyleRole {
    /// Ordinary text.
    Text,
    /// Less important.
    Dim,
    /// A resting border.
    Border,
    /// The border of the pane that has the keys.
    Focus,
    /// A pane's title.
    Title,
    /// It worked.
    Good,
    /// It failed.
    Bad,
    /// Look here.
    Warn,
    /// It is going on.
    Live,
    /// The model that answers, and the switch.
    Accent,
    /// What the model thinks.
    Reasoning,
    /// Text that no longer counts.
    Struck,
    /// The chosen line.
    Selected,
    /// A key to press.
    Key,
    /// The simulator's badge.
    Badge,
    /// A heading in Markdown, or a field's name.
    Heading,
    /// Code.
    Code,
    /// A keyword in code.
    Keyword,
    /// A string in code.
    Literal,
    /// A number in code, or a typed value.
    Number,
    /// A comment in code.
    Comment,
    /// A link.
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
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 5] = [
        ("dark", Self::Dark),
        ("light", Self::Light),
        ("safe", Self::Safe),
        ("mono", Self::Mono),
        ("projector", Self::Projector),
    ];

    /// By name, as in the configuration.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(n, _)| *n == name).map(|(_, theme)| *theme)
    }

    /// What suits the background that a terminal tells in `COLORFGBG` (`15;0`, `0;default;15`);
    /// dark where it does not.
    pub fn for_colorfgbg(colorfgbg: &str) -> Self {
        match colorfgbg.rsplit(';').next().map(str::parse::<u8>) {
            Some(Ok(7 | 9..=15)) => Self::Light,
            _ => Self::Dark,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, theme)| *theme == self).map_or("dark", |(name, _)| name)
    }

    /// The next one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|(_, theme)| *theme == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()].1
    }

    /// What a role looks like.
    pub fn style(self, role: StyleRole) -> Style {
        let shape = Style::new().add_modifier(shape(role));
        match self.colour(role) {
            _ if self == Self::Mono => shape.add_modifier(mono_shape(role)),
            Some(colour) if role == StyleRole::Badge => shape.fg(Color::Black).bg(colour),
            Some(colour) => shape.fg(colour),
            None => shape,
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

/// What holds in every theme.
fn shape(role: StyleRole) -> Modifier {
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

/// What stands in for colour where there is none.
fn mono_shape(role: StyleRole) -> Modifier {
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
    fn the_background_chooses_between_light_and_dark() {
        for (told, theme) in
            [("15;0", Theme::Dark), ("0;15", Theme::Light), ("0;default;7", Theme::Light), ("", Theme::Dark)]
        {
            assert_eq!(Theme::for_colorfgbg(told), theme, "{told:?}");
        }
    }

    #[test]
    fn without_colour_nothing_is_coloured() {
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
