//! Tests that drafts and reused prefixes do not change greedy text, on tiny models and the real one.

use askpm_fixtures::{ARCHITECTURES as TINY, Meta, TinyGguf, Weights};

use super::*;
use crate::decode::tests::load;
use crate::tests::{real_model, user};
use crate::{DeviceChoice, Engine, Message};

fn greedy(max_tokens: usize) -> Sampling {
    Sampling {
        max_tokens,
        ..Sampling::default()
    }
}

/// Returns the tokens that follow a prompt, and the run.
fn tokens(engine: &mut LocalEngine, ids: &[u32], sampling: &Sampling) -> (Vec<u32>, Run) {
    let mut tokens = Vec::new();
    let run = engine.run(ids, sampling, &mut |_, id| {
        tokens.push(id);
        ControlFlow::Continue(())
    });
    (tokens, run.unwrap())
}

/// Generates text with and without drafts, each time from an empty cache, and asserts that it is the same.
fn assert_drafts_change_nothing(engine: &mut LocalEngine, ids: &[u32], sampling: &Sampling, name: &str) -> Run {
    engine.session.take_back(0);
    engine.longest_draft = 0;
    let (plain, run) = tokens(engine, ids, sampling);
    assert_eq!((run.drafted, run.accepted), (0, 0));
    let mut last = None;
    for most in [3, crate::lookup::MOST] {
        engine.session.take_back(0);
        engine.longest_draft = most;
        let (drafted, other) = tokens(engine, ids, sampling);
        assert_eq!((&drafted, other.stop), (&plain, run.stop), "{name}, {most}");
        last = Some(other);
    }
    last.unwrap()
}

#[test]
fn drafts_change_no_token_of_any_tiny_model() {
    let (mut drafted, mut accepted) = (0, 0);
    for architecture in TINY {
        for weights in [Weights::F32, Weights::Q8_0, Weights::Q4_0] {
            let mut engine = load(&TinyGguf::new(architecture, weights));
            for seed in 0..4u32 {
                let ids: Vec<u32> = (0..60).map(|i| 20 + (i % (9 + seed) * (7 + seed)) % 200).collect();
                let penalty = Sampling {
                    repeat_penalty: 1.1,
                    ..greedy(60)
                };
                for sampling in [greedy(60), penalty] {
                    let run = assert_drafts_change_nothing(&mut engine, &ids, &sampling, architecture);
                    drafted += run.drafted;
                    accepted += run.accepted;
                }
            }
        }
    }
    assert!(accepted > 100 && drafted > accepted, "{accepted} of {drafted}");
}

#[test]
fn drafts_end_where_the_context_and_the_number_of_tokens_do() {
    for architecture in TINY {
        let mut engine = load(&TinyGguf::new(architecture, Weights::F32));
        // The context holds 256 positions.
        for (length, most) in [(240, 60), (200, 7), (200, 1), (254, 60)] {
            let ids: Vec<u32> = (0..length).map(|i| 20 + i % 6 * 30).collect();
            assert_drafts_change_nothing(&mut engine, &ids, &greedy(most), architecture);
        }
    }
}

const PASSAGES: &str = "Start from the problem and not from the model. Write down who has the problem, how often it comes up \
    and what it costs them today. A team that begins with a model looks for a use for it; a team that begins with a problem can \
    say after a month whether it got smaller.";

#[test]
fn drafts_change_no_token_of_the_real_model() {
    let Some(path) = real_model() else { return };
    let mut engine = LocalEngine::load(&path, DeviceChoice::Cpu).unwrap();
    let mut accepted = 0;
    for question in [
        "Repeat the text word for word.",
        "Where should a team begin?",
        "Write a poem about the sea.",
    ] {
        let messages = user(&format!("{PASSAGES}\n\n{question}"));
        let ids = engine.encode_prompt(&messages).unwrap();
        let run = assert_drafts_change_nothing(&mut engine, &ids, &greedy(100), question);
        askpm_fixtures::noted(format!(
            "{question}: {} of {} drafted tokens taken",
            run.accepted, run.drafted
        ));
        accepted += run.accepted;
    }
    assert!(accepted > 0);
}

fn answer(engine: &mut LocalEngine, messages: &[Message]) -> Generation {
    engine
        .generate(messages, &greedy(20), &mut |_| ControlFlow::Continue(()))
        .unwrap()
}

#[test]
fn what_a_prompt_has_in_common_with_the_one_before_is_not_read_again_and_the_answer_is_the_same() {
    for architecture in TINY {
        let file = TinyGguf::new(architecture, Weights::Q8_0);
        let mut engine = load(&file);
        let [first, second] = ["the hello and the other", "the hello and something else"].map(user);
        assert_eq!(answer(&mut engine, &first).cached_tokens, 0);
        let again = answer(&mut engine, &second);
        let fresh = answer(&mut load(&file), &second);
        assert_eq!((&again.text, again.stop), (&fresh.text, fresh.stop), "{architecture}");
        assert_eq!(again.prompt_tokens, fresh.prompt_tokens);
        assert!(
            again.cached_tokens > 3 && again.cached_tokens < again.prompt_tokens,
            "{architecture}: {again:?}"
        );
        // The whole prompt is in the cache. Only its last token is read again, for its logits.
        let same = answer(&mut engine, &second);
        assert_eq!(
            (same.text, same.cached_tokens),
            (again.text, again.prompt_tokens - 1),
            "{architecture}"
        );
    }
}

#[test]
fn a_prompt_is_left_between_two_chunks_and_what_was_read_of_it_is_not_read_again() {
    let mut file = TinyGguf::new("llama", Weights::F32);
    file.set("llama.context_length", Meta::U32(1024));
    let mut engine = load(&file);
    let ids: Vec<u32> = (0..600).map(|i| 20 + i % 7 * 30).collect();
    let chunk = engine.session.model.chunk();
    assert!(ids.len() > 2 * chunk);
    let looks = std::sync::atomic::AtomicUsize::new(0);
    let second = move || looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1;
    engine.set_stop_signal(Some(Box::new(second)));
    let (made, run) = tokens(&mut engine, &ids, &greedy(9));
    assert_eq!((made.len(), run.tokens, run.stop), (0, 0, Stop::Caller));
    assert_eq!(engine.session.len(), chunk);
    engine.set_stop_signal(None);
    let (made, run) = tokens(&mut engine, &ids, &greedy(9));
    assert_eq!(run.cached, chunk);
    assert_eq!(made, tokens(&mut load(&file), &ids, &greedy(9)).0);
}

#[test]
fn logits_after_a_reused_prefix_are_the_same_to_the_last_bit() {
    let Some(path) = real_model() else { return };
    let mut engine = LocalEngine::load(&path, DeviceChoice::Cpu).unwrap();
    let ids = engine.encode_text(&PASSAGES.repeat(5));
    let (mut fresh, mut reused) = (Vec::new(), Vec::new());
    assert_eq!(engine.session.prompt(&ids, &mut fresh).unwrap(), 0);
    let other = [&ids[..150], &[20, 21, 22]].concat();
    assert_eq!(engine.session.prompt(&other, &mut reused).unwrap(), 150);
    assert_eq!(engine.session.prompt(&ids, &mut reused).unwrap(), 150);
    let bits = |logits: &[f32]| logits.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert!(bits(&fresh) == bits(&reused));
}
