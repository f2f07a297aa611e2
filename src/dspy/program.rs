//! A module at work, as a pure value: given the calls that have ended, it says which calls come next, or which
//! of them holds the answer. Knows signatures and predictions; must not know who makes the calls, when, or how they
//! fail over. The worker drives it against a service, `history` drives it again from a log.
//!
//! ```text
//! next([])            ─▶ Calls [1, 2, 3]           the driver makes them, side by side
//! next([1, 2, 3])     ─▶ Calls [4]                 all have ended: their predictions are the next call's inputs
//! next([1, 2, 3, 4])  ─▶ Answer { call: 3 }        an index into what was passed in
//! ```
//!
//! A loop that calls tools has the same shape: one call at a time, the calls so far in its inputs.

use super::module::comparison;
use super::{Module, Prediction, Signature, Values, Vote, vote};

/// A signature, its inputs and the module that asks it.
#[derive(Clone, Debug, PartialEq)]
pub struct Program<'a> {
    module: Module,
    signature: &'a Signature,
    inputs: &'a Values,
}

/// One question to the fallback chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// 0 if it is the program's only call; else its number, from 1. Its attempts carry this number in their ids.
    pub number: u32,
    /// What is asked: the program's signature with what the module adds to it.
    pub signature: Signature,
    /// The values of the signature's inputs.
    pub inputs: Values,
}

/// What a program wants next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Make these calls side by side, then ask again with their results added in this order. Never empty.
    Calls(Vec<Call>),
    /// The program is over.
    Answer {
        /// Index of the call that stands for all; its failure is the program's failure.
        call: usize,
        /// How the calls were counted, if they were.
        vote: Option<Vote>,
    },
}

impl<'a> Program<'a> {
    /// A program that has made no call yet.
    pub fn new(module: Module, signature: &'a Signature, inputs: &'a Values) -> Self {
        Self { module, signature, inputs }
    }

    /// What comes after these calls. `ended` holds the calls of all earlier steps in order, `None` where one failed.
    pub fn next(&self, ended: &[Option<Prediction>]) -> Step {
        let chains = self.module.chains();
        if ended.is_empty() {
            let signature = self.module.expand(self.signature);
            let numbers = if chains == 1 { 0..=0 } else { 1..=chains as u32 };
            let call = |number| Call { number, signature: signature.clone(), inputs: self.inputs.clone() };
            return Step::Calls(numbers.map(call).collect());
        }
        let first_answer = ended.iter().position(Option::is_some).unwrap_or(0);
        match self.module {
            Module::Predict | Module::ChainOfThought => Step::Answer { call: 0, vote: None },
            // Nothing to compare: the first failure stands for all.
            Module::MultiChainComparison(_) if ended.iter().all(Option::is_none) => {
                Step::Answer { call: 0, vote: None }
            }
            Module::MultiChainComparison(_) if ended.len() == chains => {
                let present: Vec<&Prediction> = ended.iter().flatten().collect();
                let (signature, attempts) = comparison(self.signature, &present);
                let mut inputs = self.inputs.clone();
                inputs.extend(attempts);
                Step::Calls(vec![Call { number: ended.len() as u32 + 1, signature, inputs }])
            }
            Module::MultiChainComparison(_) => Step::Answer { call: ended.len() - 1, vote: None },
            Module::Majority(_) => {
                let vote = vote(self.signature, ended);
                // Answers, but none that can be counted: the first one stands.
                Step::Answer { call: vote.as_ref().map_or(first_answer, Vote::winner), vote }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(answer: &str) -> Prediction {
        let fields = [("reasoning".to_owned(), "because".into()), ("answer".to_owned(), answer.into())];
        Prediction { fields: std::sync::Arc::new(fields.into_iter().collect()), repairs: Vec::new() }
    }

    /// Calls that ended with these answers; an empty text is a call that failed.
    fn ended<const N: usize>(answers: [&str; N]) -> Vec<Option<Prediction>> {
        answers.map(|answer| (!answer.is_empty()).then(|| prediction(answer))).to_vec()
    }

    fn signature() -> Signature {
        "question -> answer: int".parse().expect("a signature")
    }

    fn calls(step: Step) -> Vec<Call> {
        match step {
            Step::Calls(calls) => calls,
            Step::Answer { .. } => panic!("calls were expected: {step:?}"),
        }
    }

    #[test]
    fn one_call_has_no_number_and_its_end_is_the_answer() {
        let (signature, inputs) = (signature(), Values::new());
        for (module, inline) in [
            (Module::Predict, "question -> answer: int"),
            (Module::ChainOfThought, "question -> reasoning, answer: int"),
        ] {
            let program = Program::new(module, &signature, &inputs);
            let first = calls(program.next(&[]));
            assert_eq!((first.len(), first[0].number, first[0].signature.inline()), (1, 0, inline.to_owned()));
            for end in ["1", ""] {
                assert_eq!(program.next(&ended([end])), Step::Answer { call: 0, vote: None });
            }
        }
    }

    #[test]
    fn a_comparison_reads_the_calls_that_answered_and_its_own_end_is_the_answer() {
        let (signature, inputs) = (signature(), Values::new());
        let program = Program::new(Module::MultiChainComparison(3), &signature, &inputs);
        let first = calls(program.next(&[]));
        assert_eq!(first.iter().map(|call| call.number).collect::<Vec<_>>(), [1, 2, 3]);
        let second = calls(program.next(&ended(["1", "", "2"])));
        assert_eq!((second.len(), second[0].number), (1, 4));
        let inline = "question, reasoning_attempt_1, reasoning_attempt_2 -> rationale, answer: int";
        assert_eq!(second[0].signature.inline(), inline);
        assert_eq!(second[0].inputs["reasoning_attempt_2"], "«because; that gives answer: 2»");
        assert_eq!(program.next(&ended(["1", "", "2", ""])), Step::Answer { call: 3, vote: None });
        assert_eq!(program.next(&ended([""; 3])), Step::Answer { call: 0, vote: None }, "nothing to compare");
    }

    #[test]
    fn a_majority_answers_with_its_first_voter() {
        let (signature, inputs) = (signature(), Values::new());
        let program = Program::new(Module::Majority(3), &signature, &inputs);
        let Step::Answer { call, vote } = program.next(&ended(["1", "2", "2"])) else {
            panic!("an answer was expected");
        };
        assert_eq!((call, vote.map(|vote| vote.tally.len())), (1, Some(2)));
        let uncounted = program.next(&[None, Some(prediction("")), None]);
        assert_eq!(uncounted, Step::Answer { call: 1, vote: None });
        assert_eq!(program.next(&ended([""; 3])), Step::Answer { call: 0, vote: None });
    }
}
