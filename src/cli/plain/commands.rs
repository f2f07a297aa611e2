//! The commands that start with a slash.

use super::super::print::out;
use super::super::setup;
use super::Repl;
use crate::failover::Route;
use crate::fault::Fault;
use crate::nearest::nearest;
use crate::text::counted;
use crate::transcript::HealthRow;
use anyhow::{Context as _, Result, anyhow, bail};

const HELP: &str = "\
Type each input on its own line; the run starts after the last one. A backslash at the end of a line continues the input.
/signature [INLINE or NAME]  show or change the signature
/module [NAME]               predict, chain_of_thought, majority:3, ...
/adapter [NAME]              chat, json, xml
/model [MODEL ...]           show or change the fallback chain, first choice first; a named chain counts too
/break FAULT [MODEL]         break a model on purpose, by default the first one; example: /break 503
/clear                       clear all faults
/health                      show the health of each model
/headers                     show the headers that are sent
/log                         show the failover log of the last run
/again                       send the last inputs again
/stop                        cancel the run
/quit                        end the program";

/// The names of the commands.
fn names() -> impl Iterator<Item = &'static str> {
    let listed = HELP.lines().filter_map(|line| line.strip_prefix('/')?.split_whitespace().next());
    listed.chain(["help"])
}

impl Repl {
    /// Carries out a command and prints its result. Returns false if the program should end.
    pub(super) fn command(&mut self, command: &str) -> bool {
        let (name, rest) = command.trim().split_once(char::is_whitespace).unwrap_or((command.trim(), ""));
        let rest = rest.trim();
        let result = match name {
            "quit" | "exit" | "q" => return false,
            "help" | "?" => Ok(HELP.to_owned()),
            "signature" => self.signature(rest),
            "module" => self.module(rest),
            "adapter" => self.adapter(rest),
            "model" | "models" => self.models(rest),
            "break" => self.fault(rest),
            "clear" => {
                for model in self.services.faults().keys() {
                    self.health.reset_route(model);
                }
                self.services.clear_faults();
                Ok("All faults are cleared.".to_owned())
            }
            "health" => Ok(self.health()),
            "headers" => self.headers(),
            "log" => Ok(self.log()),
            "again" => self.again(),
            "stop" => Ok(self.stop()),
            other => Err(match nearest(other, names()) {
                Some(near) => anyhow!("there is no command /{other}; did you mean /{near}?"),
                None => anyhow!("there is no command /{other}; /help lists them"),
            }),
        };
        match result {
            Ok(text) if text.is_empty() => {}
            Ok(text) => out!("{text}"),
            Err(error) => out!("{error:#}"),
        }
        true
    }

    fn signature(&mut self, word: &str) -> Result<String> {
        if word.is_empty() {
            return Ok(self.task.signature.inline());
        }
        let entry = setup::signature(word, &self.config, &self.env)?;
        self.inputs.clear();
        let task = &mut self.task;
        (task.signature, task.module, task.demos) = (entry.signature, entry.module, entry.demos);
        Ok(self.introduction())
    }

    fn module(&mut self, word: &str) -> Result<String> {
        if !word.is_empty() {
            self.task.module = word.parse()?;
        }
        Ok(format!("Module {}.", self.task.module))
    }

    fn adapter(&mut self, word: &str) -> Result<String> {
        if !word.is_empty() {
            self.task.adapter = word.parse()?;
        }
        Ok(format!("Adapter {}.", self.task.adapter))
    }

    fn models(&mut self, words: &str) -> Result<String> {
        let models: Vec<&str> = words.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        if !models.is_empty() {
            let words: Vec<String> = models.into_iter().map(str::to_owned).collect();
            self.spec.chain = self.config.chain_of(&words)?.into_iter().map(|model| Route::new(model, "")).collect();
        }
        let faults = self.services.faults();
        let line = |(index, route): (usize, &Route)| {
            let fault = faults.get(&route.model).map(|fault| format!(", injected fault {fault}"));
            format!("{}. {}{}", index + 1, route.model, fault.unwrap_or_default())
        };
        Ok(self.spec.chain.iter().enumerate().map(line).collect::<Vec<_>>().join("\n"))
    }

    fn fault(&mut self, words: &str) -> Result<String> {
        let mut words = words.split_whitespace();
        let Some(word) = words.next() else {
            bail!("/break needs a fault, for example /break 503; `switchover faults` lists all")
        };
        let fault: Fault = word.parse()?;
        let first = self.spec.chain.first().map(|route| route.model.clone());
        let model = words.next().map(str::to_owned).or(first).context("the chain is empty")?;
        let models: Vec<&str> = self.spec.chain.iter().map(|route| route.model.as_str()).collect();
        if let Some(hint) = setup::not_asked(&model, &models) {
            bail!("the chain has no model `{model}`{hint}");
        }
        let text = format!("{model} now fails: {fault}. /clear clears it.");
        self.services.inject(&model, Some(fault));
        self.health.reset_route(&model);
        Ok(text)
    }

    fn health(&self) -> String {
        if self.health.rows.is_empty() {
            return "No request was sent yet.".to_owned();
        }
        let now = self.services.now();
        let line = |row: &HealthRow| {
            let calls = match row.asked {
                0 => String::new(),
                asked => format!(" Answered {} of {}.", row.answered, counted(asked as usize, "request")),
            };
            format!("{}: circuit {}.{calls}", row.scope, row.breaker_text(now).0)
        };
        self.health.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn headers(&self) -> Result<String> {
        let lines = self.services.headers().lines(&self.services.endpoint().base)?;
        Ok(lines.iter().map(|line| format!("{}: {}", line.name, line.value)).collect::<Vec<_>>().join("\n"))
    }

    fn log(&self) -> String {
        match &self.last {
            None => "No run has ended yet.".to_owned(),
            Some(run) => run.log.iter().map(|line| line.text(run)).collect::<Vec<_>>().join("\n"),
        }
    }

    fn again(&mut self) -> Result<String> {
        if self.run.is_some() {
            bail!("a run is in progress; /stop cancels it");
        }
        let mut fields = self.task.signature.inputs.iter();
        if fields.any(|field| !self.task.inputs.contains_key(&field.name)) {
            bail!("no inputs were sent with this signature yet");
        }
        let inputs = self.task.inputs.clone();
        self.send(inputs);
        Ok(String::new())
    }

    fn stop(&self) -> String {
        match &self.run {
            Some(live) => {
                live.run.canceller().cancel();
                String::new()
            }
            None => "No run is in progress.".to_owned(),
        }
    }
}
