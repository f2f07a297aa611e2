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
    /// Whether the gateway's requests have the place of the prompt: the one of the two that was focused last has it.
    pub traffic: bool,
}

impl Screen {
    /// A screen without a size yet, with the focus on the prompt.
    pub fn new(sizes: PaneSizes) -> Self {
        let layout = Layout::of(Rect::ZERO, LayoutRequest::default());
        Self { size: (0, 0), layout, sizes, focus: Pane::Prompt, full: false, traffic: false }
    }

    /// Moves the focus to a pane.
    pub fn focus_on(&mut self, pane: Pane) {
        self.focus = pane;
        self.traffic = match pane {
            Pane::Traffic => true,
            Pane::Prompt => false,
            Pane::Signatures | Pane::Answer | Pane::Log => self.traffic,
        };
        self.full &= self.layout.kind != LayoutKind::Narrow;
    }
}
