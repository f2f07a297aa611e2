//! Actions that a key can have, in groups by where they apply. Each group is carried out in one file of `update/`.

#![expect(missing_docs, reason = "the table of keys describes each action")]

/// The action of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Applies in every pane and overlay.
    Program(ProgramAction),
    /// Applies in every pane.
    Playground(PlaygroundAction),
    /// Copies text to the clipboard.
    Copy(CopyAction),
    /// Edits the prompt.
    Prompt(PromptAction),
    /// Resizes panes and moves the focus.
    Pane(PaneAction),
    /// Scrolls a text or moves the selection of a list.
    Move(Move),
    /// Acts on the list of signatures.
    Signatures(SignaturesAction),
    /// Searches the answer.
    Answer(AnswerAction),
    /// Acts on the failover log.
    Log(LogAction),
    /// Acts on the gateway's requests.
    Traffic(TrafficAction),
    /// Controls the guided tour.
    Tour(TourAction),
    /// Applies in several overlays.
    Overlay(OverlayAction),
    /// Acts on the fault picker.
    Faults(FaultsAction),
    /// Acts on the chain editor.
    Chain(ChainAction),
    /// Acts on the list of demos.
    Demos(DemosAction),
    /// Acts on the editor for TOML.
    Draft(DraftAction),
    /// Acts on the health board.
    Health(HealthAction),
    /// Acts on the list of earlier runs.
    History(HistoryAction),
    /// Acts on the question whether to keep settings.
    SaveSettings(SaveAction),
    /// Acts on a comparison.
    Compare(CompareAction),
    /// Acts on the list of models to compare.
    CompareSet(CompareSetAction),
    /// Acts on the grid of a file of cases.
    Grid(GridAction),
}

/// Actions in every pane and overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProgramAction {
    Help,
    Interrupt,
    Quit,
    Suspend,
}

/// Actions in every pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlaygroundAction {
    Send,
    Cancel,
    NewRun,
    Continue,
    TakeUp,
    AddModel,
    NextFirst,
    Request,
    Compare,
    Tour,
    NextPane,
    PrevPane,
    Module,
    Adapter,
    PinDemo,
    SaveSignature,
    ClearAllFaults,
    Reasoning,
    Timeline,
    LogDetail,
    LogStory,
    Presenter,
    Theme,
    Mouse,
    Palette,
    Faults,
    Chain,
    Settings,
    SaveSettings,
    Demos,
    Headers,
    Health,
    History,
    CompareSet,
    Grid,
    OpenCases,
    Gateway,
}

/// What can be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyAction {
    Answer,
    Field,
    Run,
    Log,
    Curl,
}

/// Actions of the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PromptAction {
    Newline,
    Undo,
    Redo,
    DeleteForward,
    Recall,
    Editor,
}

/// Actions in every pane but the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaneAction {
    Fullscreen,
    Narrower,
    Wider,
    GoToPrompt,
    GoToSignatures,
    GoToAnswer,
    GoToLog,
    GoToTraffic,
}

/// Moves through a text or a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    End,
}

impl Move {
    /// The rows to move by, negative upwards, if a page has `page` rows. `Top` and `End` give more rows than any text has.
    pub fn rows(self, page: usize) -> isize {
        let page = isize::try_from(page).unwrap_or(isize::MAX / 2);
        match self {
            Self::Up => -1,
            Self::Down => 1,
            Self::PageUp => -page,
            Self::PageDown => page,
            Self::Top => isize::MIN / 2,
            Self::End => isize::MAX / 2,
        }
    }
}

/// Actions of the list of signatures, and of the line in which one is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignaturesAction {
    Use,
    TypeOwn,
    Accept,
    Delete,
}

/// Actions of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnswerAction {
    Find,
    NextMatch,
    PrevMatch,
}

/// Actions of the failover log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogAction {
    OpenAttempt,
}

/// Actions of the gateway's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrafficAction {
    Follow,
    RunAgain,
    Replay,
}

/// Actions of the guided tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TourAction {
    Next,
    Leave,
}

/// Actions of several overlays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OverlayAction {
    Close,
    Choose,
    Confirm,
    Edit,
}

/// Actions of the fault picker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultsAction {
    PrevModel,
    NextModel,
    ClearFault,
    TypeFault,
}

/// Actions of the chain editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChainAction {
    Add,
    First,
    Remove,
    MoveUp,
    MoveDown,
    Break,
    Variant,
    Failover,
    Hedge,
    Providers,
    Name,
    UseNamed,
}

/// Actions of the list of demos.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DemosAction {
    Open,
    Remove,
    MoveUp,
    MoveDown,
    Pin,
    Save,
}

/// Actions of the editor for TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DraftAction {
    Save,
    Use,
    Editor,
    Close,
}

/// Actions of the health board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HealthAction {
    ResetBreaker,
}

/// Actions of the list of earlier runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HistoryAction {
    TakeUp,
    RunAgain,
    Replay,
    Pin,
    Search,
}

/// Actions of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareAction {
    RunAgain,
    ChooseModels,
    PrevColumn,
    NextColumn,
}

/// Actions of the list of models to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareSetAction {
    Toggle,
    Add,
    Remove,
    Compare,
}

/// Actions of the grid of a file of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GridAction {
    Open,
    Ask,
    PrevColumn,
    NextColumn,
    Order,
    Pin,
    OtherFile,
    Leave,
}

/// Actions of the question whether to keep what was set on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SaveAction {
    OtherFile,
}
