//! The screen's size and what is where on it.

use crate::tui::layout::{Layout, LayoutKind, LayoutRequest, Pane, PaneSizes};
use ratatui::layout::Rect;

/// Size, panes and focus.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Width and height in cells.
    pub size: (u16, u16),
    /// The place of everything.
    pub layout: Layout,
    /// Pane sizes that the user chose.
    pub sizes: PaneSizes,
    /// The pane that gets the keys.
    pub focus: Pane,
    /// Whether that pane is shown alone.
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
