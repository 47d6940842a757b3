//! Measures what prompt lookup gains on real answers, with drafts of several lengths and none.
//!
//! The questions are those of `eval/`. llama.cpp's decode speed is measured for comparison.
//!
//! `cargo bench --bench answers -- MODEL.gguf [--questions N] [--half tune|report] [--turns N] [--llama LLAMA_BENCH]`
//!
//! The prompts are those that askpm builds from the built-in corpus, searched by words only. The model writes the lead
//! of each answer, up to the length that askpm allows. For each prompt, all draft lengths take turns. Prefill is not
//! counted. The bench asserts that the tokens are those of plain greedy decoding. llama.cpp decodes 64 tokens from an
//! empty context, which is its best case, and after as many tokens as the median prompt has. Its runs are spread
//! between the prompts.
//!
//! `cargo bench --bench answers -- MODEL.gguf --prompts FILE` measures nothing. It writes twenty of the prompts as
//! token ids, of questions of the `tune` half that stand alone and have an answer. `benches/greedy.py` reads them.

use std::ops::ControlFlow;
use std::process::Command;
use std::time::Duration;

use askpm::answer::Sentence;
use askpm::ask::{self, Listener, Settings, Writer};
use askpm::corpus::Corpus;
use askpm::engine::{DeviceChoice, Engine, EngineError, Generation, LocalEngine, Message, ModelInfo, Sampling};
use askpm::eval::questions::{self, Question, Split};
use askpm::index::Store;
use askpm::prompt::Prompts;

/// Longest drafts to compare. 0 is plain greedy decoding.
const DRAFTS: [usize; 6] = [0, 3, 5, 7, 10, 15];
/// The number of prompts that `--prompts` writes.
const PROMPTS: usize = 20;

fn main() {
    let args = Args::read();
    let mut recorder = Recorder {
        engine: LocalEngine::load(args.model.as_ref(), DeviceChoice::Cpu).expect("the model loads"),
        asked: None,
    };
    let library = Library::open();
    if let Some(file) = &args.prompts {
        return write_prompts(&mut recorder, &library, file);
    }
    let prompts = record(&mut recorder, &library, &args);
    assert!(!prompts.is_empty(), "the model was asked nothing, or wrote nothing");
    let mut lengths: Vec<usize> = prompts.iter().map(|p| p.tokens).collect();
    lengths.sort_unstable();
    let depth = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
    println!(
        "{} answers, {} turns; prompts of {}-{} tokens, half of them up to {depth}",
        prompts.len(),
        args.turns,
        lengths.first().unwrap_or(&0),
        lengths.last().unwrap_or(&0),
    );
    let mut llama = Llama::default();
    let mut writing: Vec<Speeds> = DRAFTS.iter().map(|_| Speeds::default()).collect();
    for (at, prompt) in prompts.iter().enumerate() {
        if at % prompts.len().div_ceil(args.turns) == 0 {
            llama.run(&args, depth);
        }
        write(&mut recorder.engine, prompt, &args, &mut writing);
    }
    let plain = writing[0].middle();
    for (drafts, speeds) in DRAFTS.iter().zip(&writing) {
        let name = match drafts {
            0 => "no drafts".to_string(),
            most => format!("drafts up to {most}"),
        };
        speeds.show(&name, plain, &llama);
    }
    if !llama.empty.is_empty() {
        println!(
            "llama.cpp, 64 tokens: {:.1} tokens/s from empty, {:.1} after {depth} tokens",
            median(&llama.empty),
            median(&llama.deep)
        );
    }
}

struct Args {
    model: String,
    questions: usize,
    half: Split,
    turns: usize,
    llama: Option<String>,
    prompts: Option<String>,
}

impl Args {
    fn read() -> Self {
        // Cargo adds `--bench`.
        let mut given = std::env::args().skip(1).filter(|arg| arg != "--bench");
        let mut args = Args {
            model: String::new(),
            questions: 20,
            half: Split::Report,
            turns: 5,
            llama: None,
            prompts: None,
        };
        while let Some(arg) = given.next() {
            let mut value = || given.next().unwrap_or_else(|| panic!("{arg} wants a value"));
            match arg.as_str() {
                "--questions" => args.questions = value().parse().expect("a number"),
                "--turns" => args.turns = value().parse().expect("a number"),
                "--llama" => args.llama = Some(value()),
                "--prompts" => args.prompts = Some(value()),
                "--half" if value() == "tune" => args.half = Split::Tune,
                "--half" => args.half = Split::Report,
                _ => args.model = arg,
            }
        }
        assert!(!args.model.is_empty(), "name a GGUF file");
        args
    }
}

/// A prompt as the model got it.
struct Prompt {
    messages: Vec<Message>,
    /// Tokens of the prompt, and of the answer that askpm used.
    tokens: usize,
    written: usize,
}

/// What questions are asked with: the built-in corpus and prompts.
struct Library {
    store: Store,
    prompts: Prompts,
    questions: Vec<Question>,
    _folder: tempfile::TempDir,
}

impl Library {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let corpus = Corpus::Builtin {
            imported: folder.path().join("imported"),
        };
        let files = corpus.files().expect("the corpus");
        let read = |_: &str| Ok::<_, String>(None);
        Library {
            store: Store::open_or_refresh(&folder.path().join("index"), &files)
                .expect("an index")
                .0,
            prompts: Prompts::load(&[], read, |(_, error)| error.to_string()).expect("the wording"),
            questions: questions::parse(include_str!("../eval/questions.jsonl")).expect("questions"),
            _folder: folder,
        }
    }

    /// Asks a question, and returns what reached the model, if anything did.
    fn ask(&self, recorder: &mut Recorder, question: &Question) -> Option<Asked> {
        recorder.asked = None;
        let settings = Settings::default();
        let found = ask::find(&self.store, &question.text, &settings).expect("a search");
        let writer = Writer {
            engine: recorder,
            sha256: None,
            prompts: &self.prompts,
            load: Duration::ZERO,
        };
        ask::write(&found, Some(writer), None, &settings, &mut Deaf).expect("an answer");
        recorder.asked.take()
    }
}

/// Asks evenly spaced questions of the half, and records what reaches the model.
fn record(recorder: &mut Recorder, library: &Library, args: &Args) -> Vec<Prompt> {
    let questions: Vec<&Question> = library.questions.iter().filter(|q| q.split == args.half).collect();
    let count = args.questions.min(questions.len());
    let mut all = Vec::new();
    for question in (0..count).map(|n| questions[n * questions.len() / count]) {
        if let Some(asked) = library.ask(recorder, question).filter(|asked| asked.made > 1) {
            all.push(Prompt {
                tokens: recorder.engine.count_prompt(&asked.messages).expect("tokens"),
                messages: asked.messages,
                written: asked.made,
            });
        }
    }
    all
}

/// Writes the prompts of the first questions that the corpus answers.
fn write_prompts(recorder: &mut Recorder, library: &Library, file: &str) {
    let alone = |q: &&Question| q.split == Split::Tune && q.history.is_empty() && !q.relevant.is_empty();
    let mut prompts = Vec::new();
    for question in library.questions.iter().filter(alone) {
        if let Some(asked) = library.ask(recorder, question) {
            prompts.push(recorder.engine.encode_prompt(&asked.messages).expect("tokens"));
        }
        if prompts.len() == PROMPTS {
            break;
        }
    }
    assert_eq!(prompts.len(), PROMPTS);
    std::fs::write(file, serde_json::to_vec(&prompts).expect("JSON")).expect("a file that can be written");
}

/// Lets every draft length write the answer, in turns.
fn write(engine: &mut LocalEngine, prompt: &Prompt, args: &Args, speeds: &mut [Speeds]) {
    let sampling = Sampling {
        max_tokens: prompt.written,
        ..Sampling::default()
    };
    // Reads the prompt, which stays in the KV cache.
    let plain = engine
        .write_drafting(&prompt.messages, &sampling, 0)
        .expect("an answer");
    for _ in 0..args.turns {
        for (drafts, speeds) in DRAFTS.iter().zip(speeds.iter_mut()) {
            let done = engine
                .write_drafting(&prompt.messages, &sampling, *drafts)
                .expect("an answer");
            assert!(done.tokens == plain.tokens, "drafts of {drafts} changed the answer");
            speeds.add(done.tokens.len(), done.decode);
            speeds.drafted += done.drafted;
            speeds.accepted += done.accepted;
        }
    }
    speeds.iter_mut().for_each(Speeds::end_prompt);
}

/// Decode speeds: the median turn of each prompt, and the tokens and time over all prompts.
#[derive(Default)]
struct Speeds {
    turns: Vec<f64>,
    count: usize,
    tokens: f64,
    seconds: f64,
    each: Vec<f64>,
    drafted: usize,
    accepted: usize,
}

impl Speeds {
    /// Adds a turn. The first token comes from the prefill, so decoding produced the others.
    fn add(&mut self, tokens: usize, decode: Duration) {
        self.count = tokens.saturating_sub(1);
        self.turns.push(decode.as_secs_f64());
    }

    fn end_prompt(&mut self) {
        let (seconds, tokens) = (median(&self.turns), self.count as f64);
        self.turns.clear();
        self.tokens += tokens;
        self.seconds += seconds;
        self.each.push(tokens / seconds);
    }

    fn middle(&self) -> f64 {
        median(&self.each)
    }

    fn show(&self, name: &str, plain: f64, llama: &Llama) {
        let against = |speeds: &[f64]| match speeds {
            [] => "-".to_string(),
            some => format!("{:.2}", self.middle() / median(some)),
        };
        println!(
            "{name:18} median {:7.1} tokens/s, overall {:7.1}; {:.2} of no drafts; of llama.cpp from empty {}, as deep {}; \
             {:.0} tokens an answer, {} of {} drafted taken",
            self.middle(),
            self.tokens / self.seconds,
            self.middle() / plain,
            against(&llama.empty),
            against(&llama.deep),
            self.tokens / self.each.len() as f64 + 1.0,
            self.accepted,
            self.drafted,
        );
    }
}

/// Decode speeds of `llama-bench`.
#[derive(Default)]
struct Llama {
    empty: Vec<f64>,
    deep: Vec<f64>,
}

impl Llama {
    fn run(&mut self, args: &Args, depth: usize) {
        let Some(program) = &args.llama else { return };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let out = Command::new(program)
            .args(["-m", &args.model, "-t", &threads.to_string(), "-p", "0", "-n", "64"])
            .args(["-d", &format!("0,{depth}"), "-r", "1", "-o", "jsonl"])
            .output()
            .expect("llama-bench runs");
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let mut found = text.lines().filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            line["avg_ts"].as_f64()
        });
        self.empty.push(found.next().expect("a figure of llama-bench"));
        self.deep.push(found.next().expect("a second figure of llama-bench"));
    }
}

fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// A listener that ignores everything.
struct Deaf;

impl Listener for Deaf {
    fn sentence(&mut self, _: &Sentence) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn note(&mut self, _: &str) {}
}

/// What an engine was asked, and how many tokens it generated.
struct Asked {
    messages: Vec<Message>,
    made: usize,
}

/// An engine that records its last request.
struct Recorder {
    engine: LocalEngine,
    asked: Option<Asked>,
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
        sampling: &Sampling,
        on_piece: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Generation, EngineError> {
        let done = self.engine.generate(messages, sampling, on_piece)?;
        self.asked = Some(Asked {
            messages: messages.to_vec(),
            made: done.generated_tokens,
        });
        Ok(done)
    }
}
