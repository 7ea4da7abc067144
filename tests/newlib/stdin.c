/*
 * tests/newlib/stdin.c - reports what comes from standard input, up to its end, twice.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    char line[100];
    char raw[4];

    for (int round = 0; round < 2; round++) {
        printf("round %d> ", round); /* must be seen before the input, without a line break */
        while (fgets(line, sizeof(line), stdin)) {
            size_t length = strlen(line);

            printf("%u%s: %.*s\n", (unsigned)length, line[length - 1] == '\n' ? "" : " (no end)",
                   (int)strcspn(line, "\n"), line);
        }
        printf("end of file: %d, error: %d\n", feof(stdin) != 0, ferror(stdin));
        clearerr(stdin);
    }
    printf("raw> ");
    fflush(stdout);
    for (ssize_t count; (count = read(0, raw, sizeof(raw))) > 0;) {
        printf("%d: %.*s\n", (int)count, (int)count - (raw[count - 1] == '\n'), raw);
    }
    return 0;
}
