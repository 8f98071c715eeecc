#!lua flags=allow-oom
-- Claims. KEYS: record, set of maps, log. ARGV: owner in 32 hexadecimal digits, layout. Gives fence, checkpoint, and the
-- decided log that is still to be applied.
--
-- A claim repeated by the same owner keeps its epoch. Epochs are made here as text of 20 digits: numbers of the script
-- language are floating point, and an epoch stays far below their 53 bits.
local record = redis.call('HMGET', KEYS[1], 'fence', 'layout', 'staged', 'maps')
local fence = record[1]
if record[2] and record[2] ~= ARGV[2] then
  return redis.error_reply('LAYOUT the task is stored in layout ' .. record[2])
end
-- Without its record a task would begin anew on what is left of it.
local lost = not fence and redis.call('TYPE', KEYS[3]).ok ~= 'none'
if lost or redis.call('SCARD', KEYS[2]) ~= tonumber(record[4] or '0') then
  return redis.error_reply('INCOMPLETE keys of the task are gone, others are there')
end
if not fence or string.sub(fence, 22) ~= ARGV[1] then
  local epoch = 0
  if fence then epoch = tonumber(string.sub(fence, 1, 20)) end
  fence = string.format('%020d', epoch + 1) .. ':' .. ARGV[1]
end
-- What the owner before staged was not decided, and cannot be any more.
if record[3] then redis.call('UNLINK', KEYS[3]) end
redis.call('HDEL', KEYS[1], 'destroyed', 'staged')
redis.call('HSET', KEYS[1], 'fence', fence, 'layout', ARGV[2])
local left = redis.call('HMGET', KEYS[1], 'checkpoint', 'pending')
return {fence, left[1], left[2]}
