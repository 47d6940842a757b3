#!/usr/bin/env python3
"""Fits the constants of src/answer/judge.rs. Needs Python alone.

    for f in judge questions plain; do askpm eval eval/$f.jsonl --features --by both; done > both.jsonl
    for f in judge questions plain; do askpm eval eval/$f.jsonl --features --by words; done > words.jsonl
    python3 eval/fit_judge.py both.jsonl words.jsonl

Each file gives a logistic regression of "this discussion answers the question" over the discussions found for the
questions of the tune halves and of eval/judge.jsonl, which was written for this fit. The report halves are counted and
never looked at for a choice. The intercept is shifted so that a confidence of 0.5 refuses 7% of the answerable tune
questions, each judged by a fit without its tenth of the questions.
"""
import json
import sys

from logistic import auc, fit, logit

NAMES = "title asked passage asked_words all_words asked_lacks lacks margin length".split()
REFUSED = 0.07


def row(topic):
    return [topic["features"][name] for name in NAMES]


def rows(questions):
    pairs = [(row(t), int(t["answers"]), q["id"]) for q in questions for t in q["topics"]]
    return [p[0] for p in pairs], [p[1] for p in pairs]


def best(model, question):
    return max((logit(model, row(t)) for t in question["topics"]), default=-30.0)


def cut(scores, questions):
    """The score below which 7% of the answerable questions lie."""
    answerable = sorted(s for s, q in zip(scores, questions) if q["answerable"])
    return answerable[int(REFUSED * len(answerable))]


def tell(name, scores, questions, at):
    kinds = sorted({q["kind"] for q in questions if not q["answerable"]})
    yes = [s for s, q in zip(scores, questions) if q["answerable"]]
    line = f"  {name}: refused {sum(s < at for s in yes)}/{len(yes)} answerable"
    for kind in kinds:
        no = [s for s, q in zip(scores, questions) if not q["answerable"] and q["kind"] == kind]
        line += f"; {kind} {sum(s < at for s in no)}/{len(no)} (AUC {auc(yes + no, [1] * len(yes) + [0] * len(no)):.3f})"
    print(line)


def main():
    for path in sys.argv[1:]:
        questions = [json.loads(line) for line in open(path)]
        tune = [q for q in questions if q["split"] == "tune"]
        report = [q for q in questions if q["split"] == "report"]
        left_out = [0.0] * len(tune)
        for fold in range(10):
            model = fit(*rows([q for i, q in enumerate(tune) if i % 10 != fold]))
            for i in range(fold, len(tune), 10):
                left_out[i] = best(model, tune[i])
        at = cut(left_out, tune)
        model = fit(*rows(tune))
        print(f"{path}: intercept {model[0] - at:.3f}")
        print("  weights " + ", ".join(f"{n} {w:.3f}" for n, w in zip(NAMES, model[1:])))
        tell("tune, left out", left_out, tune, at)
        if report:
            tell("report", [best(model, q) for q in report], report, at)


if __name__ == "__main__":
    main()
