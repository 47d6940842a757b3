#!/usr/bin/env python3
"""Measures how fast askpm imports a PDF and a Word file of 100 pages.

benches/documents.py ASKPM [RUNS]

Writes both files, of about 50,000 words each, into a temporary folder. Imports each with --dry-run, and prints the
median time of RUNS runs (5), the words that were read, and the peak memory. Needs reportlab and python-docx.
"""

import json
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from docx import Document
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

PAGES, PARAGRAPHS, WORDS = 100, 8, 63
VOCABULARY = (
    "a plan for the team that ships each week needs one owner and one list of what was learned from customers who "
    "left because price and value moved apart while nobody asked why the number fell in May"
).split()


def pages():
    numbers = random.Random(1)
    for page in range(1, PAGES + 1):
        yield f"Part {page}", [
            " ".join(numbers.choice(VOCABULARY) for _ in range(WORDS)).capitalize() + "." for _ in range(PARAGRAPHS)
        ]


def pdf(path):
    styles = getSampleStyleSheet()
    story = []
    for heading, paragraphs in pages():
        story.append(Paragraph(heading, styles["Heading1"]))
        story.extend(Paragraph(text, styles["BodyText"]) for text in paragraphs)
        story.append(PageBreak())

    def footer(canvas, document):
        canvas.drawString(72, 40, f"Page {document.page}")

    SimpleDocTemplate(str(path), pagesize=A4, title="A long report").build(story, footer, footer)


def word(path):
    document = Document()
    for heading, paragraphs in pages():
        document.add_heading(heading, 1)
        for text in paragraphs:
            document.add_paragraph(text)
        document.add_page_break()
    document.save(path)


def run(askpm, path):
    """Returns the seconds, the words that were kept, and the peak memory of one import."""
    command = [askpm, "import", "--dry-run", "--json", str(path)]
    read, write = os.pipe()
    start = time.perf_counter()
    child = os.posix_spawn(
        askpm, command, {**os.environ, "ASKPM_OFFLINE": "1"}, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)]
    )
    os.close(write)
    with os.fdopen(read) as out:
        result = json.load(out)
    _, status, usage = os.wait4(child, 0)
    assert status == 0, status
    return time.perf_counter() - start, result["editions"][0]["words_kept"], usage.ru_maxrss / 1024


def main():
    askpm = str(Path(sys.argv[1]).resolve())
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        for name, make in (("report.pdf", pdf), ("report.docx", word)):
            path = Path(folder) / name
            make(path)
            found = [run(askpm, path) for _ in range(runs)]
            seconds = [seconds for seconds, _, _ in found]
            print(
                f"{name}: {path.stat().st_size:,} bytes, {PAGES} pages, {found[0][1]:,} words kept; "
                f"{statistics.median(seconds):.2f} s (median of {runs}: "
                f"{', '.join(f'{s:.2f}' for s in sorted(seconds))}), peak memory {max(m for _, _, m in found):.0f} MiB"
            )


main()
