//! The banner of presenter mode: a filled band above the panes that shows a switch, with the model that takes over in
//! large letters.
//!
//! ```text
//! ████████████████████████████████████████████
//! ███  C L A U D E - 3 - H A I K U   1.90 s ██   letters of three rows where they fit
//! ██  took over after 1.90 s, 0.27 s after … ██
//! ████████████████████████████████████████████
//! ```

use crate::transcript::{Transcript, model_name, seconds};
use crate::tui::state::app::App;
use crate::tui::state::banner::line;
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{clip, width};
use ratatui::Frame;
use ratatui::style::Modifier;
use ratatui::text::Line;

pub(super) fn draw(app: &App, f: &mut Frame<'_>) {
    let area = app.screen.layout.banner;
    let Some(switch) = app.transcript().and_then(Transcript::switch).filter(|_| !area.is_empty()) else { return };
    let role = if switch.waited.is_some() { StyleRole::Accent } else { StyleRole::Bad };
    let style = app.theme().style(role).add_modifier(Modifier::REVERSED | Modifier::BOLD);
    f.buffer_mut().set_style(area, style);
    let room = usize::from(area.width.saturating_sub(4));
    let name = model_name(if switch.waited.is_some() { switch.to } else { switch.from });
    let timed = switch.waited.map(|waited| format!("{name}  {}", seconds(waited)));
    let mut large = timed.iter().map(String::as_str).chain([name]);
    let letters = large.find(|text| cells(text) <= room).filter(|_| area.height >= 5).and_then(letters);
    let mut lines: Vec<String> = letters.into_iter().flatten().collect();
    if lines.len() == 3 && area.height >= 7 {
        lines.push(String::new());
    }
    lines.push(clip(&line(&switch), room));
    let above = area.height.saturating_sub(lines.len() as u16) / 2;
    for (text, y) in lines.iter().zip(area.y + above..area.bottom()) {
        let x = area.x + (area.width.saturating_sub(width(text) as u16)) / 2;
        f.buffer_mut().set_line(x, y, &Line::styled(text.as_str(), style), area.right().saturating_sub(x));
    }
}

/// The width of a text in large letters, in cells.
fn cells(text: &str) -> usize {
    (4 * text.chars().count()).saturating_sub(1)
}

/// A text in large letters as three rows of half blocks; `None` if a character has no picture.
fn letters(text: &str) -> Option<[String; 3]> {
    let pictures: Vec<[&str; 5]> = text.chars().map(picture).collect::<Option<_>>()?;
    let lit = |row: usize, column: usize, picture: &[&str; 5]| {
        picture.get(row).is_some_and(|dots| dots.as_bytes()[column] == b'#')
    };
    Some([0, 2, 4].map(|row| {
        let letter = |picture: &[&str; 5]| -> String {
            let half = |column| match (lit(row, column, picture), lit(row + 1, column, picture)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            };
            (0..3).map(half).collect()
        };
        pictures.iter().map(letter).collect::<Vec<_>>().join(" ")
    }))
}

/// Pictures of the characters in model names and times, three dots by five.
#[rustfmt::skip]
const LETTERS: &[(char, [&str; 5])] = &[
    ('a', [".#.", "#.#", "###", "#.#", "#.#"]), ('b', ["##.", "#.#", "##.", "#.#", "##."]),
    ('c', [".##", "#..", "#..", "#..", ".##"]), ('d', ["##.", "#.#", "#.#", "#.#", "##."]),
    ('e', ["###", "#..", "##.", "#..", "###"]), ('f', ["###", "#..", "##.", "#..", "#.."]),
    ('g', [".##", "#..", "#.#", "#.#", ".##"]), ('h', ["#.#", "#.#", "###", "#.#", "#.#"]),
    ('i', ["###", ".#.", ".#.", ".#.", "###"]), ('j', ["..#", "..#", "..#", "#.#", ".#."]),
    ('k', ["#.#", "#.#", "##.", "#.#", "#.#"]), ('l', ["#..", "#..", "#..", "#..", "###"]),
    ('m', ["#.#", "###", "###", "#.#", "#.#"]), ('n', ["##.", "#.#", "#.#", "#.#", "#.#"]),
    ('o', [".#.", "#.#", "#.#", "#.#", ".#."]), ('p', ["##.", "#.#", "##.", "#..", "#.."]),
    ('q', [".#.", "#.#", "#.#", "##.", ".##"]), ('r', ["##.", "#.#", "##.", "#.#", "#.#"]),
    ('s', [".##", "#..", ".#.", "..#", "##."]), ('t', ["###", ".#.", ".#.", ".#.", ".#."]),
    ('u', ["#.#", "#.#", "#.#", "#.#", "###"]), ('v', ["#.#", "#.#", "#.#", "#.#", ".#."]),
    ('w', ["#.#", "#.#", "###", "###", "#.#"]), ('x', ["#.#", "#.#", ".#.", "#.#", "#.#"]),
    ('y', ["#.#", "#.#", ".#.", ".#.", ".#."]), ('z', ["###", "..#", ".#.", "#..", "###"]),
    ('0', ["###", "#.#", "#.#", "#.#", "###"]), ('1', [".#.", "##.", ".#.", ".#.", "###"]),
    ('2', ["##.", "..#", ".#.", "#..", "###"]), ('3', ["##.", "..#", ".#.", "..#", "##."]),
    ('4', ["#.#", "#.#", "###", "..#", "..#"]), ('5', ["###", "#..", "##.", "..#", "##."]),
    ('6', [".##", "#..", "###", "#.#", "###"]), ('7', ["###", "..#", ".#.", ".#.", ".#."]),
    ('8', ["###", "#.#", "###", "#.#", "###"]), ('9', ["###", "#.#", "###", "..#", "##."]),
    ('-', ["...", "...", "###", "...", "..."]), ('.', ["...", "...", "...", "...", ".#."]),
    (':', ["...", ".#.", "...", ".#.", "..."]), ('/', ["..#", "..#", ".#.", "#..", "#.."]),
    ('_', ["...", "...", "...", "...", "###"]), (' ', ["...", "...", "...", "...", "..."]),
];

fn picture(letter: char) -> Option<[&'static str; 5]> {
    LETTERS.iter().find(|(known, _)| *known == letter.to_ascii_lowercase()).map(|(_, picture)| *picture)
}

#[cfg(test)]
mod tests {
    use super::{LETTERS, cells, letters};

    #[test]
    fn pictures_are_three_dots_wide_and_rows_have_the_computed_width() {
        for (letter, picture) in LETTERS {
            assert!(picture.iter().all(|dots| dots.len() == 3), "{letter}");
        }
        let rows = letters("gpt-4o  0.27 s").expect("all have pictures");
        assert!(rows.iter().all(|row| row.chars().count() == cells("gpt-4o  0.27 s")));
        assert_eq!(letters("模型"), None);
    }
}
