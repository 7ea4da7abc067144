/*
 * kernel/kernel.c - what happens, in order, from the first C instruction to the first program.
 *
 * Size before speed.
 */
#include "abi/boot_info.h"
#include "arch/cpu.h"
#include "arch/fpu.h"
#include "arch/irq.h"
#include "arch/trap.h"
#include "config.h"
#include "arch/machine.h"
#include "debug/panic.h"
#include "device/null.h"
#include "device/random.h"
#include "debug/printk.h"
#include "drivers/debugcon.h"
#include "drivers/keyboard.h"
#include "arch/timer.h"
#include "drivers/serial.h"
#include "drivers/vga.h"
#include "drivers/rtc.h"
#include "fs/device_fs.h"
#include "fs/node.h"
#include "fs/page_object.h"
#include "fs/ram/ram_fs.h"
#include "fs/vfs.h"
#include "fs/write_behind.h"
#include "kernel/boot_disk.h"
#include "kernel/kernel.h"
#include "layout.h"
#include "lib/status_text.h"
#include "lib/string.h"
#include "memory/memory.h"
#include "syscall/syscall.h"
#include "process/fault.h"
#include "process/process.h"
#include "task/task.h"

#define INIT_NAME "init.elf"
#define INIT_PATH "0:/" INIT_NAME

/* The longest wait, when init has ended, for the others to end. */
#define END_TICKS (3 * TIMER_HZ)

static volatile bool is_restart_asked;

static void start_console(void);
static void mount_memory(void);
static void check_boot_info(void);
static void check_keys(void);
static void start_init(void);

void kernel_main(void)
{
    start_console();           /* from here on nothing happens silently */
    cpu_initialise();          /* segments; kernel stack for ring 3's traps; double faults */
    trap_initialise();         /* exceptions are reported */
    cpu_features_initialise(); /* is this CPU good enough? */
    fpu_initialise();          /* tasks may compute with it, the kernel may not */
    irq_initialise();          /* hardware interrupts have vectors, and are still masked */
    check_boot_info();
    memory_initialise(); /* the firmware's map, heap, frames, paging */
    timer_initialise(TIMER_HZ);
    keyboard_initialise();
    serial_enable_input();
    check_keys();
    task_initialise(); /* this stack is the idle task's from now on */
    rtc_initialise();
    page_cache_initialise();
    node_cache_initialise();
    null_initialise();   /* what has a name in /dev ... */
    random_initialise(); /* ... the console comes with the processes */
    process_initialise();
    mount_memory();             /* drive 1, and /dev */
    process_fault_initialise(); /* a fault in ring 3 ends its process, not the kernel */
    syscall_initialise();       /* int 0x80 */
    if (kernel_tests_run) {
        kernel_tests_run(); /* linked into the test and bench kernels only; does not return */
    }
    boot_disk_mount(page_memory(BOOT_INFO_ADDRESS), INIT_PATH);
    write_behind_start(); /* what programs write gets to the disks by itself */
    start_init();
    task_run();
}

static void mount_memory(void)
{
    KASSERT(vfs_mount(VFS_DRIVE_MEMORY, &ram_file_system, NULL, 0, 0) == OK);
    KASSERT(vfs_mount(VFS_DRIVE_DEVICES, &device_file_system, NULL, 0, 0) == OK);
}

static void start_console(void)
{
    vga_initialise(page_memory(VGA_TEXT_ADDRESS));
    serial_initialise();
    debugcon_initialise();
    printk("Drupe\n");
}

static void check_boot_info(void)
{
    const struct boot_info *info = page_memory(BOOT_INFO_ADDRESS);

    if (info->magic != BOOT_INFO_MAGIC) {
        fatal("The kernel was not started by Drupe's boot sector: no boot info at %08x.",
              BOOT_INFO_ADDRESS);
    }
    printk("Booted from BIOS drive %02x, over %s.\n", info->drive,
           info->path == BOOT_PATH_ATA ? "ATA" : "INT 13h");
}

/* Without keys a program that waits for one would wait for ever, without a reason on the screen. */
static void check_keys(void)
{
    if (!keyboard_is_present() && !serial_is_present()) {
        printk_sentence(
            0, "There is no PS/2 keyboard (or a BIOS that shows a USB one as such) and no serial"
               " line: no key can arrive.");
    }
}

/* Ctrl-Alt-Del, by the interrupt: init ends, and with it the machine; the second time it is not
 * waited for. */
static bool restart(void)
{
    bool was_asked = is_restart_asked;

    is_restart_asked = true;
    process_cancel_init(STATUS_KILLED);
    return !was_asked;
}

/* Init's last work: what was written gets to the disks. */
static void init_exited(int status, bool restarts)
{
    if (restarts) {
        printk("The machine restarts.\n");
        is_restart_asked = true;
    }
    if (!is_restart_asked) {
        printk("init exited with status %d\n", status);
    }
    process_end_others(END_TICKS);

    int saved = vfs_end();

    if (saved < 0 && saved != -EINUSE) {
        printk_sentence(0, "Not everything that was written has got to the disk: %s.",
                        status_text(saved));
    }
    if (is_restart_asked) {
        machine_restart();
    }
    machine_exit(status == 0 ? MACHINE_EXIT_SUCCESS : MACHINE_EXIT_FAILURE);
}

static void start_init(void)
{
    struct arguments *arguments = arguments_new();
    struct process *init;
    size_t size;

    KASSERT(arguments);
    string_copy(arguments_next(arguments, &size), INIT_NAME, sizeof(INIT_NAME));
    arguments_add(arguments, strlen(INIT_NAME));
    int status = process_load(INIT_PATH, arguments, &init);
    arguments_free(arguments);

    if (status < 0) {
        fatal("%s cannot be started: %s (%s). A disk that starts your program: make image"
              " INIT=prog.elf IMAGE=out.bin.",
              INIT_PATH, status_text(status), boot_disk_name());
    }
    process_set_init_exit_handler(init_exited);
    keyboard_set_restart_handler(restart);
    process_start(init, 0);
}
