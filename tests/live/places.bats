#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Programs that see other files and other process numbers than vmtrace: chroot and namespaces.
# shellcheck disable=SC2016 # what other shells expand
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	[ "$(id -u)" -eq 0 ] || skip 'not root'
}

# holds SPACES PROGRAM [ARG…]: with and without a filter
holds() {
	local spaces=$1 option
	shift
	for option in -f -s; do
		rm -rf trace
		mkdir trace
		"$TOOLS/oracle" "$option" trace "$@" >output
		cat output
		"$TOOLS/replay" trace "$spaces"
	done
}

@test 'a chroot with a linker that is nowhere else' {
	need_command chroot gcc ldd jq
	local library
	mkdir -p root/only/here root/lib
	echo 'int puts(const char *); int main(void) { return puts("hello from below") < 0; }' >hello.c
	gcc -o root/hello -Wl,--dynamic-linker=/only/here/linker -Wl,-rpath,/lib hello.c
	while read -r library; do
		cp "$library" root/lib
	done < <(gcc -o plain hello.c && ldd plain | grep -o '/[^ ]*libc\.so[^ ]*')
	cp "$(ldd plain | grep -o '/[^ ]*/ld-[^ ]*')" root/only/here/linker
	chroot root /hello >bare || skip 'no chroot here'
	holds 1 chroot root /hello
	diff bare output
	# The headers of that linker were read: its segments are told.
	jq -es 'map(select(.space == 2 and .cause == "interp-segment")) |
		length >= 4 and all(.added[].name | endswith("/only/here/linker"))' trace/trace.jsonl
	jq -es 'any(.space == 2 and .actor == "linker" and .call == "mprotect")' trace/trace.jsonl
}

@test 'a pid namespace: the program is number 1' {
	need_command unshare
	unshare --pid --fork true || skip 'no pid namespaces here'
	holds 2 unshare --pid --fork sh -c 'echo $$; /bin/true; (echo $PPID)'
	[ "$(head -n 1 output)" = 1 ]
}

@test 'a pid namespace with many short processes' {
	need_command unshare
	need births-pie
	unshare --pid --fork true || skip 'no pid namespaces here'
	holds 4 unshare --pid --fork "$PROGRAMS/births-pie" bomb 30
	grep -x 'failures: 0' output
}

@test 'user and mount namespaces, and another root' {
	need_command unshare chroot
	unshare --user --map-root-user --mount true || skip 'no user namespaces here'
	holds 1 unshare --user --map-root-user --mount chroot / /bin/echo here
	[ "$(cat output)" = here ]
}
