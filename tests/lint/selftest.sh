#!/bin/sh
# SPDX-License-Identifier: MIT
# selftest.sh TOP CC: every lint beside this file passes on what is right and fails on what is
# wrong, tried on a small copy that is then broken in one place. Prints TAP.
set -eu

top=$1
cc=$2
lint=$top/tests/lint
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy=$work/copy
cases=0
bad=0

report() { # OUTCOME NAME
	cases=$((cases + 1))
	echo "$1 $cases - $2"
	[ "$1" = ok ] || bad=1
}

passes() { # NAME COMMAND…
	name=$1
	shift
	if "$@" >"$work/output" 2>&1; then
		report ok "$name"
	else
		sed 's/^/# /' "$work/output"
		report 'not ok' "$name"
	fi
}

# The lint must fail and its output must have TEXT: failing for another reason proves nothing.
fails() { # NAME TEXT COMMAND…
	name=$1
	text=$2
	shift 2
	if "$@" >"$work/output" 2>&1; then
		echo "# passed"
		report 'not ok' "$name"
	elif grep -qF -- "$text" "$work/output"; then
		report ok "$name"
	else
		sed 's/^/# /' "$work/output"
		report 'not ok' "$name"
	fi
}

# A fresh tree of two rooms, in which all is well.
fresh() {
	rm -rf "$copy"
	mkdir -p "$copy/src/base" "$copy/src/mm" "$copy/src/trace" "$copy/include/vmtrace" "$copy/.ci" \
		"$copy/tests/unit" "$copy/tests/live/programs" "$copy/tests/golden" "$copy/tests/fuzz" \
		"$copy/bench" "$copy/man" "$copy/completions"
	cat >"$copy/src/rooms.txt" <<-EOF
		# a comment
		base  |      | | stderr
		mm    | base | |
		trace | base | | target
	EOF
	for room in base mm trace; do
		cat >"$copy/include/vmtrace/$room.h" <<-EOF
			/* SPDX-License-Identifier: MIT */
			/* $room */
			int vmt_$room(void);
		EOF
		cat >"$copy/src/$room/$room.c" <<-EOF
			/* SPDX-License-Identifier: MIT */
			/* $room */
			#include <stddef.h>
			#include "vmtrace/$room.h"

			int vmt_$room(void)
			{
				return 0;
			}
		EOF
		echo "${room}_sources = files('$room.c')" >"$copy/src/$room/meson.build"
	done
	touch "$copy/dev" "$copy/meson.build" "$copy/meson_options.txt" "$copy/README.md"
	touch "$copy/tests/unit/test-base.c" "$copy/bench/fast.c"
	for file in tests/unit/test-base.c bench/fast.c; do
		printf '/* SPDX-License-Identifier: MIT */\n/* a file */\n' >"$copy/$file"
	done
	printf "tests = {\n  'base': [],\n}\n" >"$copy/tests/unit/meson.build"
	printf "programs = [\n  'fast',\n]\n" >"$copy/bench/meson.build"
	printf '# OPTIONS\n\n*-v*, *--verbose*\n\tMore.\n\n*--log*=_VIEWS_\n\tViews.\n\n# WHY\n\n*fixed*\n' \
		>"$copy/man/vmtrace.1.scd"
	printf '# OPTIONS\n\n*-p*, *--pid*=_PID_\n\tWhose.\n\n# EXIT STATUS\n' >"$copy/man/vmtrace-walk.1.scd"
	printf "\tlocal options='-v --verbose --log='\n\tlocal walk_options='-p --pid='\n" \
		>"$copy/completions/vmtrace.bash"
	printf "_vmtrace_walk() {\n\t'(-p --pid)'{-p,--pid=}'[whose]:p:_p'\n}\n" >"$copy/completions/_vmtrace"
	printf "\t'(-v --verbose)'{-v,--verbose}'[more]' \\\\\n\t'--log=[views]:v:_v'\n" \
		>>"$copy/completions/_vmtrace"
	printf 'complete -c vmtrace -s v -l verbose -d more\ncomplete -c vmtrace -l log -x -d views\n' \
		>"$copy/completions/vmtrace.fish"
	printf "complete -c vmtrace -n '__fish_seen_subcommand_from walk' -s p -l pid -d whose\n" \
		>>"$copy/completions/vmtrace.fish"
	cat >"$copy/vmtrace" <<-EOF
		#!/bin/sh
		if [ "\$1" = walk ]; then
			echo "usage: vmtrace walk [OPTIONS] ADDRESS"
			echo "  -p, --pid=PID  whose"
			exit
		fi
		echo "usage: vmtrace [run] [OPTIONS] PROGRAM"
		echo "       vmtrace walk [OPTIONS] ADDRESS"
		echo "  -v, --verbose  more, --less"
		echo "      --log=VIEWS  which"
	EOF
	printf '#!/bin/sh\necho "why fixed"\n' >"$copy/names"
	chmod +x "$copy/vmtrace" "$copy/names"
}

# Adds a line to a file of the copy.
add() { # FILE LINE
	printf '%s\n' "$2" >>"$copy/$1"
}

# shellcheck disable=SC2317 # called by passes and fails
symbols() {
	set --
	for room in base mm trace; do
		"$cc" -D_GNU_SOURCE -w -c -I "$copy/include" -o "$copy/$room.o" "$copy/src/$room/$room.c"
		rm -f "$copy/$room.a"
		ar rc "$copy/$room.a" "$copy/$room.o"
		set -- "$@" "$room" "$copy/$room.a"
	done
	"$lint/symbols.sh" "$copy/src/rooms.txt" "$@"
}

fresh
passes 'includes: all well' "$lint/includes.sh" "$copy"
add src/mm/mm.c '#include "vmtrace/base.h"'
add include/vmtrace/mm.h '#include "vmtrace/base.h"'
passes 'includes: a door of the row' "$lint/includes.sh" "$copy"
add src/mm/mm.c '#include "vmtrace/trace.h"'
fails 'includes: a door that is not in the row' 'mm may not use trace' "$lint/includes.sh" "$copy"
fresh
add src/base/base.c '#  include "../mm/mm.h"'
fails 'includes: a private header of another room' 'reaches out' "$lint/includes.sh" "$copy"
fresh
add src/mm/mm.c '#include <sys/ptrace.h>'
fails 'includes: ptrace outside trace' '"target"' "$lint/includes.sh" "$copy"
fresh
add src/mm/mm.c '#include <sqlite3.h>'
fails 'includes: a library that is not in the row' '"sqlite3"' "$lint/includes.sh" "$copy"
fresh
add include/vmtrace/base.h '#include "vmtrace/mm.h"'
fails 'includes: a door of a door' 'base may not use mm' "$lint/includes.sh" "$copy"
fresh
mkdir "$copy/src/attic" && echo >"$copy/src/attic/a.c"
fails 'includes: a room without a row' 'no room "attic"' "$lint/includes.sh" "$copy"

fresh
add src/mm/mm.c 'int vmt_base(void); int vmt_mm_two(void) { return vmt_base(); }'
passes 'symbols: a call to a room of the row' symbols
add src/mm/mm.c 'int vmt_trace(void); int vmt_mm_three(void) { return vmt_trace(); }'
fails 'symbols: a call to a room that is not in the row' 'mm may not use trace' symbols
fresh
add src/mm/mm.c 'int helper;'
fails 'symbols: a name without vmt_' 'exports helper' symbols
fresh
add src/mm/mm.c 'int waitpid(int, int *, int); int vmt_wait(void) { return waitpid(1, NULL, 0); }'
fails 'symbols: waitpid outside trace' 'may not call waitpid' symbols
fresh
add src/mm/mm.c 'int open64(const char *, int); int vmt_open(void) { return open64("a", 0); }'
fails 'symbols: files in a pure room' 'may not call open64' symbols
fresh
add src/trace/trace.c 'char *strcpy(char *, const char *); char *vmt_s(char *a, char *b) { return strcpy(a, b); }'
fails 'symbols: what nobody calls' 'may not call strcpy' symbols

fresh
passes 'doors: all well' "$lint/doors.sh" "$copy/include" "$cc"
add include/vmtrace/mm.h 'size_t vmt_count(void);'
fails 'doors: a missing include' 'not ok 2' "$lint/doors.sh" "$copy/include" "$cc"
fresh
add include/vmtrace/mm.h 'struct vmt_twice { int field; };'
fails 'doors: no include guard' 'not ok 2' "$lint/doors.sh" "$copy/include" "$cc"

fresh
passes 'style: all well' "$lint/style.sh" "$copy"
add src/mm/mm.c 'int blank; '
fails 'style: blank at the end' 'blank at the end' "$lint/style.sh" "$copy"
fresh
add src/mm/mm.c "/* TO""DO */"
fails 'style: unfinished' 'unfinished' "$lint/style.sh" "$copy"
fresh
sed -i 1d "$copy/src/mm/mm.c"
fails 'style: no licence' 'first line' "$lint/style.sh" "$copy"
fresh
add src/mm/mm.c 'void f(char *text) { fputs(text, stderr); }'
fails 'style: past the door to the terminal' 'past vmt_say' "$lint/style.sh" "$copy"
fresh
i=0
while [ $i -lt 600 ]; do
	add src/mm/mm.c '/* more */'
	i=$((i + 1))
done
fails 'style: too long' 'at most 600' "$lint/style.sh" "$copy"

fresh
passes 'listed: all well' "$lint/listed.sh" "$copy"
for new in tests/unit/test-new.c tests/live/new.bats bench/new.c src/mm/new.c; do
	fresh
	touch "$copy/$new"
	fails "listed: $new is not" "$new is not in" "$lint/listed.sh" "$copy"
done

fresh
page=$copy/man/vmtrace.1.scd
passes 'names: all well' "$lint/names.sh" "$copy/names" "$page"
sed -i 's/\*fixed\*/*other*/' "$page"
fails 'names: not in the manual' '"fixed" is not in' "$lint/names.sh" "$copy/names" "$page"

fresh
passes 'options: all well' "$lint/options.sh" "$copy/vmtrace" "$copy"
add vmtrace 'echo "      --new  news"'
for place in 'manual page' 'bash completion' 'zsh completion' 'fish completion'; do
	fails "options: --new not in the $place" "--new is in --help, not in the $place" \
		"$lint/options.sh" "$copy/vmtrace" "$copy"
done
fresh
sed -i 's/log/blog/' "$copy/completions/vmtrace.fish"
fails 'options: one too many' '--blog is in the fish completion' \
	"$lint/options.sh" "$copy/vmtrace" "$copy"

fresh
sed -i 's/^echo "  -p/echo "      --new  news"\n&/' "$copy/vmtrace"
for place in 'manual page' 'bash completion' 'zsh completion' 'fish completion'; do
	fails "options: another command's --new not in the $place" \
		"walk: --new is in --help, not in the $place" "$lint/options.sh" "$copy/vmtrace" "$copy"
done
fresh
rm "$copy/man/vmtrace-walk.1.scd"
fails 'options: a command without a manual page' 'walk has no manual page' \
	"$lint/options.sh" "$copy/vmtrace" "$copy"

fresh
mkdir -p "$copy/src/annotate"
echo 'VMT_TEACH(MAP, "{who} maps", "", "")' >"$copy/src/annotate/text-teach.def"
: >"$copy/src/annotate/text-why.def"
echo 'return TEACH_MAP;' >"$copy/src/annotate/teach-choose.c"
echo 'return IS("who");' >"$copy/src/annotate/teach.c"
passes 'texts: all well' "$lint/texts.sh" "$copy"
echo 'VMT_TEACH(IDLE, "{whom}", "", "")' >>"$copy/src/annotate/text-teach.def"
fails 'texts: one too many' 'nothing chooses IDLE' "$lint/texts.sh" "$copy"
fails 'texts: unknown word' '{whom} is filled in by nothing' "$lint/texts.sh" "$copy"

fresh
sed -i 's/^echo "  -p/echo "      --new  news"\n&/' "$copy/vmtrace"
for place in 'manual page' 'bash completion' 'zsh completion' 'fish completion'; do
	fails "options: another command's --new not in the $place" \
		"walk: --new is in --help, not in the $place" "$lint/options.sh" "$copy/vmtrace" "$copy"
done
fresh
rm "$copy/man/vmtrace-walk.1.scd"
fails 'options: a command without a manual page' 'walk has no manual page' \
	"$lint/options.sh" "$copy/vmtrace" "$copy"

echo "1..$cases"
exit "$bad"
