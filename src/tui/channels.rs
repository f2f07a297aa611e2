//! What connects the screen with the rest of the program.

use super::clipboard::ClipboardTool;
use super::effect::Effect;
use super::prefs::UiPrefs;
use super::update::Msg;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// The wires to the rest of the program.
pub struct Channels {
    /// Reports, models, notices.
    pub inbox: UnboundedReceiver<Msg>,
    /// The other end of it, for what the screen learns later.
    pub messages: UnboundedSender<Msg>,
    /// All commands that are not the screen's own.
    pub effects: UnboundedSender<Effect>,
    /// The editor for Ctrl+G with its arguments: what `$VISUAL` or `$EDITOR` says.
    pub editor: Option<String>,
    /// The program for the system's clipboard, besides OSC 52.
    pub clipboard: Option<ClipboardTool>,
    /// Where what the next session should look like goes, if it is not what this one began with: when the screen is
    /// given back, however it ends.
    pub save_prefs: Box<dyn FnMut(UiPrefs) + Send>,
}
