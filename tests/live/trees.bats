#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Programs that people use, which start others: every space is the kernel's at its end, and they do
# what they do without vmtrace.
# shellcheck disable=SC2016 # what other shells expand
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# tree SPACES PROGRAM [ARG…]: at least so many spaces could be compared at their end
tree() {
	local spaces=$1
	shift
	rm -rf trace
	mkdir trace
	"$TOOLS/oracle" trace "$@" >output 2>errors
	cat output errors
	"$TOOLS/replay" -u trace "$spaces"
}

@test 'a loop of 100 short programs in bash' {
	tree 201 bash -c 'for i in {1..100}; do /bin/true || exit; done; echo all'
	[ "$(cat output)" = all ]
}

@test 'pipes and subshells' {
	tree 4 bash -c 'seq 1000 | sort -r | (read -r line; echo "$line"; cat >/dev/null)'
	[ "$(cat output)" = 999 ]
}

# A program of several files.
write_sources() {
	local i
	for i in 1 2 3 4 5 6; do
		echo "int part$i(void) { return $i; }" >"part$i.c"
		echo "int part$i(void);" >>parts.h
	done
	echo '#include "parts.h"' >main.c
	echo 'int main(void) { return part1() + part2() + part3() + part4() + part5() + part6(); }' >>main.c
}

@test 'make -j2' {
	need_command make gcc
	write_sources
	printf '%s\n' 'CC = gcc' 'program: main.o part1.o part2.o part3.o part4.o part5.o part6.o' \
		$'\t$(CC) -o $@ $^' >Makefile
	tree 20 make -j2
	run -21 ./program
	tree 1 make -j2
	grep -q 'up to date' output
}

@test 'gcc: compiler, assembler and linker' {
	need_command gcc
	write_sources
	tree 5 gcc -o program main.c part{1..6}.c
	run -21 ./program
	tree 1 gcc -c no-such-file.c || true
	grep -q 'no-such-file' errors
}

# A manager of versions may stand in for a program that is not there.
need_working() {
	need_command "$1"
	"$@" >/dev/null 2>&1 || skip "$1 does not work here"
}

@test 'python3: processes by fork and by spawn' {
	need_working python3 -c 'import multiprocessing.synchronize'
	cat >pool.py <<-'EOF'
		import multiprocessing

		def square(n):
		    return n * n

		if __name__ == '__main__':
		    for method in 'fork', 'spawn':
		        context = multiprocessing.get_context(method)
		        with context.Pool(2) as pool:
		            print(method, sum(pool.map(square, range(100))))
	EOF
	tree 5 python3 pool.py
	[ "$(cat output)" = $'fork 328350\nspawn 328350' ]
}

@test 'node: workers and a child process' {
	need_working node -e 0
	cat >workers.js <<-'EOF'
		const { Worker, isMainThread, parentPort } = require('worker_threads');
		if (!isMainThread) {
			parentPort.postMessage(Buffer.alloc(1 << 20).length);
		} else {
			new Worker(__filename).on('message', (length) => {
				console.log('worker', length);
				console.log(require('child_process').execSync('echo child').toString().trim());
			});
		}
	EOF
	tree 2 node workers.js
	[ "$(cat output)" = $'worker 1048576\nchild' ]
}

@test 'javac, and what it made' {
	need_working javac -version
	need_working java -version
	echo 'class Hello { public static void main(String[] a) { System.out.println("hello, " + a.length); } }' \
		>Hello.java
	tree 1 javac Hello.java
	tree 1 java -Xshare:auto Hello one two
	[ "$(cat output)" = 'hello, 2' ]
}
