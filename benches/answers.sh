#!/usr/bin/env bash
# Measures what a model and its prompt contribute. Scores the answers to the `tune` half of eval/questions.jsonl with
# and without a lead that the model writes, and with other wordings of the prompt.
#
# Usage: benches/answers.sh ASKPM MODEL.gguf [ROUND] [more arguments of `askpm eval`]
#
# ROUND is `write` or `prompts`; the default, `all`, runs both. Each round prints a table. The seconds are meaningful
# only on an idle machine.
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

if [ "$round" = write ] || [ "$round" = all ]; then
    head "the model writes the lead"
    row "as it is" "" --mode llm
    row "no model" "" --mode extractive
fi
if [ "$round" = prompts ] || [ "$round" = all ]; then
    head "other wordings"
    for prompts in plain copy bare; do
        row "$prompts" "$prompts" --mode llm
    done
fi
