//! A scroll position in a growing text. It is a block and a row in that block, so that the view does not move when a
//! block above grows or folds.

/// The first row of the view, or that the view follows the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    /// The block at the top of the view and the row in it; `None` while the view follows the end.
    anchor: Option<(usize, usize)>,
}

impl Scroll {
    /// Whether the view follows the end.
    pub fn follows_end(self) -> bool {
        self.anchor.is_none()
    }

    /// Follows the end from now on.
    pub fn to_end(&mut self) {
        self.anchor = None;
    }

    /// Moves to the start and stays there.
    pub fn to_top(&mut self) {
        self.anchor = Some((0, 0));
    }

    /// The index, over all blocks, of the first row of a view of `height` rows. `heights` has the rows of each block.
    pub fn top(self, heights: &[usize], height: usize) -> usize {
        let total: usize = heights.iter().sum();
        let last = total.saturating_sub(height);
        match self.anchor {
            None => last,
            Some((block, row)) => {
                let above: usize = heights.iter().take(block).sum();
                let within = heights.get(block).map_or(0, |rows| rows.saturating_sub(1));
                (above + row.min(within)).min(last)
            }
        }
    }

    /// Moves by rows, negative upwards. At the end, the view follows it again.
    pub fn move_by(&mut self, rows: isize, heights: &[usize], height: usize) {
        self.move_to(self.top(heights, height).saturating_add_signed(rows), heights, height);
    }

    /// Moves the top of the view to a row, given by its index over all blocks.
    pub fn move_to(&mut self, top: usize, heights: &[usize], height: usize) {
        let total: usize = heights.iter().sum();
        if top + height >= total {
            self.anchor = None;
            return;
        }
        let mut above = 0;
        for (block, rows) in heights.iter().enumerate() {
            if top < above + rows {
                self.anchor = Some((block, top - above));
                return;
            }
            above += rows;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_follows_the_end_until_it_is_scrolled_and_again_at_the_end() {
        let mut scroll = Scroll::default();
        assert_eq!(scroll.top(&[30], 10), 20);
        scroll.move_by(-5, &[30], 10);
        assert_eq!(scroll.top(&[300], 10), 15, "new text does not move the view");
        scroll.move_by(500, &[300], 10);
        assert!(scroll.follows_end());
    }

    #[test]
    fn a_fold_above_does_not_move_the_view() {
        let mut scroll = Scroll::default();
        scroll.move_to(25, &[20, 40], 10);
        assert_eq!(scroll.top(&[20, 40], 10), 25);
        assert_eq!(scroll.top(&[1, 40], 10), 6, "the same row of the second block");
    }
}
