//! Tests the served engine against a local server that speaks the wire format.

use super::wire::{Events, Heard};
use super::*;
use crate::engine::{Role, Stop};
use crate::testing::completions::{Completions, Says, chunk};
use proptest::prelude::*;
use serde_json::Value;

fn served(url: &str) -> Served {
    Served {
        url: url.into(),
        model: "qwen".into(),
        key: Some("secret-key".into()),
        context_length: 4096,
        patience: Duration::from_secs(20),
    }
}

fn asked() -> Vec<Message> {
    [(Role::System, "Be brief."), (Role::User, "Why?")]
        .map(|(role, content)| Message {
            role,
            content: content.into(),
        })
        .into()
}

fn stream(pieces: &[&str]) -> Says {
    Says::Stream(pieces.iter().map(|piece| piece.to_string()).collect())
}

fn generate(says: Says) -> (Result<Generation, EngineError>, Completions) {
    let server = Completions::start(says);
    let mut engine = ServedEngine::new(served(&server.url())).unwrap();
    let mut told = String::new();
    let generation = engine.generate(&asked(), &Sampling::default(), &mut |piece| {
        told.push_str(piece);
        ControlFlow::Continue(())
    });
    if let Ok(generation) = &generation {
        assert_eq!(told, generation.text);
    }
    (generation, server)
}

fn told(says: Says) -> String {
    let error = generate(says).0.unwrap_err();
    format!("{error} | {}", error.hint().unwrap_or_default())
}

#[test]
fn an_answer_is_streamed_and_counted() {
    let (generation, server) = generate(stream(&["Because ", "it is", " so."]));
    let generation = generation.unwrap();
    assert_eq!(generation.text, "Because it is so.");
    assert_eq!(
        (
            generation.prompt_tokens,
            generation.cached_tokens,
            generation.generated_tokens
        ),
        (70, 5, 9)
    );
    assert_eq!(generation.stop, Stop::EndToken);
    let (head, body) = server.requests().remove(0);
    assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{head}");
    assert!(
        head.to_ascii_lowercase()
            .contains("authorization: bearer secret-key\r\n"),
        "{head}"
    );
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["model"], &body["stream"]), (&"qwen".into(), &true.into()));
    assert_eq!(body["messages"][0]["role"], "system");
    assert_eq!(body["messages"][1]["content"], "Why?");
    assert_eq!((&body["temperature"], &body["max_tokens"]), (&0.0.into(), &256.into()));
}

#[test]
fn a_server_that_does_not_stream_is_understood_too() {
    let generation = generate(Says::Whole("So it is.".into())).0.unwrap();
    assert_eq!((generation.text.as_str(), generation.prompt_tokens), ("So it is.", 3));
}

#[test]
fn what_a_model_thinks_aloud_is_kept_back() {
    let generation = generate(stream(&["<thi", "nk>hm", "m</th", "ink>\n\n", "It is."]))
        .0
        .unwrap();
    assert_eq!(generation.text, "It is.");
    let generation = generate(stream(&["<", "b> is a tag."])).0.unwrap();
    assert_eq!(generation.text, "<b> is a tag.");
    let generation = generate(stream(&["<think>never ends"])).0.unwrap();
    assert_eq!(generation.text, "");
}

#[test]
fn a_server_that_refuses_is_told_with_the_way_out_and_never_the_key() {
    let error = |message: &str| format!("{{\"error\":{{\"message\":\"{message}\"}}}}");
    for (status, body, parts) in [
        (401, error("bad key"), ["401", "bad key", "key_env"]),
        (404, "no\nsuch   model".into(), ["404", "no such model", "`model`"]),
        (429, error("slow down"), ["429", "slow down", "busy"]),
        // The wording of llama-server.
        (
            400,
            error("request (908 tokens) exceeds the available context size (512 tokens), try increasing it"),
            ["400", "908 tokens", "`context_length` of [generator]"],
        ),
        (500, String::new(), ["500", "", ""]),
    ] {
        let told = told(Says::Status(status, body));
        for part in parts {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.contains("secret-key") && !told.contains('\n'), "{told}");
    }
}

#[test]
fn no_redirect_is_followed_with_the_key() {
    let elsewhere = Completions::start(stream(&["x"]));
    let told = told(Says::Redirect(elsewhere.url()));
    assert!(told.contains("302") && told.contains("`url`"), "{told}");
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_broken_stream_is_an_error_and_not_an_answer() {
    for (raw, part) in [
        (chunk("It is"), "broke off"),
        (
            "data: {\"error\":{\"message\":\"out of memory\"}}\n\n".into(),
            "out of memory",
        ),
        ("data: nonsense\n\n".into(), "no chat completion"),
        (format!("data: {}", "x".repeat(2 << 20)), "a line of more than"),
        (chunk(&"x".repeat(1000)).repeat(300), "bytes of text"),
    ] {
        let told = told(Says::Raw(raw.into_bytes()));
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_silent_server_is_given_up() {
    for says in [Says::Silent, Says::Hold("It".into())] {
        let server = Completions::start(says);
        let mut engine = ServedEngine::new(Served {
            patience: Duration::from_millis(200),
            ..served(&server.url())
        })
        .unwrap();
        let error = engine
            .generate(&asked(), &Sampling::default(), &mut |_| ControlFlow::Continue(()))
            .unwrap_err();
        assert!(error.to_string().contains("silent for 0.2 s"), "{error}");
    }
}

#[test]
fn the_caller_can_stop_a_silent_server() {
    for says in [Says::Silent, Says::Hold("It".into())] {
        let server = Completions::start(says);
        let mut engine = ServedEngine::new(served(&server.url())).unwrap();
        let generation = engine
            .generate(&asked(), &Sampling::default(), &mut |piece| match piece {
                "" => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            })
            .unwrap();
        assert_eq!(generation.stop, Stop::Caller);
        // The server notices, so it does not generate text that nobody reads.
        while server.left() == 0 {
            std::thread::yield_now();
        }
    }
}

#[test]
fn nobody_there_and_addresses_that_are_none_are_told() {
    let mut engine = ServedEngine::new(served("http://127.0.0.1:9/v1")).unwrap();
    let error = engine
        .generate(&asked(), &Sampling::default(), &mut |_| ControlFlow::Continue(()))
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("http://127.0.0.1:9/v1/chat/completions: "),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("start the server"));
    for url in ["", "ftp://host/v1", "/v1", "http://"] {
        assert!(ServedEngine::new(served(url)).is_err(), "{url}");
    }
}

#[test]
fn a_key_goes_to_another_machine_only_under_protection() {
    let error = ServedEngine::new(served("http://llm.example/v1")).err().unwrap();
    assert!(error.to_string().contains("unprotected"), "{error}");
    assert!(ServedEngine::new(served("https://llm.example/v1")).is_ok());
    let keyless = Served {
        key: None,
        ..served("http://llm.example/v1")
    };
    assert!(ServedEngine::new(keyless).is_ok());
    assert!(!format!("{:?}", served("https://llm.example/v1")).contains("secret"));
}

fn all(bytes: &[u8], cuts: &[usize]) -> Result<Vec<Heard>, String> {
    let mut events = Events::default();
    let (mut heard, mut from) = (Vec::new(), 0);
    for cut in cuts.iter().map(|cut| cut % (bytes.len() + 1)).chain([bytes.len()]) {
        if cut > from {
            heard.extend(events.push(&bytes[from..cut])?);
            from = cut;
        }
    }
    Ok(heard)
}

proptest! {
    #[test]
    fn any_bytes_are_events_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = all(&bytes, &[]);
    }

    #[test]
    fn where_a_stream_is_cut_into_packets_does_not_matter(
        texts in proptest::collection::vec("\\PC{1,12}", 1..5),
        cuts in proptest::collection::vec(any::<usize>(), 0..8),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % 400).collect();
        cuts.sort_unstable();
        let bytes: String = texts.iter().map(|text| chunk(text)).collect();
        let whole: Vec<Heard> = texts.iter().cloned().map(Heard::Text).collect();
        prop_assert_eq!(all(bytes.as_bytes(), &cuts), Ok(whole));
    }
}

#[test]
fn a_list_of_models_is_read_and_anything_else_is_none() {
    for (body, names) in [
        (
            r#"{"data":[{"id":"a"},{"id":"b\nc"},{"name":"d"}]}"#,
            Some(vec!["a", "b c"]),
        ),
        (r#"{"data":[]}"#, Some(vec![])),
        (r#"{"models":[{"name":"a"}]}"#, None),
        ("<html>", None),
        ("[]", None),
        ("", None),
    ] {
        let names: Option<Vec<String>> = names.map(|names| names.into_iter().map(str::to_string).collect());
        assert_eq!(super::wire::models(body.as_bytes()), names, "{body}");
    }
}

#[test]
fn the_models_of_a_server_are_looked_at_beside_the_address_of_completions() {
    let server = Completions::start(Says::Models(vec!["qwen".into()]));
    let engine = ServedEngine::new(served(&server.url())).unwrap();
    let names = engine.models(Duration::from_secs(20)).unwrap();
    assert_eq!(names, Some(vec!["qwen".to_string()]));
    let (head, body) = server.requests().remove(0);
    assert!(head.starts_with("GET /v1/models HTTP/1.1"), "{head}");
    assert!(
        head.to_ascii_lowercase().contains("authorization: bearer secret-key") && body.is_empty(),
        "{head}"
    );
}
