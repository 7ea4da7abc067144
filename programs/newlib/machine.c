/*
 * machine.c - what the machine is called.
 */
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "layer.h"

#ifdef __x86_64__
#define PROCESSOR "x86_64"
#else
#define PROCESSOR "i686"
#endif

static const char host_name[] = "drupe";

int uname(struct utsname *out)
{
    *out = (struct utsname){
        .sysname = "Drupe", .release = "1", .version = "1", .machine = PROCESSOR};
    strcpy(out->nodename, host_name);
    return 0;
}

int gethostname(char *name, size_t size)
{
    if (size < sizeof(host_name)) {
        return layer_fail(ENAMETOOLONG);
    }
    strcpy(name, host_name);
    return 0;
}
