//! The pane of the gateway's requests, the newest first, in the place of the prompt.
//!
//! ```text
//! ┌ traffic · http://127.0.0.1:4141/v1 ─────────── 1 in progress · 128 requests · follows the newest ┐
//! │ status        UTC       client        asked        answering       tries   first    took   cost  │
//! │ … in progress 12:00:02  OpenAI/Pyt…   gpt-4o-mini  claude-3-haiku      2           0.3 s         │
//! │ ⇄ answered    12:00:01  OpenAI/Pyt…   gpt-4o-mini  claude-3-haiku      2  0.41 s   0.9 s  $0.0002 │
//! │ › What is the capital of France?                                         the selected one's text │
//! └──────────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```

use super::chrome::{draw_rows, frame, hidden, window};
use crate::text::counted;
use crate::transcript::{Spend, TrafficRow, TrafficStatus, model_name, seconds};
use crate::tui::keymap::Action;
use crate::tui::keymap::action::TrafficAction;
use crate::tui::layout::Pane;
use crate::tui::state::app::App;
use crate::tui::theme::StyleRole;
use crate::tui::wrap::{clip, plain, width};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::time::Duration;

pub(super) fn draw(app: &App, now: Duration, f: &mut Frame<'_>) {
    let (Some(address), false) = (app.traffic.address(), app.screen.layout.traffic.is_empty()) else { return };
    let traffic = &app.traffic;
    let key = app.keymap.key(Action::Traffic(TrafficAction::Follow));
    let follow = if traffic.follows() { "follows the newest".to_owned() } else { format!("{key} follows the newest") };
    let room = app.text_area(Pane::Traffic);
    let theme = app.theme();
    let columns = Columns::that_fit(room.width.into());
    let head = Rect { height: u16::from(room.height > 3 && !traffic.is_empty()), ..room };
    if !head.is_empty() {
        let line = columns.line(|column| column.title().to_owned());
        f.buffer_mut().set_line(head.x, head.y, &Line::styled(line, theme.style(StyleRole::Heading)), head.width);
    }
    let message = traffic.message.as_deref().filter(|text| !text.is_empty() && room.height > 2);
    let foot = u16::from(message.is_some());
    let rows = Rect { y: room.y + head.height, height: room.height.saturating_sub(head.height + foot), ..room };
    let selected = traffic.selected_line();
    let shown = window(selected, traffic.len(), rows.height);
    let parts = [
        hidden(shown.start, traffic.len() - shown.end),
        format!("{} in progress", traffic.in_progress),
        counted(traffic.len(), "request"),
        follow,
    ];
    let note = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    frame(app, f, Pane::Traffic, &format!("traffic · http://{address}/v1"), &note);
    if traffic.is_empty() {
        introduce(app, address, room, f);
    }
    for (line, y) in shown.zip(rows.y..) {
        let Some(row) = traffic.row(line) else { continue };
        let text = match &row.reason {
            Some(reason) => columns.line_with_reason(|column| column.text(row, row.took), reason),
            None => columns.line(|column| column.text(row, traffic.took(row, now))),
        };
        let status = text.char_indices().nth(1).map_or(0, |(end, _)| end);
        let (glyph, rest) = text.split_at(status);
        let text_role = if row.status == TrafficStatus::Left { StyleRole::Dim } else { StyleRole::Text };
        let spans = vec![
            Span::styled(glyph.to_owned(), theme.style(role(row))),
            Span::styled(rest.to_owned(), theme.style(text_role)),
        ];
        f.buffer_mut().set_line(rows.x, y, &Line::from(spans), rows.width);
        if line == selected {
            f.buffer_mut().set_style(Rect { y, height: 1, ..rows }, theme.style(StyleRole::Selected));
        }
    }
    if let Some(message) = message {
        let text = format!("› {}", clip(message, usize::from(room.width.saturating_sub(2))));
        let line = Line::styled(text, theme.style(StyleRole::Dim));
        f.buffer_mut().set_line(room.x, room.bottom() - 1, &line, room.width);
    }
}

/// How a program gets here, until one has come.
fn introduce(app: &App, address: &str, room: Rect, f: &mut Frame<'_>) {
    let theme = app.theme();
    let (text, code) = (theme.style(StyleRole::Text), theme.style(StyleRole::Key));
    let cells = usize::from(room.width);
    let how = "No request yet. Start a program with these variables, or write the address into it. Any API key will do, unless a token is set:";
    let mut rows = plain(how, text, cells);
    let variables = format!("OPENAI_BASE_URL=http://{address}/v1 OPENAI_API_KEY=unused");
    let lm = format!(
        "dspy.LM(\"openai/openai/gpt-4o-mini\", api_base=\"http://{address}/v1\", api_key=\"unused\", model_type=\"chat\")"
    );
    rows.extend([variables, lm].iter().flat_map(|line| plain(line, code, cells)));
    draw_rows(f, room, &rows);
}

fn role(row: &TrafficRow) -> StyleRole {
    match row.status {
        TrafficStatus::InProgress => StyleRole::Key,
        TrafficStatus::Answered if row.switched() => StyleRole::Accent,
        TrafficStatus::Answered => StyleRole::Good,
        TrafficStatus::Failed => StyleRole::Bad,
        TrafficStatus::Left => StyleRole::Dim,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    /// A symbol, and a word if there is room.
    Status,
    Time,
    Client,
    Asked,
    Answering,
    Tries,
    First,
    Took,
    Cost,
}

impl Column {
    const ALL: [Self; 9] = [
        Self::Status,
        Self::Time,
        Self::Client,
        Self::Asked,
        Self::Answering,
        Self::Tries,
        Self::First,
        Self::Took,
        Self::Cost,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Time => "UTC",
            Self::Client => "client",
            Self::Asked => "asked",
            Self::Answering => "answering",
            Self::Tries => "tries",
            Self::First => "first",
            Self::Took => "took",
            Self::Cost => "cost",
        }
    }

    /// The least cells that it needs. What is left is divided among those of [`grows`](Self::grows).
    fn cells(self) -> usize {
        match self {
            Self::Status => 13,
            Self::Time => 8,
            Self::Client => 10,
            Self::Asked | Self::Answering => 14,
            Self::Tries => 5,
            Self::First | Self::Took => 7,
            Self::Cost => 9,
        }
    }

    fn grows(self) -> bool {
        matches!(self, Self::Client | Self::Asked | Self::Answering)
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Tries | Self::First | Self::Took | Self::Cost)
    }

    fn text(self, row: &TrafficRow, took: Duration) -> String {
        let has_ended = row.status != TrafficStatus::InProgress;
        match self {
            Self::Status => match row.status {
                TrafficStatus::InProgress => "… in progress",
                TrafficStatus::Answered if row.switched() => "⇄ answered",
                TrafficStatus::Answered => "✓ answered",
                TrafficStatus::Failed if row.is_refused() => "✗ refused",
                TrafficStatus::Failed => "✗ failed",
                TrafficStatus::Left => "– client left",
            }
            .to_owned(),
            Self::Time => row.time(),
            Self::Client => if row.client.is_empty() { "unknown" } else { &row.client }.to_owned(),
            Self::Asked if row.asked.is_empty() => "–".to_owned(),
            Self::Asked => model_name(&row.asked).to_owned(),
            Self::Answering => row.model.as_deref().map_or("–", model_name).to_owned(),
            Self::Tries => row.attempts.to_string(),
            Self::First => row.first_token.map_or_else(|| "–".to_owned(), seconds),
            Self::Took => seconds(took),
            Self::Cost if has_ended => cost(row.spend),
            Self::Cost => String::new(),
        }
    }
}

/// A cost in two digits; `≥` if a part of it is unknown.
fn cost(spend: Spend) -> String {
    let Spend { known, unknown } = spend;
    if unknown > 0 && known <= 0.0 {
        return "unknown".to_owned();
    }
    let least = if unknown > 0 { "≥" } else { "" };
    if known <= 0.0 {
        return "$0".to_owned();
    }
    let digits = (1.0 - known.log10().floor()).clamp(2.0, 6.0) as usize;
    format!("{least}${known:.digits$}")
}

/// The columns that fit, each with its width.
struct Columns(Vec<(Column, usize)>);

/// Cells between two columns.
const GAP: usize = 2;

impl Columns {
    /// The columns for a list of this width. On a narrow screen cost, client, first token and time go first; then the
    /// status is only a symbol, and the number of attempts and the duration go.
    fn that_fit(cells: usize) -> Self {
        let needed = |columns: &[(Column, usize)]| {
            columns.iter().map(|(_, cells)| cells).sum::<usize>() + GAP * columns.len().saturating_sub(1)
        };
        let mut columns: Vec<(Column, usize)> = Column::ALL.into_iter().map(|it| (it, it.cells())).collect();
        let steps =
            [Column::Cost, Column::Client, Column::First, Column::Time, Column::Status, Column::Tries, Column::Took];
        for step in steps {
            if needed(&columns) <= cells {
                break;
            }
            match step {
                Column::Status => columns[0].1 = 1,
                other => columns.retain(|(column, _)| *column != other),
            }
        }
        let spare = cells.saturating_sub(needed(&columns));
        let growing = columns.iter().filter(|(column, _)| column.grows()).count().max(1);
        for (place, (_, cells)) in columns.iter_mut().filter(|(column, _)| column.grows()).enumerate() {
            *cells += spare / growing + usize::from(place < spare % growing);
        }
        Self(columns)
    }

    /// A line with this text in the place of the columns from "answering" on.
    fn line_with_reason(&self, text: impl Fn(Column) -> String, reason: &str) -> String {
        let (before, rest) = self.0.split_at(self.0.iter().take_while(|(it, _)| *it != Column::Answering).count());
        let cells = rest.iter().map(|(_, cells)| cells + GAP).sum::<usize>().saturating_sub(GAP);
        format!("{}{}{}", Self(before.to_vec()).line(text), " ".repeat(GAP), clip(reason, cells))
    }

    /// A line with the text of each column.
    fn line(&self, text: impl Fn(Column) -> String) -> String {
        let mut line = String::new();
        for (column, cells) in &self.0 {
            if !line.is_empty() {
                line.push_str(&" ".repeat(GAP));
            }
            let text = text(*column);
            // A status without its word; its title has no symbol.
            let symbol = |text: &str| text.chars().next().filter(|c| !c.is_ascii()).unwrap_or(' ').to_string();
            let text = if *cells == 1 { symbol(&text) } else { clip(&text, *cells) };
            let fill = " ".repeat(cells.saturating_sub(width(&text)));
            line.push_str(&if column.is_number() { fill + &text } else { text + &fill });
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_has_two_digits() {
        let text = |known, unknown| cost(Spend { known, unknown });
        assert_eq!(text(0.000_174_4, 0), "$0.00017");
        assert_eq!(text(0.000_174_4, 1), "≥$0.00017");
        assert_eq!(text(0.0, 1), "unknown");
        assert_eq!([text(0.0, 0), text(12.345, 0), text(0.05, 0)], ["$0", "$12.35", "$0.050"].map(str::to_owned));
    }

    #[test]
    fn the_least_important_columns_go_first() {
        let names = |cells| {
            let columns = Columns::that_fit(cells).0;
            columns.into_iter().map(|(column, _)| column.title()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(118), "status UTC client asked answering tries first took cost");
        assert_eq!(names(78), "status UTC asked answering tries took");
        assert_eq!(names(58), "status asked answering tries took");
        assert_eq!(names(38), "status asked answering");
        for cells in 38..240 {
            assert_eq!(width(&Columns::that_fit(cells).line(|column| column.title().to_owned())), cells);
        }
    }
}
