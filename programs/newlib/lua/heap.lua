-- heap.lua - what a heap has to do for a program like this one: run it with "lua heap.lua".
local before = collectgarbage("count")
local list = {}
for i = 1, 100000 do
    list[i] = "number " .. i
end
local full = collectgarbage("count")
for i = 1, #list, 2 do
    list[i] = nil
end
collectgarbage()
local half = collectgarbage("count")
list = nil
collectgarbage()
print(string.format("before %6.0f KiB", before))
print(string.format("full   %6.0f KiB: 100,000 strings", full))
print(string.format("half   %6.0f KiB: every second one", half))
print(string.format("after  %6.0f KiB", collectgarbage("count")))
