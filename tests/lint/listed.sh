#!/bin/sh
# SPDX-License-Identifier: MIT
# listed.sh TOP: every source of a room and every test stands in the meson.build that builds it, so
# that nothing is left out without a word.
set -eu

cd "$1"
bad=0

# expect BUILD-FILE PATTERN FILE
expect() {
	grep -qE -- "$2" "$1" && return
	echo "$3 is not in $1"
	bad=1
}

for file in src/*/*.c; do
	expect "$(dirname "$file")/meson.build" "'$(basename "$file")'" "$file"
done
for file in tests/unit/test-*.c; do
	name=$(basename "$file" .c)
	expect tests/unit/meson.build "^ *'${name#test-}':" "$file"
done
for file in tests/live/*.bats tests/golden/*.bats; do
	[ -e "$file" ] || continue
	expect "$(dirname "$file")/meson.build" "^ *'$(basename "$file" .bats)'" "$file"
done
for file in tests/live/programs/*.c; do
	[ -e "$file" ] || continue
	expect tests/live/programs/meson.build "^ *'$(basename "$file" .c)':" "$file"
done
for file in tests/fuzz/fuzz-*.c; do
	[ -e "$file" ] || continue
	name=$(basename "$file" .c)
	expect tests/fuzz/meson.build "^ *'${name#fuzz-}':" "$file"
done
for file in bench/*.c; do
	expect bench/meson.build "^ *'$(basename "$file" .c)'" "$file"
done
exit "$bad"
