//! What connects the screen with the rest of the program.

use super::clipboard::ClipboardTool;
use super::effect::Effect;
use super::prefs::UiPrefs;
use super::update::Msg;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// Channels to the rest of the program, and what the screen needs from the environment.
pub struct Channels {
    /// Messages for the screen: reports, models, notices.
    pub inbox: UnboundedReceiver<Msg>,
    /// The sending end of `inbox`, for tasks that the screen starts itself.
    pub messages: UnboundedSender<Msg>,
    /// Receives the effects that the screen does not carry out itself.
    pub effects: UnboundedSender<Effect>,
    /// The command of `$VISUAL` or `$EDITOR` for Ctrl+G, with its arguments.
    pub editor: Option<String>,
    /// The program that sets the system's clipboard. OSC 52 is used in any case.
    pub clipboard: Option<ClipboardTool>,
    /// Saves the preferences for the next session. Called at the end, also after a panic, if they changed.
    pub save_prefs: Box<dyn FnMut(UiPrefs) + Send>,
}
