//! The guided tour: a strip below the playground with the text of the step.

use super::chrome::{bordered, draw_rows};
use crate::tui::layout::inner;
use crate::tui::state::app::App;
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{plain, width};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{BorderType, Clear, Widget};

pub(super) fn draw(app: &App, f: &mut Frame<'_>) {
    let Some((tour, step)) = app.tour.as_ref().and_then(|tour| Some((tour, tour.step()?))) else { return };
    let height = tour.height(app.screen.size);
    let area = Rect { x: 0, y: app.screen.size.1.saturating_sub(height), width: app.screen.size.0, height }
        .intersection(f.area());
    if area.is_empty() {
        return;
    }
    Clear.render(area, f.buffer_mut());
    let theme = app.theme();
    let title = format!("tour {} of {} · {}", tour.current + 1, tour.plan.steps.len(), step.title);
    let last = tour.current + 1 == tour.plan.steps.len();
    let note = match (tour.has_keys(), last) {
        (true, _) => "on the simulator · keys are pressed · Esc leaves",
        (false, false) => "on the simulator · Enter continues · Esc leaves",
        (false, true) => "on the simulator · Enter or Esc ends",
    };
    // If both do not fit, the note loses its first part. The hint line shows the keys.
    let long = width(&title) + width(note) + 8 > usize::from(area.width);
    let note = if long { note.split_once(" · ").map_or(note, |(_, rest)| rest) } else { note };
    let (title, note) = ((title.as_str(), theme.style(StyleRole::Title)), (note, theme.style(StyleRole::Key)));
    // A border needs two rows; what is below the screen is cut off.
    let framed = Rect { height: area.height.max(2), ..area };
    let whole = height >= 4 && app.screen.size.1 >= 20;
    if whole {
        bordered(f, framed, (BorderType::Thick, theme.style(StyleRole::Accent)), title, note);
    } else {
        let line = ratatui::text::Line::styled(format!("─ {}", title.0), title.1);
        f.buffer_mut().set_line(area.x, area.y, &line, area.width);
    }
    let room = if whole {
        let room = inner(framed);
        Rect { x: room.x + 1, width: room.width.saturating_sub(2), ..room }
    } else {
        Rect {
            x: area.x + 1,
            y: area.y + 1,
            width: area.width.saturating_sub(2),
            height: area.height.saturating_sub(1),
        }
    };
    let rows = plain(&step.text, theme.style(StyleRole::Text), usize::from(room.width));
    draw_rows(f, room, &rows);
}
