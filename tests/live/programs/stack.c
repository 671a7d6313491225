/* SPDX-License-Identifier: MIT */
/*
 * stack CASE: maps memory at the end of calls that are known, for stack.bats. Each function has work to
 * do after its call, so that none becomes a jump, and none is put into another.
 *
 *	chain		outer() middle() inner() mmap()
 *	signal		the same in the handler of a signal that came in raise()
 *	altstack	the same on a stack of its own
 *	vdso		in the handler of a signal that came in the vdso
 *	threads		each thread in a function of its own
 *	jit		code in anonymous memory calls a function that maps
 *	jit-raw		code in anonymous memory makes the system call itself
 *	replaced	jit, and again after a file with the same code was mapped over the page
 *	loop		chain, eight times
 *	recursion	200 calls deep
 *	corrupt		the return address is garbage while it maps
 *	cycle		the frame pointer leads back to itself while it maps
 *	divide		call-frame information that divides the least number by -1
 *	endless		call-frame information that runs in a circle
 *	column		call-frame information with a return address in a register that there is not
 *	remember	call-frame information that stacks its state for ever
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

enum {
	BYTES = 3 * 4096, /* no one else maps as much */
	DEEP = 200,
};

int inner(void);
int middle(void);
int outer(void);
int recurse(int depth);
void on_signal(int number);
void on_alarm(int number, siginfo_t *info, void *context);
int first_thread(void);
int second_thread(void);
int last_call(int (*function)(void));

static volatile int done;

NOINLINE int inner(void)
{
	void *memory = mmap(NULL, BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	done++;
	return memory != MAP_FAILED;
}

NOINLINE int middle(void)
{
	int result = inner();

	done++;
	return result;
}

NOINLINE int outer(void)
{
	int result = middle();

	done++;
	return result;
}

NOINLINE int recurse(int depth)
{
	int result = depth ? recurse(depth - 1) : inner();

	done++;
	return result;
}

NOINLINE void on_signal(int number)
{
	(void)number;
	outer();
	done++;
}

static NOINLINE int in_handler(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	static char room[65536];
	stack_t stack = { .ss_sp = room, .ss_size = sizeof(room) };

	if (flags & SA_ONSTACK && sigaltstack(&stack, NULL) < 0)
		return 0;
	if (sigaction(SIGUSR1, &action, NULL) < 0)
		return 0;
	raise(SIGUSR1);
	return done > 0;
}

#ifdef __x86_64__

static uint64_t vdso;
static volatile int caught;

/* Maps only if the signal came while the vdso ran. */
NOINLINE void on_alarm(int number, siginfo_t *info, void *context)
{
	const ucontext_t *state = context;
	uint64_t ip = (uint64_t)state->uc_mcontext.gregs[REG_RIP];

	(void)number;
	(void)info;
	if (caught || ip < vdso || ip >= vdso + 8192)
		return;
	outer();
	caught = 1;
}

static NOINLINE int in_vdso(void)
{
	struct sigaction action = { .sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO };
	struct itimerval timer = { { 0, 200 }, { 0, 200 } };
	struct timespec now;

	vdso = getauxval(AT_SYSINFO_EHDR);
	if (!vdso || sigaction(SIGALRM, &action, NULL) < 0)
		return 0;
	setitimer(ITIMER_REAL, &timer, NULL);
	while (!caught)
		clock_gettime(CLOCK_MONOTONIC, &now);
	timer = (struct itimerval){ 0 };
	setitimer(ITIMER_REAL, &timer, NULL);
	return 1;
}

/* push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret */
static const unsigned char calls[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3 };

/* mov $9, %eax; mov %rcx, %r10; syscall; ret */
static const unsigned char maps[] = {
	0xb8, 0x09, 0, 0, 0, 0x49, 0x89, 0xca, 0x0f, 0x05, 0xc3,
};

static void *compile(const unsigned char *code, size_t length)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	memcpy(page, code, length);
	mprotect(page, 4096, PROT_READ | PROT_EXEC);
	return page;
}

NOINLINE int last_call(int (*function)(void))
{
	int (*code)(int (*)(void)) = NULL;
	void *page = compile(calls, sizeof(calls));
	int result;

	memcpy(&code, &page, sizeof(code));
	result = code(function);
	done++;
	return result;
}

/* The same code at the same address, now from a file. */
static NOINLINE int replaced(void)
{
	int (*code)(int (*)(void)) = NULL;
	void *page = compile(calls, sizeof(calls));
	int fd = memfd_create("code", MFD_CLOEXEC);
	int result;

	memcpy(&code, &page, sizeof(code));
	result = code(outer);
	if (fd < 0 || write(fd, calls, sizeof(calls)) != (ssize_t)sizeof(calls) ||
	    mmap(page, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) != page)
		return 0;
	result &= code(outer);
	done++;
	return result;
}

typedef long map_function(void *, size_t, long, long, long, long);

static NOINLINE int jit_raw(void)
{
	map_function *code = NULL;
	void *page = compile(maps, sizeof(maps));
	long result;

	memcpy(&code, &page, sizeof(code));
	result = code(NULL, BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	done++;
	return result > 0;
}

/* The system call with what its caller would have in @word of its frame changed meanwhile. */
static long map_with(uint64_t *word, uint64_t value)
{
	register long flags __asm__("r10") = MAP_PRIVATE | MAP_ANONYMOUS;
	register long fd __asm__("r8") = -1;
	register long offset __asm__("r9") = 0;
	uint64_t saved = *word;
	long result;

	__asm__ volatile("mov %[value], (%[word])\n\tsyscall\n\tmov %[saved], (%[word])"
			 : "=a"(result)
			 : "a"(SYS_mmap), "D"(0), "S"(BYTES), "d"(PROT_READ), "r"(flags), "r"(fd),
			   "r"(offset), [word] "r"(word), [value] "r"(value), [saved] "r"(saved)
			 : "rcx", "r11", "memory");
	return result;
}

static NOINLINE int corrupt(void)
{
	uint64_t *frame = __builtin_frame_address(0);
	int result = map_with(&frame[1], 0x4141414141414141) > 0;

	done++;
	return result;
}

static NOINLINE int cycle(void)
{
	uint64_t *frame = __builtin_frame_address(0);
	int result = map_with(&frame[0], (uint64_t)(uintptr_t)frame) > 0;

	done++;
	return result;
}

/*
 * Functions that map, with call-frame information that nobody should believe: the frame's address is
 * the value of an expression (DW_CFA_def_cfa_expression, 0x0f, and its length).
 */
#define HOSTILE(name, information) \
	long name(void *, size_t, long, long, long, long); \
	__asm__(".text\n" \
		".type " #name ", @function\n" #name ":\n" \
		".cfi_startproc\n" information "mov %rcx, %r10\n" \
		"mov $9, %eax\n" \
		"syscall\n" \
		"ret\n" \
		".cfi_endproc\n" \
		".size " #name ", . - " #name "\n")

/* DW_OP_const8s the least, DW_OP_lit1, DW_OP_neg, DW_OP_div */
HOSTILE(divide, ".cfi_escape 0x0f, 12, 0x0e, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x31, 0x1f, 0x1b\n");
/* DW_OP_skip to itself */
HOSTILE(endless, ".cfi_escape 0x0f, 3, 0x2f, 0xfd, 0xff\n");
HOSTILE(column, ".cfi_return_column 255\n");
/* DW_CFA_remember_state */
HOSTILE(remember, ".rept 60000\n.cfi_escape 0x0a\n.endr\n");

static NOINLINE int hostile(long (*map)(void *, size_t, long, long, long, long))
{
	int result = map(NULL, BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) > 0;

	/* What comes afterwards has a stack again. */
	return result && outer();
}
#endif

static void *run_first(void *data)
{
	first_thread();
	return data;
}

static void *run_second(void *data)
{
	second_thread();
	return data;
}

NOINLINE int first_thread(void)
{
	int result = inner();

	done++;
	return result;
}

NOINLINE int second_thread(void)
{
	int result = inner();

	done++;
	return result;
}

static int in_threads(void)
{
	pthread_t first, second;

	if (pthread_create(&first, NULL, run_first, NULL) != 0)
		return 0;
	pthread_join(first, NULL);
	if (pthread_create(&second, NULL, run_second, NULL) != 0)
		return 0;
	pthread_join(second, NULL);
	return 1;
}

/* Not a frame of its own: the cases' caller is main(). */
static inline __attribute__((always_inline)) int run(const char *name)
{
	if (strcmp(name, "chain") == 0)
		return outer();
	if (strcmp(name, "signal") == 0)
		return in_handler(0);
	if (strcmp(name, "altstack") == 0)
		return in_handler(SA_ONSTACK);
	if (strcmp(name, "threads") == 0)
		return in_threads();
	if (strcmp(name, "recursion") == 0)
		return recurse(DEEP);
	if (strcmp(name, "loop") == 0) {
		for (volatile int i = 0; i < 8; i++)
			outer();
		return 1;
	}
#ifdef __x86_64__
	if (strcmp(name, "vdso") == 0)
		return in_vdso();
	if (strcmp(name, "jit") == 0)
		return last_call(outer);
	if (strcmp(name, "replaced") == 0)
		return replaced();
	if (strcmp(name, "jit-raw") == 0)
		return jit_raw();
	if (strcmp(name, "corrupt") == 0)
		return corrupt();
	if (strcmp(name, "cycle") == 0)
		return cycle();
	if (strcmp(name, "divide") == 0)
		return hostile(divide);
	if (strcmp(name, "endless") == 0)
		return hostile(endless);
	if (strcmp(name, "column") == 0)
		return hostile(column);
	if (strcmp(name, "remember") == 0)
		return hostile(remember);
#endif
	return 0;
}

int main(int argc, char **argv)
{
	int result = argc > 1 ? run(argv[1]) : 0;

	done++;
	return result ? 0 : 1;
}
