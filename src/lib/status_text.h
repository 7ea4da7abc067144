/*
 * lib/status_text.h - the numbers of status.h in words, for the kernel's messages and for programs.
 */
#ifndef LIB_STATUS_TEXT_H
#define LIB_STATUS_TEXT_H

/*
 * Words that end a sentence about a file, a disk or a call: "0:/x cannot be opened: " and "no such
 * file or folder". status: negated or not. "an unknown error" for a number that status.h does not
 * have.
 */
const char *status_text(int status);

#endif
