/* SPDX-License-Identifier: MIT */
/*
 * rules: which kernel's rules the model follows. The trace room finds out what the running kernel
 * does and the mm room has to know it; they do not know each other.
 */
#ifndef CMD_RULES_H
#define CMD_RULES_H

#include "vmtrace/mm.h"

/* Whether @name can stand behind --rules: "auto" or a profile. */
bool vmt_rules_known(const char *name);

/*
 * The rules of the profile @name; for "auto" or NULL those of the running kernel, where they cannot
 * be found out those of 6.18.
 */
struct vmt_features vmt_rules(const char *name);

/*
 * Completes what vmt_rules(@name) gave by what rings of io_setup are, for when one is there: to find
 * it out takes tens of milliseconds.
 */
void vmt_rules_rings(const char *name, struct vmt_features *features);

/* vmt_rules(@name), with what else a space has to know of the running machine. */
struct vmt_settings vmt_rules_settings(const char *name);

#endif
