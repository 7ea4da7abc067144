/*
 * collation.c - for newlib's regular expressions and patterns: there are no tables that say how
 * a language sorts its letters, so they go by the characters' numbers.
 */
/* NOLINTNEXTLINE(bugprone-reserved-identifier): newlib's name */
extern const int __collate_load_error;

const int __collate_load_error = 1;
