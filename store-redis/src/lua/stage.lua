-- Puts a chunk of a large commit into the log; nothing is decided. KEYS: record, set of maps, log. ARGV: fence, sequence
-- before, sequence, name of the log, index of the chunk, chunk, names of all maps.
local record = redis.call('HMGET', KEYS[1], 'fence', 'sequence', 'pending', 'staged')
local answer = refused(record)
if answer then return answer end
local name, index = ARGV[4], tonumber(ARGV[5])
local staged, chunks = string.match(record[4] or '', '^(.*):(%d+)$')
-- Names of one owner grow: what comes late must not end what came after it.
if staged and staged > name then return redis.error_reply('STALE the log of an earlier attempt') end
if staged == name and tonumber(chunks) > index then return 'OK' end
if index == 0 then
  redis.call('UNLINK', KEYS[3])
  redis.call('HSET', KEYS[3], 'maps', ARGV[7])
elseif staged ~= name or tonumber(chunks) ~= index then
  return redis.error_reply('STALE a chunk out of turn')
end
redis.call('HSET', KEYS[3], ARGV[5], ARGV[6])
redis.call('HSET', KEYS[1], 'staged', name .. ':' .. (index + 1))
return 'OK'
