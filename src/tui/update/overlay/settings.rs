//! Settings: one is chosen from a list, then its value.

use crate::tui::state::app::App;
use crate::tui::state::overlay::Overlay;
use crate::tui::state::overlay::finder::Finder;
use crate::tui::state::settings::SettingKey;

impl App {
    /// Opens the list of settings.
    pub(in crate::tui::update) fn open_settings(&mut self) {
        self.overlay = Some(Overlay::Finder(Finder::settings(&self.next)));
    }

    /// Sets a setting, and shows the list again. A text that is not a value stays, with a notice.
    pub(in crate::tui::update) fn set_setting(&mut self, key: SettingKey, text: &str) {
        match self.next.with_setting(key, text) {
            Ok(next) => {
                self.next = next;
                self.open_settings();
                let set = if text.is_empty() { key.default_text() } else { text.to_owned() };
                self.notice = Some(format!("{} is {set} from the next run on. Alt+K saves it.", key.short()));
            }
            Err(why) => self.notice = Some(format!("Not set: {why}")),
        }
    }
}
