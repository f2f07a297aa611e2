//! The size of the screen, its layout and its focus.

use crate::tui::layout::{Layout, LayoutKind, LayoutRequest, Pane, PaneSizes};
use ratatui::layout::Rect;

/// Size, layout and focus.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Width and height in cells.
    pub size: (u16, u16),
    /// The area of each pane and line.
    pub layout: Layout,
    /// Pane sizes that the user chose.
    pub sizes: PaneSizes,
    /// The focused pane.
    pub focus: Pane,
    /// Whether only the focused pane is shown.
    pub full: bool,
}

impl Screen {
    /// A screen without a size yet, with the focus on the prompt.
    pub fn new(sizes: PaneSizes) -> Self {
        let layout = Layout::of(Rect::ZERO, LayoutRequest::default());
        Self { size: (0, 0), layout, sizes, focus: Pane::Prompt, full: false }
    }

    /// Moves the focus to a pane.
    pub fn focus_on(&mut self, pane: Pane) {
        self.focus = pane;
        self.full &= self.layout.kind != LayoutKind::Narrow;
    }
}
