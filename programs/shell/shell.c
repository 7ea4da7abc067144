/*
 * shell - reads command lines and runs programs. It shows how one program starts another
 * (process_spawn), hands it the keyboard, and waits for its status; and what becomes of those that
 * it does not wait for. Each program that it starts begins a family (SPAWN_FAMILY), so that no job
 * takes the machine; in a shell inside another all belong to the other's job.
 *
 *   NAME ARGUMENT ...     0:/NAME or 0:/NAME.elf, in front: it has the keyboard until it ends
 *   NAME ARGUMENT ... &   beside the shell; the shell reports later how it ended
 *
 * What a command does to the shell itself cannot be a program: these are the built-in ones.
 */
#include <ctype.h>
#include <drupe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line_edit.h"

#define USAGE           "Usage: shell\nReads command lines and runs them; help lists them.\n"
#define PROMPT          "drupe> "
#define PROGRAM_SUFFIX  ".elf"
#define SCREEN_ROWS     25
#define NAME_LENGTH_MAX (COMMAND_ARGUMENT_BYTES - 1 - (sizeof(PROGRAM_SUFFIX) - 1))

static struct line_editor editor;
static struct key_decoder decoder;

/* ---------------------------------------------------------------- programs */

/* "hello", or "[5] hello" for one in the background, and how it ended. */
static void tell_status(const char *who, int status)
{
    switch (status) {
    case STATUS_INTERRUPTED: printf("%s was interrupted.\n", who); break;
    case STATUS_KILLED: printf("%s was killed.\n", who); break;
    case STATUS_QUIT: printf("%s was ended, and all that it had started.\n", who); break;
    default:
        printf("%s ended with status %d%s.\n", who, status,
               status >= STATUS_FAULT && status < STATUS_FAULT + 32 ? ": a fault" : "");
        break;
    }
}

static void tell_background_status(const struct process_info *info, int status)
{
    char who[PROCESS_NAME_BYTES + 16];

    (void)snprintf(who, sizeof(who), "[%u] %s", info->pid, info->name);
    tell_status(who, status);
}

/* Waits for the children that have ended meanwhile, and reports each. */
static void collect_children(void)
{
    struct process_info *list;
    int count = process_list_all(&list);

    for (int i = 0; i < count; i++) {
        int status;
        if (list[i].parent == (uint32_t)process_id() && list[i].state == PROCESS_ENDED &&
            process_wait((int)list[i].pid, &status) >= 0) {
            tell_background_status(&list[i], status);
        }
    }
    free(list);
}

/* Makes name the path of a file: as it is, or with ".elf". 0 or an error. */
static int find_program(char *name)
{
    struct file_stat stat;
    size_t length = strlen(name);
    int status = file_stat(name, &stat);

    if (status == OK && !stat.is_directory) {
        return OK;
    }
    if (length > NAME_LENGTH_MAX) {
        return -ENOENT;
    }
    strcpy(name + length, PROGRAM_SUFFIX);
    int with_suffix = file_stat(name, &stat);
    if (with_suffix == OK && !stat.is_directory) {
        return OK;
    }
    name[length] = '\0';
    return status == OK ? -EISDIR : with_suffix;
}

static void tell_why_not(const char *name, int status)
{
    switch (status) {
    case -ENOENT:
    case -EBADPATH:
    case -ENOTDIR:
        printf("There is no program or command '%s'. Type help for a list.\n", name);
        break;
    case -EISDIR: printf("'%s' is a folder, not a program.\n", name); break;
    case -EINFORMAT: printf("'%s' is not a program.\n", name); break;
    default: printf("'%s' cannot be started: %s.\n", name, error_text(status)); break;
    }
}

static void run_program(struct command_argument *command, bool in_background)
{
    char typed[COMMAND_ARGUMENT_BYTES];
    int status;

    string_copy(typed, command->argument, sizeof(typed));
    int pid = find_program(command->argument);
    if (pid == OK) {
        pid = process_spawn(command, SPAWN_FAMILY | (in_background ? 0 : SPAWN_FRONT));
    }
    if (pid < 0) {
        tell_why_not(typed, pid);
    } else if (in_background) {
        printf("[%d]\n", pid);
    } else if (process_wait(pid, &status) >= 0 && status != 0) {
        tell_status(typed, status);
    }
}

/* ---------------------------------------------------------------- built-in commands */

/* A number that is all of text; false when it is none. */
static bool parse_number(const char *text, int *number)
{
    const char *digits = *text == '-' ? text + 1 : text;
    size_t length = strlen(digits);

    *number = atoi(text);
    for (size_t i = 0; i < length; i++) {
        if (!isdigit(digits[i])) {
            return false;
        }
    }
    return length > 0 && length < 10;
}

static void run_exit(struct command_argument *arguments)
{
    int status = 0;

    if (arguments != NULL && !parse_number(arguments->argument, &status)) {
        printf("'%s' is no number. Usage: exit [STATUS]\n", arguments->argument);
        return;
    }
    if (arguments != NULL && arguments->next != NULL) {
        puts("Usage: exit [STATUS]");
        return;
    }
    exit(status);
}

static void run_kill(struct command_argument *arguments)
{
    int pid;
    bool is_family = arguments != NULL && strcmp(arguments->argument, "-f") == 0;

    if (is_family) {
        arguments = arguments->next;
    }
    if (arguments == NULL || arguments->next != NULL || !parse_number(arguments->argument, &pid)) {
        puts("Usage: kill [-f] PID (ps lists the PIDs; -f: all of PID's family)");
        return;
    }
    if (pid == process_id()) {
        puts("That is the shell itself. Type exit to end it.");
        return;
    }
    if ((is_family ? process_kill_family(pid) : process_kill(pid)) < 0) {
        printf("There is no process %d that this shell may end.\n", pid);
        return;
    }
    /* It ends before it executes anything more; the end of a child's child is the child's. */
    process_wait(pid, NULL);
    printf(is_family ? "The family of [%d] was killed.\n" : "[%d] was killed.\n", pid);
}

/* Screen and terminal have no command for it in common: everything moves up and out. */
static void run_clear(struct command_argument *arguments)
{
    (void)arguments;
    for (int row = 0; row < SCREEN_ROWS; row++) {
        putchar('\n');
    }
}

static void run_help(struct command_argument *arguments);

static const struct {
    const char *name;
    void (*run)(struct command_argument *arguments); /* what follows the name */
    const char *synopsis;
    const char *summary;
} built_in[] = {
    {"help", run_help, "help", "this list"},
    {"exit", run_exit, "exit [STATUS]", "ends the shell, and with the first shell the machine"},
    {"kill", run_kill, "kill [-f] PID", "ends a program in the background; -f: its whole family"},
    {"clear", run_clear, "clear", "an empty screen"},
};

#define BUILT_IN_COUNT (sizeof(built_in) / sizeof(built_in[0]))

/* The programs that come with Drupe; others on the disk are listed by name. */
static const struct {
    const char *name;
    const char *synopsis;
    const char *summary;
} known_programs[] = {
    {"cat.elf", "cat [FILE ...]", "shows files, or its input"},
    {"crash.elf", "crash", "a menu of faults, and what the kernel says of each"},
    {"echo.elf", "echo TEXT ...", "prints its arguments"},
    {"hello.elf", "hello", "greets, and tries some memory"},
    {"ls.elf", "ls [PATH ...]", "what is in a folder"},
    {"mem.elf", "mem", "how much memory there is, and who has it"},
    {"ps.elf", "ps", "the processes"},
    {"seeds.elf", "seeds [NAME]", "the examples of five other kernels' documents"},
    {"shell.elf", "shell", "another shell, inside this one"},
    {"sleep.elf", "sleep SECONDS", "waits that many seconds"},
    {"usertest.elf", "usertest", "attacks the kernel, and reports the results"},
};

/* name has the suffix. */
static void list_program(const char *name)
{
    for (size_t i = 0; i < sizeof(known_programs) / sizeof(known_programs[0]); i++) {
        if (strcmp(known_programs[i].name, name) == 0) {
            printf("  %-16s %s\n", known_programs[i].synopsis, known_programs[i].summary);
            return;
        }
    }
    printf("  %.*s\n", (int)(strlen(name) - strlen(PROGRAM_SUFFIX)), name);
}

static bool is_program_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && strcmp(dot, PROGRAM_SUFFIX) == 0 && strcmp(name, "init.elf") != 0;
}

static void run_help(struct command_argument *arguments)
{
    struct directory_entry entry;
    int status;

    (void)arguments;
    puts("Built-in commands:");
    for (size_t i = 0; i < BUILT_IN_COUNT; i++) {
        printf("  %-16s %s\n", built_in[i].synopsis, built_in[i].summary);
    }
    puts("Programs (NAME --help says more):");
    int folder = file_open("0:/");
    if (folder < 0) {
        printf("The disk cannot be read: %s.\n", error_text(folder));
        return;
    }
    while ((status = file_read_directory(folder, &entry)) == 1) {
        if (!entry.stat.is_directory && is_program_name(entry.name)) {
            list_program(entry.name);
        }
    }
    file_close(folder);
    if (status < 0) {
        printf("The list ends here: %s.\n", error_text(status));
    }
    puts("A & at the end of a line starts a program in the background.\n"
         "Ctrl-C ends the program in front, Ctrl-\\ it and all that it has started, in any case.");
}

/* ---------------------------------------------------------------- lines */

/* Cuts an & off the line's end, unless it is between quotes. Was there one? */
static bool take_ampersand(char *line)
{
    size_t length = strlen(line);
    bool is_quoted = false;

    for (const char *c = line; *c != '\0'; c++) {
        is_quoted ^= *c == '"';
    }
    while (length > 0 && isspace(line[length - 1])) {
        length--;
    }
    if (is_quoted || length == 0 || line[length - 1] != '&') {
        return false;
    }
    line[length - 1] = '\0';
    return true;
}

/* What other shells do something with, where it is not between quotes; 0: nothing. An & is text in
 * a word, and something else when it is one. */
static char find_symbol(const char *line)
{
    bool is_quoted = false;

    for (const char *c = line; *c != '\0'; c++) {
        is_quoted ^= *c == '"';
        if (!is_quoted && strchr("<>|;", *c) != NULL) {
            return *c;
        }
        if (!is_quoted && *c == '&' && (c == line || isspace(c[-1])) &&
            (c[1] == '\0' || isspace(c[1]))) {
            return *c;
        }
    }
    return '\0';
}

static void refuse_symbol(char symbol)
{
    printf("That line was not run: this shell %s yet.\n"
           "To pass %c to a program, put it between quotes (\").\n",
           symbol == '|'   ? "has no pipes (|)"
           : symbol == ';' ? "has no ; between commands"
           : symbol == '&' ? "has no & between commands"
           : symbol == '<' ? "cannot take input from a file (<)"
                           : "cannot write output to a file (>)",
           symbol);
}

static void run_line(char *line)
{
    struct command_argument *command;
    bool in_background = take_ampersand(line);
    char symbol = find_symbol(line);

    if (symbol != '\0') {
        refuse_symbol(symbol);
        return;
    }
    int count = command_split(line, &command);

    if (count == -EINFORMAT) {
        puts("A quote (\") is open at the end of the line.");
    } else if (count == -EINVARG) {
        printf("A word of that line is longer than %d characters.\n", COMMAND_ARGUMENT_BYTES - 1);
    } else if (count < 0) {
        printf("That line cannot be run: %s.\n", error_text(count));
    }
    if (count <= 0) {
        return;
    }
    for (size_t i = 0; i < BUILT_IN_COUNT; i++) {
        if (strcmp(built_in[i].name, command->argument) == 0) {
            built_in[i].run(command->next);
            goto out;
        }
    }
    run_program(command, in_background);
out:
    command_free(command);
}

static enum line_event read_command(void)
{
    enum line_event event;

    line_edit_start(&editor, PROMPT);
    do {
        int byte = getkey();
        if (byte == 0) {
            line_edit_show(&editor);
            byte = getkeyblock();
        }
        int key = key_decode(&decoder, byte);
        event = key != 0 ? line_edit_key(&editor, key) : LINE_GOES_ON;
    } while (event == LINE_GOES_ON);
    return event;
}

int main(int argc, char **argv)
{
    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc > 1) {
        dprintf(FILE_ERRORS, "%s", USAGE);
        return EXIT_USAGE;
    }
    catch_interrupt(1);
    puts("Type help for a list of commands.");
    for (;;) {
        collect_children();
        switch (read_command()) {
        case LINE_ENTERED: run_line(editor.text); break;
        case LINE_TOO_LONG:
            printf("That line was not run: it is longer than %d characters.\n", LINE_BYTES - 1);
            break;
        case LINE_NO_MORE:
            puts(process_id() == 1 ? "Ctrl-D: the first shell ends, and the machine with it."
                                   : "Ctrl-D: this shell ends.");
            return EXIT_SUCCESS;
        default: break;
        }
    }
}
