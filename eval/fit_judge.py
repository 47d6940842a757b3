#!/usr/bin/env python3
"""Fits BY_MEANING and BY_WORDS of src/answer/judge.rs. Needs Python alone.

    for f in judge questions plain; do askpm eval eval/$f.jsonl --features --split tune --by both; done > full.jsonl
    the same with --corpus on a copy of corpus/ without its lines "Also asked:"                         > bare.jsonl
    train/corpus.py millrace OUT, and the same with --corpus on its corpus and questions                > letters.jsonl
    for f in judge questions plain; do askpm eval eval/$f.jsonl --features --split tune --by words; done > words.jsonl
    python3 eval/fit_judge.py full.jsonl bare.jsonl letters.jsonl words.jsonl

Each fit is a logistic regression of "this discussion answers the question" over the discussions found. BY_MEANING is
one fit over the first three files. So that the judge knows no corpus by heart, the letters count four times as much as
both forms of the built-in corpus together. BY_WORDS is fitted on the last file.
The intercept is shifted so that a confidence of 0.5 refuses 10% of the answerable questions, each judged by a fit without
its tenth of the questions. BY_MEANING has two: for discussions with other wordings by the first file, for others by the
second. Since all built-in discussions have a dozen or more, the first is the one that refuses 10% of the 130 answerable
`tune` questions of questions.jsonl and plain.jsonl with the same weights, and BY_WORDS was shifted by the same rule over
asked.jsonl too. New weights on those files are no better (AUC 0.927 for 0.930, and 0.853 for 0.892 by words). Blind readers lose 2.7 points by an answer to a near miss and 1.8 by a refused answer (benches/runs/
2026-11-28-epyc-2-cores/readings-6); by that measure, shares from 5% to 30% do about as well on the tune questions.
"""
import json
import sys

from logistic import auc, fit, logit

MEANING = "title passage asked_words all_words".split()
WORDS = "asked_words all_words asked_lacks lacks margin length".split()
REFUSED = 0.10


def fitted(files, names, weights, but=None):
    values, labels, counts = [], [], []
    for questions, weight in zip(files, weights):
        topics = [t for i, q in enumerate(questions) if i % 10 != but for t in q["topics"]]
        values += [[t["features"][n] for n in names] for t in topics]
        labels += [int(t["answers"]) for t in topics]
        counts += [weight / len(topics)] * len(topics)
    total = sum(counts) / len(counts)
    return fit(values, labels, weights=[count / total for count in counts])


def examine(name, paths, files, names, weights):
    """Prints a fit, and what it refuses of questions that it has not seen."""
    scores, first = [[0.0] * len(questions) for questions in files], [[0, 0] for _ in files]
    for fold in range(10):
        model = fitted(files, names, weights, fold)
        for questions, own, right in zip(files, scores, first):
            for i in range(fold, len(questions), 10):
                judged = [(logit(model, [t["features"][n] for n in names]), t["answers"]) for t in questions[i]["topics"]]
                own[i], answers = max(judged, default=(-30.0, False))
                if questions[i]["answerable"]:
                    right[0] += answers
                    right[1] += 1
    model = fitted(files, names, weights)
    print(f"{name}: " + ", ".join(f"{n} {w:.3f}" for n, w in zip(names, model[1:])))
    for path, questions, own, right in zip(paths, files, scores, first):
        kinds = by_kind(questions, own)
        yes = kinds.pop("answerable")
        line = f"  {path}: first answers {right[0]}/{right[1]}"
        for kind, no in kinds.items():
            line += f", AUC {kind} {auc(yes + no, [1] * len(yes) + [0] * len(no)):.3f}"
        print(line)
    for at, form in enumerate(paths[:2]):
        answerable = sorted(by_kind(files[at], scores[at])["answerable"])
        cut = answerable[int(REFUSED * len(answerable))]
        line = f"  intercept {model[0] - cut:.3f} refuses {REFUSED:.0%} of {form}:"
        for path, questions, own in zip(paths, files, scores):
            refused = {kind: (sum(s < cut for s in all_), len(all_)) for kind, all_ in by_kind(questions, own).items()}
            line += f" {path}: " + ", ".join(f"{kind} {n}/{of}" for kind, (n, of) in refused.items()) + ";"
        print(line)


def by_kind(questions, scores):
    kinds = {"answerable": []}
    for score, question in zip(scores, questions):
        near = "near-miss" if question["kind"] == "near-miss" else "other"
        kinds.setdefault("answerable" if question["answerable"] else near, []).append(score)
    return kinds


def main():
    paths = sys.argv[1:]
    files = [[json.loads(line) for line in open(path)] for path in paths]
    examine("BY_MEANING", paths[:3], files[:3], MEANING, [1.0, 1.0, 8.0])
    if len(files) > 3:
        examine("BY_WORDS", paths[3:], files[3:], WORDS, [1.0])


if __name__ == "__main__":
    main()
