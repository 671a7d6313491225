#!/bin/sh
# SPDX-License-Identifier: MIT
# options.sh VMTRACE TOP: for each command, the options that its --help shows, its manual page and
# the three completions are the same. Prints each difference.
#
# run is the command that needs no name. The others are those of the usage lines of `vmtrace
# --help`: "vmtrace NAME [OPTIONS] …". Where their options stand:
#
#	manual page	man/vmtrace-NAME.1.scd (run: vmtrace.1.scd), below OPTIONS
#	bash		local NAME_options='…' on one line (run: options='…')
#	zsh		in the function _vmtrace_NAME (run: behind the last function)
#	fish		complete -c vmtrace -n '__fish_seen_subcommand_from NAME' … (run: no such -n)
set -eu

vmtrace=$1
top=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

# The option names in the text on standard input, one a line.
names() {
	{ grep -oE '(^|[^A-Za-z0-9-])--?[A-Za-z][A-Za-z0-9-]*' || true; } | sed 's/^[^-]*//' |
		LC_ALL=C sort -u
}

# "  -v, --verbose   text" or "      --log=VIEWS  text".
help_of() {
	sed -nE 's/^ +((-[A-Za-z], )?--?[A-Za-z][A-Za-z0-9-]*).*/\1/p' | names
}

# "*-v*, *--verbose*" at the start of a line below OPTIONS.
manual_of() {
	sed -n '/^# OPTIONS/,/^# [^O]/p' "$1" | sed -n 's/^\*-/-/p' | tr -d '*' | names
}

# One quoted specification a line, the text in brackets.
zsh_of() {
	sed -nE "s/^[[:space:]]*(['{][^[]*)\[.*/\1/p" | names
}

# -s v -l verbose -d text
fish_of() {
	sed "s/ -d .*//" | { grep -oE ' -(s [A-Za-z]|l [a-z-]+)' || true; } |
		sed 's/^ -s /-/; s/^ -l /--/' | LC_ALL=C sort -u
}

# compare COMMAND: the lists in $work
compare() {
	if ! [ -s "$work/help" ]; then
		echo "options.sh: no options in the --help of $1"
		bad=1
	fi
	for other in 'manual page' 'bash completion' 'zsh completion' 'fish completion'; do
		for option in $(LC_ALL=C comm -23 "$work/help" "$work/$other"); do
			echo "$1: $option is in --help, not in the $other"
			bad=1
		done
		for option in $(LC_ALL=C comm -13 "$work/help" "$work/$other"); do
			echo "$1: $option is in the $other, not in --help"
			bad=1
		done
	done
}

bash=$top/completions/vmtrace.bash
zsh=$top/completions/_vmtrace
fish=$top/completions/vmtrace.fish

"$vmtrace" --help </dev/null >"$work/text"
help_of <"$work/text" >"$work/help"
manual_of "$top/man/vmtrace.1.scd" >"$work/manual page"
sed -n "s/.*[[:space:]]options='\(.*\)'\$/\1/p" "$bash" | names >"$work/bash completion"
sed '/^_[a-z_]*() {/,/^}/d' "$zsh" | zsh_of >"$work/zsh completion"
grep '^complete -c vmtrace' "$fish" | grep -v seen_subcommand_from |
	fish_of >"$work/fish completion"
compare run

commands=$(sed -nE 's/^ *(usage: )?vmtrace ([a-z]+) \[OPTIONS\].*/\2/p' "$work/text")
for command in $commands; do
	page=$top/man/vmtrace-$command.1.scd
	if ! [ -f "$page" ]; then
		echo "$command has no manual page $page"
		bad=1
		continue
	fi
	"$vmtrace" "$command" --help </dev/null | help_of >"$work/help"
	manual_of "$page" >"$work/manual page"
	sed -n "s/.*[[:space:]]${command}_options='\(.*\)'\$/\1/p" "$bash" |
		names >"$work/bash completion"
	sed -n "/^_vmtrace_$command() {/,/^}/p" "$zsh" | zsh_of >"$work/zsh completion"
	{ grep -E "^complete -c vmtrace -n '__fish_seen_subcommand_from $command'" "$fish" || true; } |
		fish_of >"$work/fish completion"
	compare "$command"
done
exit "$bad"
