//! The table.

/// Where a key means something. Contexts hold several at a time; the nearest decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// In an input field.
    Prompt,
    /// While an inline signature is typed.
    Typing,
    /// In the list of signatures.
    Signatures,
    /// In the answer.
    Answer,
    /// In the failover log.
    Log,
    /// In any pane that is not typed into.
    Read,
    /// In the fault picker.
    Faults,
    /// In the chain editor.
    Chain,
    /// In the list of demos.
    Demos,
    /// In sheets whose content can be edited.
    Editable,
    /// Where something is edited as text.
    Draft,
    /// In the health board.
    Health,
    /// In the history.
    History,
    /// Before an earlier answer becomes a demo.
    Pinning,
    /// In a comparison.
    Compare,
    /// Where it is chosen who is compared.
    Rivals,
    /// In the guided tour.
    Tour,
    /// In overlays with a list to choose from.
    List,
    /// In any overlay without a text field.
    Overlay,
    /// In an overlay's text field.
    Search,
    /// When asked whether to leave.
    Leave,
    /// Everywhere but in overlays.
    Anywhere,
    /// Everywhere.
    Always,
}

impl Context {
    /// Whether letters are typed there.
    pub fn takes_text(self) -> bool {
        matches!(
            self,
            Self::Prompt | Self::Typing | Self::Search | Self::Draft | Self::Tour | Self::Anywhere | Self::Always
        )
    }

    /// In words.
    pub fn place(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Typing => "typing a signature",
            Self::Signatures => "signatures",
            Self::Answer => "answer",
            Self::Log => "log",
            Self::Read => "any pane but the prompt",
            Self::Faults => "fault picker",
            Self::Chain => "chain editor",
            Self::Demos => "demos",
            Self::Editable => "headers and request",
            Self::Draft => "editing as text",
            Self::Health => "health board",
            Self::History => "history",
            Self::Pinning => "pinning",
            Self::Compare => "comparison",
            Self::Rivals => "who is compared",
            Self::Tour => "guided tour",
            Self::List => "lists",
            Self::Overlay => "overlays",
            Self::Search => "search fields",
            Self::Leave => "on leaving",
            Self::Anywhere => "everywhere",
            Self::Always => "everywhere, overlays too",
        }
    }
}

/// What a key can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is described in the table, for people")]
pub enum Action {
    Send,
    Newline,
    Undo,
    Redo,
    Editor,
    Recall,
    Eof,
    Accept,
    Cancel,
    Interrupt,
    Quit,
    Suspend,
    NextPane,
    PrevPane,
    Signatures,
    Prompt,
    Answer,
    Log,
    Help,
    Palette,
    Chain,
    Faults,
    Headers,
    Health,
    History,
    NewRun,
    Module,
    Adapter,
    Reasoning,
    Timeline,
    Presenter,
    Theme,
    Mouse,
    CopyAnswer,
    CopyField,
    CopyCurl,
    CopyRun,
    CopyLog,
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    End,
    Open,
    Find,
    NextMatch,
    PrevMatch,
    Fullscreen,
    Narrower,
    Wider,
    TypeOwn,
    SaveSignature,
    PrevModel,
    NextModel,
    Heal,
    HealAll,
    TypeFault,
    Add,
    Remove,
    MoveUp,
    MoveDown,
    Pin,
    Demos,
    Request,
    Settings,
    Edit,
    Variant,
    Mode,
    Hedge,
    ResetBreaker,
    Rerun,
    Compare,
    Rivals,
    Choose,
    Replay,
    SearchRuns,
    Tour,
    NextStep,
    LeaveTour,
    Back,
}

/// A row: an action somewhere, its keys, its names.
#[derive(Debug)]
pub struct Binding {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What it does.
    pub action: Action,
    /// Where.
    pub context: Context,
    /// By default.
    pub keys: &'static [&'static str],
    /// One word for the hint line; empty to stay out of it.
    pub hint: &'static str,
    /// One line for the help.
    pub help: &'static str,
}

macro_rules! table {
    ($($context:ident { $($name:literal $action:ident [$($key:literal)*] $hint:literal $help:literal;)* })*) => {
        &[$($(Binding {
            name: $name, action: Action::$action, context: Context::$context,
            keys: &[$($key),*], hint: $hint, help: $help,
        },)*)*]
    };
}

/// All of them, in the order of the help.
pub const TABLE: &[Binding] = table! {
    Prompt {
        "send"          Send        ["Enter"]                             "send"       "Send the inputs to the chain";
        "newline"       Newline     ["Shift+Enter" "Alt+Enter" "Ctrl+J"]  "newline"    "Begin a new line";
        "recall"        Recall      ["Ctrl+R"]                            ""           "Search what was asked before";
        "editor"        Editor      ["Ctrl+G"]                            ""           "Write this field in $VISUAL or $EDITOR";
        "undo"          Undo        ["Ctrl+_" "Ctrl+7" "Alt+U"]           ""           "Take the last change back";
        "redo"          Redo        ["Alt+R"]                             ""           "Do it again";
        "end-of-input"  Eof         ["Ctrl+D"]                            ""           "Delete forward; on an empty prompt, leave";
    }
    Typing {
        "accept-signature" Accept   ["Enter"]                             "accept"     "Use the signature as typed";
        "save-signature"   SaveSignature ["Alt+S"]                        "save"       "Name the signature and keep it in your library";
    }
    Anywhere {
        "faults"        Faults      ["F4"]                                "break"      "Break a model of the chain: F4, a letter, Enter";
        "send-anywhere" Send        ["F2" "Ctrl+Enter"]                   ""           "Send from any pane";
        "cancel"        Cancel      ["Esc"]                               "cancel"     "Cancel the run, or the wait it is in";
        "palette"       Palette     ["Ctrl+P"]                            "palette"    "Find any action by its name";
        "chain"         Chain       ["Ctrl+L"]                            "chain"      "Edit the fallback chain";
        "next-pane"     NextPane    ["Tab"]                               ""           "Next field or pane";
        "prev-pane"     PrevPane    ["Shift+Tab"]                         ""           "Previous field or pane";
        "module"        Module      ["F3"]                                ""           "Next module: Predict, ChainOfThought, …";
        "request"       Request     ["F12"]                               ""           "The request as it would be sent, and what it can cost";
        "settings"      Settings    ["Alt+O"]                             ""           "Temperature, max_tokens, providers, raw fields of every request";
        "pin-demo"      Pin         ["Alt+P"]                             ""           "Make the answer on the screen a demo";
        "demos"         Demos       ["F10"]                               ""           "The demos: order them, look at them, remove them";
        "save-current"  SaveSignature ["Alt+S"]                           ""           "Edit the signature with its demos, and save it";
        "headers"       Headers     ["F5"]                                ""           "The headers that leave, and where they come from";
        "health"        Health      ["F6"]                                ""           "How every model has fared, and its breaker";
        "timeline"      Timeline    ["F7"]                                ""           "All attempts on one time axis";
        "presenter"     Presenter   ["F8"]                                ""           "Presenter mode: more air, keys shown, strong colours";
        "adapter"       Adapter     ["F9"]                                ""           "Next adapter: how fields are written in messages";
        "history"       History     ["Ctrl+S"]                            ""           "Earlier runs";
        "compare"       Compare     ["Alt+C"]                             ""           "Compare: the same inputs to up to four models or chains, side by side";
        "rivals"        Rivals      []                                    ""           "Choose who is compared: models and chains";
        "tour"          Tour        ["Alt+T"]                             ""           "The guided tour, on the simulator";
        "new-run"       NewRun      ["Ctrl+N"]                            ""           "Clear the prompt and the answer";
        "reasoning"     Reasoning   ["Ctrl+T"]                            ""           "Fold or unfold the reasoning, and pin it so";
        "copy-answer"   CopyAnswer  ["Ctrl+O"]                            ""           "Copy the answer";
        "copy-run"      CopyRun     []                                    ""           "Copy the whole run as text";
        "copy-log"      CopyLog     []                                    ""           "Copy the failover log";
        "copy-curl"     CopyCurl    []                                    ""           "Copy the shown attempt as a curl command";
        "theme"         Theme       []                                    ""           "Next theme: dark, light, safe, mono, projector";
        "mouse"         Mouse       []                                    ""           "Wheel scrolls; off, so that the terminal selects text";
        "heal-all"      HealAll     []                                    ""           "Take all faults back";
    }
    Always {
        "help"          Help        ["F1"]                                "help"       "All keys";
        "interrupt"     Interrupt   ["Ctrl+C"]                            ""           "Clear the draft; again to leave";
        "quit"          Quit        ["Ctrl+Q"]                            "quit"       "Leave";
        "suspend"       Suspend     ["Ctrl+Z"]                            ""           "To the shell and back with fg";
    }
    Read {
        "up"            Up          ["Up" "k"]                            ""           "One line up";
        "down"          Down        ["Down" "j"]                          ""           "One line down";
        "page-up"       PageUp      ["PgUp" "u"]                          ""           "One page up";
        "page-down"     PageDown    ["PgDn" "d" "Space"]                  ""           "One page down";
        "top"           Top         ["Home" "g"]                          ""           "To the beginning";
        "end"           End         ["End" "G"]                           "follow"     "To the end, and follow it";
        "fullscreen"    Fullscreen  ["f"]                                 "full"       "This pane alone, and back";
        "narrower"      Narrower    ["["]                                 ""           "Make this pane smaller";
        "wider"         Wider       ["]"]                                 ""           "Make this pane larger";
        "help-here"     Help        ["?"]                                 ""           "All keys";
        "pane-prompt"   Prompt      ["1"]                                 ""           "To the prompt";
        "pane-signatures" Signatures ["2"]                                ""           "To the signatures";
        "pane-answer"   Answer      ["3"]                                 ""           "To the answer";
        "pane-log"      Log         ["4"]                                 ""           "To the failover log";
        "menu"          Palette     [":" "x"]                             ""           "Find any action by its name";
    }
    Signatures {
        "use-signature" Open        ["Enter"]                             "use"        "Use this signature";
        "type-own"      TypeOwn     ["e" "i"]                             "edit"       "Type your own, beginning with this one";
        "save-chosen"   SaveSignature ["s"]                               "save"       "Edit its instructions, fields, module and demos, and save it";
        "delete-signature" Remove   ["Delete"]                            ""           "Remove it from your library: press twice";
    }
    Answer {
        "copy"          CopyAnswer  ["y" "c"]                             "copy"       "Copy the answer";
        "copy-field"    CopyField   ["Y"]                                 ""           "Copy the main output field alone";
        "pin"           Pin         ["p"]                                 "pin"        "Make this answer a demo";
        "find"          Find        ["/"]                                 "find"       "Find text in the answer";
        "next-match"    NextMatch   ["n"]                                 ""           "Next place";
        "prev-match"    PrevMatch   ["N"]                                 ""           "Previous place";
    }
    Log {
        "open-attempt"  Open        ["Enter"]                             "open"       "All about this attempt";
        "log-timeline"  Timeline    ["t"]                                 "timeline"   "All attempts on one time axis";
        "copy-log-here" CopyLog     ["y" "c"]                             "copy"       "Copy the failover log";
    }
    Faults {
        "prev-model"    PrevModel   ["Left"]                              "model"      "The model before";
        "next-model"    NextModel   ["Right" "Tab" "F4"]                  "next model" "The model after";
        "heal"          Heal        ["Backspace" "Delete" "0"]            "heal"       "Take this model's fault back";
        "type-fault"    TypeFault   ["/"]                                 "type"       "Type any fault, with its schedule";
    }
    Chain {
        "add-model"     Add         ["a" "+"]                             "add"        "Add a model";
        "remove-model"  Remove      ["x" "Delete" "Backspace"]            "remove"     "Remove this model";
        "move-up"       MoveUp      ["K" "Shift+Up" "Alt+Up"]             "move up"    "Ask it earlier";
        "move-down"     MoveDown    ["J" "Shift+Down" "Alt+Down"]         "move down"  "Ask it later";
        "break-here"    Faults      ["F4" "b"]                            "break"      "Break this model";
        "variant"       Variant     ["v"]                                 "variant"    "Next variant of its name: :free, :nitro, :floor, none";
        "mode"          Mode        ["m"]                                 "mode"       "Who falls back: we, OpenRouter (server), nobody (strict)";
        "hedge"         Hedge       ["h"]                                 "hedge"      "Ask the next model beside a slow one, or not";
        "providers"     Settings    ["p"]                                 "providers"  "Provider preferences: order, only, ignore, sort, max_price, data_collection, zdr, quantizations";
    }
    Demos {
        "open-demo"     Open        ["Enter"]                             "open"       "The whole demo";
        "remove-demo"   Remove      ["x" "Delete" "Backspace"]            "remove"     "Remove this demo";
        "demo-up"       MoveUp      ["K" "Shift+Up" "Alt+Up"]             "move up"    "Send it earlier";
        "demo-down"     MoveDown    ["J" "Shift+Down" "Alt+Down"]         "move down"  "Send it later";
        "demo-pin"      Pin         ["p"]                                 "pin"        "Make the answer on the screen a demo";
        "demo-save"     SaveSignature ["s" "Alt+S"]                       "save"       "Save the signature with its demos";
    }
    Editable {
        "edit"          Edit        ["e" "Enter"]                         "edit"       "Edit the headers, or the request's settings";
    }
    Draft {
        "keep"          Accept      ["Ctrl+S" "F2"]                       "save"       "Keep what is written";
        "draft-editor"  Editor      ["Ctrl+G"]                            "editor"     "Write it in $VISUAL or $EDITOR";
        "draft-back"    Back        ["Esc"]                               "close"      "Close; twice if something was changed";
    }
    Health {
        "reset-breaker" ResetBreaker ["r"]                                "reset"      "Close this model's breaker";
    }
    History {
        "rerun"         Rerun       ["r"]                                 "run again"  "Run it again";
        "replay"        Replay      ["p"]                                 "replay"     "Play it at its recorded pace, without a network";
        "history-pin"   Pin         ["d" "Alt+P"]                         "pin"        "Look at its answer, and make it a demo";
        "search-runs"   SearchRuns  ["/"]                                 "search"     "Search the earlier runs";
    }
    Pinning {
        "pin-it"        Pin         ["Enter" "d" "Alt+P"]                 "pin"        "Make it a demo of its signature";
    }
    Compare {
        "compare-again" Rerun       ["r"]                                 "again"      "Ask all of them again";
        "compare-whom"  Rivals      ["e"]                                 "whom"       "Choose who is compared";
        "compare-left"  PrevModel   ["Left"]                              ""           "The column before, where not all fit";
        "compare-right" NextModel   ["Right" "Tab"]                       ""           "The column after";
    }
    Rivals {
        "rival-choose"  Choose      ["Space"]                             "choose"     "Compare it, or not";
        "rival-add"     Add         ["a" "+"]                             "add"        "Add a model, or a chain written with commas";
        "rival-remove"  Remove      ["x" "Delete" "Backspace"]            ""           "Remove what was added";
        "rival-compare" Open        ["Enter"]                             "compare"    "Compare them";
    }
    Tour {
        "next-step"     NextStep    ["Enter"]                             "next"       "The next step of the tour";
        "leave-tour"    LeaveTour   ["Esc"]                               "leave"      "Leave the tour and heal what it broke";
    }
    Overlay {
        "list-up"       Up          ["Up" "k"]                            ""           "One line up";
        "list-down"     Down        ["Down" "j"]                          ""           "One line down";
        "list-page-up"  PageUp      ["PgUp"]                              ""           "One page up";
        "list-page-down" PageDown   ["PgDn" "Space"]                      ""           "One page down";
        "list-top"      Top         ["Home"]                              ""           "To the beginning";
        "list-end"      End         ["End"]                               ""           "To the end";
        "overlay-curl"  CopyCurl    ["c"]                                 ""           "Copy the attempt as a curl command";
        "back"          Back        ["Esc" "q"]                           "close"      "Close";
    }
    List {
        "choose"        Open        ["Enter"]                             "choose"     "Choose this one";
    }
    Search {
        "found-up"      Up          ["Up" "Ctrl+P"]                       ""           "One line up";
        "found-down"    Down        ["Down" "Ctrl+N"]                     ""           "One line down";
        "found-choose"  Open        ["Enter"]                             "choose"     "Choose this one";
        "found-back"    Back        ["Esc"]                               "close"      "Close";
    }
    Leave {
        "leave"         Accept      ["Enter" "y"]                         "leave"      "Cancel the run and leave";
        "stay"          Back        ["Esc" "n"]                           "stay"       "Stay";
    }
};
