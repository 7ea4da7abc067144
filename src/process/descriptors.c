/*
 * process/descriptors.c - see descriptors.h.
 */
#include "process/descriptors.h"

#include "base/status.h"
#include "fs/device_file.h"

#define ALL_NUMBERS ((uint32_t)((1ull << FILE_DESCRIPTORS) - 1))

/* The lowest number of a set that is not empty; it is taken out. */
static uint32_t take_lowest(uint32_t *numbers)
{
    uint32_t number = (uint32_t)__builtin_ctz(*numbers);

    *numbers &= *numbers - 1;
    return number;
}

static inline void put(struct descriptors *descriptors, uint32_t number, struct file *file)
{
    descriptors->files[number] = file;
    descriptors->open |= 1u << number;
    descriptors->close_on_execute &= ~(1u << number);
}

static uint32_t charge_of(uint32_t number)
{
    return number >= FILE_DESCRIPTOR_FIRST ? 1 : 0;
}

int descriptors_reserve(const struct descriptors *descriptors, struct family *family, uint32_t from)
{
    uint32_t below = from < FILE_DESCRIPTORS ? (1u << from) - 1 : ALL_NUMBERS;
    uint32_t free = ALL_NUMBERS & ~(descriptors->open | below);

    if (!free) {
        return -EBUSY;
    }
    uint32_t number = take_lowest(&free);

    return family_charge(family, FAMILY_FILES, charge_of(number)) ? (int)number : -ELIMIT;
}

void descriptors_put(struct descriptors *descriptors, int number, struct file *file)
{
    put(descriptors, (uint32_t)number, file);
}

void descriptors_cancel(struct family *family, int number)
{
    family_give_back(family, FAMILY_FILES, charge_of((uint32_t)number));
}

int descriptors_add(struct descriptors *descriptors, struct family *family, struct file *file,
                    uint32_t from)
{
    int number = descriptors_reserve(descriptors, family, from);

    if (number >= 0) {
        descriptors_put(descriptors, number, file);
    }
    return number;
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
    put(descriptors, index, file);
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
    descriptors->open &= ~(1u << index);
    descriptors->close_on_execute &= ~(1u << index);
    family_give_back(family, FAMILY_FILES, charge_of(index));
    file_close(file);
    return OK;
}

void descriptors_begin(struct descriptors *to)
{
    for (uint32_t number = 0; number < FILE_DESCRIPTOR_FIRST; number++) {
        to->files[number] = device_file_console();
        to->open |= 1u << number;
    }
}

int descriptors_inherit(struct descriptors *to, struct family *family,
                        const struct descriptors *from, uint32_t first, uint32_t end)
{
    uint32_t before_end = end < FILE_DESCRIPTORS ? (1u << end) - 1 : ALL_NUMBERS;
    uint32_t inherited = from->open & before_end & ~((1u << first) - 1);

    while (inherited) {
        uint32_t number = take_lowest(&inherited);

        if (!family_charge(family, FAMILY_FILES, charge_of(number))) {
            return -ELIMIT;
        }
        to->files[number] = file_hold(from->files[number]);
        to->open |= 1u << number;
        to->close_on_execute |= from->close_on_execute & 1u << number;
    }
    return OK;
}

static void close_set(struct descriptors *descriptors, struct family *family, uint32_t numbers)
{
    while (numbers) {
        (void)descriptors_close(descriptors, family, take_lowest(&numbers));
    }
}

void descriptors_execute(struct descriptors *descriptors, struct family *family)
{
    close_set(descriptors, family, descriptors->close_on_execute);
}

void descriptors_end(struct descriptors *descriptors, struct family *family)
{
    close_set(descriptors, family, descriptors->open);
}
