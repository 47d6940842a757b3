#!/usr/bin/env bash
# What each aid of answering is worth: the answers to the `tune` half of eval/questions.jsonl, scored with one aid turned
# over at a time. Usage: benches/answers.sh ASKPM MODEL.gguf [ROUND] [further arguments of `askpm eval`]
# ROUND: choose, write or prompts; without it, all. Each prints a table; seconds hold for an idle machine.
set -euo pipefail
cd "$(dirname "$0")/.."
askpm=$1 model=$2 round=${3:-all}
shift $(($# < 3 ? $# : 3))
extra=("$@")

row() { # NAME PROMPTS ARGUMENTS…
    local name=$1 prompts=$2
    shift 2
    if [ -n "$prompts" ]; then export XDG_CONFIG_HOME=$PWD/benches/prompts/$prompts; else unset XDG_CONFIG_HOME; fi
    "$askpm" -q --offline eval eval/questions.jsonl --answers --json --split tune --by words -m "$model" "$@" "${extra[@]}" |
        python3 -c '
import json, sys
r = json.load(sys.stdin)["reports"][0]
e = lambda v: "{value:.3f} [{low:.2f}-{high:.2f}]".format(**v)
print("|", " | ".join([sys.argv[1], str(r["answered"]), str(r["fell_back"]), e(r["supported"]), e(r["coverage"]),
    "{:.1f}".format(r["sentences_an_answer"]), "{:.0f}".format(r["words_an_answer"]), "{:.2f}".format(r["seconds_an_answer"])]), "|")' "$name"
}

head() {
    echo
    echo "| $1 | answers | of them quoted, as nothing held | sentences that a passage supports | key points covered | sentences | words | seconds |"
    echo "|---|---|---|---|---|---|---|---|"
}

if [ "$round" = choose ] || [ "$round" = all ]; then
    head "the model chooses among sentences"
    row "as it is" "" --mode llm --style choose
    row "it chooses the first sentence too" "" --mode llm --style choose --toggle opening
    row "the best sentence last in the prompt" "" --mode llm --style choose --toggle best-last
    row "at most five sentences, not four" "" --mode llm --style choose --sentences 5
    row "no model: the best five sentences" "" --mode extractive
    row "no model: the best four" "" --mode extractive --sentences 4
    row "no model: the best three" "" --mode extractive --sentences 3
fi
if [ "$round" = write ] || [ "$round" = all ]; then
    head "the model writes, and what no passage backs is dropped"
    row "as it is" "" --mode llm --style write
    row "what does not hold is written anew once" "" --mode llm --style write --toggle again
    row "repeat penalty 1.15" "" --mode llm --style write --toggle penalty
    row "passages cut to their best sentences" "" --mode llm --style write --toggle trimming
    row "the best passage last in the prompt" "" --mode llm --style write --toggle best-last
fi
if [ "$round" = prompts ] || [ "$round" = all ]; then
    head "other wordings"
    for prompts in plain copy bare; do
        row "choosing, $prompts" "$prompts" --mode llm --style choose
        row "writing, $prompts" "$prompts" --mode llm --style write
    done
fi
