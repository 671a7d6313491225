/* SPDX-License-Identifier: MIT */
/*
 * What a word about an address means (place.h). A recording has no symbols but those of its stacks: the
 * files that it names are looked into as they are now, and only if they are still those that were
 * mapped, which their build-id tells, or without one their segments and sections.
 *
 *	word -> object -> symbol's p_vaddr -> + where the segment was mapped in the space
 *
 * What a recording names is not trusted: a path is opened only if it is a regular file.
 */
#include "place.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "vmtrace/annotate.h"
#include "vmtrace/elf.h"
#include "vmtrace/trace.h"

/* Files whose symbols are not known. */
struct unknown {
	size_t count;
	struct vmt_error first;
};

void vmt_place_deinit(struct vmt_place *place)
{
	vmt_str_deinit(&place->object);
	vmt_str_deinit(&place->name);
	vmt_array_deinit(&place->symbols);
}

/* ---- The file ---------------------------------------------------------------------------------- */

static bool same_segments(const struct vmt_elf *a, const struct vmt_elf *b)
{
	bool same = a->machine == b->machine && a->word_bits == b->word_bits &&
		    a->entry == b->entry && a->segment_count == b->segment_count;

	for (unsigned i = 0; same && i < a->segment_count; i++) {
		const struct vmt_segment *x = &a->segments[i];
		const struct vmt_segment *y = &b->segments[i];

		same = x->vaddr == y->vaddr && x->memory_bytes == y->memory_bytes &&
		       x->file_bytes == y->file_bytes && x->offset == y->offset;
	}
	return same;
}

static bool same_sections(const struct vmt_elf_facts *a, const struct vmt_elf_facts *b)
{
	bool same = a->sections.count == b->sections.count;

	for (size_t i = 0; same && i < a->sections.count; i++) {
		const struct vmt_section *x = &a->sections.data[i];
		const struct vmt_section *y = &b->sections.data[i];

		same = x->vaddr == y->vaddr && x->memory_bytes == y->memory_bytes;
	}
	return same;
}

/* Whether the file is the one that was recorded, as far as can be told. */
static bool same_file(const struct vmt_elf_facts *now, const struct vmt_elf_facts *then)
{
	if (!same_segments(&now->elf, &then->elf))
		return false;
	if (now->build_id_bytes || then->build_id_bytes)
		return now->build_id_bytes == then->build_id_bytes &&
		       memcmp(now->build_id, then->build_id, now->build_id_bytes) == 0;
	return same_sections(now, then);
}

static int check_file(int fd, const struct vmt_object_info *object, struct vmt_error *error)
{
	struct vmt_names *names = vmt_names_new();
	struct vmt_elf_facts now;
	int err = vmt_elf_facts_init(fd, names, &now, NULL);
	bool same = !err && same_file(&now, object->facts);

	if (!err)
		vmt_elf_facts_deinit(&now);
	vmt_names_free(names);
	if (same)
		return 0;
	return vmt_error_set(
		error, ESTALE, "'%s' is not the file that was recorded%s: its symbols are not used",
		object->name, object->facts->build_id_bytes ? " (it has another build-id)" : "");
}

/* The file as it is now, if it is still the same; or a negative errno with a line. */
static int open_object(const struct vmt_object_info *object, struct vmt_error *error)
{
	int fd = object->name[0] == '/' ? vmt_proc_open(getpid(), object->name) : -ENOENT;
	int err;

	if (fd < 0)
		return vmt_error_set(error, -fd, "cannot read the symbols of '%s': %s",
				     object->name, vmt_strerror(-fd));
	err = check_file(fd, object, error);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* ---- Symbols ----------------------------------------------------------------------------------- */

/* Where the byte at @offset of the file is to be loaded; false if it is in no segment. */
static bool vaddr_of(const struct vmt_elf *elf, uint64_t offset, uint64_t *ret_vaddr)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct vmt_segment *segment = &elf->segments[i];

		if (offset < segment->offset || offset - segment->offset >= segment->file_bytes)
			continue;
		*ret_vaddr = segment->vaddr + (offset - segment->offset);
		return true;
	}
	return false;
}

/* Adds what stacks say of the symbol in @object; whether they said something. */
static bool add_frames(struct vmt_place *place, const struct vmt_frame_places *frames,
		       const struct vmt_object_info *object)
{
	struct vmt_place_symbol symbol = { .object = object, .local = true };
	bool found = false;

	for (size_t i = 0; i < frames->count; i++) {
		uint64_t vaddr;

		if (strcmp(frames->data[i].object, object->name) != 0 ||
		    !vaddr_of(&object->facts->elf, frames->data[i].offset, &vaddr))
			continue;
		symbol.several = found && vaddr != symbol.vaddr;
		symbol.vaddr = found ? symbol.vaddr : vaddr;
		found = true;
	}
	if (found)
		vmt_array_push(&place->symbols, symbol);
	return found;
}

/* Adds what the file says of the symbol. 0, or a negative errno with a line if it cannot. */
static int add_named(struct vmt_place *place, const struct vmt_object_info *object, bool *ret_found,
		     struct vmt_error *error)
{
	struct vmt_named named;
	int fd = open_object(object, error);
	int err;

	*ret_found = false;
	if (fd < 0)
		return fd;
	/* What has no section headers has no symbols. */
	err = vmt_symbol_named(fd, vmt_str_text(&place->name), &named, ret_found, NULL);
	close(fd);
	if (!err && *ret_found) {
		const struct vmt_place_symbol symbol = {
			.object = object,
			.vaddr = named.vaddr,
			.local = named.local,
			.several = named.several,
		};

		vmt_array_push(&place->symbols, symbol);
	}
	return 0;
}

static bool is_called(const struct vmt_object_info *object, const char *name)
{
	return !name[0] || strcmp(object->name, name) == 0 ||
	       strcmp(vmt_base_name(object->name), name) == 0;
}

/* The file first: what stacks say is what was found in it, and less. */
static void look_into(struct vmt_place *place, const struct vmt_frame_places *frames,
		      struct unknown *unknown)
{
	for (size_t i = 0; i < vmt_recording_object_count(place->recording); i++) {
		const struct vmt_object_info *object = vmt_recording_object_at(place->recording, i);
		struct vmt_error error;
		bool found;
		int err;

		if (!is_called(object, vmt_str_text(&place->object)))
			continue;
		err = add_named(place, object, &found, &error);
		if (found || add_frames(place, frames, object) || !err)
			continue;
		if (!unknown->count++)
			unknown->first = error;
	}
}

/* One line about all files that could not be looked into. */
static void name_unknown(const struct unknown *unknown, struct vmt_str *ret_line)
{
	vmt_str_printf(ret_line, "%s", unknown->first.text);
	if (unknown->count > 1)
		vmt_str_printf(ret_line, "; nor are those of %zu other files known",
			       unknown->count - 1);
}

static int find_symbol(struct vmt_place *place, struct vmt_error *error)
{
	struct vmt_frame_places frames = { 0 };
	struct unknown unknown = { 0 };
	struct vmt_str line = { 0 };
	int err = vmt_recording_facts_read(place->recording, error);

	if (!err)
		err = vmt_recording_frames_of(place->recording, vmt_str_text(&place->name), &frames,
					      error);
	if (!err)
		look_into(place, &frames, &unknown);
	if (unknown.count)
		name_unknown(&unknown, &line);
	if (!err && !place->symbols.count)
		err = vmt_error_set(error, ENOENT,
				    "'%s' is no address, and no symbol of a file that was "
				    "loaded%s%s",
				    place->word, unknown.count ? ": " : "", vmt_str_text(&line));
	else if (!err && unknown.count)
		vmt_say(vmt_str_text(&line));
	vmt_str_deinit(&line);
	vmt_array_deinit(&frames);
	return err;
}

/* ---- Words ------------------------------------------------------------------------------------- */

/* Cuts "+NUMBER" from the end of @name; false if there is none. */
static bool cut_number(struct vmt_str *name, uint64_t *ret_number)
{
	const char *text = vmt_str_text(name);
	const char *plus = strrchr(text, '+');
	struct vmt_str rest = { 0 };

	if (!plus || plus == text || vmt_parse_u64(plus + 1, ret_number) < 0)
		return false;
	vmt_str_add_bytes(&rest, text, (size_t)(plus - text));
	vmt_str_deinit(name);
	*name = rest;
	return true;
}

/* OBJECT+OFFSET, if something of that name was mapped. */
static int take_object(struct vmt_place *place, bool *ret_taken, struct vmt_error *error)
{
	int err = 0;

	*ret_taken = false;
	vmt_str_add_bytes(&place->object, place->word, strlen(place->word));
	if (cut_number(&place->object, &place->number))
		err = vmt_recording_knows(place->recording, vmt_str_text(&place->object), ret_taken,
					  error);
	if (!err && *ret_taken)
		place->kind = VMT_PLACE_OBJECT;
	else
		vmt_str_clear(&place->object);
	return err;
}

/* [OBJECT:]SYMBOL[+OFFSET] */
static int take_symbol(struct vmt_place *place, struct vmt_error *error)
{
	const char *colon = strrchr(place->word, ':');
	const char *name = colon ? colon + 1 : place->word;
	bool known = true;
	int err = 0;

	place->kind = VMT_PLACE_SYMBOL;
	place->number = 0;
	vmt_str_add_bytes(&place->name, name, strlen(name));
	cut_number(&place->name, &place->number);
	if (colon) {
		vmt_str_add_bytes(&place->object, place->word, (size_t)(colon - place->word));
		err = vmt_recording_knows(place->recording, vmt_str_text(&place->object), &known,
					  error);
	}
	if (!err && !known)
		err = vmt_error_set(error, ENOENT, "'%s': no file '%s' was mapped", place->word,
				    vmt_str_text(&place->object));
	return err ? err : find_symbol(place, error);
}

int vmt_place_init(struct vmt_place *place, struct vmt_recording *recording, const char *word,
		   struct vmt_error *error)
{
	bool taken;
	int err;

	*place = (struct vmt_place){ .word = word, .recording = recording };
	if (vmt_parse_u64(word, &place->number) == 0)
		return 0;
	err = take_object(place, &taken, error);
	return err || taken ? err : take_symbol(place, error);
}

/* ---- In a space -------------------------------------------------------------------------------- */

static int ambiguous(const struct vmt_place *place, const struct vmt_place_symbol *one,
		     const struct vmt_place_symbol *other, struct vmt_error *error)
{
	if (other)
		return vmt_error_set(error, EINVAL,
				     "'%s' is a symbol of %s and of %s: say which, as in %s:%s",
				     place->word, one->object->name, other->object->name,
				     vmt_base_name(one->object->name), vmt_str_text(&place->name));
	return vmt_error_set(error, EINVAL,
			     "'%s' is the name of several symbols of %s: give a number",
			     place->word, one->object->name);
}

/* Exported symbols go before local ones, as they do for the linker. */
static int choose(const struct vmt_place *place, uint32_t space, uint64_t *ret_address,
		  const char **ret_object, struct vmt_error *error)
{
	const struct vmt_place_symbol *best = NULL, *other = NULL;
	uint64_t address = 0;

	for (size_t i = 0; i < place->symbols.count; i++) {
		const struct vmt_place_symbol *symbol = &place->symbols.data[i];
		uint64_t bias;
		int err;

		if (best && symbol->local && !best->local)
			continue;
		err = vmt_recording_bias(place->recording, space, symbol->object, &bias, error);
		if (err == -ENOENT)
			continue;
		if (err)
			return err;
		if (!best || best->local != symbol->local) {
			best = symbol;
			other = NULL;
			address = bias + symbol->vaddr;
		} else if (address != bias + symbol->vaddr) {
			other = symbol;
		}
	}
	if (!best)
		return -ENOENT;
	if (other || best->several)
		return ambiguous(place, best, other, error);
	*ret_address = address + place->number;
	*ret_object = best->object->name;
	return 0;
}

int vmt_place_in(const struct vmt_place *place, uint32_t space, uint64_t *ret_address,
		 const char **ret_object, struct vmt_error *error)
{
	uint64_t base;
	int err;

	if (place->kind == VMT_PLACE_SYMBOL)
		return choose(place, space, ret_address, ret_object, error);
	*ret_object = NULL;
	if (place->kind == VMT_PLACE_NUMBER) {
		*ret_address = place->number;
		return 0;
	}
	err = vmt_recording_object(place->recording, space, vmt_str_text(&place->object), &base,
				   error);
	if (!err)
		*ret_address = base + place->number;
	return err;
}
