//! Runs `askpm eval`: scores retrieval and abstention on a question set.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;

use super::args::{By, EvalArgs};
use super::beir;
use super::context::Context;
use super::error::{Exit, Failure};
use super::eval_answers;
use super::meaning::Finder;
use super::text::text;
use crate::answer::judge::{self, MIN_CONFIDENCE};
use crate::eval::questions::Question;
use crate::eval::{self, Comparison, Report, metrics::Estimate, questions};
use crate::index::Store;
use crate::render::json;

pub fn run(context: &Context, args: &EvalArgs) -> Result<Exit, Failure> {
    if let Some(dir) = &args.beir {
        return beir::run(context, args, dir);
    }
    let path = args.file.as_deref().unwrap_or(Path::new(""));
    let file = path.display().to_string();
    let cannot_read = format!("cannot read {file}");
    let bytes = fs::read(path).map_err(|error| Failure::new(&cannot_read, error))?;
    let hint = "write each line as \
        {\"id\", \"question\", \"kind\", \"relevant\": [identifiers], \"split\": \"tune\" or \"report\"}";
    let questions =
        questions::parse(&text(bytes, &file)?).map_err(|error| Failure::new(&cannot_read, error).hinted(hint))?;
    let questions = eval_answers::sample(&questions, args);
    if questions.is_empty() {
        return Err(Failure::new(
            format!("cannot score {file}"),
            "it has no questions of this split",
        ));
    }
    let (store, finder) = Finder::open(context, args.by, None)?;
    if args.answers {
        // The control quotes the local index.
        let store = if finder.is_remote() { context.store()? } else { store };
        return eval_answers::run(context, args, &questions, &store, &finder);
    }
    if args.features {
        return features(&store, &finder, &questions);
    }
    let outcomes = eval::run(&store, &*finder.retriever(&store), finder.meaning(), &questions)?;
    let compared = match args.against {
        Some(by) => {
            let (store, other) = Finder::open(context, Some(by), None)?;
            let others = eval::run(&store, &*other.retriever(&store), other.meaning(), &questions)?;
            eval::compare(&outcomes, &others)
        }
        None => Vec::new(),
    };
    let min_confidence = args.min_score.or(context.config.min_score).unwrap_or(MIN_CONFIDENCE);
    let reports = eval::report(&outcomes, min_confidence);

    let mut out = io::stdout().lock();
    if args.output.json {
        let mut all = serde_json::json!({ "min_score": min_confidence, "reports": reports, "outcomes": outcomes });
        if args.against.is_some() {
            all["compared"] = serde_json::json!(compared);
        }
        json::pretty(&mut out, &all)?;
    } else {
        table(&mut out, &reports)?;
        if let Some(by) = args.against {
            differences(&mut out, &compared, by)?;
        }
    }
    if context.verbose > 0 {
        for outcome in &outcomes {
            let missed = outcome.relevant > 0 && !outcome.full_ranks.iter().any(|&rank| rank <= 5);
            let abstains = judge::abstains(outcome.confidence, min_confidence);
            if missed || abstains != (outcome.relevant == 0) {
                context.detail(&format!(
                    "{} ({}): ranks {:?} of {} that answer it, {:?} of {} that are relevant, confidence {:.2}",
                    outcome.id,
                    outcome.kind,
                    outcome.full_ranks,
                    outcome.full,
                    outcome.ranks,
                    outcome.relevant,
                    outcome.confidence
                ));
            }
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Prints the features of discussions and sentences, one JSON object per question.
fn features(store: &Store, finder: &Finder, questions: &[Question]) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    for question in questions {
        let measured = eval::features::of(store, &*finder.retriever(store), finder.meaning(), question)?;
        json::line(&mut out, &measured)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn table(out: &mut dyn Write, reports: &[Report]) -> io::Result<()> {
    writeln!(
        out,
        "{:7} {:11} {:>4} {:>19} {:>19} {:>19} {:>19} {:>19} {:>5} {:>19} {:>19} {:>19}",
        "split",
        "kind",
        "n",
        "recall@5",
        "with partial",
        "success@5",
        "MRR@10",
        "nDCG@10",
        "none",
        "abstain precision",
        "abstain recall",
        "abstain F1"
    )?;
    for r in reports {
        let found = [
            r.recall_at_5,
            r.recall_at_5_with_partial,
            r.success_at_5,
            r.mrr_at_10,
            r.ndcg_at_10,
        ]
        .map(|e| cell(e, r.answerable > 0));
        let both = r.answerable > 0 && r.unanswerable > 0;
        let refused = [r.abstention_precision, r.abstention_recall, r.abstention_f1].map(|e| cell(e, both));
        writeln!(
            out,
            "{:7} {:11} {:>4} {} {:>5} {}",
            r.split,
            r.kind,
            r.answerable,
            found.join(" "),
            r.unanswerable,
            refused.join(" ")
        )?;
    }
    writeln!(
        out,
        "recall@5, success@5 and MRR@10 count passages that answer fully; \"with partial\" is recall@5 of all relevant \
         passages; nDCG@10 has gains 3 and 1.\nBrackets: 95% confidence interval, percentile bootstrap over questions."
    )
}

fn differences(out: &mut dyn Write, compared: &[Comparison], by: By) -> io::Result<()> {
    let by = by
        .to_possible_value()
        .map_or(String::new(), |by| by.get_name().to_string());
    writeln!(
        out,
        "\nDifference from `--by {by}`; p from a two-sided paired randomization test with 20,000 draws."
    )?;
    for one in compared {
        let tests = [
            ("recall@5", one.recall_at_5),
            ("success@5", one.success_at_5),
            ("MRR@10", one.mrr_at_10),
            ("nDCG@10", one.ndcg_at_10),
        ];
        let cells = tests.map(|(name, test)| format!("{name} {:+.3} (p = {:.4})", test.value, test.p));
        writeln!(out, "{:7} {:>4}  {}", one.split, one.questions, cells.join("  "))?;
    }
    Ok(())
}

fn cell(estimate: Estimate, defined: bool) -> String {
    if !defined {
        return format!("{:>19}", "-");
    }
    let Estimate { value, low, high } = estimate;
    format!("{:>19}", format!("{value:.3} [{low:.2}-{high:.2}]"))
}
