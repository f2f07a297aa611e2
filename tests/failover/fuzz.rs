//! The engine with a caller that makes mistakes: clocks that run backwards, input about
//! attempts that have ended or never existed, ticks at any time. Invariants 1, 9 and 16.

use crate::worlds::{drawn, ms, reply};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::Duration;
use switchover::failover::policy_report::ScriptedAct;
use switchover::failover::{AttemptId, Engine, Event, Health, Input, Policy, Route};

fn input() -> impl Strategy<Value = Input> {
    let attempt = (0_u32..6).prop_map(AttemptId::new);
    let about = (attempt, reply()).prop_map(|(attempt, reply)| match reply.into_iter().next_back() {
        Some((_, ScriptedAct::Open)) => Input::Opened { attempt },
        Some((_, ScriptedAct::Token(phase))) => Input::Token { attempt, phase },
        Some((_, ScriptedAct::Done(mut answer))) => {
            std::sync::Arc::make_mut(&mut answer.fields).insert("answer".to_owned(), 42.into());
            Input::Done { attempt, answer }
        }
        Some((_, ScriptedAct::Fail(failure, cost))) => Input::Failed { attempt, failure, cost },
        None => Input::Tick,
    });
    prop_oneof![1 => Just(Input::Begin), 8 => about, 3 => Just(Input::Tick), 1 => Just(Input::Cancel)]
}

proptest! {
    #![proptest_config(drawn(800))]

    #[test]
    fn a_confused_caller_gets_a_consistent_log(
        inputs in prop::collection::vec((ms(0..40_000), input()), 1..40),
        hedge in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let chain = ["a", "b:free", "c"].map(|model| Route::new(model, "o")).to_vec();
        let mut engine = Engine::new(Policy { hedge, seed, ..Policy::default() }, chain);
        let mut health = Health::default();
        let (mut live, mut all) = (BTreeSet::new(), BTreeSet::new());
        let (mut begun, mut over) = (false, false);
        let (mut clock, mut shown) = (Duration::ZERO, Duration::ZERO);
        for (now, input) in inputs {
            begun |= matches!(input, Input::Begin | Input::Cancel);
            clock = if begun { clock.max(now) } else { Duration::ZERO };
            for event in engine.step(now, input, &mut health) {
                prop_assert!(!over, "{event:?} after the end");
                match event {
                    Event::Started(started) => prop_assert!(live.insert(started.attempt) && all.insert(started.attempt)),
                    Event::Failed(failed) => prop_assert!(live.remove(&failed.attempt)),
                    Event::Answered(answered) => prop_assert!(live.remove(&answered.attempt)),
                    Event::Waiting(wait) => {
                        prop_assert!(wait.until >= shown);
                        shown = wait.until;
                    }
                    Event::Finished(_) => over = true,
                    _ => {}
                }
            }
            prop_assert_eq!(over, engine.is_over());
            prop_assert!(!over || live.is_empty());
            prop_assert!(engine.wake_at().is_none_or(|at| at > clock), "a due timer was not handled");
            prop_assert_eq!(engine.wake_at().is_some(), begun && !over);
        }
    }
}
