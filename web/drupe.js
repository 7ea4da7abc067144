/*
 * drupe.js - boots Drupe in v86, and is its screen, keyboard and serial line.
 *
 * The screen is v86's: text in the page, 25 rows. What is typed goes into a text area (#keys), for
 * only that brings up a phone's keyboard; what changes in it becomes scancodes, as if pressed on
 * the US keyboard that Drupe knows, no matter which keyboard is there. The serial line carries the same
 * text as the screen; it is kept for reading, and shows when the machine is ready and has ended.
 */
"use strict";

const MEMORY_MIB = 64;
const PROMPT = "drupe> ";
const HALTED = "it is halted.)";
const LOG_LINES = 2000;
const FONT_PIXELS_MIN = 10; /* for the height's sake; for the width's it may be smaller */
const FONT_PIXELS_MAX = 40;
const KEY_MILLISECONDS = 5; /* between two keys: no more than Drupe takes */

const element = id => document.getElementById(id);
const frame = element("screen");
const rows = element("rows");
const keys = element("keys");

let machine = null;

/* ---------------------------------------------------------------- the status line */

let cannot_start = false;

/* Why it cannot start stays: what comes after it is its consequence. */
function say(sentence, is_failure = false)
{
    if (!cannot_start) {
        element("status").textContent = sentence;
        element("status").classList.toggle("failed", is_failure);
    }
}

function set_ready(is_ready)
{
    for (const button of document.querySelectorAll("[data-key], [data-command]")) {
        button.disabled = !is_ready;
    }
}

/* What is known to go wrong, in a sentence for the reader. */
class Failure extends Error {}

function say_error(error)
{
    const what = error?.message ?? error;

    say(error instanceof Failure ? what : `Something went wrong: ${what}`, true);
}

window.addEventListener("error", event => say_error(event.error ?? event.message));
window.addEventListener("unhandledrejection", event => say_error(event.reason));

/* ---------------------------------------------------------------- loading */

const progress = { loaded: 0, total: 0 };

function say_progress()
{
    const megabytes = bytes => (bytes / 1e6).toFixed(1);

    say(`Loading: ${megabytes(progress.loaded)} of ${megabytes(progress.total)} MB.`);
}

async function fetch_bytes(name)
{
    let response;

    try {
        response = await fetch(name, { cache: "no-cache" }); /* kept, but never an older disk */
    } catch {
        throw new Failure(`${name} could not be loaded: the server does not answer.`);
    }
    if (response.status === 404) {
        throw new Failure(`${name} is missing on the server; make web puts it beside this page.`);
    }
    if (!response.ok) {
        throw new Failure(`${name} could not be loaded: the server says ${response.status}.`);
    }
    progress.total += Number(response.headers.get("Content-Length"));
    const chunks = [];
    try {
        for (const reader = response.body.getReader();;) {
            const { done, value } = await reader.read();
            if (done) {
                break;
            }
            chunks.push(value);
            progress.loaded += value.length;
            say_progress();
        }
    } catch {
        throw new Failure(`${name} could not be loaded: the connection broke. Load it again.`);
    }
    return new Blob(chunks).arrayBuffer();
}

/* A file's content, unpacked if it is packed: some servers have done so themselves. */
async function load(name)
{
    const buffer = await fetch_bytes(name);
    const start = new Uint8Array(buffer, 0, Math.min(2, buffer.byteLength));

    if (start[0] !== 0x1F || start[1] !== 0x8B) {
        return buffer;
    }
    try {
        const unpacked = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"));
        return await new Response(unpacked).arrayBuffer();
    } catch {
        throw new Failure(`${name} is damaged. Load the page again.`);
    }
}

/* ---------------------------------------------------------------- what Drupe says */

let lines = [""];
let column = 0;
let sequence = null; /* of a terminal: what follows ESC [, else null */
let is_drawn = true;

/* Puts a byte of the serial line where a terminal would; colours are left out. */
function take_byte(byte)
{
    const character = String.fromCharCode(byte);
    const line = lines[lines.length - 1];

    if (sequence !== null) {
        sequence += character;
        if (/[@-Z\\-~]$/.test(sequence)) {
            sequence = null;
        }
    } else if (character === "\x1B") {
        sequence = "";
    } else if (character === "\n") {
        lines.push("");
        lines.splice(0, lines.length - LOG_LINES);
        column = 0;
    } else if (character === "\r") {
        column = 0;
    } else if (character === "\b") {
        column = Math.max(0, column - 1);
    } else if (byte >= 0x20) {
        lines[lines.length - 1] = line.slice(0, column).padEnd(column) + character +
                                  line.slice(column + 1);
        column++;
    }
}

function listen(byte)
{
    take_byte(byte);
    const line = lines[lines.length - 1];
    if (byte === 0x20 && line === PROMPT) {
        if (element("status").dataset.state !== "ready") {
            element("status").dataset.state = "ready";
            say("Drupe is running. Click or tap the screen and type.");
            set_ready(true);
        }
    } else if (line.endsWith(HALTED)) {
        element("status").dataset.state = "halted";
        say("Drupe has ended, and its machine is halted. Restart switches it on again.");
        set_ready(false);
    }
    if (is_drawn) {
        is_drawn = false;
        requestAnimationFrame(draw);
    }
}

/* The text below the screen, and the text area to the cursor. */
function draw()
{
    const log = element("log");
    const is_at_end = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
    const cursor = rows.querySelector(".cursor");

    is_drawn = true;
    log.textContent = lines.map(line => line.trimEnd()).join("\n");
    if (is_at_end) {
        log.scrollTop = log.scrollHeight;
    }
    if (cursor !== null) {
        /* Not beyond the rows: what is typed would scroll the frame there. */
        keys.style.left = `${Math.min(cursor.offsetLeft, rows.offsetWidth - keys.offsetWidth)}px`;
        keys.style.top = `${Math.min(cursor.offsetTop, rows.offsetHeight - keys.offsetHeight)}px`;
        if (cursor.offsetLeft < frame.scrollLeft ||
            cursor.offsetLeft > frame.scrollLeft + frame.clientWidth - 20) {
            frame.scrollLeft = cursor.offsetLeft - frame.clientWidth / 2;
        }
    }
}

/* ---------------------------------------------------------------- what is typed */

/* Scancode set 1. The rows of the US keyboard, each from its first code, without and with shift. */
const SHIFT = 0x2A;
const CONTROL = 0x1D;
const RELEASED = 0x80;
const KEY_ROWS = [
    [0x02, "1234567890-=", "!@#$%^&*()_+"],
    [0x10, "qwertyuiop[]", "QWERTYUIOP{}"],
    [0x1E, "asdfghjkl;'`", "ASDFGHJKL:\"~"],
    [0x2B, "\\zxcvbnm,./", "|ZXCVBNM<>?"],
    [0x39, " ", ""],
];
const NAMED_KEYS = {
    Escape: [0x01], Backspace: [0x0E], Enter: [0x1C],
    Home: [0xE0, 0x47], ArrowUp: [0xE0, 0x48], PageUp: [0xE0, 0x49], ArrowLeft: [0xE0, 0x4B],
    ArrowRight: [0xE0, 0x4D], End: [0xE0, 0x4F], ArrowDown: [0xE0, 0x50], PageDown: [0xE0, 0x51],
    Insert: [0xE0, 0x52], Delete: [0xE0, 0x53],
};
/* What Drupe does with control; the others stay the browser's. */
const CONTROL_LETTERS = "abcdefknpu";

/* What a named key sends when it is pressed and released. */
function named_stroke(name)
{
    const codes = NAMED_KEYS[name];

    return [...codes, ...codes.slice(0, -1), codes[codes.length - 1] | RELEASED];
}

/* The same for a character's key, with shift or control held if need be; nothing without a key. */
function character_stroke(character, has_control = false)
{
    for (const [first, plain, shifted] of KEY_ROWS) {
        const is_shifted = shifted.includes(character);
        const place = (is_shifted ? shifted : plain).indexOf(character);

        if (place >= 0) {
            const code = first + place;
            const held = has_control ? CONTROL : is_shifted ? SHIFT : 0;
            return held ? [held, code, code | RELEASED, held | RELEASED] : [code, code | RELEASED];
        }
    }
    return character === "\n" ? named_stroke("Enter") : [];
}

let typing = Promise.resolve();

/* Sends one key after the other, also when they come faster than they go. */
function type(...strokes)
{
    for (const codes of strokes) {
        typing = typing.then(async () => {
            machine?.keyboard_send_scancodes(codes);
            await new Promise(done => setTimeout(done, KEY_MILLISECONDS));
        });
    }
}

function type_text(text)
{
    type(...Array.from(text, character => character_stroke(character)));
}

/* The text area is never empty: a phone reports no Backspace in an empty one. */
const NOTHING = " ";
let typed = NOTHING;

function empty_keys()
{
    keys.value = typed = NOTHING;
    keys.setSelectionRange(typed.length, typed.length);
}

/* Phones complete and correct words, so what counts is the change, not the key. */
function take_input(event)
{
    const text = keys.value;
    let same = 0;

    while (same < text.length && text[same] === typed[same]) {
        same++;
    }
    type(...Array(typed.length - same).fill(named_stroke("Backspace")));
    type_text(text.slice(same));
    typed = text;
    if (!event.isComposing && (!text.startsWith(NOTHING) || text.endsWith("\n"))) {
        empty_keys();
    }
}

/* Keys that would not change the text area's text. Tab stays the page's: it leads on. */
function take_key(event)
{
    const letter = event.key.toLowerCase();

    if (event.isComposing || event.altKey || event.metaKey) {
        return;
    }
    if (event.ctrlKey && !event.shiftKey && letter.length === 1 &&
        CONTROL_LETTERS.includes(letter)) {
        type(character_stroke(letter, true));
    } else if (!event.ctrlKey && event.key in NAMED_KEYS && event.key !== "Backspace") {
        type(named_stroke(event.key));
        empty_keys();
    } else {
        return;
    }
    event.preventDefault();
}

function take_button(event)
{
    const { key, command, zoom } = event.target.dataset;

    if (key === "Control-c") {
        type(character_stroke("c", true));
    } else if (key) {
        type(named_stroke(key));
    } else if (command) {
        type_text(command + "\n");
    } else if (zoom) {
        set_size(size * zoom);
    }
}

/* ---------------------------------------------------------------- the screen's size */

let size = 0; /* of the font, in pixels */
let is_fitted = true; /* no other was chosen */
let fitted_width = 0;

/* The size at which all 80 columns are seen, and the 25 rows with the buttons below them, unless the
 * letters would be too small for that. */
function fitting_size()
{
    rows.style.setProperty("--size", "100px");
    const { width, height } = rows.getBoundingClientRect();
    const room = frame.parentElement.clientWidth - (frame.offsetWidth - frame.clientWidth);
    const others = element("bar").getBoundingClientRect().bottom + scrollY - height;
    const by_height = Math.max(100 * (innerHeight - others) / height, FONT_PIXELS_MIN);

    return Math.min(100 * room / width, by_height);
}

function set_size(pixels)
{
    const fitting = fitting_size();

    is_fitted = pixels <= fitting;
    size = Math.min(Math.max(pixels, fitting), FONT_PIXELS_MAX);
    rows.style.setProperty("--size", `${size}px`);
    draw();
}

/* What was chosen by A+ and A- holds until the page is of another width. */
function fit()
{
    if (is_fitted || frame.parentElement.clientWidth !== fitted_width) {
        fitted_width = frame.parentElement.clientWidth;
        set_size(0);
    }
}

/* ---------------------------------------------------------------- the machine */

function check_browser()
{
    if (location.protocol === "file:") {
        throw new Failure("This page was opened as a file, so it cannot load its parts. Serve " +
                          "it with python3 -m http.server -d bin/web and open " +
                          "http://localhost:8000/.");
    }
    if (typeof WebAssembly !== "object") {
        throw new Failure("This browser has no WebAssembly, or it is switched off; the emulator " +
                          "cannot run without it.");
    }
    if (typeof DecompressionStream !== "function") {
        throw new Failure("This browser is too old: it cannot unpack the disk. Any from 2023 or " +
                          "later can.");
    }
    if (typeof V86 !== "function") {
        throw new Failure("libv86.js is missing on the server; make web puts it beside this page.");
    }
}

async function start()
{
    check_browser();
    const [code, bios, vga_bios, disk] = await Promise.all(
        ["v86.wasm.gz", "seabios.bin", "vgabios.bin", "os.bin.gz"].map(load));
    say("Drupe is booting.");
    const compiled = await WebAssembly.compile(code);

    machine = new V86({
        wasm_fn: async imports => (await WebAssembly.instantiate(compiled, imports)).exports,
        bios: { buffer: bios },
        vga_bios: { buffer: vga_bios },
        hda: { buffer: disk },
        memory_size: MEMORY_MIB << 20,
        vga_memory_size: 2 << 20,
        screen: { container: frame },
        disable_keyboard: true,
        disable_mouse: true,
        disable_speaker: true,
        autostart: true,
    });
    machine.add_listener("serial0-output-byte", listen);
    machine.add_listener("emulator-loaded", () => {
        element("restart").disabled = false;
    });
}

function restart()
{
    lines = [""];
    column = 0;
    sequence = null;
    element("status").dataset.state = "";
    set_ready(false);
    say("Drupe is booting.");
    machine.restart();
}

keys.addEventListener("keydown", take_key);
keys.addEventListener("input", take_input);
frame.addEventListener("click", () => {
    if (getSelection().isCollapsed) { /* else it was marked to be copied */
        keys.focus({ preventScroll: true });
    }
});
document.addEventListener("click", take_button);
element("restart").addEventListener("click", restart);
addEventListener("resize", () => requestAnimationFrame(fit));
fit();
empty_keys();
start().catch(error => {
    say_error(error);
    cannot_start = true;
});
