#!/bin/sh
# SPDX-License-Identifier: MIT
# options.sh VMTRACE TOP: the options that `vmtrace --help` shows, the manual page and the three
# completions are the same. Prints each difference.
set -eu

vmtrace=$1
top=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The option names in the text on standard input, one a line.
names() {
	grep -oE '(^|[^A-Za-z0-9-])--?[A-Za-z][A-Za-z0-9-]*' | sed 's/^[^-]*//' | LC_ALL=C sort -u
}

# Help: "  -v, --verbose   text" or "      --log=VIEWS  text".
"$vmtrace" --help </dev/null | sed -nE 's/^ +((-[A-Za-z], )?--?[A-Za-z][A-Za-z0-9-]*).*/\1/p' |
	names >"$work/help"
# Manual: "*-v*, *--verbose*" at the start of a line below OPTIONS.
sed -n '/^# OPTIONS/,/^# [^O]/p' "$top/man/vmtrace.1.scd" | sed -n 's/^\*-/-/p' | tr -d '*' |
	names >"$work/manual page"
# bash: one list of words on one line.
sed -n "s/.*options='\(.*\)'\$/\1/p" "$top/completions/vmtrace.bash" |
	names >"$work/bash completion"
# zsh: one quoted specification a line, the text in brackets.
sed -nE "s/^[[:space:]]*(['{][^[]*)\[.*/\1/p" "$top/completions/_vmtrace" |
	names >"$work/zsh completion"
# fish: complete -c vmtrace -s v -l verbose -d text
grep '^complete -c vmtrace' "$top/completions/vmtrace.fish" | sed "s/ -d .*//" |
	grep -oE ' -(s [A-Za-z]|l [a-z-]+)' | sed 's/^ -s /-/; s/^ -l /--/' |
	LC_ALL=C sort -u >"$work/fish completion"

[ -s "$work/help" ] || { echo "options.sh: no options in $vmtrace --help"; exit 1; }
bad=0
for other in 'manual page' 'bash completion' 'zsh completion' 'fish completion'; do
	for option in $(LC_ALL=C comm -23 "$work/help" "$work/$other"); do
		echo "$option is in --help, not in the $other"
		bad=1
	done
	for option in $(LC_ALL=C comm -13 "$work/help" "$work/$other"); do
		echo "$option is in the $other, not in --help"
		bad=1
	done
done
exit "$bad"
