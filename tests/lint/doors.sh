#!/bin/sh
# SPDX-License-Identifier: MIT
# doors.sh INCLUDE COMPILER…: each door compiles alone, and twice in one file, with each compiler
# that is there. Prints TAP.
set -eu

include=$1
shift
cases=0
bad=0
for compiler; do
	command -v "$compiler" >/dev/null || continue
	for door in "$include"/vmtrace/*.h; do
		name=${door#"$include"/}
		cases=$((cases + 1))
		if printf '#include "%s"\n#include "%s"\nint unused;\n' "$name" "$name" |
			"$compiler" -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Wshadow -Werror \
				-fsyntax-only -x c -I "$include" -; then
			echo "ok $cases - $name with $compiler"
		else
			echo "not ok $cases - $name with $compiler"
			bad=1
		fi
	done
done
echo "1..$cases"
[ "$cases" -gt 0 ] && exit "$bad"
