//! The rows that were written to the terminal, and which of them must be written as a whole.
//!
//! Terminals do not agree on the width of a grapheme of several characters (नि, 👩‍👩‍👧, ❤️), nor on that of recent emoji. A
//! terminal that counts fewer cells than this program leaves cells of the last frame in place; one that counts more
//! covers cells that have not changed. So a row that holds such a grapheme, or did in the last frame, is written as a
//! whole when anything in it changes.

use ratatui::buffer::{Cell, CellWidth};
use std::collections::BTreeSet;

/// The cells that the terminal shows, by row.
#[derive(Default)]
pub(super) struct Rows(Vec<Row>);

#[derive(Clone, Default)]
struct Row {
    /// The cells up to the last that was written. Cells below the second half of a wide grapheme are blank.
    cells: Vec<Cell>,
    /// Whether the width of one of its graphemes is uncertain.
    uncertain: bool,
}

/// Cells with their positions, to be written one after another.
type Part = Vec<(u16, u16, Cell)>;

impl Rows {
    /// Stores changed cells. Returns the rows that must be written as a whole.
    pub(super) fn apply(&mut self, changed: &[(u16, u16, &Cell)]) -> BTreeSet<u16> {
        let mut whole = BTreeSet::new();
        for (x, y, cell) in changed {
            let row = self.row(*y);
            row.put(usize::from(*x), cell);
            if row.uncertain || uncertain(cell) {
                row.uncertain = true;
                whole.insert(*y);
            }
        }
        for y in &whole {
            let row = self.row(*y);
            row.uncertain = row.cells.iter().any(uncertain);
        }
        whole
    }

    /// All cells of a row in parts. A grapheme of uncertain width is a part by itself; the part before it has blanks in
    /// its style for the cells that it may leave empty.
    pub(super) fn parts(&self, y: u16) -> Vec<Part> {
        let mut parts = vec![Part::new()];
        let cells = self.0.get(usize::from(y)).map_or(&[][..], |row| &row.cells);
        let mut x = 0;
        while let Some(cell) = cells.get(x) {
            let width = usize::from(cell.cell_width()).max(1);
            let mut put = |x: usize, cell: Cell| parts.last_mut().map(|part| part.push((x as u16, y, cell)));
            if uncertain(cell) {
                let mut blank = cell.clone();
                blank.set_symbol(" ");
                (x..x + width).for_each(|x| _ = put(x, blank.clone()));
                parts.extend([vec![(x as u16, y, cell.clone())], Part::new()]);
            } else {
                put(x, cell.clone());
            }
            x += width;
        }
        parts.retain(|part| !part.is_empty());
        parts
    }

    fn row(&mut self, y: u16) -> &mut Row {
        let y = usize::from(y);
        if self.0.len() <= y {
            self.0.resize_with(y + 1, Row::default);
        }
        &mut self.0[y]
    }
}

impl Row {
    /// Stores a cell, and blanks the cells that its grapheme covers.
    fn put(&mut self, x: usize, cell: &Cell) {
        let end = x + usize::from(cell.cell_width()).max(1);
        if self.cells.len() < end {
            self.cells.resize(end, Cell::EMPTY);
        }
        self.cells[x].clone_from(cell);
        self.cells[x + 1..end].fill(Cell::EMPTY);
    }
}

/// Whether terminals differ in the width of this cell's grapheme: it has several characters, or is a symbol of the blocks
/// to which emoji are still added.
fn uncertain(cell: &Cell) -> bool {
    let symbol = cell.symbol();
    if symbol.len() < 3 {
        return false;
    }
    let mut characters = symbol.chars();
    let first = characters.next();
    characters.next().is_some() || first.is_some_and(|c| ('\u{1f000}'..'\u{20000}').contains(&c))
}
