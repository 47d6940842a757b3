//! Runs `askpm eval --answers`: scores answers by model and mode, in columns.

use std::io::{self, Write};

use super::args::{AnswerMode, EvalArgs, Half, ModelChoice};
use super::context::Context;
use super::error::{Exit, Failure};
use super::meaning::Finder;
use super::model::{self, Loaded};
use super::progress::Counter;
use crate::answer::meaning::Meaning;
use crate::ask::{Settings, Writer};
use crate::eval::answers::{Answered, Library, Mode, Report, Score, ask_one, checker, report, score};
use crate::eval::metrics::Estimate;
use crate::eval::questions::{Question, Split};
use crate::index::Store;
use crate::render::{json, sanitise};
use crate::retrieve::Retriever;

/// The name of the checker, printed with every figure that depends on it.
const CHECKER: &str = "askpm's alignment checker (words, numbers, names, negation, order; no entailment model)";

pub fn run(
    context: &Context,
    args: &EvalArgs,
    questions: &[Question],
    store: &Store,
    finder: &Finder,
) -> Result<Exit, Failure> {
    let retriever = finder.retriever(store);
    let mut bench = Bench {
        context,
        settings: settings(context, args),
        questions: questions.to_vec(),
        store,
        retriever: &*retriever,
        meaning: finder.meaning(),
        library: Library::read(&context.corpus)?,
        done: Vec::new(),
        reports: Vec::new(),
    };
    let wanted = args.answering.mode.unwrap_or(AnswerMode::All);
    if matches!(wanted, AnswerMode::Extractive | AnswerMode::All) {
        bench.measure(Mode::Extractive, None, None)?;
    }
    if matches!(wanted, AnswerMode::Control | AnswerMode::All) {
        bench.measure(Mode::Control, None, None)?;
    }
    let by_model = !matches!(wanted, AnswerMode::Extractive | AnswerMode::Control);
    for name in models(args).into_iter().filter(|_| by_model) {
        bench.with_model(name, wanted)?;
    }
    if bench.reports.is_empty() {
        return Err(Failure::usage("`--mode` needs a model, but the model is `none`"));
    }
    bench.show(args.output.json)?;
    Ok(Exit::Done)
}

/// The models to measure. A single `None` is the default model.
fn models(args: &EvalArgs) -> Vec<Option<String>> {
    match args.answering.model.as_slice() {
        [] => vec![None],
        named => named.iter().cloned().map(Some).collect(),
    }
}

fn settings(context: &Context, args: &EvalArgs) -> Settings {
    let default = Settings::default();
    Settings {
        min_confidence: args
            .min_score
            .or(context.config.min_score)
            .unwrap_or(default.min_confidence),
        ..default
    }
}

/// The questions of the requested split: at most `--limit` of them, evenly spaced.
pub fn sample(questions: &[Question], args: &EvalArgs) -> Vec<Question> {
    let half = args.answering.split.map(|half| match half {
        Half::Tune => Split::Tune,
        Half::Report => Split::Report,
    });
    let of_half: Vec<&Question> = questions
        .iter()
        .filter(|q| half.is_none_or(|half| q.split == half))
        .collect();
    let most = args
        .answering
        .limit
        .map_or(of_half.len(), usize::from)
        .min(of_half.len());
    (0..most)
        .filter_map(|n| of_half.get(n * of_half.len() / most))
        .map(|&question| question.clone())
        .collect()
}

/// One run of the measurement.
struct Bench<'a> {
    context: &'a Context,
    settings: Settings,
    questions: Vec<Question>,
    store: &'a Store,
    retriever: &'a dyn Retriever,
    meaning: Option<&'a dyn Meaning>,
    library: Library,
    done: Vec<Done>,
    reports: Vec<Report>,
}

/// One answer, for `--json`.
#[derive(serde::Serialize)]
struct Done {
    question: String,
    model: Option<String>,
    answer: Answered,
    score: Score,
}

impl Bench<'_> {
    fn with_model(&mut self, name: Option<String>, wanted: AnswerMode) -> Result<(), Failure> {
        let choice = ModelChoice {
            model: name,
            ..ModelChoice::default()
        };
        let Some(mut loaded) = model::wanted(self.context, &choice)?.load(self.context)? else {
            return Ok(());
        };
        let info = loaded.writer().engine.info().clone();
        let file = info.file.file_name().map(|file| file.to_string_lossy().into_owned());
        let name = file.unwrap_or(info.name);
        for (mode, asked) in [(Mode::Llm, AnswerMode::Llm), (Mode::Ungrounded, AnswerMode::Ungrounded)] {
            if wanted == AnswerMode::All || wanted == asked {
                self.measure(mode, Some(&name), Some(&mut loaded))?;
            }
        }
        Ok(())
    }

    /// Answers every question in `mode` and scores the answers.
    fn measure(&mut self, mode: Mode, model: Option<&str>, mut loaded: Option<&mut Loaded>) -> Result<(), Failure> {
        let mut scores = Vec::new();
        let mut counter = Counter::new(self.context, mode.name());
        for (at, question) in self.questions.iter().enumerate() {
            counter.show(at, self.questions.len());
            let writer: Option<Writer> = loaded.as_mut().map(|loaded| loaded.writer());
            let answer = ask_one(
                self.store,
                self.retriever,
                question,
                mode,
                writer,
                self.meaning,
                &self.settings,
            )?;
            let score = score(&answer, question, &self.library);
            scores.push(score.clone());
            self.done.push(Done {
                question: question.text.clone(),
                model: model.map(str::to_string),
                answer,
                score,
            });
        }
        counter.end();
        self.reports.push(report(mode, model, &scores));
        Ok(())
    }

    fn show(&self, as_json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let held = checker::accuracy("held");
        if as_json {
            let checker = serde_json::json!({
                "name": CHECKER, "threshold": checker::THRESHOLD,
                "tune": checker::accuracy("tune"), "held": held,
            });
            let all = serde_json::json!({ "checker": checker, "reports": self.reports, "answers": self.done });
            json::pretty(&mut out, &all)?;
        } else {
            table(&mut out, &self.reports)?;
            writeln!(out, "Entailment is judged by {CHECKER}.")?;
            writeln!(
                out,
                "It agrees with a person on {} of {} held-out pairs (precision {:.2}, recall {:.2}).",
                held.agreed, held.pairs, held.precision, held.recall
            )?;
            writeln!(
                out,
                "Brackets: 95% confidence interval, percentile bootstrap over questions."
            )?;
        }
        out.flush()
    }
}

/// Prints one column per mode and one row per measure.
fn table(out: &mut dyn Write, reports: &[Report]) -> io::Result<()> {
    type Row<'a> = (&'a str, &'a dyn Fn(&Report) -> String);
    let rows: &[Row] = &[
        ("questions", &|r| r.questions.to_string()),
        ("answered", &|r| r.answered.to_string()),
        ("  of them quotes only (model text unsupported)", &|r| {
            r.fell_back.to_string()
        }),
        ("citation recall", &|r| cell(r.citation_recall)),
        ("citation precision", &|r| r.citation_precision.map_or("-".into(), cell)),
        ("sentences supported by a retrieved passage", &|r| cell(r.supported)),
        ("sentences with verbatim quotes", &|r| {
            r.verbatim
                .map_or("-".into(), |verbatim| format!("{verbatim} of {}", r.sentences))
        }),
        ("key points covered", &|r| cell(r.coverage)),
        ("sentences from discussions that do not answer", &|r| {
            r.strays.to_string()
        }),
        ("near misses answered", &|r| {
            format!("{} of {}", r.near_misses_answered, r.near_misses)
        }),
        ("paragraphs that start with a dangling reference", &|r| {
            r.dangling.to_string()
        }),
        ("sentences quoted from inside a quotation", &|r| r.lifted.to_string()),
        ("abstained, no answer in the corpus", &|r| {
            format!("{} of {}", r.abstained_rightly, r.unanswerable)
        }),
        ("abstained, an answer in the corpus", &|r| {
            format!("{} of {}", r.abstained_wrongly, r.answerable)
        }),
        ("sentences per answer", &|r| format!("{:.1}", r.sentences_an_answer)),
        ("words per answer", &|r| format!("{:.0}", r.words_an_answer)),
        ("seconds per answer", &|r| format!("{:.2}", r.seconds_an_answer)),
    ];
    let line = |out: &mut dyn Write, name: &str, of: &dyn Fn(&Report) -> String| {
        write!(out, "{name:50}")?;
        for report in reports {
            write!(out, " {:>21}", of(report))?;
        }
        writeln!(out)
    };
    line(out, "", &|r| r.mode.name().to_string())?;
    for (at, report) in reports.iter().enumerate() {
        if let Some(model) = &report.model {
            writeln!(out, "column {}: {}", at + 1, sanitise::line(model))?;
        }
    }
    rows.iter().try_for_each(|(name, of)| line(out, name, of))
}

fn cell(estimate: Estimate) -> String {
    let Estimate { value, low, high } = estimate;
    format!("{value:.3} [{low:.2}-{high:.2}]")
}
