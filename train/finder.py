"""Trains the finder: `python3 finder.py OUT --learn WORLD… --dev WORLD` writes OUT/finder.safetensors and its log.

Scores of the world after `--dev`, which is not learnt from, are printed after each epoch.
"""

import argparse
import json
import pathlib
import random
import time

import torch
from safetensors.torch import save_file

import minilm
import texts

# Questions of a step, and passages of a discussion that a step sees.
QUESTIONS, PASSAGES = 64, 3


def main():
    args = argparse.ArgumentParser()
    args.add_argument("out", type=pathlib.Path)
    args.add_argument("--learn", nargs="+", required=True, help="the worlds to learn from")
    args.add_argument("--dev", required=True, help="the world to print scores of")
    args.add_argument("--epochs", type=int, default=3)
    args.add_argument("--rate", type=float, default=5e-4)
    args.add_argument("--seed", type=int, default=20261128)
    args.add_argument("--threads", type=int, default=2)
    args = args.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    chance = random.Random(args.seed)
    model = minilm.Finder()
    layout = texts.Layout(minilm.tokenizer())
    worlds = [texts.World(name, layout) for name in args.learn]
    dev = texts.World(args.dev, layout)
    low = [p for p in model.parameters() if p.requires_grad]
    # How sharply a similarity counts, and the similarity from which a discussion answers.
    sharp, least = torch.nn.Parameter(torch.tensor(3.0)), torch.nn.Parameter(torch.tensor(0.5))
    optimizer = torch.optim.AdamW([{"params": low, "lr": args.rate}, {"params": [sharp, least], "lr": 10 * args.rate}])
    total = args.epochs * len(plan(worlds, random.Random(0)))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / (0.06 * total)) * max(0.0, 1 - step / (1.02 * total))
    )
    print(json.dumps({"epoch": 0} | scores(model, dev)), flush=True)
    log = (args.out / "finder.log.jsonl").open("w")
    started = time.time()
    for epoch in range(1, args.epochs + 1):
        losses = []
        for world, questions in plan(worlds, chance):
            similarity = similarities(model, world, questions, chance)
            loss = against(similarity, sharp.exp(), least, world, questions)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(low, 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            if len(losses) % 20 == 0:
                print(epoch, len(losses), round(sum(losses[-20:]) / 20, 4), int(time.time() - started), flush=True)
        line = {"epoch": epoch, "loss": round(sum(losses) / len(losses), 4), "seconds": round(time.time() - started)}
        line |= scores(model, dev)
        print(json.dumps(line), flush=True)
        log.write(json.dumps(line) + "\n")
        keep = {name: p.detach().contiguous() for name, p in model.named_parameters() if p.requires_grad}
        save_file(keep, str(args.out / "finder.safetensors"))


def plan(worlds, chance):
    """The steps of an epoch: a world, and some of its questions by number."""
    steps = []
    for world in worlds:
        order = chance.sample(range(len(world.questions)), len(world.questions))
        steps += [(world, order[at : at + QUESTIONS]) for at in range(0, len(order), QUESTIONS)]
    return chance.sample(steps, len(steps))


def similarities(model, world, questions, chance):
    """How near each of `questions` is to each discussion of `world`, (questions, discussions), as the program measures it.

    Of a discussion, some passages are read: first those that an editor would quote for one of the questions.
    """
    quoted = {(run[0], run[1]) for n in questions for run in world.questions[n].runs}
    passages, owners = [], []
    for at, (id, own) in enumerate(world.passages.items()):
        first = [n for n in range(len(own)) if (id, n) in quoted]
        first = chance.sample(first, min(2, len(first)))
        more = [n for n in chance.sample(range(len(own)), len(own)) if n not in first]
        chosen = (first + more)[: max(2, min(PASSAGES, len(first) + 1))]
        passages += [own[n] for n in chosen]
        owners += [at] * len(chosen)
    vectors = model([world.asked[n] for n in questions] + world.headings + passages)
    asked, headings, passages = vectors.split([len(questions), len(world.headings), len(passages)])
    return together(asked, headings, passages, torch.tensor(owners))


def together(asked, headings, passages, owners):
    """`Dense::similarities` in src/retrieve/dense: two parts the nearest passage, one part what was asked."""
    near = asked @ passages.T
    best = torch.stack([near[:, owners == at].max(1).values for at in range(len(headings))], 1)
    return (2 * best + asked @ headings.T) / 3


def against(similarity, sharp, least, world, questions):
    """Cross-entropy over the discussions and one more choice, "none of them", whose similarity is `least`."""
    logits = torch.cat([similarity, least.expand(len(questions), 1)], 1) * sharp
    wanted = torch.zeros_like(logits)
    for row, n in zip(wanted, questions):
        answers = [world.place[id] for id in world.questions[n].answers] or [-1]
        row[answers] = 1 / len(answers)
    return -(wanted * logits.log_softmax(1)).sum(1).mean()


@torch.no_grad()
def scores(model, world):
    """Whether the nearest discussion answers, and the AUROC of its similarity over questions."""
    asked, headings = model(world.asked), model(world.headings)
    passages = model([passage for own in world.passages.values() for passage in own])
    owners = torch.tensor([at for at, own in enumerate(world.passages.values()) for _ in own])
    similarity = together(asked, headings, passages, owners)
    best, first, rank = {"answered": [], "near": [], "far": []}, [], []
    for row, question in zip(similarity, world.questions):
        kind = "answered" if question.answers else "near" if question.related else "far"
        best[kind].append(row.max().item())
        if question.answers:
            order = row.argsort(descending=True).tolist()
            rank.append(1 + min(order.index(world.place[id]) for id in question.answers))
    mean = lambda values: round(sum(values) / max(1, len(values)), 4)
    return {
        "questions": {kind: len(values) for kind, values in best.items()},
        "first_answers": mean([float(n == 1) for n in rank]),
        "mrr": mean([1 / n for n in rank]),
        "auroc_near": auroc(best["answered"], best["near"]),
        "auroc_far": auroc(best["answered"], best["far"]),
    }


def auroc(good, bad):
    pairs = [(x > y) + 0.5 * (x == y) for x in good for y in bad]
    return round(sum(pairs) / max(1, len(pairs)), 4)


if __name__ == "__main__":
    main()
