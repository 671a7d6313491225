/* SPDX-License-Identifier: MIT */
/*
 * The path of an operation through the kernel (path.h), in the names of the space's profile.
 */
#include "path.h"

static const char *const function_names[VMT_FN_COUNT][VMT_PROFILE_COUNT] = {
#define VMT_FN(id, v5_15, v6_1, v6_18) [VMT_FN_##id] = { (v5_15), (v6_1), (v6_18) },
#include "path.def"
#undef VMT_FN
};

static struct vmt_path_scope note(struct vmt_space *space, const char *name)
{
	struct vmt_path_entry entry = { .function = name, .depth = space->path_depth };

	vmt_array_push(&space->step->path, entry);
	space->path_depth++;
	return (struct vmt_path_scope){ .space = space };
}

struct vmt_path_scope vmt_path_enter(struct vmt_space *space, enum vmt_function function)
{
	const char *name;

	if (!space->show_path || !space->step)
		return (struct vmt_path_scope){ 0 };
	name = function_names[function][space->features.profile];
	return name ? note(space, name) : (struct vmt_path_scope){ 0 };
}

void vmt_path_leave(struct vmt_path_scope *scope)
{
	if (scope->space)
		scope->space->path_depth--;
}

void vmt_path_branch(struct vmt_space *space, const char *branch)
{
	if (!space->show_path || !space->step || !space->step->path.count)
		return;
	space->step->path.data[space->step->path.count - 1].branch = branch;
}

struct vmt_path_scope vmt_path_call(struct vmt_space *space, const struct vmt_event *event)
{
	struct vmt_str name;
	struct vmt_path_scope scope;

	if (!space->show_path)
		return (struct vmt_path_scope){ 0 };
	vmt_str_init(&name);
	vmt_str_printf(&name, "%s_sys_%s", event->arch->word_bits == 64 ? "__x64" : "__ia32",
		       vmt_call_info(event->call)->name);
	scope = note(space, vmt_names_add(space->names, vmt_str_text(&name)));
	vmt_str_deinit(&name);
	return scope;
}

void vmt_space_show_path(struct vmt_space *space, bool on)
{
	space->show_path = on;
}
