#!lua flags=no-writes
-- Reads a page, of one commit because it is one script. KEYS: hash and sorted set of a map, record. ARGV: 'REV' or nothing,
-- where to begin, where to end, entries, bytes. Gives how often the task was destroyed and its decided log, then whether
-- there is more, then keys and values in turn. Ends with the entry that reaches the limit of bytes.
local limit, bytes = tonumber(ARGV[4]), tonumber(ARGV[5])
local found
if ARGV[1] == 'REV' then
  found = redis.call('ZRANGE', KEYS[2], ARGV[2], ARGV[3], 'BYLEX', 'REV', 'LIMIT', 0, limit + 1)
else
  found = redis.call('ZRANGE', KEYS[2], ARGV[2], ARGV[3], 'BYLEX', 'LIMIT', 0, limit + 1)
end
local wanted = math.min(#found, limit)
local page, size, n, largest = {}, 0, 0, 1
while n < wanted and (n == 0 or size < bytes) do
  -- Few at a time, and one where they are large, so that values are not fetched for nothing.
  local few = n == 0 and 1 or math.min(16, math.floor((bytes - size) / largest))
  local to = math.min(n + math.max(1, few), wanted)
  local values = redis.call('HMGET', KEYS[1], unpack(found, n + 1, to))
  for v = 1, to - n do
    if n > 0 and size >= bytes then break end
    local key, value = found[n + 1], values[v]
    if not value then return redis.error_reply('DAMAGED ' .. KEYS[1]) end
    page[#page + 1] = key
    page[#page + 1] = value
    largest = math.max(largest, #key + #value)
    size = size + #key + #value
    n = n + 1
  end
end
local record = redis.call('HMGET', KEYS[3], 'life', 'pending')
return {record[1], record[2], n < #found and 1 or 0, page}
