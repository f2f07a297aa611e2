//! What a key can do, grouped by where it applies: each group is carried out in one file of `update/`.

#![expect(missing_docs, reason = "the table describes each action, for people")]

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// To the program, over every pane and overlay.
    Program(ProgramAction),
    /// To the playground, from every pane.
    Playground(PlaygroundAction),
    /// Copies something to the clipboard.
    Copy(CopyAction),
    /// To the text in the prompt.
    Prompt(PromptAction),
    /// To the pane that has the focus.
    Pane(PaneAction),
    /// Moves in a text or a list.
    Move(Move),
    /// To the list of signatures.
    Signatures(SignaturesAction),
    /// To the answer.
    Answer(AnswerAction),
    /// To the failover log.
    Log(LogAction),
    /// To the guided tour.
    Tour(TourAction),
    /// To an overlay, where several have the same action.
    Overlay(OverlayAction),
    /// To the fault picker.
    Faults(FaultsAction),
    /// To the chain editor.
    Chain(ChainAction),
    /// To the list of demos.
    Demos(DemosAction),
    /// To what is edited as text.
    Draft(DraftAction),
    /// To the health board.
    Health(HealthAction),
    /// To the list of earlier runs.
    History(HistoryAction),
    /// To a comparison.
    Compare(CompareAction),
    /// To the choice of models to compare.
    CompareSet(CompareSetAction),
}

/// Actions that every pane and overlay has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProgramAction {
    Help,
    Interrupt,
    Quit,
    Suspend,
}

/// Actions that every pane has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlaygroundAction {
    Send,
    Cancel,
    NewRun,
    Request,
    Compare,
    Tour,
    NextPane,
    PrevPane,
    Module,
    Adapter,
    PinDemo,
    SaveSignature,
    HealAll,
    Reasoning,
    Timeline,
    Presenter,
    Theme,
    Mouse,
    Palette,
    Faults,
    Chain,
    Settings,
    Demos,
    Headers,
    Health,
    History,
    CompareSet,
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

/// Actions of panes that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaneAction {
    Fullscreen,
    Narrower,
    Wider,
    GoToPrompt,
    GoToSignatures,
    GoToAnswer,
    GoToLog,
}

/// Moves in a text or a list.
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
    /// Rows to move by, where a page has that many; to an end by more rows than any text has.
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

/// Actions of the guided tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TourAction {
    Next,
    Leave,
}

/// Actions that several overlays have.
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
    Heal,
    TypeFault,
}

/// Actions of the chain editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChainAction {
    Add,
    Remove,
    MoveUp,
    MoveDown,
    Break,
    Variant,
    Failover,
    Hedge,
    Providers,
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

/// Actions of what is edited as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DraftAction {
    Save,
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

/// Actions of the choice of models to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareSetAction {
    Toggle,
    Add,
    Remove,
    Compare,
}
