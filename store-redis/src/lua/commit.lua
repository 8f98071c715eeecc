-- Commits. KEYS: record, set of maps, log, maps. ARGV: fence, sequence before, sequence, checkpoint, chunk, names.
local record = redis.call('HMGET', KEYS[1], 'fence', 'sequence', 'pending', 'staged')
local answer = refused(record)
if answer then return answer end
local refusal = unwritable(6)
if refusal then return refusal end
if record[4] then
  redis.call('UNLINK', KEYS[3])
  redis.call('HDEL', KEYS[1], 'staged')
end
apply(cmsgpack.unpack(ARGV[5]), 6)
redis.call('HSET', KEYS[1], 'sequence', ARGV[3], 'checkpoint', ARGV[4])
return 'OK'
