#!lua flags=allow-oom
-- Destroys a claimed task and keeps its fence; also where memory is full, as it frees some. KEYS: record, set of maps, log, maps. ARGV: the fence of the claim.
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then
  return redis.error_reply('FENCED a later owner has claimed the task')
end
for k = 2, #KEYS do redis.call('UNLINK', KEYS[k]) end
redis.call('HDEL', KEYS[1], 'sequence', 'checkpoint', 'staged', 'pending', 'maps')
redis.call('HSET', KEYS[1], 'destroyed', '1')
redis.call('HINCRBY', KEYS[1], 'life', 1)
return 'OK'
