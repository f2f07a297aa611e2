//! What the screen starts with, and the state that comes of it.

use super::{AnswerPane, App};
use crate::dspy::{Adapter, LibraryEntry, Module, ReasoningSource, Signature};
use crate::failover::Policy;
use crate::openrouter::BaseUrl;
use crate::openrouter::headers::Headers;
use crate::openrouter::settings::RequestSettings;
use crate::transcript::HealthBoard;
use crate::tui::effect::ChainEntry;
use crate::tui::keymap::Keymap;
use crate::tui::layout::Pane;
use crate::tui::prefs::UiPrefs;
use crate::tui::state::conversation::Conversation;
use crate::tui::state::display::Display;
use crate::tui::state::log::LogView;
use crate::tui::state::model::{ModelList, ModelOption};
use crate::tui::state::next_run::NextRun;
use crate::tui::state::overlay::compare_set::CompareSet;
use crate::tui::state::prompt::{PromptEditor, SentInputs};
use crate::tui::state::runs::Runs;
use crate::tui::state::screen::Screen;
use crate::tui::state::server::Server;
use crate::tui::state::settings::Configured;
use crate::tui::state::signatures::SignatureList;
use crate::tui::state::traffic::TrafficList;
use crate::tui::theme::Theme;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the screen starts with.
#[derive(Clone, Debug, Default)]
pub struct InitialState {
    /// The library of signatures. The first one is used at the start.
    pub library: Vec<LibraryEntry>,
    /// The fallback chain.
    pub chain: Vec<ChainEntry>,
    /// The models of the catalogue.
    pub models: Vec<ModelOption>,
    /// The source and age of that list, for example "as listed 3 hours ago".
    pub models_source: String,
    /// The policy of the failover engine.
    pub policy: Policy,
    /// How fields are written in messages.
    pub adapter: Adapter,
    /// Where a module's reasoning comes from.
    pub reasoning: ReasoningSource,
    /// Whether the server is the built-in simulator.
    pub simulated: bool,
    /// The address of the server. Some headers are sent only to some servers.
    pub server: BaseUrl,
    /// Attribution and extra headers of every attempt, with their origins.
    pub headers: Headers,
    /// Settings of every request.
    pub settings: RequestSettings,
    /// The keys of each action.
    pub keymap: Keymap,
    /// The theme at the start.
    pub theme: Theme,
    /// Pane sizes and theme of the last session.
    pub prefs: UiPrefs,
    /// Whether to query the terminal's background and choose the theme by it.
    pub ask_background: bool,
    /// A notice to show at the start.
    pub notice: Option<String>,
    /// Whether to start with the guided tour.
    pub tour: bool,
    /// The wall time at the start of the screen's clock, in ms since 1970.
    pub wall_time: u64,
    /// The named chains of the configuration.
    pub chains: BTreeMap<String, Vec<String>>,
    /// Broken models that are not in the chain.
    pub elsewhere: Vec<ChainEntry>,
    /// The address on which the gateway listens, if it was started before the screen.
    pub gateway: Option<String>,
    /// A file of cases to open.
    pub cases: Option<PathBuf>,
}

impl App {
    /// The state at the start.
    pub fn new(start: InitialState) -> Self {
        let first = start.library.first().cloned();
        let signature =
            first.as_ref().map_or_else(|| Signature::new(Vec::new(), Vec::new()), |entry| entry.signature.clone());
        let mut screen = Screen::new(start.prefs.sizes);
        if start.gateway.is_some() {
            screen.focus_on(Pane::Traffic);
        }
        let mut app = Self {
            screen,
            display: Display { theme: start.theme, chosen_theme: start.prefs.theme, ..Display::default() },
            overlay: None,
            keymap: start.keymap,
            prompt: PromptEditor::of(&signature),
            sent: SentInputs::default(),
            signatures: SignatureList::new(start.library),
            next: NextRun {
                signature,
                module: first.as_ref().map_or_else(Module::default, |entry| entry.module),
                demos: first.map(|entry| entry.demos).unwrap_or_default(),
                adapter: start.adapter,
                reasoning: start.reasoning,
                chain: start.chain,
                elsewhere: start.elsewhere,
                selected: 0,
                policy: start.policy,
                settings: start.settings,
                conversation: Conversation::default(),
            },
            models: ModelList { all: start.models, source: start.models_source, ..ModelList::default() },
            configured: Configured { chains: start.chains, ..Configured::default() },
            compare_set: CompareSet::default(),
            server: Server {
                simulated: start.simulated,
                base: start.server,
                headers: start.headers,
                key_info: None,
                generation: None,
            },
            runs: Runs::default(),
            answer: AnswerPane::default(),
            log: LogView::default(),
            health: HealthBoard::default(),
            notice: start.notice,
            leaving: false,
            tour: None,
            wall_time: start.wall_time,
            traffic: TrafficList::listening(start.gateway),
            grid: None,
        };
        app.configured.settings = app.next.configuration(&app.server.headers);
        app
    }
}
