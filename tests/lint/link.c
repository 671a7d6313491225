/* SPDX-License-Identifier: MIT */
/*
 * link: a program that does nothing. The build links each whole room into it together with only
 * the rooms and libraries that src/rooms.txt allows; a call to anything else stays undefined and
 * fails the build.
 */
int main(void)
{
	return 0;
}
