# Sourced by the comparisons with llama.cpp: measuring turn by turn, so that both programs meet the same machine.
# $out is a folder for files, gone at the end.

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

load() {
    echo "load: $(cut -d' ' -f1-3 /proc/loadavg 2>/dev/null || uptime)"
}

# turns COUNT COMMAND: runs the command so often, and prints and keeps the figures that it prints in a line.
turns() {
    turn=1
    while [ "$turn" -le "$1" ]; do
        line=$("$2")
        echo "$turn  $line"
        echo "$line" >> "$out/figures"
        turn=$((turn + 1))
    done
}

# median COLUMN: of the figures that were kept.
median() {
    awk -v at="$1" '{ print $at }' "$out/figures" | sort -n | awk '{ x[NR] = $1 } END { print (NR % 2) ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'
}
