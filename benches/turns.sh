# Sourced by the comparisons with llama.cpp. Lets the programs take turns, so that both run under the same load.
# $out is a folder for temporary files, deleted at exit.

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

load() {
    echo "load: $(cut -d' ' -f1-3 /proc/loadavg 2>/dev/null || uptime)"
}

# turns COUNT COMMAND: runs COMMAND COUNT times. Prints the line of figures from each run and stores it.
turns() {
    turn=1
    while [ "$turn" -le "$1" ]; do
        line=$("$2")
        echo "$turn  $line"
        echo "$line" >> "$out/figures"
        turn=$((turn + 1))
    done
}

# median COLUMN: prints the median of a column of the stored figures.
median() {
    awk -v at="$1" '{ print $at }' "$out/figures" | sort -n | awk '{ x[NR] = $1 } END { print (NR % 2) ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'
}
