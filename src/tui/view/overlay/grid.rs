//! The grid of a file of cases.
//!
//! ```text
//! ┏ cases.jsonl ━━━━━━━━━━━━━━━━━━ 12 of 40 · $0.0012 · order: file ┓
//! ┃ 20 cases              gpt-4o-mini › claude-…  claude-3-haiku    ┃  the variants
//! ┃ ██████░░░░░░░░ 30 %   0.83 · 6/6 valid        0.50 · 6/6 valid  ┃  the sums of their columns
//! ┃                       1 failover · $0.0004    $0.0008           ┃
//! ┃ 1  What is 1 + 1?     ✓ 1.00 gpt-4o-mini      ✗ 0.00 claude-…   ┃  a case in each row
//! ┃ 2  What is 2 + 2?     ✓ 1.00 ⇄ claude-3-ha…   ·                 ┃
//! ┃ expected: 2 · 0.82 s · 1 attempt · $0.0001                      ┃  the selected cell
//! ```

use crate::eval::{CellResult, Variant};
use crate::failover::Cost;
use crate::text::counted;
use crate::transcript::{model_name, seconds, usd};
use crate::tui::keymap::Action;
use crate::tui::keymap::action::GridAction;
use crate::tui::state::app::App;
use crate::tui::state::grid::{Asking, Grid, expected_line};
use crate::tui::theme::{StyleRole, Theme};
use crate::tui::view::chrome::{footer, mark, open, window};
use crate::tui::wrap::{clip, clip_line};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::ops::Range;

/// Rows of the head.
const HEAD: u16 = 3;
/// Smallest width of a column and the gap before it, in cells.
const COLUMN: u16 = 22;
const GAP: u16 = 2;

/// Where the columns are.
struct Columns {
    /// Cells of the cases.
    cases: u16,
    /// Cells of a column.
    width: u16,
    /// The columns that are shown.
    shown: Range<usize>,
}

impl Columns {
    fn of(grid: &Grid, room: Rect) -> Self {
        let all = grid.variants().len();
        let least = (room.width / 3).clamp(16, 44).min(room.width);
        let fit = usize::from((room.width - least) / (COLUMN + GAP)).clamp(1, all.max(1));
        let shown = window(grid.selected.1, all, fit as u16);
        let width = ((room.width - least) / fit as u16).saturating_sub(GAP).min(room.width / 2);
        let cases = room.width.saturating_sub(fit as u16 * (width + GAP));
        Self { cases, width, shown }
    }

    /// The places of the shown columns in a row.
    fn places(&self, row: Rect) -> impl Iterator<Item = (usize, Rect)> {
        let (from, width) = (row.x + self.cases + GAP, self.width);
        self.shown.clone().zip(0_u16..).map(move |(column, at)| {
            let place = Rect { x: from + at * (width + GAP), y: row.y, width, height: 1 };
            (column, place.intersection(row))
        })
    }
}

pub(super) fn draw(app: &App, f: &mut Frame<'_>) {
    let Some(grid) = &app.grid else { return };
    let room = open(app, f, &title(grid, app.screen.size.0), &note(grid), u16::MAX, u16::MAX);
    if room.width < 20 || room.height < HEAD + 2 {
        return;
    }
    let columns = Columns::of(grid, room);
    head(app, grid, &columns, room, f);
    footer(app, f, room, 1, &about_selected(app, grid, usize::from(room.width)));
    let below = Rect { y: room.y + HEAD, height: room.height - HEAD - 1, ..room };
    let rows = window(grid.selected.0, grid.rows(), below.height);
    for (row, y) in rows.clone().zip(below.y..below.bottom()) {
        let place = Rect { y, height: 1, ..below };
        // How many rows are hidden stands in the column of the cases.
        let left = mark(app, f, Rect { width: columns.cases, ..place }, row, &rows, grid.rows());
        let is_selected = row == grid.selected.0;
        let role = if is_selected { StyleRole::Title } else { StyleRole::Text };
        let cells = usize::from(left.width);
        let case = grid.case_line(row, cells).map(|case| clip(&case, cells)).unwrap_or_default();
        f.buffer_mut().set_line(left.x, y, &Line::styled(case, app.theme().style(role)), left.width);
        for (column, place) in columns.places(place) {
            let line = match grid.cell(row, column) {
                Some(cell) => cell_line(cell, &grid.variants()[column], app.theme()),
                None => Line::styled("·", app.theme().style(StyleRole::Dim)),
            };
            f.buffer_mut().set_line(place.x, y, &clip_line(line, place.width.into()), place.width);
            if is_selected && column == grid.selected.1 {
                f.buffer_mut().set_style(place, app.theme().style(StyleRole::Selected));
            }
        }
    }
}

/// The file's name, and which columns are shown if not all are.
fn title(grid: &Grid, cells: u16) -> String {
    let name = grid.path.file_name().map(|name| crate::text::clean_line(&name.to_string_lossy(), 60));
    let name = name.unwrap_or_else(|| "cases".to_owned());
    let all = grid.variants().len();
    let columns = Columns::of(grid, Rect { width: cells.saturating_sub(4), ..Rect::default() });
    if columns.shown.len() == all {
        return name;
    }
    match (columns.shown.start + 1, columns.shown.end) {
        (from, to) if from == to => format!("{name} · variant {from} of {all}, ← →"),
        (from, to) => format!("{name} · variants {from}–{to} of {all}, ← →"),
    }
}

fn note(grid: &Grid) -> String {
    let asked = format!("{} of {}", grid.finished(), grid.cells());
    let asked = match grid.asking {
        Asking::No => asked,
        Asking::Yes => format!("● {asked}"),
        Asking::Cancelled => format!("{asked}, cancelling"),
    };
    format!("{asked} · {:#} · order: {}", grid.spend(), grid.order.name())
}

/// The variants and the sums of their columns, and how far it is.
fn head(app: &App, grid: &Grid, columns: &Columns, room: Rect, f: &mut Frame<'_>) {
    let theme = app.theme();
    let row = |at: u16| Rect { y: room.y + at, height: 1, ..room };
    let left =
        [Line::styled(counted(grid.rows(), "case"), theme.style(StyleRole::Dim)), bar(grid, columns.cases, theme)];
    for (line, at) in left.iter().zip(0..) {
        f.buffer_mut().set_line(room.x, row(at).y, line, columns.cases);
    }
    for at in 0..HEAD {
        for (column, place) in columns.places(row(at)) {
            let sum = &grid.sums()[column];
            let (text, role) = match at {
                0 => (grid.variants()[column].name.clone(), StyleRole::Title),
                1 => match sum.mean() {
                    Some(mean) => (format!("{mean:.2} · {}/{} valid", sum.valid, sum.finished), StyleRole::Text),
                    None => ("not asked".to_owned(), StyleRole::Dim),
                },
                _ if sum.finished == 0 => continue,
                _ => {
                    let failovers = (sum.failovers > 0).then(|| counted(sum.failovers, "failover"));
                    let parts: Vec<String> = failovers.into_iter().chain([format!("{:#}", sum.spend)]).collect();
                    (parts.join(" · "), StyleRole::Dim)
                }
            };
            let line = Line::styled(clip(&text, place.width.into()), theme.style(role));
            f.buffer_mut().set_line(place.x, place.y, &line, place.width);
        }
    }
}

/// How many cells are finished, as a bar.
fn bar(grid: &Grid, cells: u16, theme: Theme) -> Line<'static> {
    let all = grid.cells().max(1);
    let percent = format!(" {:>3} %", grid.finished() * 100 / all);
    let length = usize::from(cells).saturating_sub(percent.len()).min(30);
    let full = grid.finished() * length / all;
    let role = if grid.asking == Asking::No { StyleRole::Dim } else { StyleRole::Live };
    Line::from(vec![
        Span::styled("█".repeat(full), theme.style(role)),
        Span::styled("░".repeat(length - full), theme.style(StyleRole::Border)),
        Span::styled(percent, theme.style(StyleRole::Dim)),
    ])
}

/// The score, and who answered.
fn cell_line(cell: &CellResult, variant: &Variant, theme: Theme) -> Line<'static> {
    let (glyph, role) = match cell.score {
        _ if !cell.valid => ("✗", StyleRole::Bad),
        score if score >= 1.0 => ("✓", StyleRole::Good),
        score if score > 0.0 => ("≈", StyleRole::Warn),
        _ => ("✗", StyleRole::Bad),
    };
    let (who, colour) = match &cell.model {
        None => ("no answer".to_owned(), StyleRole::Bad),
        Some(model) if cell.is_of_fallback(variant) => (format!("⇄ {}", model_name(model)), StyleRole::Accent),
        Some(model) => (model_name(model).to_owned(), StyleRole::Dim),
    };
    Line::from(vec![
        Span::styled(format!("{glyph} {:.2} ", cell.score), theme.style(role)),
        Span::styled(who, theme.style(colour)),
    ])
}

/// The selected cell; before anything was asked, what asking costs at most.
fn about_selected(app: &App, grid: &Grid, cells: usize) -> String {
    let key = |action| app.keymap.key(Action::Grid(action));
    if grid.finished() == 0 && grid.asking == Asking::No {
        let cost = match grid.worst {
            _ if app.server.simulated => "simulated models".to_owned(),
            Some(worst) => format!("at most {}", usd(Cost::Known(worst))),
            None => "the highest cost is not known".to_owned(),
        };
        let once = if grid.repeat > 1 { "; each once, whatever eval.repeat says" } else { "" };
        return format!("{} asks all {}: {cost}{once}", key(GridAction::Open), grid.cells());
    }
    let expected = grid.case(grid.selected.0).map(|case| expected_line(case, cells)).unwrap_or_default();
    let expected = if expected.is_empty() { "nothing expected".to_owned() } else { format!("expected: {expected}") };
    let Some(cell) = grid.selected_cell() else { return expected };
    let numbers =
        format!("{} · {} · {:#} · ", seconds(cell.took), counted(cell.attempts as usize, "attempt"), cell.cost);
    clip(&format!("{numbers}{expected}"), cells)
}
