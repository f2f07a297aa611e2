//! Previews the request as it would be sent.

use crate::tui::effect::{ComposedRequest, Effect};
use crate::tui::state::app::App;
use crate::tui::state::overlay::{Overlay, composed};

impl App {
    /// Requests a preview of the request.
    pub(super) fn compose(&mut self) -> Option<Effect> {
        if self.next.chain.is_empty() {
            self.notice = Some("The chain is empty: Ctrl+L adds a model.".to_owned());
            return None;
        }
        Some(Effect::Compose(Box::new(self.spec())))
    }

    pub(super) fn show_composed(&mut self, composed: Result<ComposedRequest, String>) {
        match composed {
            Ok(composed) => {
                let popup = composed::popup(&composed, self.next.module, self.screen.size.0, self.theme());
                self.overlay = Some(Overlay::Composed(popup));
            }
            Err(why) => self.notice = Some(format!("Cannot be sent: {why}")),
        }
    }
}
