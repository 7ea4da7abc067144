/*
 * machine.c - what the machine is called.
 */
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "layer.h"

static const char host_name[] = "drupe";

int uname(struct utsname *out)
{
    *out = (struct utsname){.sysname = "Drupe", .release = "1", .version = "1"};
    strcpy(out->machine, sizeof(void *) == 8 ? "x86_64" : "i686");
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
