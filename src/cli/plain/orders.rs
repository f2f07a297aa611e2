//! The commands that begin with a slash.

use super::super::setup;
use super::Repl;
use crate::failover::Route;
use crate::fault::Fault;
use crate::transcript::{HealthRow, counted};
use anyhow::{Context as _, Result, anyhow, bail};

const HELP: &str = "\
Type each input on a line of its own; a line that ends in a backslash goes on. Then the run begins.
/signature [INLINE or NAME]  show or change what is asked
/module [NAME]               predict, chain_of_thought, majority:3, ...
/adapter [NAME]              chat, json, xml
/model [MODEL ...]           show or change the fallback chain, first choice first
/break FAULT [MODEL]         make a model fail on purpose, the first one if none is named; /break 503
/heal                        no model fails on purpose any more
/health                      how each model fares
/headers                     who we say we are
/log                         the last run's log
/again                       the last inputs once more
/stop                        end the run that is on
/quit                        leave";

impl Repl {
    /// Carries out a command and says what came of it. False when it was the last.
    pub(super) fn order(&mut self, order: &str) -> bool {
        let (name, rest) = order.trim().split_once(char::is_whitespace).unwrap_or((order.trim(), ""));
        let rest = rest.trim();
        let said = match name {
            "quit" | "exit" | "q" => return false,
            "help" | "?" => Ok(HELP.to_owned()),
            "signature" => self.signature(rest),
            "module" => self.module(rest),
            "adapter" => self.adapter(rest),
            "model" | "models" => Ok(self.models(rest)),
            "break" => self.fault(rest),
            "heal" => {
                self.services.heal();
                Ok("No model fails on purpose.".to_owned())
            }
            "health" => Ok(self.health()),
            "headers" => self.headers(),
            "log" => Ok(self.log()),
            "again" => self.again(),
            "stop" => Ok(self.stop()),
            other => Err(anyhow!("there is no command /{other}; /help lists them")),
        };
        match said {
            Ok(said) if said.is_empty() => {}
            Ok(said) => println!("{said}"),
            Err(error) => println!("{error:#}"),
        }
        true
    }

    fn signature(&mut self, word: &str) -> Result<String> {
        if word.is_empty() {
            return Ok(self.task().signature.inline());
        }
        let entry = setup::signature(word, &self.env)?;
        self.given.clear();
        let task = self.task_mut();
        (task.signature, task.module, task.demos) = (entry.signature, entry.module, entry.demos);
        Ok(self.introduction())
    }

    fn module(&mut self, word: &str) -> Result<String> {
        if !word.is_empty() {
            self.task_mut().module = word.parse()?;
        }
        Ok(format!("Module {}.", self.task().module))
    }

    fn adapter(&mut self, word: &str) -> Result<String> {
        if !word.is_empty() {
            self.task_mut().adapter = word.parse()?;
        }
        Ok(format!("Adapter {}.", self.task().adapter))
    }

    fn models(&mut self, words: &str) -> String {
        let models: Vec<&str> = words.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        if !models.is_empty() {
            self.spec.chain = models.into_iter().map(|model| Route::new(model, "")).collect();
        }
        let faults = self.services.faults();
        let line = |(place, route): (usize, &Route)| {
            let fault = faults.get(&route.model).map(|fault| format!(", broken on purpose: {fault}"));
            format!("{}. {}{}", place + 1, route.model, fault.unwrap_or_default())
        };
        self.spec.chain.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    }

    fn fault(&mut self, words: &str) -> Result<String> {
        let mut words = words.split_whitespace();
        let Some(word) = words.next() else {
            bail!("/break FAULT, for example /break 503; `switchover faults` lists them")
        };
        let fault: Fault = word.parse()?;
        let first = self.spec.chain.first().map(|route| route.model.clone());
        let model = words.next().map(str::to_owned).or(first).context("there is no model in the chain")?;
        let said = format!("{model} fails from now on: {fault}. /heal ends it.");
        self.services.inject(&model, Some(fault));
        Ok(said)
    }

    fn health(&self) -> String {
        if self.health.rows.is_empty() {
            return "No model was asked yet.".to_owned();
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
            None => "There was no run yet.".to_owned(),
            Some(run) => run.story.iter().map(|line| line.text(run)).collect::<Vec<_>>().join("\n"),
        }
    }

    fn again(&mut self) -> Result<String> {
        if self.run.is_some() {
            bail!("a run is on; /stop ends it");
        }
        let mut asked = self.task().signature.inputs.iter();
        if asked.any(|field| !self.task().inputs.contains_key(&field.name)) {
            bail!("nothing has been asked of this signature yet");
        }
        let inputs = self.task().inputs.clone();
        self.send(inputs);
        Ok(String::new())
    }

    fn stop(&self) -> String {
        match &self.run {
            Some(live) => {
                live.run.canceller().cancel();
                String::new()
            }
            None => "No run is on.".to_owned(),
        }
    }
}
