/*
 * abi/keys.h - what the command getkey() gives for keys that have no character. All other keys are
 * ASCII; Enter is 13, Backspace is 8.
 */
#ifndef ABI_KEYS_H
#define ABI_KEYS_H

#define KEY_INTERRUPT 3  /* ctrl-C */
#define KEY_QUIT      28 /* ctrl-\ */
#define KEY_ENTER     13
#define KEY_BACKSPACE 8
#define KEY_ESCAPE    27

#define KEY_UP        0x80
#define KEY_DOWN      0x81
#define KEY_LEFT      0x82
#define KEY_RIGHT     0x83
#define KEY_HOME      0x84
#define KEY_END       0x85
#define KEY_PAGE_UP   0x86
#define KEY_PAGE_DOWN 0x87
#define KEY_INSERT    0x88
#define KEY_DELETE    0x89
#define KEY_F1        0x91 /* to F12, 0x9C, in order */

#endif
