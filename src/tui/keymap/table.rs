//! The table of keys: context, action, keys and help text of every binding.

use super::action::Action;

/// Where a binding applies. Several contexts apply at a time; the first that has the key decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// An input field of the prompt.
    Prompt,
    /// The line in which an inline signature is typed.
    Typing,
    /// The list of signatures.
    Signatures,
    /// The answer.
    Answer,
    /// The failover log.
    Log,
    /// The gateway's requests.
    Traffic,
    /// Any pane but the prompt.
    Read,
    /// The fault picker.
    Faults,
    /// The chain editor.
    Chain,
    /// The list of demos.
    Demos,
    /// The popup of the headers or of the request: `e` edits them.
    Editable,
    /// The details of an attempt.
    Attempt,
    /// The editor for a signature, settings or headers as TOML.
    Draft,
    /// The health board.
    Health,
    /// The list of earlier runs.
    History,
    /// The preview of an earlier answer that may become a demo.
    DemoPreview,
    /// The question whether to save what was set on the screen.
    SaveSettings,
    /// A comparison.
    Compare,
    /// The list of models and chains to compare.
    CompareSet,
    /// The grid of a file of cases.
    Grid,
    /// The guided tour.
    Tour,
    /// An overlay with a list to choose from.
    List,
    /// Any overlay without a text field.
    Overlay,
    /// The text field of an overlay.
    Search,
    /// The question whether to quit during a run.
    Leave,
    /// Everywhere except in overlays.
    Anywhere,
    /// Everywhere.
    Always,
}

impl Context {
    /// Whether keys without Ctrl or Alt may type text in this context.
    pub fn takes_text(self) -> bool {
        matches!(
            self,
            Self::Prompt | Self::Typing | Self::Search | Self::Draft | Self::Tour | Self::Anywhere | Self::Always
        )
    }

    /// The name of the context in the help and in the documentation.
    pub fn place(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Typing => "typing a signature",
            Self::Signatures => "signatures",
            Self::Answer => "answer",
            Self::Log => "log",
            Self::Traffic => "traffic",
            Self::Read => "any pane but the prompt",
            Self::Faults => "fault picker",
            Self::Chain => "chain editor",
            Self::Demos => "demos",
            Self::Editable => "headers and request",
            Self::Attempt => "attempt",
            Self::Draft => "editing as text",
            Self::Health => "health board",
            Self::History => "history",
            Self::DemoPreview => "demo preview",
            Self::SaveSettings => "when saving settings",
            Self::Compare => "comparison",
            Self::CompareSet => "models to compare",
            Self::Grid => "grid of cases",
            Self::Tour => "guided tour",
            Self::List => "lists",
            Self::Overlay => "overlays",
            Self::Search => "search fields",
            Self::Leave => "when quitting",
            Self::Anywhere => "everywhere",
            Self::Always => "everywhere, overlays too",
        }
    }
}

/// A row of the table: an action in a context, with its keys and texts.
#[derive(Debug)]
pub struct Binding {
    /// The name in the configuration.
    pub name: &'static str,
    /// The action of the keys.
    pub action: Action,
    /// Where the keys apply.
    pub context: Context,
    /// The default keys, the preferred one first.
    pub keys: &'static [&'static str],
    /// A word or two for the hint line; empty if the hint line does not show the action.
    pub hint: &'static str,
    /// A line for the help, the palette and the documentation.
    pub help: &'static str,
}

/// Groups of actions by the name of their variant in [`Action`].
mod group {
    pub(super) use crate::tui::keymap::action::{
        AnswerAction as Answer, ChainAction as Chain, CompareAction as Compare, CompareSetAction as CompareSet,
        CopyAction as Copy, DemosAction as Demos, DraftAction as Draft, FaultsAction as Faults, GridAction as Grid,
        HealthAction as Health, HistoryAction as History, LogAction as Log, Move, OverlayAction as Overlay,
        PaneAction as Pane, PlaygroundAction as Playground, ProgramAction as Program, PromptAction as Prompt,
        SaveAction as SaveSettings, SignaturesAction as Signatures, TourAction as Tour, TrafficAction as Traffic,
    };
}

macro_rules! table {
    ($($context:ident { $($name:literal $group:ident $action:ident [$($key:literal)*] $hint:literal $help:literal;)* })*) => {
        &[$($(Binding {
            name: $name, action: Action::$group(group::$group::$action), context: Context::$context,
            keys: &[$($key),*], hint: $hint, help: $help,
        },)*)*]
    };
}

/// All bindings, in the order of the help.
pub const TABLE: &[Binding] = table! {
    Prompt {
        "send"              Playground Send          ["Enter"]                            "send"       "Send the inputs to the chain";
        "newline"           Prompt Newline           ["Shift+Enter" "Alt+Enter" "Ctrl+J"] "newline"    "New line";
        "recall"            Prompt Recall            ["Ctrl+R"]                           ""           "Search earlier inputs";
        "editor"            Prompt Editor            ["Ctrl+G"]                           ""           "Edit this field in $VISUAL or $EDITOR";
        "undo"              Prompt Undo              ["Ctrl+_" "Ctrl+7" "Alt+U"]          ""           "Undo";
        "redo"              Prompt Redo              ["Alt+R"]                            ""           "Redo";
        "end-of-input"      Prompt DeleteForward     ["Ctrl+D"]                           ""           "Delete forward; quit if the prompt is empty";
    }
    Typing {
        "accept-signature"  Signatures Accept        ["Enter"]                            "accept"     "Use the signature as typed";
        "save-signature"    Playground SaveSignature ["Alt+S"]                            "save"       "Name the signature and save it in your library";
    }
    Anywhere {
        "faults"            Playground Faults        ["F4"]                               "break"      "Break a model of the chain: F4, a letter, Enter";
        "send-anywhere"     Playground Send          ["F2" "Ctrl+Enter"]                  ""           "Send from any pane";
        "cancel"            Playground Cancel        ["Esc"]                              "cancel"     "Cancel the run; without one, go a step back";
        "palette"           Playground Palette       ["Ctrl+P"]                           "palette"    "Find any action by its name";
        "chain"             Playground Chain         ["Ctrl+L"]                           "chain"      "Edit the fallback chain";
        "next-pane"         Playground NextPane      ["Tab"]                              ""           "Next field or pane";
        "prev-pane"         Playground PrevPane      ["Shift+Tab"]                        ""           "Previous field or pane";
        "module"            Playground Module        ["F3"]                               ""           "Next module: Predict, ChainOfThought, …";
        "request"           Playground Request       ["F12"]                              ""           "Preview the request and its highest cost";
        "settings"          Playground Settings      ["Alt+O"]                            ""           "Settings: temperature, max_tokens, effort, seed, deadline, mode, …";
        "save-settings"     Playground SaveSettings  ["Alt+K"]                            ""           "Save chain, settings and attribution in a configuration file";
        "pin-demo"          Playground PinDemo       ["Alt+P"]                            ""           "Make the answer on the screen a demo";
        "demos"             Playground Demos         ["F10"]                              ""           "Demos: order, view, remove";
        "save-current"      Playground SaveSignature ["Alt+S"]                            ""           "Edit the signature: fields, types, descriptions, instructions, demos";
        "headers"           Playground Headers       ["F5"]                               ""           "Headers that are sent, and where they come from";
        "health"            Playground Health        ["F6"]                               ""           "Health of each model, and its circuit breaker";
        "timeline"          Playground Timeline      ["F7"]                               ""           "All attempts on one time axis";
        "log-detail"        Playground LogDetail     ["Alt+H"]                            ""           "Headers in the log: the chosen ones, or all";
        "log-story"         Playground LogStory      []                                   ""           "The log without headers, and back";
        "presenter"         Playground Presenter     ["F8"]                               ""           "Presenter mode: more space, pressed keys, strong colours";
        "adapter"           Playground Adapter       ["F9"]                               ""           "Next adapter: how fields are written in messages";
        "history"           Playground History       ["Ctrl+S"]                           ""           "Earlier runs";
        "compare"           Playground Compare       ["Alt+C"]                            ""           "Compare up to four models or chains side by side";
        "gateway"           Playground Gateway       ["Alt+G"]                            ""           "Gateway: start it, see its traffic, back to the prompt";
        "compare-set"       Playground CompareSet    []                                   ""           "Choose models and chains to compare";
        "grid"              Playground Grid          ["Alt+E"]                            ""           "Evaluate a file of cases: scores in a grid, cases down, variants across";
        "open-cases"        Playground OpenCases     []                                   ""           "Open a file of cases";
        "tour"              Playground Tour          ["Alt+T"]                            ""           "The guided tour, on the simulator";
        "new-run"           Playground NewRun        ["Ctrl+N"]                           ""           "Begin anew: clear prompt and answer, and end the conversation";
        "continue"          Playground Continue      ["Alt+N"]                            ""           "Continue this conversation with the next question";
        "take-up"           Playground TakeUp        ["Alt+A"]                            ""           "Take this run up again: signature, inputs, chain, settings, conversation";
        "model"             Playground AddModel      ["Alt+M"]                            ""           "Add a model to the chain: type a part of its name";
        "next-first"        Playground NextFirst     ["Alt+L"]                            ""           "Ask the next model of the chain first";
        "reasoning"         Playground Reasoning     ["Ctrl+T"]                           ""           "Fold or unfold the reasoning, and keep it so";
        "copy-answer"       Copy Answer              ["Ctrl+O"]                           ""           "Copy the answer";
        "copy-run"          Copy Run                 []                                   ""           "Copy the whole run as text";
        "copy-log"          Copy Log                 []                                   ""           "Copy the failover log";
        "copy-curl"         Copy Curl                []                                   ""           "Copy the shown attempt as a curl command";
        "theme"             Playground Theme         []                                   ""           "Next theme: dark, light, safe, mono, projector";
        "mouse"             Playground Mouse         []                                   ""           "Wheel scrolls; off, so that the terminal selects text";
        "clear-all-faults"  Playground ClearAllFaults []                                   ""           "Clear all faults";
        "to-prompt"         Pane GoToPrompt          ["Alt+1"]                            ""           "To the prompt";
        "to-signatures"     Pane GoToSignatures      ["Alt+2"]                            ""           "To the signatures";
        "to-answer"         Pane GoToAnswer          ["Alt+3"]                            ""           "To the answer";
        "to-log"            Pane GoToLog             ["Alt+4"]                            ""           "To the failover log";
        "to-traffic"        Pane GoToTraffic         ["Alt+5"]                            ""           "To the traffic: the requests of other programs";
    }
    Always {
        "help"              Program Help             ["F1"]                               "help"       "All keys: type to filter them";
        "interrupt"         Program Interrupt        ["Ctrl+C"]                           ""           "Cancel the run, or clear the prompt; press again to quit";
        "quit"              Program Quit             ["Ctrl+Q"]                           "quit"       "Quit";
        "suspend"           Program Suspend          ["Ctrl+Z"]                           ""           "Suspend to the shell; fg resumes";
    }
    Read {
        "up"                Move Up                  ["Up" "k"]                           ""           "One line up";
        "down"              Move Down                ["Down" "j"]                         ""           "One line down";
        "page-up"           Move PageUp              ["PgUp" "u"]                         ""           "One page up";
        "page-down"         Move PageDown            ["PgDn" "d" "Space"]                 ""           "One page down";
        "top"               Move Top                 ["Home" "g"]                         ""           "To the start";
        "end"               Move End                 ["End" "G"]                          "follow"     "To the end, and follow it";
        "fullscreen"        Pane Fullscreen          ["f"]                                "full"       "This pane alone, and back";
        "narrower"          Pane Narrower            ["["]                                ""           "Make this pane smaller";
        "wider"             Pane Wider               ["]"]                                ""           "Make this pane larger";
        "help-here"         Program Help             ["?"]                                ""           "All keys: type to filter them";
        "pane-prompt"       Pane GoToPrompt          ["1"]                                ""           "To the prompt";
        "pane-signatures"   Pane GoToSignatures      ["2"]                                ""           "To the signatures";
        "pane-answer"       Pane GoToAnswer          ["3"]                                ""           "To the answer";
        "pane-log"          Pane GoToLog             ["4"]                                ""           "To the failover log";
        "pane-traffic"      Pane GoToTraffic         ["5"]                                ""           "To the traffic: the requests of other programs";
        "menu"              Playground Palette       [":" "x"]                            ""           "Find any action by its name";
    }
    Signatures {
        "use-signature"     Signatures Use           ["Enter"]                            "use"        "Use this signature";
        "save-chosen"       Playground SaveSignature ["e" "s"]                            "edit"       "Edit it: fields, types, descriptions, instructions, demos";
        "type-own"          Signatures TypeOwn       ["i"]                                "type"       "Type a signature in one line, starting from this one";
        "delete-signature"  Signatures Delete        ["Delete"]                           ""           "Delete it from your library: press twice";
    }
    Answer {
        "copy"              Copy Answer              ["y" "c"]                            "copy"       "Copy the answer";
        "copy-field"        Copy Field               ["Y"]                                ""           "Copy the main output field alone";
        "pin"               Playground PinDemo       ["p"]                                "pin"        "Make this answer a demo";
        "find"              Answer Find              ["/"]                                "find"       "Find text in the answer";
        "next-match"        Answer NextMatch         ["n"]                                ""           "Next match";
        "prev-match"        Answer PrevMatch         ["N"]                                ""           "Previous match";
    }
    Log {
        "open-attempt"      Log OpenAttempt          ["Enter"]                            "open"       "Details of this attempt";
        "log-detail-here"   Playground LogDetail     ["h"]                                "headers"    "Headers in the log: the chosen ones, or all";
        "log-story-here"    Playground LogStory      ["s"]                                ""           "The log without headers, and back";
        "log-timeline"      Playground Timeline      ["t"]                                "timeline"   "All attempts on one time axis";
        "copy-log-here"     Copy Log                 ["y" "c"]                            "copy"       "Copy the failover log";
    }
    Traffic {
        "traffic-answer"    Pane GoToAnswer          ["Enter"]                            "answer"     "To the answer of this request";
        "traffic-follow"    Traffic Follow           ["F" "Home" "g"]                     "follow"     "Show the newest request, always; or stay with this one";
        "traffic-prompt"    Pane GoToPrompt          ["i"]                                "prompt"     "To the prompt";
        "traffic-oldest"    Move End                 ["End" "G"]                          ""           "To the oldest request";
        "traffic-curl"      Copy Curl                ["c"]                                "copy curl"  "Copy its attempt as a curl command";
        "traffic-copy"      Copy Answer              ["y"]                                ""           "Copy its answer";
        "traffic-rerun"     Traffic RunAgain         ["r"]                                ""           "Send it again, to the chain of the screen";
        "traffic-replay"    Traffic Replay           ["p"]                                "replay"     "Replay it at its recorded speed, without a network";
    }
    Faults {
        "prev-model"        Faults PrevModel         ["Left"]                             "previous"   "Previous model";
        "next-model"        Faults NextModel         ["Right" "Tab" "F4"]                 "next model" "Next model";
        "clear-fault"       Faults ClearFault        ["Backspace" "Delete" "0"]           "clear"      "Clear this model's fault";
        "type-fault"        Faults TypeFault         ["/"]                                "type"       "Type any fault, with its schedule";
    }
    Chain {
        "add-model"         Chain Add                ["a" "+" "Alt+M"]                    "add"        "Add a model";
        "first-model"       Chain First              ["Enter" "1"]                        "first"      "Ask this model first";
        "remove-model"      Chain Remove             ["x" "Delete" "Backspace"]           "remove"     "Remove this model";
        "move-up"           Chain MoveUp             ["K" "Shift+Up" "Alt+Up"]            "move up"    "Move it up";
        "move-down"         Chain MoveDown           ["J" "Shift+Down" "Alt+Down"]        "move down"  "Move it down";
        "break-here"        Chain Break              ["F4" "b"]                           "break"      "Break this model";
        "variant"           Chain Variant            ["v"]                                "variant"    "Next variant of its name: :free, :nitro, :floor, none";
        "mode"              Chain Failover           ["m"]                                "mode"       "Who tries the next model: Switchover, OpenRouter (server), nobody (strict)";
        "hedge"             Chain Hedge              ["h"]                                "hedge"      "Start the next model in parallel with a slow one: on or off";
        "name-chain"        Chain Name               ["s"]                                "save"       "Save the chain under a name, or as the chain of the start";
        "named-chain"       Chain UseNamed           ["o"]                                "named"      "Use a chain that has a name";
        "providers"         Chain Providers          ["p"]                                "providers"  "Provider preferences: order, only, ignore, sort, max_price, data_collection, zdr, quantizations";
    }
    Demos {
        "open-demo"         Demos Open               ["Enter"]                            "open"       "Show the whole demo";
        "remove-demo"       Demos Remove             ["x" "Delete" "Backspace"]           "remove"     "Remove this demo";
        "demo-up"           Demos MoveUp             ["K" "Shift+Up" "Alt+Up"]            "move up"    "Move it up";
        "demo-down"         Demos MoveDown           ["J" "Shift+Down" "Alt+Down"]        "move down"  "Move it down";
        "demo-pin"          Demos Pin                ["p"]                                "pin"        "Make the answer on the screen a demo";
        "demo-save"         Demos Save               ["s" "Alt+S"]                        "save"       "Save the signature with its demos";
    }
    Editable {
        "edit"              Overlay Edit             ["e" "Enter"]                        "edit"       "Edit the headers, or the request's settings";
    }
    Attempt {
        "attempt-curl"      Copy Curl                ["c"]                                "copy curl"  "Copy the attempt as a curl command";
    }
    Draft {
        "save"              Draft Save               ["Ctrl+S" "F2"]                      "save"       "Save";
        "use-unsaved"       Draft Use                ["Alt+Enter"]                        "use"        "Use it without saving, until you quit";
        "draft-editor"      Draft Editor             ["Ctrl+G"]                           "editor"     "Edit it in $VISUAL or $EDITOR";
        "draft-back"        Draft Close              ["Esc"]                              "close"      "Close; press twice to discard changes";
    }
    Health {
        "reset-breaker"     Health ResetBreaker      ["r"]                                "reset"      "Close this model's breaker";
    }
    History {
        "take-up-run"       History TakeUp           ["t" "Alt+A"]                        "take up"    "Take it up again: signature, inputs, chain, settings, conversation";
        "rerun"             History RunAgain         ["r"]                                "run again"  "Run it again";
        "replay"            History Replay           ["p"]                                "replay"     "Replay it at its recorded speed, without a network";
        "history-pin"       History Pin              ["d" "Alt+P"]                        "pin"        "Preview its answer as a demo";
        "search-runs"       History Search           ["/"]                                "search"     "Search the earlier runs";
    }
    DemoPreview {
        "pin-it"            Overlay Confirm          ["Enter" "d" "Alt+P"]                "pin"        "Make it a demo of its signature";
    }
    SaveSettings {
        "write-settings"    Overlay Confirm          ["Enter" "y"]                        "write"      "Write the lines into the file";
        "other-file"        SaveSettings OtherFile   ["Tab" "Left" "Right"]               "other file" "Choose your configuration or the project's file";
    }
    Compare {
        "compare-again"     Compare RunAgain         ["r"]                                "again"      "Run the comparison again";
        "compare-choose"    Compare ChooseModels     ["e"]                                "choose"     "Choose models to compare";
        "compare-left"      Compare PrevColumn       ["Left"]                             ""           "Previous column, if not all fit";
        "compare-right"     Compare NextColumn       ["Right" "Tab"]                      ""           "Next column, if not all fit";
    }
    CompareSet {
        "compare-select"    CompareSet Toggle        ["Space"]                            "choose"     "Select or deselect it";
        "compare-add"       CompareSet Add           ["a" "+"]                            "add"        "Add a model, or a chain written with commas";
        "compare-remove"    CompareSet Remove        ["x" "Delete" "Backspace"]           ""           "Remove an added entry";
        "compare-start"     CompareSet Compare       ["Enter"]                            "compare"    "Compare the selected";
    }
    Grid {
        "grid-open"         Grid Open                ["Enter"]                            "ask, show"  "Show the run of the cell; a cell without a result: ask all that are missing";
        "grid-ask"          Grid Ask                 ["r" "F2" "Ctrl+Enter"]              "again"      "Ask what is missing, or all again";
        "grid-left"         Grid PrevColumn          ["Left"]                             ""           "Previous variant";
        "grid-right"        Grid NextColumn          ["Right" "Tab"]                      ""           "Next variant";
        "grid-order"        Grid Order               ["s"]                                "order"      "Order of the cases: file, lowest score, disagreement, highest cost";
        "grid-pin"          Grid Pin                 ["p"]                                "pin"        "Make the answer of the cell a demo";
        "grid-faults"       Playground Faults        ["F4"]                               "break"      "Break a model, from the next run on";
        "grid-file"         Grid OtherFile           ["o"]                                ""           "Open another file of cases";
        "grid-leave"        Grid Leave               ["Alt+E"]                            "panes"      "Back to the panes; the evaluation continues";
    }
    Tour {
        "next-step"         Tour Next                ["Enter"]                            "next"       "The next step of the tour";
        "leave-tour"        Tour Leave               ["Esc"]                              "leave"      "Leave the tour and clear its faults";
    }
    Overlay {
        "list-up"           Move Up                  ["Up" "k"]                           ""           "One line up";
        "list-down"         Move Down                ["Down" "j"]                         ""           "One line down";
        "list-page-up"      Move PageUp              ["PgUp"]                             ""           "One page up";
        "list-page-down"    Move PageDown            ["PgDn" "Space"]                     ""           "One page down";
        "list-top"          Move Top                 ["Home"]                             ""           "To the start";
        "list-end"          Move End                 ["End"]                              ""           "To the end";
        "back"              Overlay Close            ["Esc" "q"]                          "close"      "Close";
    }
    List {
        "choose"            Overlay Choose           ["Enter"]                            "choose"     "Choose this one";
    }
    Search {
        "found-up"          Move Up                  ["Up" "Ctrl+P"]                      ""           "One line up";
        "found-down"        Move Down                ["Down" "Ctrl+N"]                    ""           "One line down";
        "found-page-up"     Move PageUp              ["PgUp"]                             ""           "One page up";
        "found-page-down"   Move PageDown            ["PgDn"]                             ""           "One page down";
        "found-choose"      Overlay Choose           ["Enter"]                            "choose"     "Choose this one";
        "found-back"        Overlay Close            ["Esc"]                              "close"      "Close";
    }
    Leave {
        "leave"             Overlay Confirm          ["Enter" "y"]                        "quit"       "Quit";
        "stay"              Overlay Close            ["Esc" "n"]                          "stay"       "Stay";
    }
};
