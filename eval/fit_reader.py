#!/usr/bin/env python3
"""Fits BY_READER and BY_READER_REWORDED of src/answer/judge.rs: the judge where a reader reads. Needs Python alone.

    askpm eval eval/FILE.jsonl --features --split tune --by both      (judge, questions, plain: into full.jsonl)
    the same with --corpus on a copy of corpus/ without its lines "Also asked:"     (into bare.jsonl)
    train/corpus.py millrace OUT, and the same on its corpus and questions          (into letters.jsonl)
    python3 eval/fit_reader.py full.jsonl bare.jsonl letters.jsonl

BY_READER is for corpora without other wordings: one logistic regression over the three files, in which letters count
eight times, so that the judge knows no corpus by heart. How much the best discussion is ahead of the next (margin) is
left out: it helps on the built-in corpus and harms on every other. BY_READER_REWORDED is for corpora whose discussions
have other wordings, and is fitted on the first file with all that is measured.
Printed of each, for several shares of answerable questions refused in the first file: the intercept that refuses so
many, and what is refused in each file. Every question is judged by a fit without its tenth of the questions.
"""
import json
import sys

from logistic import fit, logit

PLAIN = "passage title asked_words all_words lacks reader".split()
REWORDED = "title asked passage asked_words all_words asked_lacks lacks margin length reader".split()
SHARES = (0.02, 0.03, 0.04, 0.05, 0.07)


def fitted(files, names, weights, but=None):
    values, labels, counts = [], [], []
    for questions, weight in zip(files, weights):
        topics = [t for i, q in enumerate(questions) if i % 10 != but for t in q["topics"]]
        values += [[t["features"][n] for n in names] for t in topics]
        labels += [int(t["answers"]) for t in topics]
        counts += [weight] * len(topics)
    return fit(values, labels, weights=counts)


def examine(name, paths, files, names, weights):
    scores = [[0.0] * len(questions) for questions in files]
    for fold in range(10):
        model = fitted(files, names, weights, fold)
        for questions, own in zip(files, scores):
            for i in range(fold, len(questions), 10):
                topics = questions[i]["topics"]
                own[i] = max((logit(model, [t["features"][n] for n in names]) for t in topics), default=-30.0)
    model = fitted(files, names, weights)
    print(f"{name}: " + ", ".join(f"{n} {w:.3f}" for n, w in zip(names, model[1:])))
    first = sorted(s for s, q in zip(scores[0], files[0]) if q["answerable"])
    for share in SHARES:
        cut = first[int(share * len(first))]
        line = f"intercept {model[0] - cut:.3f}:"
        for path, questions, own in zip(paths, files, scores):
            kinds = {"answerable": [], "near-miss": [], "other": []}
            for score, q in zip(own, questions):
                kind = "answerable" if q["answerable"] else q["kind"] if q["kind"] == "near-miss" else "other"
                kinds[kind].append(score < cut)
            line += f" {path}: " + ", ".join(f"{k} {sum(v)}/{len(v)}" for k, v in kinds.items() if v) + ";"
        print(line)


def main():
    paths = sys.argv[1:]
    files = [[json.loads(line) for line in open(path)] for path in paths]
    examine("BY_READER", paths, files, PLAIN, [0.5, 0.5, 4.0])
    examine("BY_READER_REWORDED", paths[:1], files[:1], REWORDED, [1.0])


if __name__ == "__main__":
    main()
