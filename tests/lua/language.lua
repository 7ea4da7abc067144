-- What the standard libraries do with files, numbers and time.
print(#arg, arg[1], arg[2])
print(os.getenv("NOBODY_HAS_THIS"), type(os.time()), type(os.clock()))
local file <close> = assert(io.open("words.txt"))
local longest, lines = "", 0
for line in file:lines() do
    lines = lines + 1
    if #line > #longest then longest = line end
end
print(lines, longest, file:seek("set", 2), file:read(3), file:read("n"), file:read("a"):len())
print(io.open("nothing.txt"))
print(pcall(dofile, "nothing.lua"))
local temporary = assert(io.tmpfile())
for i = 1, 1000 do temporary:write(i, " ") end
temporary:seek("set")
local sum = 0
for n in function() return temporary:read("n") end do sum = sum + n end
print(sum)
temporary:close()
print(require("module").name, package.loaded.module ~= nil)
print(math.type(1), math.type(1.0), 7 // 2, 7 / 2, 2^10, 10 // 0.0, pcall(function() return 1 // 0 end))
print(string.format("%.10f %.10f %.10f %.10f", math.sin(1), math.exp(1), math.log(10), math.sqrt(2)))
print(math.tointeger(3.0), math.floor(-3.5), math.ceil(-3.5), math.fmod(-7, 3), math.ult(1, -1))
print(os.date("!%Y-%m-%d %H:%M:%S", 86400 * 365))
goto done
print("not reached")
::done::
io.write("no line break at the end")
