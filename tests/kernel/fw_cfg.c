/*
 * tests/kernel/fw_cfg.c - options for the test kernel from QEMU's command line.
 *
 * The firmware configuration device (QEMU, docs/specs/fw_cfg): a selector port 0x510 (16 bits) and
 * a data port 0x511 (bytes). Item 0x0000 is the signature "QEMU"; item 0x0019 the directory: a
 * count and then entries of 64 bytes, numbers big-endian: size (4), selector (2), reserved (2),
 * name (56).
 */
#include "arch/x86/io.h"
#include "ktest.h"
#include "lib/string.h"

#define FW_CFG_SELECTOR  0x510
#define FW_CFG_DATA      0x511
#define FW_CFG_SIGNATURE 0x0000
#define FW_CFG_DIRECTORY 0x0019
#define FW_CFG_NAME      56

static void read_bytes(void *buffer, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        ((uint8_t *)buffer)[i] = inb(FW_CFG_DATA);
    }
}

static uint32_t read_big_endian(size_t length)
{
    uint32_t value = 0;

    for (size_t i = 0; i < length; i++) {
        value = value << 8 | inb(FW_CFG_DATA);
    }
    return value;
}

bool fw_cfg_read_string(const char *name, char *buffer, size_t size)
{
    char text[FW_CFG_NAME];

    outw(FW_CFG_SELECTOR, FW_CFG_SIGNATURE);
    read_bytes(text, 4);
    if (memcmp(text, "QEMU", 4) != 0) {
        return false;
    }
    outw(FW_CFG_SELECTOR, FW_CFG_DIRECTORY);
    for (uint32_t left = read_big_endian(4); left > 0; left--) {
        uint32_t bytes = read_big_endian(4);
        uint16_t selector = (uint16_t)read_big_endian(2);

        read_big_endian(2);
        read_bytes(text, sizeof(text));
        if (strncmp(text, name, sizeof(text)) == 0) {
            outw(FW_CFG_SELECTOR, selector);
            memset(buffer, 0, size);
            read_bytes(buffer, bytes < size ? bytes : size - 1);
            return true;
        }
    }
    return false;
}
