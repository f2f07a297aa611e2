use super::*;
use crate::openrouter::Header;
use proptest::prelude::*;

fn read<'a>(
    content_type: &str,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Delta>, Result<Completion, Failure>) {
    let header = Header { name: "content-type".into(), value: content_type.into() };
    let head = Head { status: 200, generation: None, headers: vec![header] };
    let (mut reader, mut deltas) = (BodyReader::new(head, Secrets::default(), Duration::ZERO), Vec::new());
    for piece in pieces {
        reader.push(piece, &mut deltas);
    }
    let end = reader.finish(None, &mut deltas);
    // White space before a body is a keep-alive for each piece.
    deltas.retain(|delta| *delta != Delta::Comment);
    (deltas, end)
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let parts: Vec<&[u8]> = vec![
        b"data: ",
        b"\n\n",
        b"\n\n",
        b"\r\n\r\n",
        b": c\n",
        b" ",
        b"[DONE]",
        b"null",
        b"{}",
        b"[]",
        b"<html>",
        b"\xff",
        b"{\"choices\":[{\"delta\":{\"content\":\"a\\u001b[3\"}}]}",
        b"{\"choices\":[{\"delta\":{\"content\":\"1mb\",\"reasoning\":\"r\"}}]}",
        b"{\"choices\":[{\"message\":{\"content\":[{\"text\":\"p\"}]},\"finish_reason\":\"stop\"}]}",
        b"{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}],\"usage\":{\"cost\":\"1\"}}",
        b"{\"error\":{\"code\":429,\"message\":\"m\",\"metadata\":{\"raw\":\"{\\\"error\\\":[]}\"}}}",
        b"{\"choices\":[",
        b"\"model\":",
        b"}",
        b"]",
        b"\xef\xbb\xbf",
        "世".as_bytes(),
        b"event: error\n",
        b"error: ",
        b"\x1f\x8b",
        b"{\"choices\":[{\"delta\":{\"content\":\"\\ud83d\"}}]}",
        b"{\"choices\":[{\"delta\":{\"content\":[{\"thinking\":\"\\ude00\"},\"\\ude00\"]}}]}",
        b"{\"choices\":[{\"finish_reason\":\"paused\"}],\"usage\":{\"cost\":NaN}}",
        b"{\"message\":\"m\",\"code\":500}",
    ];
    let any_bytes = prop::collection::vec(any::<u8>(), 0..12);
    let part = prop_oneof![6 => prop::sample::select(parts).prop_map(<[u8]>::to_vec), 1 => any_bytes];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

#[test]
fn the_cap_counts_the_answer_and_not_its_framing() {
    let event = |text: &str| {
        format!("data: {{\"id\":\"{}\",\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n", "x".repeat(300))
    };
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let short = [event("word").repeat(64 << 10), end.to_owned()].concat();
    assert!(short.len() > MAX_BODY);
    assert_eq!(read("text/event-stream", short.as_bytes().chunks(4096)).1.map(|end| end.text.len()), Ok(256 << 10));
    let long = [event(&"w".repeat(1 << 19)).repeat(33), end.to_owned()].concat();
    let comments = ": OPENROUTER PROCESSING\n\n".repeat(MAX_BODY / 20);
    for body in [long, comments, format!("{{\"x\":\"{}\"}}", "x".repeat(MAX_BODY))] {
        let failure = read("text/event-stream", body.as_bytes().chunks(4096)).1.unwrap_err();
        assert_eq!(failure.kind, FailureKind::TooLarge);
    }
}

#[test]
fn a_flood_of_small_facts_is_bounded_and_the_last_usage_is_reported() {
    let end = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n";
    let flood = |event: fn(usize) -> String| {
        let events = (1..=10_000).map(|i| format!("data: {}\n\n", event(i)));
        let body = events.chain([end.to_owned()]).collect::<Vec<_>>().concat();
        let (deltas, completion) = read("text/event-stream", body.as_bytes().chunks(4096));
        assert!(deltas.len() < 260, "{}", deltas.len());
        (deltas, completion.unwrap())
    };
    let (deltas, completion) = flood(|i| format!("{{\"usage\":{{\"completion_tokens\":{i}}}}}"));
    assert_eq!(completion.usage.and_then(|usage| usage.completion_tokens), Some(10_000));
    let last = deltas.iter().rev().find(|delta| matches!(delta, Delta::Usage(_)));
    assert_eq!(last, completion.usage.map(Delta::Usage).as_ref());
    flood(|i| format!("{{\"openrouter_metadata\":{{\"strategy\":\"s{i}\"}}}}"));
    flood(|i| format!("{{\"model\":\"m{i}\"}}"));
    flood(|_| "{}".to_owned());
}

#[test]
fn an_answer_has_a_most_of_bytes_and_of_pieces() {
    assert_eq!(excess(MAX_BODY + 4 * MAX_FRAMING, 4, MAX_BODY), None);
    assert!(excess(MAX_BODY + 4 * MAX_FRAMING + 1, 4, 0).is_some());
    assert!(excess(2 * MAX_BODY, MAX_PIECES, MAX_BODY + 1).is_some());
    // Pieces without text, such as encrypted thoughts, count too.
    assert!(excess(MAX_PIECES, MAX_PIECES + 1, 0).is_some_and(|reason| reason.contains("pieces")));
}

proptest! {
    #[test]
    fn any_bytes_come_to_one_end_whatever_the_pieces(
        bytes in body(),
        sse in any::<bool>(),
        size in 1..20_usize,
    ) {
        let content_type = if sse { "text/event-stream" } else { "application/json" };
        let whole = read(content_type, [bytes.as_slice()]);
        prop_assert_eq!(&whole, &read(content_type, bytes.chunks(size)));
        if let Ok(completion) = &whole.1 {
            prop_assert!(!completion.text.trim().is_empty(), "no silent empty");
            prop_assert!(completion.text.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'));
        }
    }
}

/// The message of a whole response that is put together from the chunks of a stream, each with this in its choice.
fn whole(choices: &[&str]) -> Result<serde_json::Value, Failure> {
    let head = Head { status: 200, generation: None, headers: Vec::new() };
    let reader = BodyReader::new(head, Secrets::default(), Duration::ZERO);
    let (mut reader, mut deltas) = (reader.expecting(Expects::Message, Api::default()), Vec::new());
    for choice in choices {
        reader.push(format!("data: {{\"choices\":[{{\"index\":0,{choice}}}]}}\n\n").as_bytes(), &mut deltas);
    }
    let response = reader.finish(None, &mut deltas)?.response.expect("a message is expected");
    Ok(response["choices"][0]["message"].clone())
}

#[test]
fn half_a_character_costs_no_chunk_of_a_whole_response() {
    let end = r#""finish_reason":"stop""#;
    // A pair in two chunks, and a half that never gets its other one.
    let smile = whole(&[r#""delta":{"content":"a\ud83d"}"#, r#""delta":{"content":"\ude00b"}"#, end]);
    assert_eq!(smile.unwrap()["content"], "a\u{1f600}b");
    let lost = whole(&[r#""delta":{"content":"a"}"#, r#""delta":{"content":"b","x_new":"\ud83d"}"#, end]).unwrap();
    assert_eq!((&lost["content"], &lost["x_new"]), (&"ab".into(), &"\u{fffd}".into()));
    let whole_pair = whole(&[r#""delta":{"content":"\ud83d\ude00","x_new":"\u00e9"}"#, end]).unwrap();
    assert_eq!((&whole_pair["content"], &whole_pair["x_new"]), (&"\u{1f600}".into(), &"\u{e9}".into()));
}

/// The deltas and the end of a stream of these chunks.
fn streamed(expects: Expects, chunks: &[&str]) -> (Vec<Delta>, Result<Completion, Failure>) {
    let head = Head { status: 200, generation: None, headers: Vec::new() };
    let reader = BodyReader::new(head, Secrets::default(), Duration::ZERO);
    let (mut reader, mut deltas) = (reader.expecting(expects, Api::default()), Vec::new());
    for chunk in chunks {
        reader.push(format!("data: {chunk}\n\n").as_bytes(), &mut deltas);
    }
    let end = reader.finish(None, &mut deltas);
    (deltas, end)
}

#[test]
fn a_chunk_that_a_whole_response_cannot_hold_is_no_success() {
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let end = r#"{"choices":[{"index":0,"finish_reason":"stop"}]}"#;
    for odd in ["1e999", &deep] {
        let text = format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"a"}}}}],"x_new":{odd}}}"#);
        let (_, failed) = streamed(Expects::Message, &[&text, end]);
        assert_eq!(failed.unwrap_err().kind, FailureKind::BadEvents, "{odd}");
        // What is relayed has its chunks, and a signature's answer has only its text.
        for expects in [Expects::Relay, Expects::Text] {
            let (deltas, end) = streamed(expects, &[&text, end]);
            assert_eq!((end.unwrap().text.as_str(), deltas.contains(&Delta::Text("a".into()))), ("a", true), "{odd}");
        }
        // Behind the answer's end there is nothing to lose.
        let usage = format!(r#"{{"choices":[],"x_new":{odd}}}"#);
        let start = r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}"#;
        let (deltas, end) = streamed(Expects::Message, &[start, &usage]);
        assert_eq!(end.unwrap().text, "a");
        assert!(deltas.iter().any(|delta| matches!(delta, Delta::Warning(_))), "{odd}");
        // An error stays the error that it is.
        let refused = format!(r#"{{"error":{{"code":402,"message":"Insufficient credits"}},"x_new":{odd}}}"#);
        let (_, failed) = streamed(Expects::Message, &[&refused]);
        assert!(failed.unwrap_err().reason.contains("Insufficient credits"), "{odd}");
    }
}

#[test]
fn a_field_that_is_named_twice_makes_a_chunk_unreadable() {
    for twice in [
        r#"{"choices":[{"index":0,"delta":{"content":"a","content":"b"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"reasoning":"a","reasoning":"b"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"a"},"delta":{"content":"b"}}]}"#,
    ] {
        let (_, failed) = streamed(Expects::Message, &[twice]);
        assert_eq!(failed.unwrap_err().kind, FailureKind::BadEvents, "{twice}");
    }
}

proptest! {
    /// Chunks that differ in their text alone are read in another way than those that differ elsewhere, too.
    #[test]
    fn chunks_of_one_pattern_are_read_like_all_others(
        chunks in prop::collection::vec((0_usize..7, 0_usize..8), 1..30),
        expects in prop::sample::select(vec![Expects::Text, Expects::Message, Expects::Relay]),
    ) {
        const TEXTS: [&str; 8] = ["a", " b", "", r"\n", r#"\""#, "é", r"\ud83d", r"\ude00"];
        let chunk = |(shape, text): (usize, usize)| {
            let text = TEXTS[text];
            match shape {
                0 | 1 => format!(r#"{{"model":"m","choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#),
                2 => format!(r#"{{"choices":[{{"delta":{{"role":"assistant","reasoning":"{text}","content":""}}}}]}}"#),
                3 => format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}","x_new":"a"}}}}]}}"#),
                4 => format!(r#"{{"choices":[{{"index":1,"delta":{{"content":"{text}"}}}}]}}"#),
                5 => format!(r#"{{"model":"{text}","choices":[{{"index":0,"delta":{{"content":"c"}},"logprobs":{{"content":[1]}}}}]}}"#),
                _ => format!(r#"{{"choices":[{{"index":0,"delta":{{"thinking":"{text}"}}}}],"usage":{{"prompt_tokens":1}}}}"#),
            }
        };
        let read = |space: bool| {
            let head = Head { status: 200, generation: None, headers: Vec::new() };
            let reader = BodyReader::new(head, Secrets::default(), Duration::ZERO);
            let (mut reader, mut deltas) = (reader.expecting(expects, Api::default()), Vec::new());
            for (number, &chosen) in chunks.iter().enumerate() {
                let mut json = chunk(chosen);
                json.insert_str(json.len() - 1, &" ".repeat(if space { number } else { 0 }));
                reader.push(format!("data: {json}\n\n").as_bytes(), &mut deltas);
            }
            reader.push(b"data: {\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}]}\n\n", &mut deltas);
            let end = reader.finish(None, &mut deltas);
            let chunks = deltas.iter().filter(|delta| matches!(delta, Delta::Chunk(_))).count();
            deltas.retain(|delta| !matches!(delta, Delta::Chunk(_)));
            (chunks, deltas, end)
        };
        prop_assert_eq!(read(false), read(true));
    }
}
