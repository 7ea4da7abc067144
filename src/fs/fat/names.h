/*
 * fs/fat/names.h - file names as FAT writes them: UTF-16 in long names, 8 + 3 bytes in aliases.
 * Nothing here reads or writes a volume.
 *
 * Case is kept, and makes no difference: "Notes.txt" and "NOTES.TXT" are one name. fat_fold() says
 * which letters are the same. Bytes from 0x80 up in an alias are read as code page 437, and aliases
 * that Drupe makes have none.
 */
#ifndef FS_FAT_NAMES_H
#define FS_FAT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/fat/format.h"

/* The longest name in UTF-8, with its NUL. */
#define FAT_TEXT_BYTES NAME_BYTES_MAX

/* "NAME.EXT" and its NUL, in UTF-8: no character of code page 437 takes more than 3 bytes. */
#define FAT_ALIAS_TEXT_BYTES (3 * FAT_ALIAS_BYTES + 2)

/*
 * The units of a name of length bytes of UTF-8. Returns how many. -EBADPATH: it is no UTF-8, has
 * more than 255 units, a character that Windows does not allow (below blank, 0x7F, " * / : < > ? \
 * |), or a blank or a dot at its end, which other systems would drop.
 */
int fat_name_units(const char *name, size_t length, uint16_t units[FAT_NAME_UNITS_MAX]);

/* UTF-8 of count units, at most FAT_NAME_UNITS_MAX, with a NUL; lone surrogates become U+FFFD.
 * Returns its length, or 0 when it is empty or has a character that no path can have ('/' or
 * NUL). */
size_t fat_name_text(const uint16_t *units, size_t count, char text[FAT_TEXT_BYTES]);

/*
 * Does Windows take the name for a device's? CON, PRN, AUX, NUL, COM1 to COM9 and LPT1 to LPT9 (the
 * last digit may be a superscript 1, 2 or 3), also with blanks or anything that begins with a dot
 * behind: in every folder it opens the device instead of such a file (Microsoft, "Naming files,
 * paths, and namespaces").
 */
bool fat_name_is_device(const uint16_t *units, size_t count);

/* The same letter for capital and small ones. */
uint16_t fat_fold(uint16_t unit);

/* For the slots of a long name: of the alias that they belong to. */
uint8_t fat_alias_checksum(const uint8_t alias[FAT_ALIAS_BYTES]);

/* An alias as text, and its length; name_case: the entry's FAT_LOWER_... bits. */
size_t fat_alias_text(const uint8_t alias[FAT_ALIAS_BYTES], uint8_t name_case,
                      char text[FAT_ALIAS_TEXT_BYTES]);

/* The alias that is written like this name, in any case; false: there is none. */
bool fat_alias_of_text(const char *name, size_t length, uint8_t alias[FAT_ALIAS_BYTES]);

/* Are they one alias, where case makes no difference? */
bool fat_alias_is_same(const uint8_t a[FAT_ALIAS_BYTES], const uint8_t b[FAT_ALIAS_BYTES]);

/*
 * The alias that a new name gets. As in Windows: capitals, without blanks and all dots but the
 * last, '_' for what no alias may have; at most 8 and 3 characters.
 *     is_exact      the alias says it all, but for case: no number is needed
 *     needs_long    the name must be written as a long name, too (if not, name_case does it)
 * Else the alias must get a number, by fat_alias_number().
 */
struct fat_alias {
    uint8_t name[FAT_ALIAS_BYTES];
    uint8_t name_case;
    bool is_exact;
    bool needs_long;
};
void fat_alias_make(const uint16_t *units, size_t count, struct fat_alias *alias);

/* How many different numbers a seed gives: NAME~1 to NAME~4, then NA and four digits of a sum of
 * the long name and the seed, with ~1 to ~9. */
#define FAT_ALIAS_NUMBERS 13

/* alias with number `number`, from 0 to FAT_ALIAS_NUMBERS - 1, in result. */
void fat_alias_number(const struct fat_alias *alias, const uint16_t *units, size_t count,
                      unsigned number, unsigned seed, uint8_t result[FAT_ALIAS_BYTES]);

#endif
