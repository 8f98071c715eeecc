#!lua flags=no-writes
-- What a claim must know before it changes anything. KEYS: record, set of maps, log, hash and sorted set of each map. ARGV:
-- the command that waits for durability, and its arguments. Gives the commands that the user may not run, the key that
-- holds something else, the hash whose sorted set does not have as many keys, INFO where it may be asked, and whether
-- WAITAOF exists.
local lacking = {}
local function need(command, ...)
  if not redis.acl_check_cmd(command, ...) then lacking[#lacking + 1] = string.lower(command) end
end
local record, maps, log = KEYS[1], KEYS[2], KEYS[3]
need('HGET', record, 'f')
need('HMGET', record, 'f')
need('HSET', record, 'f', 'v')
need('HDEL', record, 'f')
need('HINCRBY', record, 'f', '1')
need('HLEN', record)
need('TYPE', record)
need('UNLINK', log)
need('SADD', maps, 'm')
need('SREM', maps, 'm')
need('SMEMBERS', maps)
need('SCARD', maps)
need('SISMEMBER', maps, 'm')
need('ZADD', maps, '0', 'm')
need('ZREM', maps, 'm')
need('ZRANGE', maps, '-', '+', 'BYLEX')
need('ZCARD', maps)
need('MULTI')
need('EXEC')
local exists, waitaof = pcall(redis.acl_check_cmd, 'WAITAOF', '1', '0', '1')
if ARGV[1] and (ARGV[1] ~= 'WAITAOF' or (exists and not waitaof)) then need(unpack(ARGV)) end
if #lacking > 0 then return {lacking, false, false, false, 0} end

local wanted = {'hash', 'set', 'hash'}
local foreign = false
for k, key in ipairs(KEYS) do
  local kind = wanted[k] or (k % 2 == 0 and 'hash' or 'zset')
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= kind then foreign = key end
end
local damaged = false
for k = 4, foreign and 0 or #KEYS, 2 do
  if redis.call('HLEN', KEYS[k]) ~= redis.call('ZCARD', KEYS[k + 1]) then damaged = KEYS[k] end
end
local info = false
if redis.acl_check_cmd('INFO', 'memory') then
  info = redis.call('INFO', 'memory') .. redis.call('INFO', 'persistence') .. redis.call('INFO', 'replication')
end
return {lacking, foreign, damaged, info, exists and 1 or 0}
