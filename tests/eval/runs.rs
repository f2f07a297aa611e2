//! Whole evaluations on the simulator.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use switchover::dspy::Values;
use switchover::eval::{
    Case, CaseFormat, CellId, Evaluation, FaultPlan, Metric, Results, Scored, Variant, demos, read, table,
};
use switchover::failover::Cost;
use switchover::openrouter::client::Client;
use switchover::report::{Observation, ReportKind};
use switchover::simulator::{Simulator, SimulatorOptions};
use switchover::spec::{RunSpec, SignatureTask};
use switchover::worker::{self, EvaluateEnd, EvaluateOptions, Service, ServiceOptions, Services, evaluate, worst_case};

const FIRST: &str = "openai/gpt-4o-mini";
const SECOND: &str = "anthropic/claude-3-haiku";

fn variant(name: &str, models: &[&str]) -> Variant {
    let task = SignatureTask::new("question -> answer: int".parse().unwrap(), Values::new());
    let mut spec = RunSpec::new(task, models.iter().copied());
    spec.settings.max_tokens = Some(200);
    Variant { name: name.to_owned(), spec }
}

fn plan(fault: &str) -> FaultPlan {
    FaultPlan { name: fault.to_owned(), faults: vec![(FIRST.to_owned(), fault.parse().unwrap())] }
}

fn sums(count: usize) -> Vec<Case> {
    let line = |i: usize| format!("{{\"question\": \"What is {i} + 1?\", \"answer\": {}}}\n", i + 1);
    let text: String = (0..count).map(line).collect();
    read(&text, CaseFormat::JsonLines, &"question -> answer: int".parse().unwrap()).unwrap()
}

pub(super) fn evaluation(cases: usize) -> Evaluation {
    Evaluation {
        cases: sums(cases),
        variants: vec![variant("one", &[FIRST]), variant("two", &[FIRST, SECOND])],
        plans: vec![FaultPlan::none(), plan("503@p=0.5,seed=7")],
        metrics: vec![("answer".to_owned(), Metric::Exact)],
        repeat: 1,
        seed: 1,
    }
}

async fn services() -> Arc<Services> {
    let simulator = Simulator::start(SimulatorOptions { pace: 0.0, ..SimulatorOptions::default() }).await.unwrap();
    let client = Client::new(Duration::from_secs(5));
    Arc::new(Services::new(ServiceOptions::new(client, Service::Simulator, simulator)))
}

fn options() -> EvaluateOptions {
    EvaluateOptions {
        concurrency: 4,
        max_cost: None,
        spent: 0.0,
        finished: Vec::new(),
        judges: BTreeMap::new(),
        command: Arc::new(|_, _| Err("no program is expected".to_owned())),
    }
}

/// All finished cells by their places, and the end.
async fn run(evaluation: &Evaluation, options: &EvaluateOptions) -> (BTreeMap<usize, Scored>, EvaluateEnd) {
    let mut cells = BTreeMap::new();
    let services = services().await;
    let end = evaluate(evaluation, options, &services, pending(), |index, scored| {
        assert!(cells.insert(index, scored).is_none(), "a cell is finished once");
    })
    .await;
    (cells, end)
}

fn results(evaluation: &Evaluation, cells: &BTreeMap<usize, Scored>) -> Results {
    let mut results = Results::new(evaluation);
    for (index, scored) in cells {
        results.set(*index, scored.into());
    }
    results
}

/// A finished cell that nobody asked for.
pub(super) fn finished(evaluation: &Evaluation, index: usize, right: bool, took: Duration) -> Scored {
    let cell = evaluation.cell(index);
    Scored {
        case: evaluation.cases[cell.case].id.clone(),
        variant: evaluation.variants[cell.variant].name.clone(),
        faults: evaluation.plans[cell.plan].name.clone(),
        repeat: cell.repeat + 1,
        run: 1,
        model: Some(FIRST.to_owned()),
        score: f64::from(u8::from(right)),
        scores: serde_json::Map::new(),
        valid: true,
        attempts: 1,
        took,
        first_token: Some(Duration::from_millis(200)),
        cost: Cost::Known(0.001),
        known_cost: None,
        tokens: [10, 5],
        judge_cost: Cost::NOTHING,
        answer: Arc::default(),
        failures: Vec::new(),
    }
}

/// What does not depend on time.
fn timeless(scored: &Scored) -> Scored {
    Scored { run: 0, took: Duration::ZERO, first_token: None, ..scored.clone() }
}

#[tokio::test]
async fn a_seeded_evaluation_gives_the_same_cells_whatever_runs_beside_them() {
    let evaluation = evaluation(8);
    let (cells, end) = run(&evaluation, &options()).await;
    assert_eq!((cells.len(), end), (evaluation.len(), EvaluateEnd::Complete));
    let (again, _) = run(&evaluation, &EvaluateOptions { concurrency: 1, ..options() }).await;
    for (index, scored) in &cells {
        assert_eq!(timeless(scored), timeless(&again[index]), "{:?}", evaluation.cell(*index));
    }
    let other = Evaluation { seed: 2, ..evaluation.clone() };
    let (others, _) = run(&other, &options()).await;
    let valid = |cells: &BTreeMap<usize, Scored>| cells.values().map(|it| it.valid).collect::<Vec<_>>();
    assert_ne!(valid(&cells), valid(&others), "another seed breaks other calls");
}

#[tokio::test]
async fn failover_rescues_what_a_single_model_loses() {
    let evaluation = evaluation(8);
    let (cells, _) = run(&evaluation, &options()).await;
    let rows = results(&evaluation, &cells).rows(&evaluation);
    let row =
        |variant: &str, faults: &str| rows.iter().find(|row| row.variant == variant && row.faults == faults).unwrap();
    let faulty = "503@p=0.5,seed=7";
    assert_eq!((row("one", "none").valid, row("two", "none").failovers), (8, 0));
    // A model is asked three times, so only some of its runs are lost.
    assert!(row("one", faulty).valid < 8, "{:?}", row("one", faulty));
    assert_eq!((row("two", faulty).valid, row("two", faulty).score), (8, Some(1.0)));
    assert_eq!(row("two", faulty).failovers, 8 - row("one", faulty).valid, "the same calls are broken for both");
    let answered = &row("two", faulty).answered_by;
    assert_eq!(answered[SECOND].as_u64(), Some(row("two", faulty).failovers as u64));
}

#[tokio::test]
async fn what_was_finished_before_is_not_asked_again_and_the_table_is_the_same() {
    let evaluation = evaluation(6);
    let (cells, _) = run(&evaluation, &options()).await;
    let whole = results(&evaluation, &cells);
    for kept in [0, 1, 7, evaluation.len() - 1, evaluation.len()] {
        let finished = (0..evaluation.len()).map(|index| index % evaluation.len() < kept).collect();
        let (rest, end) = run(&evaluation, &EvaluateOptions { finished, ..options() }).await;
        assert_eq!((rest.len(), end), (evaluation.len() - kept, EvaluateEnd::Complete));
        let mut both: BTreeMap<usize, Scored> = rest;
        both.extend(cells.iter().filter(|(index, _)| **index < kept).map(|(index, cell)| (*index, cell.clone())));
        let both = results(&evaluation, &both);
        let scores = |results: &Results| {
            results
                .rows(&evaluation)
                .iter()
                .map(|row| (row.score, row.low, row.valid, row.attempts))
                .collect::<Vec<_>>()
        };
        assert_eq!(scores(&both), scores(&whole));
    }
}

#[tokio::test]
async fn what_is_known_of_a_cost_is_shown_although_a_stream_was_cut() {
    let evaluation = Evaluation { plans: vec![plan("cut:8")], ..evaluation(2) };
    let (cells, _) = run(&evaluation, &options()).await;
    for (index, scored) in &cells {
        let of_two_models = evaluation.cell(*index).variant == 1;
        assert_eq!((scored.cost, scored.known_cost.is_some()), (Cost::Unknown, of_two_models), "{scored:?}");
        let line = serde_json::to_value(scored).unwrap();
        assert_eq!(serde_json::from_value::<Scored>(line).unwrap().spend(), scored.spend());
    }
    let results = results(&evaluation, &cells);
    let [one, two] = [0, 1].map(|variant| results.evaluated(&evaluation, variant, 0));
    assert_eq!((one.cost, one.known_cost), (Cost::Unknown, None));
    assert!(two.known_cost.is_some_and(|known| known > 0.0));
    let text = table(&evaluation, &results, None);
    assert!(text.contains("≥ $") && text.contains("unknown"), "{text}");
}

#[tokio::test]
async fn the_ceiling_holds_and_says_that_it_does() {
    let evaluation = evaluation(8);
    let services = services().await;
    let worst = |index| worst_case(&evaluation.spec(evaluation.cell(index)), &services.catalogue()).unwrap();
    let worst = (0..evaluation.len()).map(worst).fold(0.0, f64::max);
    for runs in [0.5, 1.0, 3.0, 10.0] {
        let ceiling = worst * runs;
        let (cells, end) = run(&evaluation, &EvaluateOptions { max_cost: Some(ceiling), ..options() }).await;
        let spent = results(&evaluation, &cells).spent();
        assert!(spent <= ceiling, "{spent} of {ceiling}");
        assert!(cells.len() >= runs as usize, "{} cells for {runs} worst cases", cells.len());
        if cells.len() < evaluation.len() {
            assert!(matches!(end, EvaluateEnd::TooExpensive(next) if next > 0.0), "{end:?}");
        }
    }
    let unknown = Evaluation { variants: vec![variant("x", &["nobody/knows-it"])], ..evaluation };
    let (cells, end) = run(&unknown, &EvaluateOptions { max_cost: Some(1.0), ..options() }).await;
    assert_eq!((cells.len(), end), (0, EvaluateEnd::UnknownPrice));
}

#[tokio::test]
async fn the_worst_case_counts_that_each_attempt_may_ask_for_a_longer_answer() {
    let models = [FIRST, "google/gemini-2.5-flash", "anthropic/claude-sonnet-4"];
    let faults = models.map(|model| (model.to_owned(), "length".parse().unwrap()));
    let plan = FaultPlan { name: "length".to_owned(), faults: faults.to_vec() };
    let mut evaluation = Evaluation { plans: vec![plan], variants: vec![variant("x", &models)], ..evaluation(1) };
    let services = services().await;
    let catalogue = services.catalogue();
    for max_tokens in [20, 200] {
        evaluation.variants[0].spec.settings.max_tokens = Some(max_tokens);
        let spec = evaluation.spec(evaluation.cell(0));
        services.clear_faults();
        for (model, fault) in &evaluation.plans[0].faults {
            services.inject(model, Some(fault.clone()));
        }
        let mut run = worker::run(spec.clone(), &services);
        let mut asked = Vec::new();
        while let Some(report) = run.next().await {
            if let ReportKind::Observation(Observation::Sent(sent)) = &report.what {
                asked.push((sent.model.clone(), sent.request.body["max_tokens"].as_u64().unwrap() as u32));
            }
        }
        assert_eq!(asked.len(), 6, "each model is asked twice: {asked:?}");
        let bill = |(model, tokens): &(String, u32)| catalogue.find(model)?.price.worst_case(0, Some(*tokens));
        let bills: f64 = asked.iter().map(|asked| bill(asked).unwrap()).sum();
        let worst = worst_case(&spec, &catalogue).unwrap();
        assert!(bills <= worst, "{bills} of at most {worst}: {asked:?}");
    }
}

#[tokio::test]
async fn a_stopped_evaluation_says_so_and_starts_nothing_more() {
    let evaluation = evaluation(4);
    let services = services().await;
    let mut scored = 0;
    let end = evaluate(&evaluation, &options(), &services, async {}, |_, _| {
        scored += 1;
    })
    .await;
    assert_eq!((end, scored), (EvaluateEnd::Cancelled, 0));
}

#[tokio::test]
async fn a_metrics_program_gets_the_case_and_the_prediction() {
    let metrics = vec![("answer".to_owned(), Metric::Command("mine".to_owned()))];
    let evaluation = Evaluation { metrics, plans: vec![FaultPlan::none()], ..evaluation(2) };
    let command = |program: &str, question: &serde_json::Value| {
        assert_eq!(program, "mine");
        let right = question["case"]["expected"]["answer"] == question["prediction"]["answer"];
        Ok(if right && question["case"]["inputs"]["question"].is_string() { 0.5 } else { 0.0 })
    };
    let (cells, end) = run(&evaluation, &EvaluateOptions { command: Arc::new(command), ..options() }).await;
    assert_eq!((end, cells.values().map(|it| it.score).sum::<f64>()), (EvaluateEnd::Complete, 2.0));
    let broken = EvaluateOptions { command: Arc::new(|_, _| Err("broken".to_owned())), ..options() };
    let (_, end) = run(&evaluation, &broken).await;
    assert!(
        matches!(&end, EvaluateEnd::Unscored(why) if why.ends_with(": broken") && why.starts_with("case ")),
        "{end:?}"
    );
}

#[test]
fn cells_and_their_places_agree() {
    let evaluation = Evaluation { repeat: 3, ..evaluation(5) };
    assert_eq!(evaluation.len(), 60);
    for index in 0..evaluation.len() {
        assert_eq!(evaluation.index(evaluation.cell(index)), index);
    }
    assert_eq!(evaluation.cell(59), CellId { case: 4, repeat: 2, variant: 1, plan: 1 });
}

#[test]
fn repeats_have_other_luck_and_variants_the_same() {
    let evaluation = Evaluation { repeat: 2, ..evaluation(2) };
    let faults = |repeat, variant| evaluation.faults(CellId { case: 0, repeat, variant, plan: 1 });
    assert_eq!(faults(0, 0), faults(0, 1));
    assert_ne!(faults(0, 0), faults(1, 0));
    assert_eq!(evaluation.fingerprint(), evaluation.clone().fingerprint());
    assert_ne!(evaluation.fingerprint(), Evaluation { seed: 9, ..evaluation.clone() }.fingerprint());
}

#[test]
fn a_table_says_what_is_certain_and_what_is_not() {
    let evaluation = Evaluation { plans: vec![FaultPlan::none()], ..evaluation(40) };
    let mut results = Results::new(&evaluation);
    for index in 0..evaluation.len() {
        let cell = evaluation.cell(index);
        let right = cell.variant == 1 || cell.case.is_multiple_of(4);
        let cost = if cell.variant == 0 { Cost::Known(0.001) } else { Cost::Unknown };
        let scored = Scored { cost, ..finished(&evaluation, index, right, Duration::from_millis(1000 + index as u64)) };
        results.set(index, (&scored).into());
    }
    let text = table(&evaluation, &results, None);
    insta::assert_snapshot!(text);
    for width in [80, 100, 120] {
        let narrow = table(&evaluation, &results, Some(width));
        let head = narrow.lines().next().unwrap();
        assert!(head.chars().count() <= width && head.contains("score") && head.contains("valid"), "{narrow}");
    }
}

#[test]
fn accepted_answers_become_demos_one_from_each_case() {
    let evaluation = evaluation(5);
    let answer = |n: usize| Arc::new(serde_json::Map::from_iter([("answer".to_owned(), n.into())]));
    // Of each case all cells, the last case first; the answers to the cases 1 and 3 are wrong, that to case 4 is not valid.
    let cells: Vec<(usize, Scored)> = (0..evaluation.len())
        .rev()
        .map(|index| {
            let case = evaluation.cell(index).case;
            let right = !matches!(case, 1 | 3);
            let scored = finished(&evaluation, index, right, Duration::ZERO);
            (index, Scored { valid: case != 4, answer: answer(case + 1), ..scored })
        })
        .collect();
    let demo = |n: i64| {
        Values::from_iter([
            ("question".to_owned(), format!("What is {n} + 1?").into()),
            ("answer".to_owned(), (n + 1).into()),
        ])
    };
    assert_eq!(demos(&evaluation, &cells, 9), (2, vec![demo(0), demo(2)]), "in the order of the cases");
    let (count, chosen) = demos(&evaluation, &cells, 1);
    assert_eq!((count, chosen.len()), (2, 1));
    assert_eq!(demos(&evaluation, &cells, 1).1, chosen, "the same seed chooses the same");
    assert_eq!(demos(&evaluation, &[], 9), (0, Vec::new()));
    let nearly = Scored { score: 0.99, ..cells[cells.len() - 1].1.clone() };
    assert_eq!(demos(&evaluation, &[(0, nearly)], 9).0, 0);
}
