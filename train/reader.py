"""Trains the reader: `python3 reader.py OUT` writes OUT/reader.safetensors and OUT/reader.log.jsonl.

One world is not learnt from: its scores are printed after each epoch, and the constants of the program are fitted on it.
"""

import argparse
import json
import pathlib
import random
import time

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import examples
import minilm
import texts


def main():
    args = argparse.ArgumentParser()
    args.add_argument("out", type=pathlib.Path)
    args.add_argument("--learn", nargs="+", required=True, help="the worlds to learn from")
    args.add_argument("--dev", required=True, help="the world to print scores of")
    args.add_argument("--epochs", type=int, default=4)
    args.add_argument("--rate", type=float, default=5e-4)
    args.add_argument("--seed", type=int, default=20261128)
    args.add_argument("--threads", type=int, default=2)
    args = args.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    chance = random.Random(args.seed)
    model = minilm.Reader()
    layout = texts.Layout(minilm.tokenizer())
    worlds = [examples.World(name, model, layout) for name in args.learn]
    dev = examples.World(args.dev, model, layout)
    below = examples.Below(model)
    trained = [p for p in model.parameters() if p.requires_grad]
    heads = [*model.relevance.parameters(), *model.sentence.parameters()]
    low = [p for p in trained if not any(p is head for head in heads)]
    # The heads have far to go, and their inputs are small: of length 1, or products of such.
    groups = [{"params": low, "lr": args.rate}, {"params": heads, "lr": 10 * args.rate}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    per_epoch = len(steps(worlds, random.Random(0))[1])
    total = args.epochs * per_epoch
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / (0.06 * total)) * max(0.0, 1 - step / (1.02 * total))
    )
    print(json.dumps({"epoch": 0} | scores(model, below, dev)), flush=True)
    log = (args.out / "reader.log.jsonl").open("w")
    started = time.time()
    for epoch in range(1, args.epochs + 1):
        model.train()
        all_, order = steps(worlds, chance)
        losses, tokens = [], 0
        for batch in order:
            loss = one_step(model, below, [all_[n] for n in batch])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            tokens += sum(len(all_[n]) for n in batch)
            if len(losses) % 50 == 0:
                print(epoch, len(losses), len(order), round(sum(losses[-50:]) / 50, 4), int(time.time() - started), flush=True)
        line = {
            "epoch": epoch,
            "examples": len(all_),
            "tokens": tokens,
            "loss": round(sum(losses) / len(losses), 4),
            "seconds": round(time.time() - started),
        }
        line |= scores(model, below, dev)
        print(json.dumps(line), flush=True)
        log.write(json.dumps(line) + "\n")
        log.flush()
        keep = {name: p.detach().contiguous() for name, p in model.named_parameters() if p.requires_grad}
        save_file(keep, str(args.out / "reader.safetensors"))


def steps(worlds, chance):
    all_ = [example for world in worlds for example in world.training(chance)]
    return all_, examples.batches(all_, len, chance=chance)


def one_step(model, below, batch):
    inputs, classes, keys = examples.collate(below, batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        relevance, sentence = model(*inputs)
    loss = torch.zeros(())
    judged = classes >= 0
    if judged.any():
        loss = loss + F.cross_entropy(relevance.float()[judged], classes[judged])
    known = keys >= 0
    if known.any():
        # One sentence in four or five belongs to a run.
        weight = torch.tensor(2.0)
        loss = loss + F.binary_cross_entropy_with_logits(sentence.float()[known], keys[known].float(), pos_weight=weight)
    return loss


@torch.no_grad()
def scores(model, below, world, most=150):
    """AUROC of "answers" over questions, and how often the sentence read as best is in a run."""
    model.eval()
    questions = list(world.development())
    questions = questions[:: max(1, len(questions) // most)]
    texts_ = [example for _, found, voices in questions for example in found + voices]
    answers, sentences = read(model, below, texts_)
    asked = {"answered": [], "near": [], "far": []}
    first, hit, heard, at = [], [], [], 0
    for kind, found, voices in questions:
        own = answers[at : at + len(found)]
        asked[kind].append(max(own))
        if kind == "answered":
            first.append(float(found[own.index(max(own))].label == 0))
        at += len(found)
        for voice in voices:
            own = sentences[at]
            heard.append((max(own), max(voice.keys)))
            if max(voice.keys):
                hit.append(float(voice.keys[own.index(max(own))]))
            at += 1
    refused = sorted(asked["answered"])[int(0.07 * len(asked["answered"]))]
    share = lambda kind: round(sum(x < refused for x in asked[kind]) / max(1, len(asked[kind])), 3)
    return {
        "questions": {kind: len(x) for kind, x in asked.items()},
        "auroc_near": auroc(asked["answered"], asked["near"]),
        "auroc_far": auroc(asked["answered"], asked["far"]),
        "near_left_out": share("near"),
        "far_left_out": share("far"),
        "first_answers": round(sum(first) / max(1, len(first)), 3),
        "sentence_in_run": round(sum(hit) / max(1, len(hit)), 3),
        "auroc_voice": auroc([x for x, y in heard if y], [x for x, y in heard if not y]),
    }


@torch.no_grad()
def read(model, below, texts_):
    """Of each text: log-odds that its discussion answers, and log-odds of each sentence."""
    answers, sentences = [0.0] * len(texts_), [[] for _ in texts_]
    for batch in examples.batches(texts_, len):
        inputs, _, _ = examples.collate(below, [texts_[n] for n in batch])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            relevance, sentence = model(*inputs)
        for n, value in zip(batch, odds(relevance.float()).tolist()):
            answers[n] = value
        for at, value in zip(inputs[3][:, 0].tolist(), sentence.float().tolist()):
            sentences[batch[at]].append(value)
    return answers, sentences


def odds(relevance):
    """Log-odds that a discussion answers, from the logits of its classes."""
    return relevance[:, 0] - relevance[:, 1:].logsumexp(1)


def auroc(good, bad):
    pairs = [(x > y) + 0.5 * (x == y) for x in good for y in bad]
    return round(sum(pairs) / max(1, len(pairs)), 4)


if __name__ == "__main__":
    main()
