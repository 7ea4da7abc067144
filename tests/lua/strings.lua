-- String building: many small ones, few large ones, and what the string library does with them.
local parts = {}
for i = 1, 20000 do
    parts[#parts + 1] = string.format("%05d:%s", i, string.rep(string.char(97 + i % 26), i % 40))
end
local text = table.concat(parts, "\n")
print(#text, select(2, text:gsub("\n", "\n")))

local grown = ""
for i = 1, 4000 do
    grown = grown .. i .. ","
end
print(#grown, grown:sub(1, 30), grown:sub(-30))

local sum = 0
for byte in text:gmatch("%d+") do
    sum = sum + tonumber(byte)
end
print(sum)

print(#string.rep("abc", 1000000), #string.rep("x", 1 << 20, "--"))
print(("hello world from lua"):gsub("%w+", string.upper))
print(("x = 1, y = 22"):gsub("(%w+) = (%w+)", "%2 = %1"))
print(string.format("%q", 'a "quoted"\n\0 string\r'))
print(string.format("%-10s|%10s|%.3s|%5d|%-5d|%05d|%x|%c", "left", "right", "cut off", 42, 42, 42, 255, 65))
print(string.pack("<i4", 100):byte(1, -1))
print(("%d %s"):rep(3, " "):format(1, "a", 2, "b", 3, "c"))
print(utf8.char(228, 8364, 128512), utf8.len("\u{E4}\u{20AC}"), #"\u{7FFFFFFF}")
print(tostring(nil), tostring(true), tostring(12), tostring(-0.0), tostring(1e15), tostring(2^63))
print(math.maxinteger, math.mininteger, math.maxinteger + 1 == math.mininteger)
print(tostring(1e100), 0.1 + 0.2, 1 / 3, 100 / 3, 3 % -2, -3 % 2, 5.5 // 2, 7 // -2)
print(1e308 * 10, -1e308 * 10, math.huge // 1, 2^53 == 2^53 + 1, 1 << 62, 0x7fffffffffffffff)
print(string.format("%.14g %.17g %a %g", math.pi, math.pi, 0.5, 1e20))
print(tonumber("0x1p4"), tonumber("1e1"), tonumber(" 12 "), tonumber("z", 36), tonumber("8", 8))
