//! The client against the simulator: every fault of its table, streaming and whole, and the
//! proof that what the log shows is what arrived.

use crate::server::{KEY, client, endpoint, finish};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use switchover::fault::{Fault, FaultGroup, TABLE};
use switchover::openrouter::client::OutgoingRequest;
use switchover::openrouter::headers::Headers;
use switchover::openrouter::{Api, Delta};
use switchover::simulator::{Simulator, SimulatorOptions};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    stream: BTreeMap<String, String>,
    whole: BTreeMap<String, String>,
    hint: BTreeMap<String, i64>,
}

fn body(stream: bool) -> Value {
    let prompt = "Say [[ ## answer ## ]] and what 2 + 2 is.";
    json!({"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": prompt}], "stream": stream})
}

async fn simulator() -> Simulator {
    Simulator::start(SimulatorOptions { pace: 0.0, ..SimulatorOptions::default() }).await.unwrap()
}

#[tokio::test]
async fn every_fault_comes_to_its_kind() {
    let cases: Cases = toml::from_str(include_str!("../cases/faults.toml")).unwrap();
    let untimed = TABLE.iter().filter(|row| row.group != FaultGroup::Time && row.name != "black-hole");
    for row in untimed {
        assert!(cases.stream.contains_key(row.example), "{} has no case", row.example);
    }
    let (simulator, client, headers) = (simulator().await, client(), Headers::default());
    let mut wrong = Vec::new();
    for (word, expected) in &cases.stream {
        for stream in [true, false] {
            let expected = cases.whole.get(word).filter(|_| !stream).unwrap_or(expected);
            let endpoint = endpoint(&simulator.base_url_with(&word.parse::<Fault>().unwrap()));
            let call = OutgoingRequest {
                api: Api::default(),
                endpoint: &endpoint,
                headers: &headers,
                body: body(stream),
                fresh: false,
            };
            let (_, end) = finish(client.open(call.clone()).unwrap()).await;
            let kind = end.as_ref().map_or_else(|failure| json!(failure.kind), |_| json!("ok"));
            if kind != json!(expected) {
                wrong.push(format!("{word} (stream: {stream}): {kind}, not {expected}: {end:?}"));
            }
            let hint = end.err().and_then(|failure| failure.hint).map(|hint| hint.after.as_millis() as i64);
            if let Some(expected) = cases.hint.get(word)
                && hint.is_none_or(|hint| {
                    (hint - expected).abs() > 1000 * i64::from(*expected % 10_000 == 0 && *expected > 0)
                })
            {
                wrong.push(format!("{word}: hint {hint:?}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_log_shows_what_the_simulator_received() {
    let (simulator, client, headers) = (simulator().await, client(), Headers::default());
    let endpoint = endpoint(&simulator.base_url());
    client.warm(&endpoint, &headers).await.unwrap();
    for stream in [true, false] {
        let exchange = client
            .open(OutgoingRequest {
                api: Api::default(),
                endpoint: &endpoint,
                headers: &headers,
                body: body(stream),
                fresh: false,
            })
            .unwrap();
        let shown = exchange.request().clone();
        let (deltas, end) = finish(exchange).await;
        let received = simulator.received().pop().unwrap();
        let arrived: Vec<(String, String)> =
            received.headers.iter().map(|(name, value)| (name.clone(), value.replace(KEY, "…cdef"))).collect();
        assert_eq!(
            shown.headers.iter().map(|h| (h.name().to_owned(), h.value().to_owned())).collect::<Vec<_>>(),
            arrived
        );
        assert_eq!(shown.body, received.json());
        let end = end.unwrap();
        assert!(!end.text.is_empty() && end.id.is_some() && end.usage.unwrap().cost.is_some());
        assert!(deltas.iter().any(|delta| matches!(delta, Delta::Metadata(_))), "the router's story was asked for");
    }
}
