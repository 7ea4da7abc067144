-- Out of memory is an error like others: it is caught, and what was taken can be had again.
local function greedy()
    local list, text = {}, string.rep("x", 1 << 16)
    while true do
        list[#list + 1] = text .. #list
    end
end
for _ = 1, 3 do
    print(pcall(greedy))
    collectgarbage()
end
print(pcall(string.rep, "x", 1 << 30))

local function doubled()
    local text = "x"
    while true do
        text = text .. text
    end
end
print(pcall(doubled))
collectgarbage()
local list = {}
for i = 1, 10000 do
    list[i] = {i}
end
print(#list, collectgarbage("count") < 20000)
