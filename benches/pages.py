#!/usr/bin/env python3
"""How much of an article `askpm import` keeps of saved pages, next to trafilatura and readability on the same pages.

    python3 -m venv ~/peers/venv
    ~/peers/venv/bin/pip install -U pip && ~/peers/venv/bin/pip install trafilatura==2.3.1 readability-lxml==0.9
    git clone https://github.com/adbar/trafilatura ~/peers/trafilatura  # e90b0ef5 was measured
    git clone https://github.com/mozilla/readability ~/peers/readability  # ab4027a8 was measured
    cargo build --release && ~/peers/venv/bin/python benches/pages.py --askpm target/release/askpm \
        --trafilatura ~/peers/trafilatura/tests --mozilla ~/peers/readability/test/test-pages

The pages and what should be kept of them belong to the peers, and each set is scored by a published measure.

- trafilatura's pages (`evaldata.json`): strings that the article contains and strings that it does not. A string is
  found if it is in the text, all white space being equal. Counts of all pages are added up before they are divided.
- Mozilla's pages (`expected.html`): four words in a row (`\\w+`), as in scrapinghub/article-extraction-benchmark. F1 is
  that of the mean precision and the mean recall. expected.html was written by Mozilla's Readability and then reviewed,
  so it favours programs that decide like Readability.

Each page is imported alone into an empty folder, with default options, so two pages with one title do not meet. A page
that a system refuses or does not finish in time counts as empty.
"""

import argparse
import collections
import functools
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import tempfile
import time

import lxml.html
import readability
import trafilatura
from trafilatura.utils import decode_file

INLINE = "a abbr b bdo cite code del dfn em font i ins kbd mark q s small span strike strong sub sup time tt u var"


def text_of(html):
    """The text of a piece of HTML, with white space between blocks."""
    parts, root = [], lxml.html.document_fromstring(html or "<p>")
    for event, node in lxml.etree.iterwalk(root, events=("start", "end", "comment")):
        gap = "" if event == "comment" or node.tag in INLINE.split() else " "
        if event == "start":
            parts += [gap, "" if node.tag in ("script", "style", "head", "template") else node.text or ""]
        else:
            parts += [gap, node.tail or ""]
    return "".join(parts)


def plain(markdown):
    """The text of an edition: no front matter, and none of the marks that the importer writes."""
    text = re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.S)
    text = re.sub(r"(?m)^## [QSR]\d+\. |^### [A-Z]+\d*\. |^#{1,6} ", "", text)  # headings and askpm's numbers of them
    text = re.sub(r"(?m)^\|[ :|-]+\|$|^ *(```|~~~).*$", "", text)  # rules below the heads of tables, fences
    text = re.sub(r"(?m)^\|.*\|$", lambda row: row[0].replace("|", " "), text)
    text = re.sub(r"(?m)^(?:> ?)+|^ *- ", "", text)  # quotations and list items
    text = re.sub(r"(?m)^([ \t]*)\\(?=[\\#<`~=-]|[A-Z])", r"\1", text)  # escapes, which only begin lines
    text = re.sub(r"!?\[([^\[\]]*)\]\((?:[^()\s]|\([^()\s]*\))*\)", r"\1", text)  # links
    return re.sub(r"\[\^([^\]\s]+)\]:?", r"[\1]", text).replace("~~", "")  # notes, and text that is struck out


def run_askpm(program, path):
    """The text of all editions that the importer makes of one page."""
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "import", "--quiet", "--corpus", folder + "/corpus", str(path)]
        env = {"HOME": folder, "PATH": os.environ["PATH"], "ASKPM_OFFLINE": "1"}
        done = subprocess.run(command, capture_output=True, env=env)
        editions = sorted(pathlib.Path(folder, "corpus").rglob("*.md"))
        if not editions:
            raise ValueError(done.stderr.decode(errors="replace").strip() or "nothing was imported")
        return "\n".join(plain(edition.read_text(encoding="utf-8")) for edition in editions)


def run_trafilatura(path):
    """The settings are those of trafilatura's own benchmark."""
    options = {"include_comments": False, "include_tables": True, "include_formatting": False}
    return trafilatura.extract(path.read_bytes(), fast=False, **options) or ""


def run_readability(path):
    """As in trafilatura's benchmark, but for the text of the HTML and not the HTML itself."""
    return text_of(readability.Document(decode_file(path.read_bytes())).summary())


def norm(text):
    return " ".join(text.split())


def found(gold, text):
    """How many wanted strings are there, unwanted strings are there, wanted and unwanted strings are not."""
    wanted, unwanted = (sum(norm(string) in norm(text) for string in gold[key]) for key in ("with", "without"))
    return wanted, unwanted, len(gold["with"]) - wanted, len(gold["without"]) - unwanted


def shingles(text):
    words = re.findall(r"\w+", text)
    return collections.Counter(tuple(words[i : i + 4]) for i in range(max(1, len(words) - 3)) if words)


def matched(gold, text):
    """How many runs of four words are in both, in the text alone, in the gold alone."""
    gold, text = shingles(gold), shingles(text)
    both = (gold & text).total()
    return both, text.total() - both, gold.total() - both


def ratio(part, whole):
    return part / whole if whole else 0.0


def by_strings(counts):
    """Precision, recall, F1 and accuracy of the counts of all pages together."""
    tp, fp, fn, tn = map(sum, zip(*counts))
    accuracy = f"{ratio(tp + tn, tp + fp + fn + tn):.3f}"
    return ratio(tp, tp + fp), ratio(tp, tp + fn), ratio(2 * tp, 2 * tp + fp + fn), accuracy


def by_shingles(counts):
    """Mean precision, mean recall and their F1."""
    precision = statistics.mean(ratio(tp, tp + fp) for tp, fp, _ in counts if tp + fp)
    recall = statistics.mean(ratio(tp, tp + fn) for tp, _, fn in counts if tp + fn)
    return precision, recall, ratio(2 * precision * recall, precision + recall), "–"


def trafilatura_pages(folder):
    data = json.loads((folder / "evaldata.json").read_text(encoding="utf-8")).values()
    paths = {path.name: path for part in ("eval", "cache") for path in (folder / part).iterdir()}
    return [(gold["file"], paths[gold["file"]], gold) for gold in data]


def mozilla_pages(folder):
    paths = sorted(folder.glob("*/source.html"))
    return [(p.parent.name, p, text_of(p.with_name("expected.html").read_text(encoding="utf-8"))) for p in paths]


def measure(title, pages, score, total, systems, options):
    """Runs every system on every page, and prints the table and the pages that lost more than half."""
    share, failed = collections.defaultdict(dict), []
    print(f"## {title}\n\n| system | version | pages | precision | recall | F1 | accuracy | lost over half | seconds |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, (version, extract) in systems.items():
        counts, start = [], time.perf_counter()
        for page, path, gold in pages[:: options.every]:
            signal.alarm(options.seconds)
            try:
                text = extract(path)
            except Exception as error:
                text = ""
                failed.append(f"- {name}, {page}: {type(error).__name__}: {norm(str(error))[:250]}")
            signal.alarm(0)
            counts.append(score(gold, text))
            tp, _, fn = counts[-1][:3]
            share[page][name] = tp / (tp + fn) if tp + fn else 1.0
            if options.keep:
                (options.keep / f"{page}.{name}.txt").write_text(text, encoding="utf-8")
        *values, accuracy = total(counts)
        numbers = " | ".join(f"{value:.3f}" for value in values)
        lost = sum(kept[name] < 0.5 for kept in share.values())
        took = f"{time.perf_counter() - start:.0f}"
        print(f"| {name} | {version} | {len(counts)} | {numbers} | {accuracy} | {lost} | {took} |", flush=True)
    print("\nShare of the gold text that was kept, for each page of which a system lost more than half:\n")
    print(f"| page | {' | '.join(systems)} |\n|---|{'---:|' * len(systems)}")
    for page, kept in sorted(share.items(), key=lambda item: item[1]["askpm"]):
        if min(kept.values()) < 0.5:
            print(f"| {page} | {' | '.join(f'{kept[name]:.2f}' for name in systems)} |")
    print("\nCounted as empty, because the system failed:", *failed or ["none"], "", sep="\n")


def stop(*_):
    raise TimeoutError("the time limit")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--askpm", required=True, type=os.path.abspath, help="the program")
    parser.add_argument("--trafilatura", required=True, type=pathlib.Path, help="tests/ of trafilatura's repository")
    parser.add_argument("--mozilla", required=True, type=pathlib.Path, help="test/test-pages/ of Mozilla's repository")
    parser.add_argument("--seconds", type=int, default=20, help="time limit for one page and one system")
    parser.add_argument("--every", type=int, default=1, help="only every Nth page")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for what each system made of each page")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, stop)
    version = subprocess.run([options.askpm, "--version"], capture_output=True, text=True).stdout.split()[-1]
    systems = {"askpm": (version, functools.partial(run_askpm, options.askpm))}
    systems["trafilatura"] = trafilatura.__version__, run_trafilatura
    systems["readability-lxml"] = readability.__version__, run_readability
    pages = trafilatura_pages(options.trafilatura)
    measure("trafilatura's pages, wanted and unwanted strings", pages, found, by_strings, systems, options)
    pages = mozilla_pages(options.mozilla)
    measure("Mozilla's pages, four words in a row", pages, matched, by_shingles, systems, options)


if __name__ == "__main__":
    main()
