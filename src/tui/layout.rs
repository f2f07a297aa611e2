//! The areas of panes and lines, by the size of the screen.
//!
//! ```text
//!  120 and more                        80–119                     60–79 and less
//! ┌──────────── badge ────────────┐  ┌────── badge ──────┐  ┌────── badge ──────┐
//! │ signa- │             │  log   │  │      answer       │  │ 1 prompt  2 …tabs │
//! │ tures  │   answer    │        │  ├───────────────────┤  │                   │
//! │ 28–32  │             │ 36–42  │  │   log, 4–6 rows   │  │     one pane      │
//! │        ├─────────────┤        │  ├───────────────────┤  │                   │
//! │        │   prompt    │        │  │      prompt       │  │                   │
//! ├────────┴── status ───┴────────┤  ├───── status ──────┤  ├───── status ──────┤
//! └──────────── hints ────────────┘  └────── hints ──────┘  └────── hints ──────┘
//! ```
//!
//! The gateway's requests, while they are shown, are in the place of the prompt: over the whole width, and with a third
//! of the height.

use ratatui::layout::Rect;

/// A pane of the playground.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pane {
    /// The input fields.
    Prompt,
    /// The list of signatures.
    Signatures,
    /// The reasoning and the answer.
    Answer,
    /// The failover log.
    Log,
    /// The gateway's requests, if there is a gateway.
    Traffic,
}

impl Pane {
    /// All panes in the order of Tab and of their numbers.
    pub const ALL: [Self; 5] = [Self::Prompt, Self::Signatures, Self::Answer, Self::Log, Self::Traffic];

    /// The name on the screen.
    pub fn title(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Signatures => "signatures",
            Self::Answer => "answer",
            Self::Log => "log",
            Self::Traffic => "traffic",
        }
    }
}

/// Sizes of panes that the user can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaneSizes {
    /// Width of the signatures in cells, in the wide layout.
    pub left: u16,
    /// Width of the log in cells, in the wide layout.
    pub right: u16,
    /// Height of the log in rows, in the middle layout.
    pub strip: u16,
}

impl Default for PaneSizes {
    fn default() -> Self {
        Self { left: 30, right: 40, strip: 6 }
    }
}

impl PaneSizes {
    /// The sizes clamped to their bounds, so that every pane stays usable.
    #[must_use]
    pub fn within_bounds(self) -> Self {
        Self { left: self.left.clamp(16, 60), right: self.right.clamp(24, 80), strip: self.strip.clamp(3, 14) }
    }

    /// The sizes on a larger screen than the usual one: the log grows with it. Sizes are those on 120 columns and 24 rows.
    fn scaled(self, screen: Rect) -> Self {
        let grown = |size: u16, cells: u16, usual: u16| {
            u16::try_from(u32::from(size) * u32::from(cells.max(usual)) / u32::from(usual)).unwrap_or(u16::MAX)
        };
        let right = grown(self.right, screen.width, 120).min(READING_WIDTH);
        Self { right: right.max(self.right), strip: grown(self.strip, screen.height, 24), ..self }
    }

    /// The sizes after a pane became larger by `by` rows and `2 * by` columns, or smaller if `by` is negative.
    #[must_use]
    pub fn resized(mut self, pane: Pane, by: i16) -> Self {
        let (left, right, strip) = match pane {
            Pane::Signatures => (2 * by, 0, 0),
            Pane::Log => (0, 2 * by, by),
            Pane::Answer | Pane::Prompt | Pane::Traffic => (-by, -by, -by),
        };
        self.left = self.left.saturating_add_signed(left);
        self.right = self.right.saturating_add_signed(right);
        self.strip = self.strip.saturating_add_signed(strip);
        self.within_bounds()
    }
}

/// The arrangement of the panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutKind {
    /// Three columns.
    Wide,
    /// Answer, log and prompt below each other; the signatures open as a picker over them.
    Middle,
    /// One pane at a time, with tabs.
    Narrow,
    /// Too small for any pane.
    Tiny,
}

impl LayoutKind {
    /// The arrangement on a screen of this size in cells.
    pub fn of(width: u16, height: u16) -> Self {
        match (width, height) {
            _ if width < SMALLEST.0 || height < SMALLEST.1 => Self::Tiny,
            (120.., _) => Self::Wide,
            (80.., SMALLEST_MIDDLE..) => Self::Middle,
            _ => Self::Narrow,
        }
    }
}

/// What the layout depends on besides the size of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayoutRequest {
    /// The focused pane.
    pub focus: Pane,
    /// Whether only the focused pane is shown.
    pub full: bool,
    /// Whether the gateway's requests have the place of the prompt.
    pub traffic: bool,
    /// Rows that the prompt needs, its border included.
    pub prompt_rows: u16,
    /// Pane sizes that the user chose.
    pub sizes: PaneSizes,
    /// Presenter mode: a larger log; the signatures open as a picker.
    pub presenter: bool,
    /// Rows of the banner that shows a switch to another model; 0 for none.
    pub banner: u16,
}

impl Default for LayoutRequest {
    fn default() -> Self {
        let sizes = PaneSizes::default();
        Self { focus: Pane::Prompt, full: false, traffic: false, prompt_rows: 3, sizes, presenter: false, banner: 0 }
    }
}

/// The area of each pane and line. The area of a pane that is not shown is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The arrangement of the panes.
    pub kind: LayoutKind,
    /// The top line.
    pub top: Rect,
    /// The line of tabs, in the narrow layout.
    pub tabs: Rect,
    /// The banner that shows a switch, in presenter mode.
    pub banner: Rect,
    /// The input fields.
    pub prompt: Rect,
    /// The list of signatures.
    pub signatures: Rect,
    /// The reasoning and the answer.
    pub answer: Rect,
    /// The failover log.
    pub log: Rect,
    /// The gateway's requests.
    pub traffic: Rect,
    /// The status line.
    pub status: Rect,
    /// The hint line.
    pub hints: Rect,
    /// Everything between the top line and the status line. Overlays are drawn in it.
    pub body: Rect,
}

/// Smallest height of a screen with answer, log and prompt above each other. On a lower one they are tabs.
const SMALLEST_MIDDLE: u16 = 18;
/// Most cells of a line of an answer's text: longer lines are hard to read.
pub const READING_WIDTH: u16 = 100;
/// Smallest width and height of a screen with panes.
pub const SMALLEST: (u16, u16) = (40, 12);

impl Layout {
    /// Computes the layout of a screen.
    pub fn of(screen: Rect, request: LayoutRequest) -> Self {
        let LayoutRequest { focus, full, traffic, prompt_rows, sizes, presenter, banner } = request;
        let none = Rect::ZERO;
        let row = |y: u16| Rect { x: screen.x, y, width: screen.width, height: 1 };
        let mut layout = Self {
            kind: LayoutKind::Tiny,
            top: none,
            tabs: none,
            banner: none,
            prompt: none,
            signatures: none,
            answer: none,
            log: none,
            traffic: none,
            status: none,
            hints: none,
            body: screen,
        };
        layout.kind = LayoutKind::of(screen.width, screen.height);
        if layout.kind == LayoutKind::Tiny {
            return layout;
        }
        layout.top = row(screen.y);
        layout.hints = row(screen.bottom() - 1);
        layout.status = row(screen.bottom() - 2);
        layout.body = Rect { y: screen.y + 1, height: screen.height - 3, ..screen };
        let sizes = sizes.scaled(screen);
        let banner = banner.min(layout.body.height.saturating_sub(9));
        layout.banner = Rect { height: banner, ..layout.body };
        let body = Rect { y: layout.body.y + banner, height: layout.body.height - banner, ..layout.body };
        let third = (body.height / 3).max(3);
        let prompt_rows = if traffic { third } else { prompt_rows.clamp(3, third) };
        let wide = matches!(layout.kind, LayoutKind::Wide) && traffic && !full;
        let (body, bottom) = if wide { split(body, third) } else { (body, none) };
        let prompt_rows = if wide { 0 } else { prompt_rows };
        match layout.kind {
            _ if full => *layout.pane_mut(focus) = body,
            LayoutKind::Wide if presenter => {
                let right = sizes.right.max(body.width * 9 / 20).min(body.width / 2);
                layout.log = Rect { x: body.right() - right, width: right, ..body };
                let left = Rect { width: body.width - right, ..body };
                (layout.answer, layout.prompt) = split(left, prompt_rows);
                layout.signatures = picker(body, focus);
            }
            LayoutKind::Wide => {
                let left = sizes.left.min(body.width / 3);
                let right = sizes.right.min(body.width / 2 - 10);
                let centre = body.width - left - right;
                layout.signatures = Rect { width: left, ..body };
                layout.log = Rect { x: body.right() - right, width: right, ..body };
                let centre = Rect { x: body.x + left, width: centre, ..body };
                (layout.answer, layout.prompt) = split(centre, prompt_rows);
            }
            LayoutKind::Middle => {
                let (upper, prompt) = split(body, prompt_rows);
                layout.prompt = prompt;
                let half = (upper.height / 2).max(3).min(upper.height.saturating_sub(3));
                let strip = if presenter { half } else { sizes.strip.min(half) };
                (layout.answer, layout.log) = split(upper, strip);
                layout.signatures = picker(body, focus);
            }
            LayoutKind::Narrow | LayoutKind::Tiny => {
                layout.tabs = Rect { height: 1, ..body };
                *layout.pane_mut(focus) = Rect { y: body.y + 1, height: body.height - 1, ..body };
            }
        }
        if traffic && !full && layout.kind != LayoutKind::Narrow {
            layout.traffic = if wide { bottom } else { layout.prompt };
            layout.prompt = none;
        }
        layout
    }

    /// The area of a pane.
    pub fn pane(&self, pane: Pane) -> Rect {
        match pane {
            Pane::Prompt => self.prompt,
            Pane::Signatures => self.signatures,
            Pane::Answer => self.answer,
            Pane::Log => self.log,
            Pane::Traffic => self.traffic,
        }
    }

    fn pane_mut(&mut self, pane: Pane) -> &mut Rect {
        match pane {
            Pane::Prompt => &mut self.prompt,
            Pane::Signatures => &mut self.signatures,
            Pane::Answer => &mut self.answer,
            Pane::Log => &mut self.log,
            Pane::Traffic => &mut self.traffic,
        }
    }

    /// A centred area for an overlay of at most this size.
    pub fn overlay(&self, width: u16, height: u16) -> Rect {
        centred(self.body, width, height)
    }
}

/// Splits an area into the rows above and the last `rows` rows.
fn split(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let above = Rect { height: area.height - rows, ..area };
    (above, Rect { y: area.y + above.height, height: rows, ..area })
}

/// The area of the signatures as a picker over the other panes; empty if they are not focused.
fn picker(body: Rect, focus: Pane) -> Rect {
    if focus == Pane::Signatures { centred(body, 64, body.height.saturating_sub(2)) } else { Rect::ZERO }
}

fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// The area inside a border.
pub fn inner(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(1),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_stay_on_the_screen_at_every_size() {
        for (width, height) in (1..200).step_by(7).flat_map(|w| (1..70).step_by(3).map(move |h| (w, h))) {
            for focus in Pane::ALL {
                for (full, presenter, banner) in
                    [(false, false, 0), (true, false, 0), (false, true, 7), (true, true, 7)]
                {
                    let screen = Rect { x: 0, y: 0, width, height };
                    let sizes = PaneSizes { left: 60, right: 80, strip: 14 };
                    let traffic = focus == Pane::Traffic || (focus != Pane::Prompt && width % 2 == 0);
                    let request = LayoutRequest { focus, full, traffic, prompt_rows: 200, sizes, presenter, banner };
                    let layout = Layout::of(screen, request);
                    for pane in Pane::ALL {
                        assert_eq!(layout.pane(pane).intersection(screen), layout.pane(pane), "{pane:?} {screen:?}");
                    }
                    if layout.kind != LayoutKind::Tiny {
                        assert!(!layout.pane(focus).is_empty(), "{focus:?} has no area in {screen:?}");
                    }
                }
            }
        }
    }
}
