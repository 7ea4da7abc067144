/*
 * process/descriptors.c - see descriptors.h.
 *
 * Size before speed.
 */
#include "process/descriptors.h"

#include "base/status.h"
#include "fs/device_file.h"

static uint32_t charge_of(uint32_t number)
{
    return number >= FILE_DESCRIPTOR_FIRST ? 1 : 0;
}

int descriptors_add(struct descriptors *descriptors, struct family *family, struct file *file,
                    uint32_t from)
{
    for (uint32_t number = from; number < FILE_DESCRIPTORS; number++) {
        if (!descriptors->files[number]) {
            return descriptors_replace(descriptors, family, file, number);
        }
    }
    return -EBUSY;
}

int descriptors_replace(struct descriptors *descriptors, struct family *family, struct file *file,
                        uintptr_t number)
{
    uint32_t index = (uint32_t)number;

    if (index >= FILE_DESCRIPTORS) {
        return -EINVARG;
    }
    struct file *old = descriptors->files[index];

    if (!old && !family_charge(family, FAMILY_FILES, charge_of(index))) {
        return -ELIMIT;
    }
    descriptors->files[index] = file;
    descriptors->close_on_execute &= ~(1u << index);
    file_close(old);
    return (int)index;
}

int descriptors_close(struct descriptors *descriptors, struct family *family, uintptr_t number)
{
    struct file *file = descriptors_file(descriptors, number);
    uint32_t index = (uint32_t)number;

    if (!file) {
        return -EINVARG;
    }
    descriptors->files[index] = NULL;
    descriptors->close_on_execute &= ~(1u << index);
    family_give_back(family, FAMILY_FILES, charge_of(index));
    file_close(file);
    return OK;
}

void descriptors_begin(struct descriptors *to)
{
    for (uint32_t number = 0; number < FILE_DESCRIPTOR_FIRST; number++) {
        to->files[number] = device_file_console();
    }
}

int descriptors_inherit(struct descriptors *to, struct family *family,
                        const struct descriptors *from, uint32_t first, uint32_t end)
{
    for (uint32_t number = first; number < end; number++) {
        if (!from->files[number]) {
            continue;
        }
        if (!family_charge(family, FAMILY_FILES, charge_of(number))) {
            return -ELIMIT;
        }
        to->files[number] = file_hold(from->files[number]);
        to->close_on_execute |= from->close_on_execute & 1u << number;
    }
    return OK;
}

void descriptors_execute(struct descriptors *descriptors, struct family *family)
{
    for (uint32_t number = 0; number < FILE_DESCRIPTORS; number++) {
        if (descriptors->close_on_execute & 1u << number) {
            (void)descriptors_close(descriptors, family, number);
        }
    }
}

void descriptors_end(struct descriptors *descriptors, struct family *family)
{
    for (uint32_t number = 0; number < FILE_DESCRIPTORS; number++) {
        if (descriptors->files[number]) { /* most have none */
            (void)descriptors_close(descriptors, family, number);
        }
    }
}
