/*
 * users.c - there is one user, root, who has number 0 and may do everything; and one group.
 */
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

static char name[] = "root";
static char nothing[] = "";
static char home[] = "/";
static char shell[] = "/shell.elf";
static char *members[] = {name, NULL};

static struct passwd user = {
    .pw_name = name,
    .pw_passwd = nothing,
    .pw_comment = nothing,
    .pw_gecos = nothing,
    .pw_dir = home,
    .pw_shell = shell,
};

static struct group group = {.gr_name = name, .gr_passwd = nothing, .gr_mem = members};

/* What lists of one entry have given already. */
static bool is_user_listed, is_group_listed;

/* ---------------------------------------------------------------- who runs */

uid_t getuid(void)
{
    return 0;
}

uid_t geteuid(void)
{
    return 0;
}

gid_t getgid(void)
{
    return 0;
}

gid_t getegid(void)
{
    return 0;
}

int issetugid(void)
{
    return 0;
}

static int become(unsigned number)
{
    return number == 0 ? 0 : layer_fail(EPERM);
}

int setuid(uid_t number)
{
    return become(number);
}

int seteuid(uid_t number)
{
    return become(number);
}

int setreuid(uid_t real, uid_t effective)
{
    return become(real != (uid_t)-1 ? real : 0) < 0
               ? -1
               : become(effective != (uid_t)-1 ? effective : 0);
}

int setgid(gid_t number)
{
    return become(number);
}

int setegid(gid_t number)
{
    return become(number);
}

int setregid(gid_t real, gid_t effective)
{
    return become(real != (gid_t)-1 ? real : 0) < 0
               ? -1
               : become(effective != (gid_t)-1 ? effective : 0);
}

/* The groups beside the first one: none. */
int getgroups(int size, gid_t list[])
{
    (void)list;
    return size >= 0 ? 0 : layer_fail(EINVAL);
}

int setgroups(int count, const gid_t *list)
{
    return count == 0 || (count == 1 && list[0] == 0) ? 0 : layer_fail(EPERM);
}

int initgroups(const char *of, gid_t number)
{
    (void)of;
    return become(number);
}

char *getlogin(void)
{
    return name;
}

/* ---------------------------------------------------------------- the list of users */

struct passwd *getpwuid(uid_t number)
{
    return number == 0 ? &user : NULL;
}

struct passwd *getpwnam(const char *of)
{
    return strcmp(of, name) == 0 ? &user : NULL;
}

/* As these functions have it: an error number, or 0 and what was found. What the strings are does
 * not change, so the caller's room is not needed. */
int getpwuid_r(uid_t number, struct passwd *out, char *room, size_t size, struct passwd **result)
{
    (void)room;
    (void)size;
    *result = getpwuid(number) ? out : NULL;
    if (*result) {
        *out = user;
    }
    return 0;
}

int getpwnam_r(const char *of, struct passwd *out, char *room, size_t size, struct passwd **result)
{
    return getpwuid_r(getpwnam(of) ? 0 : 1, out, room, size, result);
}

struct passwd *getpwent(void)
{
    struct passwd *next = is_user_listed ? NULL : &user;

    is_user_listed = true;
    return next;
}

void setpwent(void)
{
    is_user_listed = false;
}

void endpwent(void)
{
    is_user_listed = false;
}

/* ---------------------------------------------------------------- and of groups */

struct group *getgrgid(gid_t number)
{
    return number == 0 ? &group : NULL;
}

struct group *getgrnam(const char *of)
{
    return strcmp(of, name) == 0 ? &group : NULL;
}

int getgrgid_r(gid_t number, struct group *out, char *room, size_t size, struct group **result)
{
    (void)room;
    (void)size;
    *result = getgrgid(number) ? out : NULL;
    if (*result) {
        *out = group;
    }
    return 0;
}

int getgrnam_r(const char *of, struct group *out, char *room, size_t size, struct group **result)
{
    return getgrgid_r(getgrnam(of) ? 0 : 1, out, room, size, result);
}

struct group *getgrent(void)
{
    struct group *next = is_group_listed ? NULL : &group;

    is_group_listed = true;
    return next;
}

void setgrent(void)
{
    is_group_listed = false;
}

void endgrent(void)
{
    is_group_listed = false;
}
