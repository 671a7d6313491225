/* SPDX-License-Identifier: MIT */
/*
 * base: what every room needs and libc does not give: one-line errors, memory that cannot fail,
 * growable arrays and strings, escaping of untrusted bytes, and a pool of names.
 *
 * Errors come in three kinds. A broken invariant asserts. Out of memory dies in vmt_die_oom(), the
 * only place. The world (a syscall, a file, a vanished target) returns 0 or a negative errno, with
 * an optional struct vmt_error that the caller owns and that holds one line of text.
 */
#ifndef VMTRACE_BASE_H
#define VMTRACE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMT_MUST_CHECK __attribute__((warn_unused_result))
#define VMT_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define VMT_NORETURN __attribute__((noreturn))
#define VMT_CLEANUP(function) __attribute__((cleanup(function)))

#define vmt_countof(array) (sizeof(array) / sizeof((array)[0]))

/* The struct that holds @member, from a pointer to that member. */
#define vmt_container_of(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline uint64_t vmt_min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t vmt_max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* ---- error.c ---------------------------------------------------------------------------- */

/* One line of text, without a newline; what failed, on what, and what to do. */
struct vmt_error {
	char text[512];
};

/*
 * Formats the line into @error (which may be NULL) and returns -@err, so that a caller can write
 * `return vmt_error_set(error, errno, …)`. @err is a positive errno. The text is not completed
 * with strerror(): write vmt_strerror() where the number matters. Control bytes in the
 * result are escaped, because names come from the target.
 */
int vmt_error_set(struct vmt_error *error, int err, const char *format, ...) VMT_PRINTF(3, 4);

/* strerror() that is safe for any number; the text is static or thread-local. */
const char *vmt_strerror(int err);

/* ---- memory.c: never return NULL (out of memory ends the process with one line, exit 125) -- */
void *vmt_malloc(size_t size_bytes);
void *vmt_calloc(size_t count, size_t size_bytes);
void *vmt_realloc(void *memory, size_t count, size_t size_bytes);
char *vmt_strdup(const char *text);
VMT_NORETURN void vmt_die_oom(void);

/* ---- array.c ---------------------------------------------------------------------------- */

/*
 * A growable array of any type: declare `VMT_ARRAY(struct vmt_mapping) rows = { 0 };`, add with
 * vmt_array_push(&rows, value), read rows.data[i] for i < rows.count, free with vmt_array_deinit().
 */
#define VMT_ARRAY(type) \
	struct { \
		type *data; \
		size_t count; \
		size_t capacity; \
	}

void *vmt_array_grow(void *data, size_t *capacity, size_t needed, size_t size_bytes);

#define vmt_array_push(array, value) \
	do { \
		(array)->data = vmt_array_grow((array)->data, &(array)->capacity, \
					       (array)->count + 1, sizeof(*(array)->data)); \
		(array)->data[(array)->count++] = (value); \
	} while (0)

#define vmt_array_clear(array) ((void)((array)->count = 0))

#define vmt_array_deinit(array) \
	do { \
		vmt_array_free((array)->data); \
		(array)->data = NULL; \
		(array)->count = (array)->capacity = 0; \
	} while (0)

void vmt_array_free(void *data);

/* ---- str.c ------------------------------------------------------------------------------ */

/* A growable string; data is always NUL-terminated once anything was added, else NULL. */
struct vmt_str {
	char *data;
	size_t length;
	size_t capacity;
};

void vmt_str_init(struct vmt_str *str);
void vmt_str_deinit(struct vmt_str *str);
void vmt_str_clear(struct vmt_str *str);
void vmt_str_add(struct vmt_str *str, const char *text);
void vmt_str_add_bytes(struct vmt_str *str, const void *bytes, size_t length);
void vmt_str_add_char(struct vmt_str *str, char c);
void vmt_str_printf(struct vmt_str *str, const char *format, ...) VMT_PRINTF(2, 3);
void vmt_str_vprintf(struct vmt_str *str, const char *format, va_list args) VMT_PRINTF(2, 0);
/* Spaces until the string is @column characters wide (UTF-8 continuation bytes do not count). */
void vmt_str_pad(struct vmt_str *str, size_t column);
/* Columns that @text takes on a terminal: UTF-8 sequences count one, malformed bytes one each. */
size_t vmt_text_width(const char *text);
/* The text, or "" while nothing was added. */
const char *vmt_str_text(const struct vmt_str *str);

/* ---- escape.c --------------------------------------------------------------------------- */

/*
 * Adds @length untrusted bytes in a form that a terminal cannot misread: C0 and C1 controls, DEL,
 * and every byte that is not part of a valid UTF-8 sequence become \ooo (three octal digits, as
 * /proc/PID/maps writes a newline). A backslash stays as it is, as in maps.
 */
void vmt_escape_text(struct vmt_str *str, const char *bytes, size_t length);

/* True if the bytes are valid UTF-8 (no surrogates, no overlong forms, nothing above U+10FFFF). */
bool vmt_utf8_valid(const char *bytes, size_t length);

/* Bytes of the valid UTF-8 sequence at the front of @bytes (1 to 4), 0 if there is none. */
size_t vmt_utf8_sequence(const char *bytes, size_t length);

/* ---- names.c ---------------------------------------------------------------------------- */

/*
 * A pool of names: equal texts get equal pointers, valid until the pool is freed. Paths of mapped
 * files repeat a thousand times in a run and are compared all the time.
 */
struct vmt_names;

struct vmt_names *vmt_names_new(void);
void vmt_names_free(struct vmt_names *names);
const char *vmt_names_add(struct vmt_names *names, const char *text);
const char *vmt_names_add_bytes(struct vmt_names *names, const char *bytes, size_t length);

/* ---- units.c ---------------------------------------------------------------------------- */

/*
 * A size for people: exact multiples of 1024 as "4K", "132K", "2M", else one decimal ("1.9M").
 * At most 8 characters. @ret_text must hold 16.
 */
/* "SIGSEGV", "SIGRTMIN+3", "SIG99". */
const char *vmt_signal_name(int number, char ret_name[24]);

const char *vmt_size_text(uint64_t size_bytes, char ret_text[16]);

/*
 * Reads an unsigned number, decimal or 0x…, with an optional K, M, G or T (powers of 1024).
 * Returns 0, or -EINVAL for anything else, trailing bytes included, or -ERANGE.
 */
VMT_MUST_CHECK int vmt_parse_u64(const char *text, uint64_t *ret_value);

/*
 * Reads a hexadecimal number at the front of @text, with or without 0x, as maps and C have them.
 * Returns 0 with *ret_end behind it, or -EINVAL, or -ERANGE.
 */
VMT_MUST_CHECK int vmt_parse_hex(const char *text, uint64_t *ret_value, const char **ret_end);

/* ---- range.c ---------------------------------------------------------------------------- */

/*
 * An ordered set of disjoint ranges [start, end), with the free gaps between them. It knows ranges
 * only: VMAs, pieces of history and the like embed a struct vmt_range as their first member and own
 * the memory.
 *
 * The set is an AVL tree threaded with a list. Each node carries the free gap below it and the
 * largest gap of its subtree, as mm/mmap.c did with rb_subtree_gap before the maple tree (Linux
 * 5.15), so that find, insert, erase and the search for a gap are O(log n):
 *
 *            0x1000      0x5000 0x6000          0x9000   0xa000
 *   ----------[   A   ]----[ B ]------------------[   C   ]------------
 *   gap(A)=4K          gap(B)             gap(C)=12K           above the last range
 *
 *                 B  max_gap = max(gap(A), gap(B), gap(C))
 *               /   \
 *              A     C
 */
struct vmt_range {
	uint64_t start;
	uint64_t end;
	struct vmt_range *prev; /* neighbours in order of address */
	struct vmt_range *next;
	struct vmt_range *parent;
	struct vmt_range *left;
	struct vmt_range *right;
	uint64_t gap; /* free bytes from the end of prev (or from 0) to start */
	uint64_t max_gap; /* largest gap in the subtree */
	int height; /* of the subtree; a leaf has 1 */
};

struct vmt_range_set {
	struct vmt_range *root;
	struct vmt_range *first;
	struct vmt_range *last;
	struct vmt_range *recent; /* a member that was looked for lately, or NULL */
	size_t count;
};

/* The first range that ends above @address (find_vma()), NULL if there is none. */
struct vmt_range *vmt_range_find(const struct vmt_range_set *set, uint64_t address);

/* The range that holds @address, NULL if it is free. */
struct vmt_range *vmt_range_at(const struct vmt_range_set *set, uint64_t address);

/* Adds @range, whose start and end are set and which overlaps no member. */
void vmt_range_insert(struct vmt_range_set *set, struct vmt_range *range);

void vmt_range_erase(struct vmt_range_set *set, struct vmt_range *range);

/* Moves the ends of a member; it must stay between its neighbours. */
void vmt_range_resize(struct vmt_range_set *set, struct vmt_range *range, uint64_t start,
		      uint64_t end);

/*
 * The highest member with a gap of at least @length bytes below it, among the members whose gap
 * begins below @limit; NULL if there is none. The gap above the last member is the caller's.
 */
struct vmt_range *vmt_range_gap_down(const struct vmt_range_set *set, uint64_t limit,
				     uint64_t length);

/* The lowest member with a gap of at least @length bytes that ends above @limit. */
struct vmt_range *vmt_range_gap_up(const struct vmt_range_set *set, uint64_t limit,
				   uint64_t length);

/* Asserts every invariant of the tree; O(n), for tests. */
void vmt_range_verify(const struct vmt_range_set *set);

#endif
