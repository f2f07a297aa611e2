//! All that the screen knows. [`App::update`](crate::tui::update) alone changes it; drawing
//! takes it by shared reference and so cannot.

use super::banner;
use super::display::Display;
use super::log::LogView;
use super::model::{ModelList, ModelOption};
use super::next_run::NextRun;
use super::overlay::Overlay;
use super::overlay::compare_set::CompareSet;
use super::overlay::text_popup::{self, HeaderFacts, TextPopup};
use super::page::{Agreement, AnswerPage};
use super::prompt::{PromptEditor, SentInputs};
use super::runs::Runs;
use super::screen::Screen;
use super::server::Server;
use super::signatures::SignatureList;
use super::tour::Tour;
use crate::dspy::{Adapter, LibraryEntry, Module, Signature};
use crate::failover::Policy;
use crate::openrouter::BaseUrl;
use crate::openrouter::headers::Headers;
use crate::openrouter::settings::RequestSettings;
use crate::spec::{RunSpec, SignatureTask};
use crate::transcript::{HealthBoard, Transcript};
use crate::tui::effect::ChainEntry;
use crate::tui::keymap::{Context, Keymap};
use crate::tui::layout::{Layout, LayoutRequest, Pane, inner};
use crate::tui::markdown::TextStyle;
use crate::tui::prefs::UiPrefs;
use crate::tui::theme::{StyleRole, Theme};
use ratatui::layout::Rect;
use std::time::Duration;

/// The price ratio to the first model over which a fallback has a warning.
const EXPENSIVE: f64 = 3.0;

/// What the screen begins with.
#[derive(Clone, Debug, Default)]
pub struct InitialState {
    /// Signatures to choose from, the first one first.
    pub library: Vec<LibraryEntry>,
    /// The fallback chain.
    pub chain: Vec<ChainEntry>,
    /// Models to choose from.
    pub models: Vec<ModelOption>,
    /// Where that list is from, and how old it is.
    pub models_source: String,
    /// The engine's settings.
    pub policy: Policy,
    /// How fields are written.
    pub adapter: Adapter,
    /// Whether the built-in simulator stands in for the service.
    pub simulated: bool,
    /// Who answers: some headers are for some servers only.
    pub server: BaseUrl,
    /// Attribution and extra headers of every attempt, with who chose them.
    pub headers: Headers,
    /// What every request carries.
    pub settings: RequestSettings,
    /// Which keys do what.
    pub keymap: Keymap,
    /// Colours.
    pub theme: Theme,
    /// Sizes and theme of the last session.
    pub prefs: UiPrefs,
    /// Whether the terminal's background decides the theme, and is asked for.
    pub ask_background: bool,
    /// Something to say at once.
    pub notice: Option<String>,
    /// Whether the guided tour begins at once.
    pub tour: bool,
}

/// The state of the screen.
pub struct App {
    /// Size, panes and focus.
    pub screen: Screen,
    /// Colours and modes.
    pub display: Display,
    /// What is open over the panes.
    pub overlay: Option<Overlay>,
    /// Which keys do what.
    pub keymap: Keymap,
    /// The input fields.
    pub prompt: PromptEditor,
    /// Inputs that were sent.
    pub sent: SentInputs,
    /// The library, and the line in which a signature is typed.
    pub signatures: SignatureList,
    /// What the next run is made of.
    pub next: NextRun,
    /// Models to choose from.
    pub models: ModelList,
    /// Models and chains to compare.
    pub compare_set: CompareSet,
    /// The server that is asked.
    pub server: Server,
    /// Runs of this session and earlier ones.
    pub runs: Runs,
    /// The answer's pane.
    pub answer: AnswerPane,
    /// The log's pane.
    pub log: LogView,
    /// How the models fare in this session.
    pub health: HealthBoard,
    /// Something to say, until the next key.
    pub notice: Option<String>,
    /// Whether Ctrl+C was the last key: again leaves.
    pub leaving: bool,
    /// The guided tour, while it is on.
    pub tour: Option<Tour>,
}

/// The rows of the answer, and what is looked for in them.
#[derive(Clone, Debug, Default)]
pub struct AnswerPane {
    /// Reasoning and answer of the run on the screen, as rows.
    pub page: AnswerPage,
    /// Text that is looked for.
    pub find: Option<String>,
}

impl App {
    /// The first screen.
    pub fn new(start: InitialState) -> Self {
        let first = start.library.first().cloned();
        let signature =
            first.as_ref().map_or_else(|| Signature::new(Vec::new(), Vec::new()), |entry| entry.signature.clone());
        Self {
            screen: Screen::new(start.prefs.sizes),
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
                chain: start.chain,
                selected: 0,
                policy: start.policy,
                settings: start.settings,
            },
            models: ModelList { all: start.models, source: start.models_source },
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
        }
    }

    /// Whether a run is on.
    pub fn busy(&self) -> bool {
        self.runs.busy()
    }

    /// Whether time shows on the screen: a run is on, or the health board counts down to the end of a cooldown.
    pub fn shows_time(&self, now: Duration) -> bool {
        let comparing = matches!(&self.overlay, Some(Overlay::Compare(compare)) if compare.running());
        let touring = self.tour.as_ref().is_some_and(Tour::has_keys);
        self.busy()
            || comparing
            || touring
            || (matches!(self.overlay, Some(Overlay::Health(_))) && self.health.counts_down(now))
    }

    /// The run's fold.
    pub fn transcript(&self) -> Option<&Transcript> {
        self.runs.shown.as_ref().map(|run| &run.transcript)
    }

    /// The theme to draw with.
    pub fn theme(&self) -> Theme {
        self.display.theme_now()
    }

    /// Where keys mean something now, the nearest first.
    pub fn contexts(&self) -> Vec<Context> {
        if self.tour.is_some() {
            return vec![Context::Tour, Context::Always];
        }
        self.playground_contexts()
    }

    /// The same, whether or not the tour is on.
    pub(in crate::tui) fn playground_contexts(&self) -> Vec<Context> {
        if let Some(overlay) = &self.overlay {
            let mut contexts = overlay.contexts();
            contexts.push(Context::Always);
            return contexts;
        }
        let mut contexts = match self.screen.focus {
            Pane::Prompt => vec![Context::Prompt],
            Pane::Signatures if self.signatures.typing() => vec![Context::Typing],
            Pane::Signatures => vec![Context::Signatures, Context::Read],
            Pane::Answer => vec![Context::Answer, Context::Read],
            Pane::Log => vec![Context::Log, Context::Read],
        };
        contexts.extend([Context::Anywhere, Context::Always]);
        contexts
    }

    /// What would be asked now. The faults on the chain are not part of it: whoever runs it knows them.
    pub fn spec(&self) -> RunSpec {
        let task = SignatureTask {
            module: self.next.module,
            adapter: self.next.adapter,
            demos: self.next.demos.clone(),
            ..SignatureTask::new(self.next.signature.clone(), self.prompt.values())
        };
        RunSpec {
            policy: self.next.policy.clone(),
            settings: self.next.settings.clone(),
            ..RunSpec::new(task, self.next.chain.iter().map(|entry| &entry.model))
        }
    }

    /// The signature as it stands, with its module and demos, as the library keeps it.
    pub fn entry(&self) -> LibraryEntry {
        let known = self.signatures.entries.iter().find(|entry| entry.signature == self.next.signature);
        let description = known.map(|entry| entry.description.clone()).unwrap_or_default();
        LibraryEntry {
            signature: self.next.signature.clone(),
            description,
            module: self.next.module,
            demos: self.next.demos.clone(),
        }
    }

    /// A warning about the price of a model in the chain: it costs much more than the first one, or its price is
    /// unknown.
    pub fn price_warning(&self, place: usize) -> Option<String> {
        let price = |place: usize| Some(self.models.find(&self.next.chain.get(place)?.model)?.price);
        let ratio = price(place).zip(price(0)).and_then(|(price, first)| price.ratio_to(&first));
        match ratio {
            _ if place == 0 => None,
            None => Some("price unknown".to_owned()),
            Some(ratio) if ratio.is_infinite() => Some("much more than the first model".to_owned()),
            Some(ratio) if ratio > EXPENSIVE => {
                let decimals = usize::from(ratio < 10.0);
                Some(format!("up to {ratio:.decimals$}× the cost of the first model"))
            }
            Some(_) => None,
        }
    }

    /// Empty cells inside a pane's border, on either side.
    pub fn padding(&self) -> u16 {
        u16::from(self.display.presenter)
    }

    /// Where a pane's text stands.
    pub fn text_area(&self, pane: Pane) -> Rect {
        let area = inner(self.screen.layout.pane(pane));
        Rect { x: area.x.saturating_add(self.padding()), width: area.width.saturating_sub(2 * self.padding()), ..area }
    }

    /// Brings what is derived up to date: places, and the rows of what has come. The work
    /// is that of the new text, not of all text, unless the width has changed.
    pub fn refresh(&mut self) {
        let strip = self.tour.as_ref().map_or(0, |tour| tour.height(self.screen.size));
        let screen = Rect { x: 0, y: 0, width: self.screen.size.0, height: self.screen.size.1 - strip };
        let (focus, full, sizes, presenter) =
            (self.screen.focus, self.screen.full, self.screen.sizes, self.display.presenter);
        let banner = if presenter { banner::rows(self.transcript(), screen.height) } else { 0 };
        let wish = LayoutRequest { focus, full, prompt_rows: 3, sizes, presenter, banner };
        let sketch = Layout::of(screen, wish);
        let wanted = self.prompt.rows_wanted(inner(sketch.prompt).width) + 2;
        self.screen.layout = Layout::of(screen, LayoutRequest { prompt_rows: wanted, ..wish });
        let room = self.text_area(Pane::Answer);
        let text_style = TextStyle { width: room.width, theme: self.theme(), role: StyleRole::Text };
        if let Some(run) = &self.runs.shown {
            self.answer.page.refresh(&run.transcript, text_style, usize::from(room.height), &|_| Agreement::Alone);
            self.log.refresh(&run.transcript, self.text_area(Pane::Log).width, self.theme(), self.display.presenter);
        } else {
            self.answer.page.clear();
            self.log.clear();
        }
        if let Some(Overlay::Compare(compare)) = &mut self.overlay {
            compare.refresh(&self.screen.layout, text_style.theme);
        }
        if let (Some(Overlay::Attempt(popup)), Some(run)) = (&mut self.overlay, &self.runs.shown) {
            popup.refresh(&run.transcript, self.screen.size.0, text_style.theme);
        }
    }

    /// The headers' popup as things are now.
    pub(in crate::tui) fn headers_popup(&self) -> TextPopup {
        let sent = HeaderFacts {
            headers: &self.server.headers,
            server: &self.server.base,
            key_info: self.server.key_info.as_ref(),
            received: self.server.generation.as_ref(),
            attempt: self.transcript().and_then(Transcript::shown),
        };
        text_popup::headers(&sent, self.screen.size.0, self.theme())
    }

    /// Moves the keys to a pane.
    pub fn focus(&mut self, pane: Pane) {
        self.screen.focus_on(pane);
    }
}
