#!/usr/bin/env python3
"""Checks `askpm eval --beir` against pytrec_eval, and makes tests/fixtures/beir.json. Needs `pip install pytrec_eval-terrier`.

    python3 eval/check_beir.py path/to/askpm         # runs it on a synthetic collection and compares to 4 digits
    python3 eval/check_beir.py --fixture FILE        # writes the collection, a made-up run and pytrec_eval's figures
"""
import json
import os
import random
import subprocess
import sys
import tempfile

import pytrec_eval

WORDS = "price churn roadmap metric interview launch team customer test data model salary offer team scope plan".split()
MEASURES = {"ndcg_at_10": "ndcg_cut_10", "recall_at_100": "recall_100"}


def collection(seed):
    rng = random.Random(seed)
    docs = [{"_id": f"doc-{n}", "title": " ".join(rng.choices(WORDS, k=2)) if n % 4 else "",
             "text": " ".join(rng.choices(WORDS, k=rng.randint(5, 30)))} for n in range(300)]
    queries = [{"_id": f"q{n}", "text": " ".join(rng.sample(WORDS, rng.randint(1, 4)))} for n in range(25)]
    qrels = {q["_id"]: {d["_id"]: rng.choice([0, 1, 1, 2]) for d in rng.sample(docs, rng.randint(3, 40))} for q in queries}
    return docs, queries, qrels


def files(docs, queries, qrels):
    tsv = "query-id\tcorpus-id\tscore\n" + "".join(f"{q}\t{d}\t{s}\n" for q, ds in qrels.items() for d, s in ds.items())
    lines = lambda rows: "".join(json.dumps(row) + "\n" for row in rows)
    return {"corpus": lines(docs), "queries": lines(queries), "qrels": tsv}


def theirs(qrels, run):
    """Means over the queries with something relevant; one that the run leaves out counts 0."""
    judged = [q for q in qrels if any(s > 0 for s in qrels[q].values())]
    found = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut_10", "recall_100"}).evaluate(run)
    scores = {ours: sum(found.get(q, {}).get(name, 0) for q in judged) / len(judged) for ours, name in MEASURES.items()}
    # trec_eval has no cut for the reciprocal rank: it is given the first ten.
    first = {q: dict(sorted(ds.items(), key=lambda x: -x[1])[:10]) for q, ds in run.items()}
    ranks = pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"}).evaluate(first)
    scores["mrr_at_10"] = sum(ranks.get(q, {}).get("recip_rank", 0) for q in judged) / len(judged)
    return scores


def read_run(text):
    run = {}
    for line in text.splitlines():
        query, _, document, _, score, _ = line.split()
        run.setdefault(query, {})[document] = float(score)
    return run


def ranked(rng, known, relevant):
    """40 documents, the relevant ones rather early."""
    return sorted(rng.sample(sorted(known), 40), key=lambda d: rng.random() - 0.4 * relevant.get(d, 0))


def fixture(path):
    docs, queries, qrels = collection(2)
    docs, queries = docs[:60], queries[:8]
    known = {d["_id"] for d in docs}
    qrels = {q["_id"]: {d: s for d, s in qrels[q["_id"]].items() if d in known} for q in queries}
    qrels = {q: ds for q, ds in qrels.items() if any(s > 0 for s in ds.values())}
    rng = random.Random(3)
    run = "".join(f"{q} Q0 {d} {rank} {30 - rank / 2:.4f} askpm\n"
                  for q in qrels for rank, d in enumerate(ranked(rng, known, qrels[q]), 1))
    made = files(docs, queries, qrels) | {"run": run, "scores": theirs(qrels, read_run(run))}
    with open(path, "w") as out:
        json.dump(made, out, indent=1)
        out.write("\n")


def check(askpm):
    docs, queries, qrels = collection(1)
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/qrels")
        made = files(docs, queries, qrels)
        for name, text in [("corpus.jsonl", made["corpus"]), ("queries.jsonl", made["queries"]), ("qrels/test.tsv", made["qrels"])]:
            with open(f"{folder}/{name}", "w") as out:
                out.write(text)
        command = [askpm, "eval", "--beir", folder, "--by", "words", "--run", f"{folder}/run", "--json"]
        ours = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["scores"]
        run = read_run(open(f"{folder}/run").read())
    agree = True
    for name, value in theirs(qrels, run).items():
        same = abs(value - ours[name]) < 5e-5
        agree &= same
        print(f"{name:14} askpm {ours[name]:.6f}  pytrec_eval {value:.6f}  {'same' if same else 'DIFFERENT'}")
    sys.exit(not agree)


if __name__ == "__main__":
    fixture(sys.argv[2]) if sys.argv[1] == "--fixture" else check(sys.argv[1])
