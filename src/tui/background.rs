//! The terminal's background colour, requested once with OSC 11. The program never waits for the reply.

use super::theme::Theme;

/// The query, OSC 11.
pub const QUERY: &str = "\x1b]11;?\x1b\\";

/// The theme for a colour such as `rgb:ffff/ffff/ffff`, where each part has one to four hexadecimal digits.
pub(super) fn theme_for(colour: &str) -> Option<Theme> {
    let mut parts = colour.strip_prefix("rgb:")?.split('/').map(|part| {
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

    #[test]
    fn a_colour_has_a_theme_and_nonsense_has_none() {
        for (colour, theme) in [
            ("rgb:ffff/ffff/ffff", Some(Theme::Light)),
            ("rgb:1e1e/1e1e/2e2e", Some(Theme::Dark)),
            ("rgb:f/f/0", Some(Theme::Light)),
            ("rgb:what/is/this", None),
            ("rgb:0/0", None),
            ("?", None),
        ] {
            assert_eq!(theme_for(colour), theme, "{colour}");
        }
    }
}
