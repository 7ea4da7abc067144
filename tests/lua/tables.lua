-- Tables of 100,000 entries: filled, sorted, searched, emptied.
local n = 100000
local list, state = {}, 12345
for i = 1, n do
    state = (state * 1103515245 + 12345) % 2147483648
    list[i] = state
end
table.sort(list)
local ordered = true
for i = 2, n do
    ordered = ordered and list[i - 1] <= list[i]
end
print(#list, list[1], list[n // 2], list[n], ordered)

local words = {}
for i = 1, n do
    words["key" .. i] = i
end
local count, sum = 0, 0
for _, value in pairs(words) do
    count, sum = count + 1, sum + value
end
print(count, sum, words.key1, words.key100000, words.key100001)
for i = 1, n, 2 do
    words["key" .. i] = nil
end
count = 0
for key, value in pairs(words) do
    count = count + 1
    assert(key == "key" .. value)
end
print(count)

local grid = {}
for y = 1, 300 do
    grid[y] = {}
    for x = 1, 300 do
        grid[y][x] = x * y
    end
end
local trace = 0
for i = 1, 300 do
    trace = trace + grid[i][i]
end
print(trace)

local queue, first, last = {}, 1, 0
for i = 1, n do
    last = last + 1
    queue[last] = {i}
    if i % 3 == 0 then
        queue[first] = nil
        first = first + 1
    end
end
print(last - first + 1, queue[first][1], queue[last][1])

local moved = table.move(list, 1, 1000, 5, {1, 2, 3, 4})
print(#moved, moved[1004] == list[1000], select("#", table.unpack(list, 1, 200)))
for _ = 1, 10 do
    table.insert(list, 1, 0)
    table.remove(list)
end
print(#list, list[1], list[11])
moved = table.move(list, 1, 5000, 1, {})
table.sort(moved, function(a, b) return a > b end)
print(#moved, moved[1] == list[5000], moved[5000])
