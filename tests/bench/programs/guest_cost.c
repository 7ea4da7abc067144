/*
 * guest_cost.c - init that runs programs under `-icount shift=0,sleep=off`, where rdtsc counts
 * guest instructions, and says what each took: the kernel's work for it, and loading it, included.
 * Started by tools/lua_cost.py.
 */
#include <drupe.h>
#include <stdio.h>

static uint64_t instructions(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static int run(const char *line)
{
    struct command_argument *list = NULL;
    int status = -1;

    if (command_split(line, &list) > 0 && process_spawn(list, SPAWN_FRONT) >= 0) {
        process_wait(WAIT_ANY, &status);
    }
    command_free(list);
    return status;
}

int main(void)
{
    static const char *const lines[] = {"lua.elf empty.lua", "lua.elf empty.lua",
                                        "lua.elf heap.lua"};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        uint64_t start = instructions();
        int status = run(lines[i]);
        uint64_t cost = instructions() - start;

        printf("[%s: status %d, %llu instructions]\n", lines[i], status, (unsigned long long)cost);
        if (status != 0) {
            return 1;
        }
    }
    return 0;
}
