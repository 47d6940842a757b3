//! The prompts that `benches/greedy.py` has llama.cpp go on from: what askpm sends a model that writes freely.
//!
//! `ASKPM_WRITE_PROMPTS=FILE cargo test --test main writes_the_prompts -- --ignored` writes twenty, as token ids, for
//! questions that the built-in corpus answers, with the passages that are found for them.

use std::ops::ControlFlow;
use std::time::Duration;

use askpm::answer::Sentence;
use askpm::ask::{self, Listener, Settings, Style, Writer};
use askpm::corpus::Corpus;
use askpm::engine::{
    CandleEngine, Choosing, DeviceChoice, Engine, EngineError, Generation, Message, ModelInfo, Sampling, Stop,
};
use askpm::eval::questions::{Split, parse};
use askpm::index::Store;
use askpm::prompt::Prompts;

use crate::harness::real_model;

/// Takes down prompts, and answers nothing.
struct Recorder {
    engine: CandleEngine,
    prompts: Vec<Vec<u32>>,
}

impl Engine for Recorder {
    fn info(&self) -> &ModelInfo {
        self.engine.info()
    }

    fn count_prompt(&self, messages: &[Message]) -> Result<usize, EngineError> {
        self.engine.count_prompt(messages)
    }

    fn generate(
        &mut self,
        messages: &[Message],
        _: &Sampling,
        _: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Generation, EngineError> {
        self.prompts.push(self.engine.encode_prompt(messages)?);
        Ok(Generation {
            text: String::new(),
            prompt_tokens: 0,
            cached_tokens: 0,
            generated_tokens: 0,
            prefill: Duration::ZERO,
            first_token: Duration::ZERO,
            decode: Duration::ZERO,
            stop: Stop::EndToken,
        })
    }

    fn choose(
        &mut self,
        messages: &[Message],
        _: &[String],
        _: Choosing,
        sampling: &Sampling,
        _: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Generation, EngineError> {
        self.generate(messages, sampling, &mut |_| ControlFlow::Continue(()))
    }
}

struct Silent;

impl Listener for Silent {
    fn sentence(&mut self, _: &Sentence) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn note(&mut self, _: &str) {}
}

const PROMPTS: usize = 20;

#[test]
#[ignore = "writes the file that benches/greedy.py reads"]
fn writes_the_prompts() {
    let file = std::env::var_os("ASKPM_WRITE_PROMPTS").expect("ASKPM_WRITE_PROMPTS names a file");
    let path = real_model().expect("a real model");
    let home = tempfile::tempdir().unwrap();
    let corpus = Corpus::Builtin {
        imported: home.path().join("none"),
    };
    let (store, _) = Store::open_or_refresh(&home.path().join("index"), &corpus.files().unwrap()).unwrap();
    let mut recorder = Recorder {
        engine: CandleEngine::load(path, DeviceChoice::Cpu).unwrap(),
        prompts: Vec::new(),
    };
    let prompts = Prompts::load(&[], |_| Ok(None), |(name, error)| format!("{name}: {error}")).unwrap();
    let settings = Settings {
        style: Style::Write,
        ..Settings::default()
    };
    let questions = parse(include_str!("../eval/questions.jsonl")).unwrap();
    let alone = |q: &&askpm::eval::questions::Question| {
        q.split == Split::Tune && q.history.is_empty() && !q.relevant.is_empty()
    };
    for question in questions.iter().filter(alone) {
        let found = ask::find(&store, &question.text, &settings).unwrap();
        let writer = Writer {
            engine: &mut recorder,
            sha256: None,
            prompts: &prompts,
            load: Duration::ZERO,
        };
        ask::write(&found, Some(writer), None, &settings, &mut Silent).unwrap();
        if recorder.prompts.len() == PROMPTS {
            break;
        }
    }
    assert_eq!(recorder.prompts.len(), PROMPTS);
    std::fs::write(file, serde_json::to_vec(&recorder.prompts).unwrap()).unwrap();
}
