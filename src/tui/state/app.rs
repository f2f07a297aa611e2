//! All that the screen knows. [`App::update`](crate::tui::update) alone changes it; drawing
//! takes it by shared reference and so cannot.

use super::banner;
use super::log::LogView;
use super::model::ModelOption;
use super::overlay::Overlay;
use super::overlay::compare_set::CompareSet;
use super::overlay::text_popup::{self, HeaderFacts, TextPopup};
use super::page::{Agreement, AnswerPage};
use super::prompt::PromptEditor;
use super::signatures::SignatureList;
use super::tour::Tour;
use crate::dspy::{Adapter, Demo, LibraryEntry, Module, Signature, Values};
use crate::failover::{Cost, Policy, Route, base_id, dear_fallbacks};
use crate::openrouter::BaseUrl;
use crate::openrouter::account::{Generation, KeyInfo};
use crate::openrouter::headers::Headers;
use crate::openrouter::settings::RequestSettings;
use crate::spec::{RunSpec, SignatureTask};
use crate::transcript::{HealthBoard, Transcript};
use crate::tui::command::ChainEntry;
use crate::tui::keymap::{Context, Keymap};
use crate::tui::layout::{Layout, LayoutKind, LayoutRequest, Pane, PaneSizes, inner};
use crate::tui::markdown::TextStyle;
use crate::tui::prefs::UiPrefs;
use crate::tui::theme::{StyleRole, Theme};
use ratatui::layout::Rect;
use std::collections::VecDeque;
use std::time::Duration;

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
    pub listed: String,
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
    pub kept: UiPrefs,
    /// Whether the terminal's background decides the theme, and is asked for.
    pub ask_background: bool,
    /// Something to say at once.
    pub notice: Option<String>,
    /// Whether the guided tour begins at once.
    pub tour: bool,
}

/// The run on the screen.
#[derive(Clone, Debug)]
pub struct ShownRun {
    /// Its fold.
    pub transcript: Transcript,
    /// When it began, on the screen's clock.
    pub began: Duration,
    /// Whether it comes from the history.
    pub past: bool,
    /// Whether a kept run is played again: no network is asked.
    pub replay: bool,
}

impl ShownRun {
    /// The run's own time now.
    pub fn clock(&self, now: Duration) -> Duration {
        match &self.transcript.finished {
            Some(_) => self.transcript.latest,
            None if self.past => self.transcript.latest,
            None => now.saturating_sub(self.began).max(self.transcript.latest),
        }
    }
}

/// The state of the screen.
pub struct App {
    /// Its size in cells.
    pub size: (u16, u16),
    /// Where everything goes.
    pub layout: Layout,
    /// What the user has made of the sizes.
    pub sizes: PaneSizes,
    /// The pane that has the keys.
    pub focus: Pane,
    /// That pane alone.
    pub full: bool,
    /// What stands over the panes.
    pub overlay: Option<Overlay>,
    /// Which keys do what.
    pub keymap: Keymap,
    /// Colours outside presenter mode.
    pub theme: Theme,
    /// The theme that was chosen on the screen, if one was.
    pub chosen: Option<Theme>,
    /// More air, keys shown, strong colours.
    pub presenter: bool,
    /// Whether the wheel is reported.
    pub mouse: bool,
    /// What was pressed last, for presenter mode.
    pub pressed: VecDeque<String>,
    /// Input fields.
    pub prompt: PromptEditor,
    /// Inputs that were sent, the oldest first, and which of them the prompt shows.
    pub sent: Vec<Values>,
    /// Place in `sent`.
    pub recalled: Option<usize>,
    /// The library and the signature that is typed.
    pub shelf: SignatureList,
    /// What is asked.
    pub signature: Signature,
    /// How it is asked.
    pub module: Module,
    /// Examples that are sent with it.
    pub demos: Vec<Demo>,
    /// How fields are written.
    pub adapter: Adapter,
    /// The fallback chain.
    pub chain: Vec<ChainEntry>,
    /// The place of the chain that faults are set on.
    pub link: usize,
    /// Models to choose from.
    pub models: Vec<ModelOption>,
    /// Where that list is from, and how old it is.
    pub listed: String,
    /// The engine's settings.
    pub policy: Policy,
    /// Whether the simulator answers.
    pub simulated: bool,
    /// Who answers: some headers are for some servers only.
    pub server: BaseUrl,
    /// Attribution and extra headers of every attempt, with who chose them.
    pub headers: Headers,
    /// What the server said of the key when it was last asked; `None` before.
    pub key_info: Option<Result<KeyInfo, String>>,
    /// What it said of the generation of this id when it was last asked for one.
    pub received: Option<(String, Result<Generation, String>)>,
    /// What every request carries.
    pub settings: RequestSettings,
    /// What the runs of this session have cost; `None` before the first has ended.
    pub spent: Option<Cost>,
    /// The run on the screen.
    pub run: Option<ShownRun>,
    /// Sent, and nothing heard yet.
    pub awaiting: bool,
    /// Its reasoning and answer as rows.
    pub page: AnswerPage,
    /// Its log as rows.
    pub log: LogView,
    /// Earlier runs, the oldest first.
    pub past: Vec<Transcript>,
    /// How the models fare in this session.
    pub board: HealthBoard,
    /// Text that is looked for in the answer.
    pub find: Option<String>,
    /// Something to say, until the next key.
    pub notice: Option<String>,
    /// Ctrl+C was the last key.
    pub leaving: bool,
    /// Who is compared.
    pub rivals: CompareSet,
    /// Comparisons so far.
    pub comparisons: u64,
    /// The kept run that is played again.
    pub replaying: Option<u64>,
    /// The guided tour, while it is on.
    pub tour: Option<Tour>,
}

impl App {
    /// The first screen.
    pub fn new(start: InitialState) -> Self {
        let first = start.library.first().cloned();
        let signature =
            first.as_ref().map_or_else(|| Signature::new(Vec::new(), Vec::new()), |entry| entry.signature.clone());
        Self {
            size: (0, 0),
            layout: Layout::of(Rect::ZERO, LayoutRequest::default()),
            sizes: start.kept.sizes,
            focus: Pane::Prompt,
            full: false,
            overlay: None,
            keymap: start.keymap,
            theme: start.theme,
            chosen: start.kept.theme,
            presenter: false,
            mouse: false,
            pressed: VecDeque::new(),
            prompt: PromptEditor::of(&signature),
            sent: Vec::new(),
            recalled: None,
            shelf: SignatureList::new(start.library),
            signature,
            module: first.as_ref().map_or_else(Module::default, |entry| entry.module),
            demos: first.map(|entry| entry.demos).unwrap_or_default(),
            adapter: start.adapter,
            chain: start.chain,
            link: 0,
            models: start.models,
            listed: start.listed,
            policy: start.policy,
            simulated: start.simulated,
            server: start.server,
            headers: start.headers,
            key_info: None,
            received: None,
            settings: start.settings,
            spent: None,
            run: None,
            awaiting: false,
            page: AnswerPage::default(),
            log: LogView::default(),
            past: Vec::new(),
            board: HealthBoard::default(),
            find: None,
            notice: start.notice,
            leaving: false,
            rivals: CompareSet::default(),
            comparisons: 0,
            replaying: None,
            tour: None,
        }
    }

    /// Whether a run is on.
    pub fn busy(&self) -> bool {
        self.awaiting || self.run.as_ref().is_some_and(|run| !run.past && run.transcript.live())
    }

    /// Whether time shows on the screen: a run is on, or the health board counts down to the end of a cooldown.
    pub fn counts(&self, now: Duration) -> bool {
        let comparing = matches!(&self.overlay, Some(Overlay::Compare(compare)) if compare.live());
        let touring = self.tour.as_ref().is_some_and(Tour::pressing);
        self.busy()
            || comparing
            || touring
            || (matches!(self.overlay, Some(Overlay::Health(_))) && self.board.counts_down(now))
    }

    /// The run's fold.
    pub fn transcript(&self) -> Option<&Transcript> {
        self.run.as_ref().map(|run| &run.transcript)
    }

    /// Colours now. Presenter mode has stronger ones, but on a light ground they would vanish, and what was
    /// chosen for the eyes stays.
    pub fn colours(&self) -> Theme {
        if self.presenter && self.theme == Theme::Dark { Theme::Projector } else { self.theme }
    }

    /// Where keys mean something now, the nearest first.
    pub fn contexts(&self) -> Vec<Context> {
        if self.tour.is_some() {
            return vec![Context::Tour, Context::Always];
        }
        self.places()
    }

    /// The same, whether or not the tour is on.
    pub(in crate::tui) fn places(&self) -> Vec<Context> {
        if let Some(overlay) = &self.overlay {
            let mut contexts = overlay.contexts();
            contexts.push(Context::Always);
            return contexts;
        }
        let mut contexts = match self.focus {
            Pane::Prompt => vec![Context::Prompt],
            Pane::Signatures if self.shelf.typing() => vec![Context::Typing],
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
            module: self.module,
            adapter: self.adapter,
            demos: self.demos.clone(),
            ..SignatureTask::new(self.signature.clone(), self.prompt.values())
        };
        RunSpec {
            policy: self.policy.clone(),
            settings: self.settings.clone(),
            ..RunSpec::new(task, self.chain.iter().map(|link| &link.model))
        }
    }

    /// The signature as it stands, with its module and demos, as the library keeps it.
    pub fn entry(&self) -> LibraryEntry {
        let known = self.shelf.entries.iter().find(|entry| entry.signature == self.signature);
        let description = known.map(|entry| entry.description.clone()).unwrap_or_default();
        LibraryEntry { signature: self.signature.clone(), description, module: self.module, demos: self.demos.clone() }
    }

    /// A model that can be chosen, by its slug; a variant without an offer of its own is its model.
    pub fn model(&self, slug: &str) -> Option<&ModelOption> {
        let by = |slug: &str| self.models.iter().find(|model| model.slug == slug);
        by(slug).or_else(|| by(base_id(slug)))
    }

    /// Places of the chain that may cost far more than its first.
    pub fn dear(&self) -> Vec<usize> {
        let bytes = self.prompt.inputs.iter().map(|input| input.whole().len()).sum();
        let route = |link: &ChainEntry| {
            let known = self.model(&link.model);
            let cost = known.and_then(|m| m.price.worst_case(bytes, self.settings.max_tokens.or(m.max_output)));
            Route { worst_case: cost, ..Route::new(&link.model, "") }
        };
        dear_fallbacks(&self.chain.iter().map(route).collect::<Vec<_>>())
    }

    /// Empty cells inside a pane's border, on either side.
    pub fn air(&self) -> u16 {
        u16::from(self.presenter)
    }

    /// Where a pane's text stands.
    pub fn room(&self, pane: Pane) -> Rect {
        let area = inner(self.layout.pane(pane));
        Rect { x: area.x.saturating_add(self.air()), width: area.width.saturating_sub(2 * self.air()), ..area }
    }

    /// Brings what is derived up to date: places, and the rows of what has come. The work
    /// is that of the new text, not of all text, unless the width has changed.
    pub fn settle(&mut self) {
        let strip = self.tour.as_ref().map_or(0, |tour| tour.height(self.size));
        let screen = Rect { x: 0, y: 0, width: self.size.0, height: self.size.1 - strip };
        let (focus, full, sizes, presenter) = (self.focus, self.full, self.sizes, self.presenter);
        let banner = if presenter { banner::rows(self.transcript(), screen.height) } else { 0 };
        let wish = LayoutRequest { focus, full, prompt_rows: 3, sizes, presenter, banner };
        let sketch = Layout::of(screen, wish);
        let wanted = self.prompt.rows_wanted(inner(sketch.prompt).width) + 2;
        self.layout = Layout::of(screen, LayoutRequest { prompt_rows: wanted, ..wish });
        let room = self.room(Pane::Answer);
        let look = TextStyle { width: room.width, theme: self.colours(), role: StyleRole::Text };
        if let Some(run) = &self.run {
            self.page.settle(&run.transcript, look, usize::from(room.height), &|_| Agreement::Alone);
            self.log.settle(&run.transcript, self.room(Pane::Log).width, self.colours(), self.presenter);
        } else {
            self.page.clear();
            self.log.clear();
        }
        if let Some(Overlay::Compare(compare)) = &mut self.overlay {
            compare.settle(&self.layout, look.theme);
        }
        if let (Some(Overlay::Attempt(sheet)), Some(run)) = (&mut self.overlay, &self.run) {
            sheet.settle(&run.transcript, self.size.0, look.theme);
        }
    }

    /// The headers' sheet as things are now.
    pub(in crate::tui) fn headers_sheet(&self) -> TextPopup {
        let sent = HeaderFacts {
            headers: &self.headers,
            server: &self.server,
            key_info: self.key_info.as_ref(),
            received: self.received.as_ref(),
            attempt: self.transcript().and_then(Transcript::shown),
        };
        text_popup::headers(&sent, self.size.0, self.colours())
    }

    /// Moves the keys to a pane.
    pub fn go(&mut self, pane: Pane) {
        self.focus = pane;
        self.full &= self.layout.shape != LayoutKind::Narrow;
    }
}
