-- Decides a staged commit. KEYS: record, set of maps, log, maps. ARGV: fence, sequence before, sequence, checkpoint, name
-- of the log, chunks, names of the maps. Gives the decided log, or nothing where it is applied.
local record = redis.call('HMGET', KEYS[1], 'fence', 'sequence', 'pending', 'staged')
local answer = refused(record)
if answer == 'DUP' then return record[3] end
if answer then return answer end
if record[4] ~= ARGV[5] .. ':' .. ARGV[6] then return redis.error_reply('STALE the log is not whole') end
-- The log is a key of its own, which may be gone: what is decided must be there to be applied.
if redis.call('HLEN', KEYS[3]) ~= tonumber(ARGV[6]) + 1 then return redis.error_reply('STALE the log is not whole') end
local refusal = unwritable(7)
if refusal then return refusal end
local pending = record[4] .. ':0'
redis.call('HDEL', KEYS[1], 'staged')
redis.call('HSET', KEYS[1], 'sequence', ARGV[3], 'checkpoint', ARGV[4], 'pending', pending)
return pending
