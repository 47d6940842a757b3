#!/usr/bin/env python3
"""Fits BY_READER of src/answer/judge.rs: the judge where a reader reads. Needs Python alone.

    askpm eval eval/FILE.jsonl --features --split tune --by both      (judge, questions, plain: into full.jsonl)
    the same with --corpus on a copy of corpus/ without its lines "Also asked:"     (into bare.jsonl)
    train/corpus.py millrace OUT, and the same on its corpus and questions          (into letters.jsonl)
    python3 eval/fit_reader.py full.jsonl bare.jsonl letters.jsonl

One logistic regression over the three corpora, in which letters count eight times, so that the judge knows no corpus by
heart. How much the best discussion is ahead of the next (margin) is left out: it helps on the built-in corpus and harms
on every other.
Printed for several shares of answerable questions refused in the first file: the intercept that refuses so many, and
what is refused in each file. Every question is judged by a fit without its tenth of the questions.
"""
import json
import sys

from logistic import fit, logit

NAMES = "passage title asked_words all_words lacks reader".split()
SHARES = (0.02, 0.03, 0.04, 0.05, 0.07)


def rows(questions):
    pairs = [([t["features"][n] for n in NAMES], int(t["answers"])) for q in questions for t in q["topics"]]
    return [p[0] for p in pairs], [p[1] for p in pairs]


def fitted(files, but=None):
    values, labels, weights = [], [], []
    for at, questions in enumerate(files):
        x, y = rows([q for i, q in enumerate(questions) if i % 10 != but])
        values, labels = values + x, labels + y
        weights += [4.0 if at == 2 else 0.5] * len(y)
    return fit(values, labels, weights=weights)


def main():
    files = [[json.loads(line) for line in open(path)] for path in sys.argv[1:]]
    scores = [[0.0] * len(questions) for questions in files]
    for fold in range(10):
        model = fitted(files, fold)
        for questions, own in zip(files, scores):
            for i in range(fold, len(questions), 10):
                topics = questions[i]["topics"]
                own[i] = max((logit(model, [t["features"][n] for n in NAMES]) for t in topics), default=-30.0)
    model = fitted(files)
    print("weights " + ", ".join(f"{n} {w:.3f}" for n, w in zip(NAMES, model[1:])))
    first = sorted(s for s, q in zip(scores[0], files[0]) if q["answerable"])
    for share in SHARES:
        cut = first[int(share * len(first))]
        line = f"intercept {model[0] - cut:.3f}:"
        for path, questions, own in zip(sys.argv[1:], files, scores):
            kinds = {"answerable": [], "near-miss": [], "other": []}
            for score, q in zip(own, questions):
                kind = "answerable" if q["answerable"] else q["kind"] if q["kind"] == "near-miss" else "other"
                kinds[kind].append(score < cut)
            line += f" {path}: " + ", ".join(f"{k} {sum(v)}/{len(v)}" for k, v in kinds.items() if v) + ";"
        print(line)


if __name__ == "__main__":
    main()
