-- Recursion without an end is an error that can be caught, whichever stack it fills.
local function told(...)
    local ok, why = pcall(...)
    why = tostring(why):gsub("%s*%(message truncated%)", "")
    print(ok, why:match("stack overflow") or why:match("C stack overflow") or why:sub(1, 60))
end

local function lua(n)
    return 1 + lua(n + 1)
end
told(lua, 1)

local deepest = 0
local function count(n)
    deepest = n
    return 1 + count(n + 1)
end
pcall(count, 1)
print(deepest > 10000, deepest < 1000000)

local function through_c(n)
    return (string.gsub("x", "x", function() return through_c(n + 1) end))
end
told(through_c, 1)

local function sorts(n)
    table.sort({3, 2, 1}, function() return sorts(n + 1) end)
end
told(sorts, 1)

local meta = setmetatable({}, {__index = function(t, k) return t[k + 1] end})
told(function() return meta[1] end)
local text = setmetatable({}, {__tostring = function(t) return tostring(t) end})
told(tostring, text)
local sum = setmetatable({}, {__add = function(a, b) return a + b end})
told(function() return sum + sum end)
local concat = setmetatable({}, {__concat = function(a, b) return a .. b end})
told(function() return concat .. concat end)

told(function() -- an error in the handler of errors
    return select(2, xpcall(error, function() error("again") end, "first")) and error("stack overflow")
end)

local function nested(n)
    local thread = coroutine.wrap(nested)
    return thread(n + 1)
end
told(nested, 1)

print(load("return " .. string.rep("(", 1000) .. "1" .. string.rep(")", 1000)))
print(load(string.rep("do ", 500) .. string.rep(" end", 500)))
print(select(2, load("return " .. string.rep("{", 500) .. string.rep("}", 500))))
print(pcall(string.find, string.rep("a", 300000), string.rep("a?", 300000)))
print(pcall(string.match, string.rep("(", 500), string.rep("(", 40)))
print(pcall(string.rep, "x", -1))

-- And everything still works.
local function fib(n)
    return n < 2 and n or fib(n - 1) + fib(n - 2)
end
print(fib(24))
local function tail(n)
    if n == 0 then return "done" end
    return tail(n - 1)
end
print(tail(1000000))
