-- Applies the next chunk of the decided log, if there is one. KEYS: record, set of maps, log, maps. ARGV: fence, name of
-- the log, names of its maps. Gives how many chunks are left.
local record = redis.call('HMGET', KEYS[1], 'fence', 'pending')
if not record[1] then return redis.error_reply('SEQGAP the record of the task is gone') end
if record[1] ~= ARGV[1] then return redis.error_reply('FENCED a later owner has claimed the task') end
local name, chunks, index = string.match(record[2] or '', '^(.*):(%d+):(%d+)$')
if name ~= ARGV[2] then return 0 end
local chunk = redis.call('HGET', KEYS[3], index)
if not chunk then return redis.error_reply('DAMAGED ' .. KEYS[3]) end
local refusal = unwritable(3)
if refusal then return refusal end
apply(cmsgpack.unpack(chunk), 3)
local left = chunks - index - 1
if left == 0 then
  redis.call('UNLINK', KEYS[3])
  redis.call('HDEL', KEYS[1], 'pending')
else
  redis.call('HSET', KEYS[1], 'pending', name .. ':' .. chunks .. ':' .. (index + 1))
end
return left
