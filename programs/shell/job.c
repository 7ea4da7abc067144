/*
 * job.c - see job.h.
 */
#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#include "variables.h"

#define TOKENS_MAX      2050 /* a line of words of one letter */
#define PARTS_MAX       16   /* of a pipeline */
#define STREAMS         3    /* input, output, errors */
#define PROGRAM_SUFFIX  ".elf"
#define NAME_LENGTH_MAX (WORD_BYTES - 1 - (sizeof(PROGRAM_SUFFIX) - 1))
#define SIGNAL_PIPE     13 /* POSIX's number */
#define SAVED_FIRST     20 /* where the shell keeps its own streams meanwhile */
#define PROGRAM_FOLDER  "0:/"

static struct {
    built_in_finder *find_built_in;
    bool is_quiet;
    int saved[STREAMS];
    int status; /* $? */
    int argument_count;
    char **arguments;
} shell;

void job_initialise(built_in_finder *find_built_in, bool is_quiet)
{
    shell.find_built_in = find_built_in;
    shell.is_quiet = is_quiet;
    variables_initialise();
    for (int i = 0; i < STREAMS; i++) {
        shell.saved[i] = (int)syscall_duplicate(i, SAVED_FIRST, FILE_LOWEST);
    }
}

void job_set_arguments(int count, char **words)
{
    shell.argument_count = count;
    shell.arguments = words;
}

void job_tell_status(const char *who, int status)
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

/* ---------------------------------------------------------------- words */

static const char *value_of(void *context, const char *name, size_t length)
{
    (void)context;
    if (length == 1 && (*name == '?' || *name == '#')) {
        static char number[16];
        int value = *name == '?' ? shell.status : shell.argument_count - 1;

        (void)snprintf(number, sizeof(number), "%d", value);
        return number;
    }
    if (length == 1 && *name >= '0' && *name <= '9') {
        return *name - '0' < shell.argument_count ? shell.arguments[*name - '0'] : NULL;
    }
    return variable_value(name, length);
}

static void list_folder(void *context, const char *folder,
                        void (*found)(void *found_context, const char *name), void *found_context)
{
    static struct tool_folder entries;
    const struct directory_record *entry;

    (void)context;
    (void)tool_folder_begin(&entries, folder[0] != '\0' ? folder : ".");
    while ((entry = tool_folder_next(&entries)) != NULL) {
        found(found_context, entry->name);
    }
    tool_folder_end(&entries);
}

static const struct word_source source = {value_of, list_folder, NULL};

/* A list of words that grows at its end. */
struct list {
    struct argument *first, **end;
};

static bool add_word(void *context, const char *word)
{
    struct list *list = context;
    struct argument *item = malloc(sizeof(*item) + strlen(word) + 1);

    if (item == NULL) {
        return false;
    }
    item->next = NULL;
    strcpy(item->text, word);
    *list->end = item;
    list->end = &item->next;
    return true;
}

static void arguments_free(struct argument *list)
{
    while (list != NULL) {
        struct argument *next = list->next;

        free(list);
        list = next;
    }
}

/* What the token stands for, as more words of the list. Says why not. */
static bool add_words(const struct token *token, struct list *list)
{
    int status = expand_word(token, &source, add_word, list);

    if (status == WORD_IS_LONG) {
        dprintf(FILE_ERRORS, "A word of that line is longer than %d characters.\n", WORD_BYTES - 1);
    } else if (status < 0) {
        dprintf(FILE_ERRORS, "A word of that line stands for too many names.\n");
    }
    return status == 0;
}

/* Sets the variable of a token `NAME=...`. */
static bool assign(const struct token *token)
{
    size_t length = assigned_name(token);
    struct list words = {NULL, &words.first};
    bool is_set = add_words(token, &words) &&
                  variable_set(token->text, length, words.first->text + length + 1);

    arguments_free(words.first);
    return is_set;
}

/* Of the tokens from first on, those `NAME=...` that stand before the command's own words. Each
 * becomes a variable, or, if list is not NULL, a word there. */
static bool assign_all(const struct token *first, const struct token *end, struct list *list)
{
    bool is_fine = true;

    for (const struct token *token = first; token < end && is_fine; token++) {
        if (token->kind != TOKEN_WORD) {
            token++; /* a redirection, and its file */
        } else if (assigned_name(token) == 0) {
            break;
        } else {
            is_fine = list != NULL ? add_words(token, list) : assign(token);
        }
    }
    return is_fine;
}

/* ---------------------------------------------------------------- programs */

/* Is it the path of something that is no folder? 0, -EISDIR or another error. */
static int find_file(const char *path)
{
    struct file_details details;
    intptr_t status = syscall_stat_file(-1, path, &details);

    return status == OK && details.kind == FILE_IS_DIRECTORY ? -EISDIR : (int)status;
}

/* Makes name the path of a file: as it is, or with ".elf". 0 or an error. */
static int find_with_suffix(char *name)
{
    size_t length = strlen(name);
    int status = find_file(name);

    if (status == OK || length > NAME_LENGTH_MAX) {
        return status;
    }
    strcpy(name + length, PROGRAM_SUFFIX);
    int with_suffix = find_file(name);
    if (with_suffix == OK) {
        return OK;
    }
    name[length] = '\0';
    return status == -EISDIR ? -EISDIR : with_suffix;
}

/* The file of the program that is called so, in path; a name without a folder is looked for in the
 * working folder, then in the root of the drive with the programs. 0 or an error. */
static int find_program(const char *name, char path[WORD_BYTES])
{
    string_copy(path, name, WORD_BYTES);
    int status = find_with_suffix(path);

    if (status == OK || strchr(name, '/') != NULL ||
        strlen(name) + strlen(PROGRAM_FOLDER) > NAME_LENGTH_MAX) {
        return status;
    }
    (void)snprintf(path, WORD_BYTES, "%s%s", PROGRAM_FOLDER, name);
    return find_with_suffix(path) == OK ? OK : status;
}

static void tell_why_not(const char *name, int status)
{
    switch (status) {
    case -ENOENT:
    case -EBADPATH:
    case -ENOTDIR:
        dprintf(FILE_ERRORS, "There is no program or command '%s'. Type help for a list.\n", name);
        break;
    case -EISDIR: dprintf(FILE_ERRORS, "'%s' is a folder, not a program.\n", name); break;
    case -EINFORMAT: dprintf(FILE_ERRORS, "'%s' is not a program.\n", name); break;
    default: dprintf(FILE_ERRORS, "'%s' cannot be started: %s.\n", name, error_text(status)); break;
    }
}

/* ---------------------------------------------------------------- files in place of the screen */

/* Opens a file for a redirection, and makes it if need be; a descriptor or an error. */
static int open_stream(enum token_kind kind, const char *path)
{
    uint32_t flags = kind == TOKEN_INPUT    ? OPEN_READ
                     : kind == TOKEN_APPEND ? OPEN_WRITE | OPEN_CREATE | OPEN_APPEND
                                            : OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE;

    return (int)syscall_open_file(path, flags);
}

static int stream_of(enum token_kind kind)
{
    return kind == TOKEN_INPUT ? FILE_INPUT : kind == TOKEN_ERRORS ? FILE_ERRORS : FILE_OUTPUT;
}

/* Puts the file that the word behind a redirection names in the stream's place. */
static bool redirect(const struct token *token)
{
    struct list words = {NULL, &words.first};
    int descriptor = -EINVARG;

    if (expand_word(token + 1, &source, add_word, &words) == 0 && words.first != NULL &&
        words.first->next == NULL) {
        descriptor = open_stream(token->kind, words.first->text);
    }
    if (descriptor < 0) {
        dprintf(FILE_ERRORS, "'%s' cannot be opened: %s.\n",
                words.first != NULL ? words.first->text : "", error_text(descriptor));
    } else {
        file_duplicate(descriptor, stream_of(token->kind));
        file_close(descriptor);
    }
    arguments_free(words.first);
    return descriptor >= 0;
}

static void restore_streams(void)
{
    for (int i = 0; i < STREAMS; i++) {
        if (shell.saved[i] >= 0) {
            file_duplicate(shell.saved[i], i);
        }
    }
}

/* ---------------------------------------------------------------- pipelines */

/* A pipeline that runs. */
struct job {
    bool in_background;
    bool is_pipe; /* it has several parts */
    int leader;   /* pid of the first part that is a program; 0: there is none yet */
    int pids[PARTS_MAX];
    int count;
    int last; /* the last part's pid; 0: it was none */
    int status;
    char name[WORD_BYTES]; /* of the last part */
};

/* The words as an array, which is the caller's to free, with NULL behind the last; *count is how
 * many. NULL: there is no memory. */
static char **make_array(struct argument *list, size_t *count)
{
    *count = 0;
    for (struct argument *word = list; word != NULL; word = word->next) {
        ++*count;
    }
    char **array = calloc(*count + 1, sizeof(*array));

    for (size_t i = 0; array != NULL && i < *count; i++, list = list->next) {
        array[i] = list->text;
    }
    return array;
}

/* Starts the program with the exported variables, and assigned "NAME=value"s of its own, as its
 * environment. Its pid, or an error. */
static int start_program(struct job *job, struct argument *command, struct argument *assigned)
{
    static char path[WORD_BYTES]; /* the program knows itself by the name that was typed */
    size_t words, own;
    int pid = find_program(command->text, path);

    if (pid < 0) {
        return pid;
    }
    char **arguments = make_array(command, &words), **first = make_array(assigned, &own);
    char **environment = first != NULL ? variables_environment(first, own) : NULL;

    pid = -ENOMEM;
    if (arguments != NULL && environment != NULL) {
        pid = process_spawn_program(&(struct spawn_request){
            .path = path,
            .arguments = arguments,
            .environment = environment,
            .flags = (job->in_background ? 0 : SPAWN_FRONT) | (job->leader ? 0 : SPAWN_FAMILY),
            .beside = (abi_ulong)job->leader,
        });
    }
    free(arguments);
    free(first);
    free(environment);
    return pid;
}

/* Runs a built-in command in a copy of the shell: its pid, or an error. The copy must not keep its
 * own pipe's reader open. It belongs to the shell's family, so it cannot lead the job's. */
static int start_built_in(built_in *run, struct argument *arguments, int reader)
{
    int pid = (int)syscall_fork();

    if (pid == 0) {
        if (reader >= 0) {
            file_close(reader);
        }
        exit(run(arguments));
    }
    return pid;
}

/* Runs one part: the tokens [first, end), whose streams are in place. */
static void run_words(struct job *job, struct argument *command, struct argument *assigned,
                      int reader)
{
    built_in *run = shell.find_built_in(command->text);
    int pid;

    string_copy(job->name, command->text, sizeof(job->name));
    if (run != NULL && !job->is_pipe) {
        job->status = run(command->next);
        return;
    }
    pid = run != NULL ? start_built_in(run, command->next, reader)
                      : start_program(job, command, assigned);
    if (pid < 0) {
        tell_why_not(job->name, pid);
        job->status = STATUS_NOT_FOUND;
        return;
    }
    job->leader = job->leader || run != NULL ? job->leader : pid;
    job->last = pid;
    job->pids[job->count++] = pid;
}

/* ends: of the pipe to the next part, or -1. */
static void run_part(struct job *job, const struct token *first, const struct token *end, int input,
                     const int ends[2])
{
    struct list words = {NULL, &words.first}, assigned = {NULL, &assigned.first};
    bool is_fine = true, has_words = false;

    job->last = 0;
    job->status = 0;
    if (input >= 0) {
        file_duplicate(input, FILE_INPUT);
    }
    if (ends[1] >= 0) {
        file_duplicate(ends[1], FILE_OUTPUT);
        file_close(ends[1]);
    }
    for (const struct token *token = first; token < end && is_fine; token++) {
        if (token->kind != TOKEN_WORD) {
            is_fine = redirect(token);
            token++;
        } else if (has_words || assigned_name(token) == 0) {
            has_words = true;
            is_fine = add_words(token, &words);
        }
    }
    /* Only now, so that the command's own words have the old values. */
    is_fine = is_fine && assign_all(first, end, words.first != NULL ? &assigned : NULL);
    if (is_fine && words.first != NULL) {
        run_words(job, words.first, assigned.first, ends[0]);
    } else if (!is_fine) {
        job->status = STATUS_USAGE;
    }
    restore_streams();
    arguments_free(words.first);
    arguments_free(assigned.first);
}

static bool is_worth_a_sentence(int status, bool is_last)
{
    if (is_last) {
        return status != 0;
    }
    /* A fault with the number of SIGPIPE: the kernel has printed a sentence. */
    return status >= STATUS_FAULT && status != STATUS_FAULT + SIGNAL_PIPE &&
           status != STATUS_INTERRUPTED && status != STATUS_QUIT;
}

/* Waits for all parts. is_asked: the status decides what comes next on the line. */
static void wait_for_job(struct job *job, bool is_asked)
{
    for (int i = 0; i < job->count; i++) {
        bool is_last = job->pids[i] == job->last;
        int status;

        if (process_wait(job->pids[i], &status) < 0) {
            continue;
        }
        if (is_last) {
            job->status = status;
        }
        if (!is_asked && !shell.is_quiet && is_worth_a_sentence(status, is_last)) {
            job_tell_status(is_last ? job->name : "A part of the pipe", status);
        }
    }
}

/* A pipeline that lacks a pipe: the parts that run end. */
static void give_up(struct job *job, int why)
{
    dprintf(FILE_ERRORS, "There is no pipe: %s.\n", error_text(why));
    for (int i = 0; i < job->count; i++) {
        (void)process_kill(job->pids[i]);
    }
    job->last = 0; /* no part's status is the pipeline's */
    job->status = STATUS_USAGE;
    wait_for_job(job, true);
}

/* How many pipes there are between the parts. */
static int count_pipes(const struct token *first, const struct token *end)
{
    int count = 0;

    for (; first < end; first++) {
        count += first->kind == TOKEN_PIPE;
    }
    return count;
}

/* Runs the parts of the pipeline [first, end), and waits for them. Its status; in the background,
 * that of what could not be started. */
static int run_pipeline(const struct token *first, const struct token *end, bool in_background,
                        bool is_asked)
{
    struct job job = {.in_background = in_background};
    int pipes = count_pipes(first, end), input = -1, status = OK;

    if (pipes >= PARTS_MAX) {
        dprintf(FILE_ERRORS, "A pipeline has at most %d parts.\n", PARTS_MAX);
        return STATUS_USAGE;
    }
    job.is_pipe = pipes > 0;
    for (int part = 0; part <= pipes && status == OK; part++) {
        const struct token *part_end = first;
        int ends[2] = {-1, -1};

        while (part_end < end && part_end->kind != TOKEN_PIPE) {
            part_end++;
        }
        if (part < pipes) {
            status = file_pipe(ends);
        }
        if (status == OK) {
            run_part(&job, first, part_end, input, ends);
        }
        if (input >= 0) {
            file_close(input);
        }
        input = ends[0];
        first = part_end + 1;
    }
    if (status < 0) {
        give_up(&job, status);
    } else if (!in_background) {
        wait_for_job(&job, is_asked);
    } else if (job.last) {
        printf("[%d]\n", job.last);
        return 0;
    }
    return job.status;
}

int job_run_line(const char *line)
{
    static struct token tokens[TOKENS_MAX];
    struct parse_error error;
    int count = parse_line(line, tokens, TOKENS_MAX, &error);
    const struct token *first = tokens;
    bool runs = true;

    if (count < 0) {
        dprintf(FILE_ERRORS, "%s\n", error.sentence);
        return shell.status = STATUS_USAGE;
    }
    while (first->kind != TOKEN_END) {
        const struct token *end = first;

        while (end->kind != TOKEN_AND && end->kind != TOKEN_OR && end->kind != TOKEN_SEMICOLON &&
               end->kind != TOKEN_BACKGROUND && end->kind != TOKEN_END) {
            end++;
        }
        if (runs) {
            shell.status =
                run_pipeline(first, end, end->kind == TOKEN_BACKGROUND, end->kind == TOKEN_OR);
            if (shell.status == STATUS_INTERRUPTED || shell.status == STATUS_QUIT) {
                break;
            }
        }
        runs = end->kind == TOKEN_AND  ? shell.status == 0
               : end->kind == TOKEN_OR ? shell.status != 0
                                       : true;
        first = end->kind == TOKEN_END ? end : end + 1;
    }
    return shell.status;
}
