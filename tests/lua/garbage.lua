-- Garbage collection: cycles, weak tables, finalizers, both kinds of collector; and afterwards the
-- heap is as small as before.
local function churn(rounds)
    local kept = {}
    for round = 1, rounds do
        local ring = {}
        local node = ring
        for i = 1, 500 do
            node.next = {value = i, text = "node " .. i}
            node = node.next
        end
        node.next = ring -- a cycle
        kept[round % 10 + 1] = ring
    end
    local length, node = 0, kept[1].next
    while node ~= kept[1] do
        length, node = length + 1, node.next
    end
    return length
end

collectgarbage()
collectgarbage()
local before = collectgarbage("count")
print(churn(100))
collectgarbage("generational")
print(churn(100))
collectgarbage("incremental", 150, 100)
print(churn(100))
collectgarbage()
collectgarbage()
print("as small as before:", collectgarbage("count") < before + 50)

local weak = setmetatable({}, {__mode = "k"})
local strong = {}
for i = 1, 1000 do
    local key = {}
    weak[key] = i
    if i % 10 == 0 then
        strong[#strong + 1] = key
    end
end
collectgarbage()
local left = 0
for _ in pairs(weak) do
    left = left + 1
end
print(left)

local finalized = 0
for i = 1, 1000 do
    setmetatable({}, {__gc = function() finalized = finalized + 1 end})
end
collectgarbage()
collectgarbage()
print(finalized)

local threads = {}
for i = 1, 500 do
    threads[i] = coroutine.create(function(a)
        local b = coroutine.yield(a + 1)
        return b * 2
    end)
end
local sum = 0
for i = 1, 500 do
    local _, value = coroutine.resume(threads[i], i)
    local _, result = coroutine.resume(threads[i], value)
    sum = sum + result
end
print(sum, coroutine.status(threads[1]))

for size = 1, 20 do -- up and down
    local block = string.rep("x", 1 << size) .. size
    assert(#block == (1 << size) + #tostring(size))
end
print(pcall(setmetatable, 1, {}))
