-- tests/bench/heap.lua - what a heap has to do for Lua: tools/lua_cost.py counts the instructions.
local function strings(n)
    local list = {}
    for i = 1, n do
        list[i] = "item " .. i
    end
    return #table.concat(list, ",")
end

local function tables(n)
    local list = {}
    for i = 1, n do
        list[i] = {i, {i + 1}, name = i}
    end
    local sum = 0
    for i = 1, n, 3 do
        sum = sum + list[i][2][1]
        list[i] = nil
    end
    return sum
end

local function queue(n)
    local first, last, items = 1, 0, {}
    for i = 1, n do
        last = last + 1
        items[last] = string.rep("x", i % 200)
        if last - first > 500 then
            items[first] = nil
            first = first + 1
        end
    end
    return last - first
end

local function buffers(n)
    local text = ""
    for i = 1, n do
        text = text .. i
    end
    return #text
end

print(strings(20000), tables(20000), queue(40000), buffers(3000))
collectgarbage()
