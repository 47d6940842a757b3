#!/usr/bin/env python3
"""Fits the constants of src/answer/runs/worth.rs. Needs Python alone.

    for f in questions plain; do askpm eval eval/$f.jsonl --features --by both; done > both.jsonl
    python3 eval/fit_worth.py both.jsonl

Gives two logistic regressions of "this sentence is evidence for a key point" over the sentences of the discussions that
answer the tune questions: with likeness in meaning, and without it. What they reach is told on sentences of questions
that they were not fitted to.
"""
import json
import sys

from logistic import auc, fit, logit

NAMES = ("question question_rel whole title first second third last place length refers asks announces speech number "
         "asker_number asker_words question_words i you").split()
MEANING = 4


def main():
    questions = [json.loads(line) for line in open(sys.argv[1])]
    tune = [q for q in questions if q["split"] == "tune" and any(s["key"] for s in q["sentences"])]
    for name, columns in (("by meaning", range(len(NAMES))), ("by words", range(MEANING, len(NAMES)))):
        pick = lambda s: [s["features"][c] for c in columns]
        of = lambda qs: ([pick(s) for q in qs for s in q["sentences"]], [int(s["key"]) for q in qs for s in q["sentences"]])
        values, labels = [], []
        for fold in range(8):
            model = fit(*of([q for i, q in enumerate(tune) if i % 8 != fold]))
            x, y = of([q for i, q in enumerate(tune) if i % 8 == fold])
            values += [logit(model, r) for r in x]
            labels += y
        x, y = of(tune)
        model = fit(x, y)
        print(f"{name}: intercept {model[0]:.3f}; {len(y)} sentences, {sum(y)} of them key; AUC left out {auc(values, labels):.3f}")
        print("  " + ", ".join(f"{NAMES[c]} {w:.3f}" for c, w in zip(columns, model[1:])))


if __name__ == "__main__":
    main()
