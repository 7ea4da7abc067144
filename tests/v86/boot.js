/*
 * boot.js - boots a disk image in v86 until the kernel halts or the machine stops otherwise.
 *
 * usage: node boot.js IMAGE MEGABYTES [jit|interpreter] [TEXT KEYS]
 *
 * What comes over the serial line goes to stdout, then a line "screen:" and the rows of the text
 * screen. When the line has carried TEXT, KEYS are sent to it. Status 0: the kernel halted.
 *
 * Node.js must find v86 beside this file: the Makefile installs both in build/v86.
 */
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { V86 } from "v86";

const HALTED = "(No isa-debug-exit device: it is halted.)\r\n";
const [image, megabytes, engine = "jit", text = "", keys = ""] = process.argv.slice(2);

function load(file) {
    const bytes = fs.readFileSync(file);
    return { buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) };
}

const folder = path.dirname(createRequire(import.meta.url).resolve("v86"));
const machine = new V86({
    wasm_path: path.join(folder, "v86.wasm"),
    bios: load("/usr/share/seabios/bios.bin"),
    vga_bios: load("/usr/share/vgabios/vgabios.bin"),
    hda: load(image),
    memory_size: megabytes << 20,
    vga_memory_size: 2 << 20,
    disable_jit: engine === "interpreter",
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
    autostart: true,
});

let said = "";
let is_typed = text === "";

function end() {
    process.stdout.write("screen:\n" + machine.screen_adapter.get_text_screen().join("\n") + "\n",
                         () => process.exit(0));
}

machine.add_listener("serial0-output-byte", byte => {
    const character = String.fromCharCode(byte);

    said += character;
    process.stdout.write(character);
    if (!is_typed && said.endsWith(text)) {
        is_typed = true;
        machine.serial0_send(keys);
    }
    if (said.endsWith(HALTED)) {
        /* The screen is drawn a little later than the last byte is sent. */
        setTimeout(end, 200);
    }
});
