//! Routes: which name is the same model, which price is flagged.

use switchover::failover::{Failover, Policy, Route, within_price};

#[test]
fn a_dated_slug_is_the_same_model_and_another_name_is_not() {
    let same = [
        ("x/a", "x/a"),
        ("x/a:free", "x/a"),
        ("x/a", "x/a:nitro"),
        ("deepseek/deepseek-v4-flash", "deepseek/deepseek-v4-flash-20260423"),
        ("x/a", "x/a-2026-04-23"),
        ("x/a", "x/a-240806"),
        ("openrouter/auto", "x/anything"),
        ("~x/family-latest", "x/family-9"),
        ("x/a@preset/mine", "x/b"),
        ("@preset/mine", "x/b"),
        ("openai/gpt-4", "openai/gpt-4-0613"),
        ("openai/chatgpt-4o", "openai/chatgpt-4o-latest"),
        ("host:8080/a", "host:8080/a:free"),
        ("openai/gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("openai/gpt-4o-2024-08-06", "openai/gpt-4o"),
        ("llama3", "llama3:latest"),
        ("Qwen/Qwen3-8B", "qwen/qwen3-8b"),
        ("anthropic/claude-sonnet-5", "anthropic/claude-5-sonnet-20260801"),
        ("anthropic/claude-4.5-sonnet", "anthropic/claude-sonnet-4.5"),
    ];
    for (asked, served) in same {
        assert!(Route::new(asked, "o").is_served_as(served), "{asked} served as {served}");
    }
    let other = [
        ("x/a", "x/b"),
        ("x/a", "x/a-mini"),
        ("x/a-mini", "x/a"),
        ("x/a", "x/a20260423"),
        ("x/a", "x/a-2"),
        ("x/a", ""),
        ("openai/gpt-4", "openai/gpt-4-32"),
        ("openai/gpt-4o", "openai/gpt-4o-mini-2024-07-18"),
        ("other/gpt-4o-mini", "openai/gpt-4o-mini-2024-07-18"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"),
        ("anthropic/claude-sonnet-5", "anthropic/claude-opus-5-20260801"),
        ("anthropic/claude-sonnet-4-5", "anthropic/claude-5-4-sonnet"),
        ("anthropic/claude-sonnet-5", "other/claude-5-sonnet"),
        ("anthropic/claude-sonnet-5", "anthropic/claude-5-sonnet-sonnet"),
    ];
    for (asked, served) in other {
        assert!(!Route::new(asked, "o").is_served_as(served), "{asked} served as {served}");
    }
    let aliased = Route { aliases: vec!["x/real".to_owned()], ..Route::new("x/a", "o") };
    assert!(aliased.is_served_as("x/real-20260423") && !aliased.is_served_as("x/unreal"));
}

#[test]
fn high_and_unknown_prices_are_over_the_limit() {
    let priced = |worst_case| Route { worst_case, ..Route::new("m", "o") };
    let within = |cost| within_price(&priced(Some(0.01)), &priced(cost), 3.0);
    assert_eq!([Some(0.01), Some(0.03), Some(0.031), None, Some(0.0)].map(within), [true, true, false, false, true]);
    assert!(within_price(&priced(None), &priced(Some(0.0)), 3.0), "free is never too expensive");
    assert!(!within_price(&priced(None), &priced(Some(0.01)), 3.0), "an unknown price");
    assert!(!within_price(&priced(Some(0.0)), &priced(Some(0.01)), 3.0), "three times nothing");
}

#[test]
fn a_policy_may_be_given_in_part() {
    let policy: Policy = toml::from_str("hedge = true\nlimits = { per_run = 4 }").expect("a policy");
    assert!(policy.hedge);
    assert_eq!((policy.limits.per_run, policy.limits.per_model), (4, 3));
    let whole = toml::to_string(&Policy::default()).expect("written");
    assert_eq!(toml::from_str::<Policy>(&whole).expect("read"), Policy::default());
}

#[test]
fn the_mode_is_written_as_one_word_and_as_the_booleans_of_version_1() {
    let modes = [
        (Failover::Client, "client", false, false),
        (Failover::Server, "server", false, true),
        (Failover::Strict, "strict", true, false),
    ];
    for (failover, word, strict, server_side) in modes {
        let policy = Policy { failover, ..Policy::default() };
        let written = serde_json::to_value(&policy).expect("written");
        assert_eq!(written["failover"], word);
        assert_eq!((&written["strict"], &written["server_side"]), (&strict.into(), &server_side.into()));
        assert_eq!(serde_json::from_value::<Policy>(written).expect("read"), policy);
        let old = serde_json::json!({"strict": strict, "server_side": server_side});
        assert_eq!(serde_json::from_value::<Policy>(old).expect("an older line").failover, failover);
    }
}
