/*
 * shell - reads command lines and runs programs. It shows how one program starts another
 * (process_spawn), hands it the keyboard, and waits for its status; and what becomes of those that
 * it does not wait for. Each job that it starts is a family (SPAWN_FAMILY), so that none
 * takes the machine; in a shell inside another all belong to the other's job.
 *
 *   NAME ARGUMENT ...     NAME or NAME.elf, of the working folder or of 0:/, in front: it has the
 *                         keyboard until it ends
 *   NAME ARGUMENT ... &   beside the shell; the shell reports later how it ended
 *   A | B                 what A prints, B reads; < > >> 2> put files in place of screen and
 *                         keyboard
 *   A && B, A || B, A; B  B when A had status 0, when it had another, in any case
 *   NAME=VALUE, $NAME     variables; $? is the last status; export gives one to programs, as does
 *                         NAME=VALUE before a command, to that one only
 *
 * What a command does to the shell itself cannot be a program: these are the built-in ones.
 *
 * With a file's name it runs the lines in the file; $1 and so on are the words behind the name.
 * When its input is no console, it runs the lines that come from there. The first shell runs
 * 0:/init.sh before it asks for a line, if there is one.
 */
#include <ctype.h>
#include <drupe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#include "job.h"
#include "line_edit.h"
#include "parse.h"
#include "variables.h"

#define USAGE                              \
    "Usage: shell [FILE [ARGUMENT ...]]\n" \
    "       shell -c LINE\n"               \
    "Reads command lines, or a file of them, and runs them; help lists commands.\n"
#define PROMPT         "drupe> "
#define PROGRAM_SUFFIX ".elf"
#define SCREEN_ROWS    25
#define FIRST_FOLDER   "0:/"
#define FIRST_SCRIPT   "0:/init.sh"

static struct line_editor editor;
static struct key_decoder decoder;

/* ---------------------------------------------------------------- programs in the background */

static void tell_background_status(const struct process_info *info, int status)
{
    char who[PROCESS_NAME_BYTES + 16];

    (void)snprintf(who, sizeof(who), "[%u] %s", info->pid, info->name);
    job_tell_status(who, status);
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

static int run_exit(struct argument *arguments)
{
    int status = 0;

    if (arguments != NULL && !parse_number(arguments->text, &status)) {
        printf("'%s' is no number. Usage: exit [STATUS]\n", arguments->text);
        return STATUS_USAGE;
    }
    if (arguments != NULL && arguments->next != NULL) {
        puts("Usage: exit [STATUS]");
        return STATUS_USAGE;
    }
    exit(status);
}

static int run_kill(struct argument *arguments)
{
    int pid;
    bool is_family = arguments != NULL && strcmp(arguments->text, "-f") == 0;

    if (is_family) {
        arguments = arguments->next;
    }
    if (arguments == NULL || arguments->next != NULL || !parse_number(arguments->text, &pid)) {
        puts("Usage: kill [-f] PID (ps lists the PIDs; -f: all of PID's family)");
        return STATUS_USAGE;
    }
    if (pid == process_id()) {
        puts("That is the shell itself. Type exit to end it.");
        return STATUS_USAGE;
    }
    if ((is_family ? process_kill_family(pid) : process_kill(pid)) < 0) {
        printf("There is no process %d that this shell may end.\n", pid);
        return STATUS_USAGE;
    }
    /* It ends before it executes anything more; the end of a child's child is the child's. */
    process_wait(pid, NULL);
    printf(is_family ? "The family of [%d] was killed.\n" : "[%d] was killed.\n", pid);
    return 0;
}

/* Screen and terminal have no command for it in common: everything moves up and out. */
static int run_clear(struct argument *arguments)
{
    (void)arguments;
    for (int row = 0; row < SCREEN_ROWS; row++) {
        putchar('\n');
    }
    return 0;
}

/* Into another folder: in which relative paths, of programs started from now on as well, begin. */
static int run_cd(struct argument *arguments)
{
    const char *folder = arguments != NULL ? arguments->text : FIRST_FOLDER;
    intptr_t status;

    if (arguments != NULL && arguments->next != NULL) {
        puts("Usage: cd [FOLDER]");
        return STATUS_USAGE;
    }
    status = syscall_change_folder(folder);
    return status < 0 ? tool_error("cd", folder, "entered", status) : 0;
}

/* How long the variable's name is with which text begins: up to its end, or to a =, if there may be
 * one. 0: it is none; says so. */
static size_t take_name(const char *who, const char *text, bool may_have_value)
{
    struct token token = {TOKEN_WORD, text, strlen(text)};
    size_t length = variable_name(&token);

    if (length > 0 && (text[length] == '\0' || (may_have_value && text[length] == '='))) {
        return length;
    }
    dprintf(FILE_ERRORS, "%s: '%s' is no name of a variable: letters, digits and _ make one.\n",
            who, text);
    return 0;
}

/* From now on programs get the variables. */
static int run_export(struct argument *arguments)
{
    if (arguments == NULL) {
        variables_show_exported();
    }
    for (; arguments != NULL; arguments = arguments->next) {
        const char *text = arguments->text;
        size_t length = take_name("export", text, true);

        if (length == 0) {
            return STATUS_USAGE;
        }
        if ((text[length] == '=' && !variable_set(text, length, text + length + 1)) ||
            !variable_export(text, length)) {
            return tool_error("export", text, "exported", -ENOMEM);
        }
    }
    return 0;
}

static int run_unset(struct argument *arguments)
{
    for (; arguments != NULL; arguments = arguments->next) {
        size_t length = take_name("unset", arguments->text, false);

        if (length == 0) {
            return STATUS_USAGE;
        }
        variable_unset(arguments->text, length);
    }
    return 0;
}

/* Does this shell end the machine? Says why not. */
static bool is_first_shell(const char *name, const struct argument *arguments)
{
    if (arguments != NULL) {
        printf("Usage: %s\n", name);
        return false;
    }
    if (process_id() != 1) {
        printf("Only the first shell can do that. Type exit to leave this one, then %s.\n", name);
        return false;
    }
    return true;
}

/* When the first shell ends, the kernel writes to the disks what is to be kept, and the machine
 * ends. */
static int run_shutdown(struct argument *arguments)
{
    if (!is_first_shell("shutdown", arguments)) {
        return STATUS_USAGE;
    }
    exit(0);
}

static int run_reboot(struct argument *arguments)
{
    if (!is_first_shell("reboot", arguments)) {
        return STATUS_USAGE;
    }
    (void)syscall_restart(); /* does not come back */
    puts("The machine cannot be restarted.");
    return EXIT_FAILURE;
}

static int run_help(struct argument *arguments);

static const struct {
    const char *name;
    built_in *run;
    const char *synopsis;
    const char *summary;
} commands[] = {
    {"help", run_help, "help [programs]", "this list; what each program does"},
    {"cd", run_cd, "cd [FOLDER]", "into another folder; without FOLDER: /"},
    {"export", run_export, "export NAME ...", "programs get the variables"},
    {"unset", run_unset, "unset NAME ...", "the variables are gone"},
    {"exit", run_exit, "exit [STATUS]", "ends the shell, and with the first shell the machine"},
    {"kill", run_kill, "kill [-f] PID", "ends a program in the background; -f: its whole family"},
    {"clear", run_clear, "clear", "an empty screen"},
    {"shutdown", run_shutdown, "shutdown", "ends the machine; what was written is on the disk"},
    {"reboot", run_reboot, "reboot", "the same, and starts it again"},
};

#define BUILT_IN_COUNT (sizeof(commands) / sizeof(commands[0]))

/* The programs that come with Drupe; others on the disk are listed by name. */
static const struct {
    const char *name;
    const char *synopsis;
    const char *summary;
} known_programs[] = {
    {"cat.elf", "cat [FILE ...]", "shows files, or its input"},
    {"cp.elf", "cp [-r] FROM TO", "copies files"},
    {"crash.elf", "crash", "a menu of faults, and what the kernel says of each"},
    {"df.elf", "df", "how much room the drives have"},
    {"echo.elf", "echo TEXT ...", "prints its arguments"},
    {"edit.elf", "edit FILE", "edits a file on the whole screen"},
    {"find.elf", "find [FOLDER ...]", "all files and folders below"},
    {"grep.elf", "grep TEXT [FILE ...]", "lines that have TEXT in them"},
    {"head.elf", "head [FILE ...]", "the first lines"},
    {"hello.elf", "hello", "greets, and tries some memory"},
    {"hexdump.elf", "hexdump [FILE ...]", "bytes as numbers and characters"},
    {"ls.elf", "ls [PATH ...]", "what is in a folder"},
    {"mem.elf", "mem", "how much memory there is, and who has it"},
    {"mkdir.elf", "mkdir FOLDER ...", "makes folders"},
    {"mount.elf", "mount", "lists the drives"},
    {"mv.elf", "mv FROM TO", "renames files and folders"},
    {"ps.elf", "ps", "the processes"},
    {"pwd.elf", "pwd", "the folder that relative paths begin in"},
    {"rm.elf", "rm [-r] NAME ...", "removes files"},
    {"rmdir.elf", "rmdir FOLDER ...", "removes empty folders"},
    {"seeds.elf", "seeds [NAME]", "the examples of five other kernels' documents"},
    {"shell.elf", "shell [FILE ...]", "another shell, inside this one"},
    {"sleep.elf", "sleep SECONDS", "waits that many seconds"},
    {"sort.elf", "sort [FILE ...]", "all lines in order"},
    {"sync.elf", "sync", "writes to the disks what was not written yet"},
    {"tail.elf", "tail [FILE ...]", "the last lines"},
    {"tee.elf", "tee [-a] [FILE ...]", "its input goes out, and into files"},
    {"touch.elf", "touch FILE ...", "makes empty files"},
    {"uniq.elf", "uniq [FILE ...]", "of equal lines in a row only one"},
    {"usertest.elf", "usertest", "attacks the kernel, and reports the results"},
    {"wc.elf", "wc [FILE ...]", "counts lines, words and bytes"},
};

/* name has the suffix. */
static void list_program(const char *name)
{
    for (size_t i = 0; i < sizeof(known_programs) / sizeof(known_programs[0]); i++) {
        if (pattern_fits(known_programs[i].name, name)) {
            printf("  %-21s %s\n", known_programs[i].synopsis, known_programs[i].summary);
            return;
        }
    }
    printf("  %.*s\n", (int)(strlen(name) - strlen(PROGRAM_SUFFIX)), name);
}

static bool is_program_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && pattern_fits(PROGRAM_SUFFIX, dot) && !pattern_fits("init.elf", name);
}

/* Names of programs in a row, each in NAME_COLUMNS. */
#define NAMES_A_ROW  5
#define NAME_COLUMNS 14

/* The programs on the disk: a line for each, or only the names. 0 or an error. */
static int list_programs(bool is_long)
{
    static struct tool_folder folder;
    const struct directory_record *entry;
    int count = 0;

    (void)tool_folder_begin(&folder, FIRST_FOLDER);
    while ((entry = tool_folder_next(&folder)) != NULL) {
        if (entry->kind == FILE_IS_DIRECTORY || !is_program_name(entry->name)) {
            continue;
        }
        if (is_long) {
            list_program(entry->name);
        } else {
            int length = (int)(strlen(entry->name) - strlen(PROGRAM_SUFFIX));

            printf("%s%.*s%*s", count % NAMES_A_ROW == 0 ? "  " : "", length, entry->name,
                   length < NAME_COLUMNS ? NAME_COLUMNS - length : 1, "");
            if (++count % NAMES_A_ROW == 0) {
                putchar('\n');
            }
        }
    }
    if (count % NAMES_A_ROW != 0) {
        putchar('\n');
    }
    tool_folder_end(&folder);
    if (folder.status < 0) {
        printf("The list ends here: %s.\n", error_text(folder.status));
    }
    return folder.status;
}

static int run_help(struct argument *arguments)
{
    int status;

    if (arguments != NULL) {
        if (strcmp(arguments->text, "programs") != 0 || arguments->next != NULL) {
            puts("Usage: help [programs]");
            return STATUS_USAGE;
        }
        return list_programs(true) < 0 ? EXIT_FAILURE : 0;
    }
    puts("Built-in commands:");
    for (size_t i = 0; i < BUILT_IN_COUNT; i++) {
        printf("  %-16s %s\n", commands[i].synopsis, commands[i].summary);
    }
    puts("Programs (help programs says what each does, NAME --help more):");
    status = list_programs(false);
    puts("A | B   A && B   A || B   A; B   < FILE   > FILE   >> FILE   2> FILE  $NAME * ?\n"
         "A & at the end of a line starts a program in the background.\n"
         "Ctrl-C ends the program in front; Ctrl-\\ ends it and all that it has started,\n"
         "in any case.");
    return status < 0 ? EXIT_FAILURE : 0;
}

/* ---------------------------------------------------------------- lines */

static built_in *find_built_in(const char *name)
{
    for (size_t i = 0; i < BUILT_IN_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return commands[i].run;
        }
    }
    return NULL;
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

/* ---------------------------------------------------------------- scripts */

#define SCRIPT_BYTES 4096 /* that it grows by */

/* All that comes from descriptor, with a NUL; NULL: an error, in *status. The caller's to free. */
static char *read_script(int descriptor, int *status)
{
    size_t length = 0, size = 0;
    char *text = NULL;

    do {
        if (size - length < 2) {
            char *larger = realloc(text, size + SCRIPT_BYTES);

            if (larger == NULL) {
                *status = -ENOMEM;
                break;
            }
            text = larger;
            size += SCRIPT_BYTES;
        }
        *status = file_read(descriptor, text + length, size - length - 1);
        length += *status > 0 ? (size_t)*status : 0;
    } while (*status > 0);
    if (*status < 0) {
        free(text);
        return NULL;
    }
    text[length] = '\0';
    return text;
}

/* Runs the lines, whose first word is not #. The last status. */
static int run_script(char *text)
{
    int status = 0;

    while (*text != '\0') {
        char *line = text + strspn(text, " \t");
        size_t length = strcspn(text, "\r\n");
        bool is_end = text[length] == '\0';

        text[length] = '\0';
        text += length + !is_end;
        if (*line != '#') {
            status = job_run_line(line);
        }
        if (status == STATUS_INTERRUPTED || status == STATUS_QUIT) {
            break;
        }
    }
    return status;
}

static int run_script_from(int descriptor, const char *name)
{
    int status = descriptor;
    char *text = descriptor >= 0 ? read_script(descriptor, &status) : NULL;

    if (text == NULL) {
        dprintf(FILE_ERRORS, "shell: '%s' cannot be read: %s.\n", name, error_text(status));
        return STATUS_NOT_FOUND;
    }
    status = run_script(text);
    free(text);
    return status;
}

/* What the first shell runs before it asks for a line. */
static void run_first_script(void)
{
    struct file_details details;

    if (process_id() == 1 && syscall_stat_file(-1, FIRST_SCRIPT, &details) == OK) {
        int script = file_open(FIRST_SCRIPT);

        run_script_from(script, FIRST_SCRIPT);
        file_close(script);
    }
}

static bool has_console(void)
{
    uint32_t mode;

    return syscall_control(FILE_INPUT, CONTROL_GET_MODE, &mode) == 0;
}

static int run_lines(void)
{
    catch_interrupt(1);
    puts("Type help for a list of commands.");
    for (;;) {
        collect_children();
        switch (read_command()) {
        case LINE_ENTERED: (void)job_run_line(editor.text); break;
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

int main(int argc, char **argv)
{
    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    bool is_line = argc > 1 && strcmp(argv[1], "-c") == 0;

    if (is_line && argc != 3) {
        dprintf(FILE_ERRORS, "%s", USAGE);
        return EXIT_USAGE;
    }
    job_initialise(find_built_in, argc > 1 || !has_console());
    job_set_arguments(argc > 1 ? argc - 1 : argc, argc > 1 ? argv + 1 : argv);
    if (is_line) {
        return job_run_line(argv[2]);
    }
    if (argc > 1) {
        int script = file_open(argv[1]);

        return run_script_from(script, argv[1]);
    }
    if (!has_console()) {
        return run_script_from(FILE_INPUT, "input");
    }
    run_first_script();
    return run_lines();
}
