//! The scripts: each checks before it writes, because Redis rolls nothing back.

use std::sync::LazyLock;

use redis::Script;

/// Claims a task: `KEYS` task record; `ARGV` owner, in 32 hexadecimal digits. Gives the fence and the checkpoint.
///
/// A claim repeated by the same owner keeps its epoch. Epochs are made here as text of 20 digits, because numbers of
/// the script language are floating point: an epoch stays far below their 53 bits.
pub(crate) static CLAIM: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"#!lua
local fence = redis.call('HGET', KEYS[1], 'fence')
if not fence or string.sub(fence, 22) ~= ARGV[1] then
  local epoch = 0
  if fence then epoch = tonumber(string.sub(fence, 1, 20)) end
  fence = string.format('%020d', epoch + 1) .. ':' .. ARGV[1]
  redis.call('HSET', KEYS[1], 'fence', fence)
end
redis.call('HDEL', KEYS[1], 'destroyed')
return {fence, redis.call('HGET', KEYS[1], 'checkpoint')}",
    )
});

/// Commits: `KEYS` task record, set of maps, then hash and sorted set of each written map, then those of each dropped
/// one. `ARGV` fence, sequence before, sequence, checkpoint, number of written maps, then per written map its name, the
/// number of puts, their keys and values, the number of deletes, their keys; then the names of dropped maps.
pub(crate) static COMMIT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"#!lua
local m = redis.call('HMGET', KEYS[1], 'fence', 'sequence')
if m[1] ~= ARGV[1] then return redis.error_reply('FENCED a later owner has claimed the task') end
if m[2] == ARGV[3] then return 'DUP' end
if (m[2] or '0') ~= ARGV[2] then return redis.error_reply('SEQGAP the task is at commit '..tostring(m[2])) end
local maps = tonumber(ARGV[5])
local function check(key, wanted)
  local found = redis.call('TYPE', key).ok
  return found == 'none' or found == wanted
end
if not check(KEYS[2], 'set') then return redis.error_reply('FOREIGN '..KEYS[2]) end
for k = 3, #KEYS, 2 do
  if not check(KEYS[k], 'hash') or not check(KEYS[k + 1], 'zset') then
    return redis.error_reply('FOREIGN '..KEYS[k])
  end
end
local at, k = 6, 3
for _ = 1, maps do
  local name, puts = ARGV[at], tonumber(ARGV[at + 1])
  redis.call('SADD', KEYS[2], name)
  at = at + 2
  local last = at + 2 * puts - 1
  while at <= last do
    local h, z = {}, {}
    local stop = math.min(at + 3998, last)
    for x = at, stop, 2 do
      h[#h + 1] = ARGV[x]; h[#h + 1] = ARGV[x + 1]
      z[#z + 1] = '0'; z[#z + 1] = ARGV[x]
    end
    redis.call('HSET', KEYS[k], unpack(h))
    redis.call('ZADD', KEYS[k + 1], unpack(z))
    at = at + #h
  end
  local deletes = tonumber(ARGV[at])
  at = at + 1
  last = at + deletes - 1
  while at <= last do
    local d = {}
    for x = at, math.min(at + 3999, last) do d[#d + 1] = ARGV[x] end
    redis.call('HDEL', KEYS[k], unpack(d))
    redis.call('ZREM', KEYS[k + 1], unpack(d))
    at = at + #d
  end
  k = k + 2
end
while k <= #KEYS do
  redis.call('UNLINK', KEYS[k], KEYS[k + 1])
  redis.call('SREM', KEYS[2], ARGV[at])
  at = at + 1
  k = k + 2
end
redis.call('HSET', KEYS[1], 'sequence', ARGV[3], 'checkpoint', ARGV[4])
return 'OK'",
    )
});

/// Reads a page: `KEYS` hash and sorted set of a map, task record; `ARGV` `REV` or nothing, where to begin, where to end,
/// entries, bytes, and for who does not own the task how often it was destroyed when it was opened. Gives 1 where there is more, else 0, and the keys and values in turn.
///
/// One script, so that a page is of one commit; it ends with the entry that reaches the limit of bytes.
pub(crate) static PAGE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"#!lua flags=no-writes
if ARGV[6] and (redis.call('HGET', KEYS[3], 'life') or '0') ~= ARGV[6] then
  return redis.error_reply('GONE the task was destroyed')
end
local limit, bytes = tonumber(ARGV[4]), tonumber(ARGV[5])
local found
if ARGV[1] == 'REV' then
  found = redis.call('ZRANGE', KEYS[2], ARGV[2], ARGV[3], 'BYLEX', 'REV', 'LIMIT', 0, limit + 1)
else
  found = redis.call('ZRANGE', KEYS[2], ARGV[2], ARGV[3], 'BYLEX', 'LIMIT', 0, limit + 1)
end
local page, size, more = {}, 0, 0
for n, key in ipairs(found) do
  if n > 1 and (n > limit or size >= bytes) then
    more = 1
    break
  end
  local value = redis.call('HGET', KEYS[1], key)
  if not value then return redis.error_reply('DAMAGED '..KEYS[1]) end
  page[#page + 1] = key
  page[#page + 1] = value
  size = size + #key + #value
end
return {more, page}",
    )
});

/// Destroys a claimed task: `KEYS` task record, set of maps, then hash and sorted set of each map; `ARGV` the fence of
/// the claim. Keeps the fence.
pub(crate) static DESTROY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"#!lua
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then
  return redis.error_reply('FENCED a later owner has claimed the task')
end
for k = 2, #KEYS do redis.call('UNLINK', KEYS[k]) end
redis.call('HDEL', KEYS[1], 'sequence', 'checkpoint')
redis.call('HSET', KEYS[1], 'destroyed', '1')
redis.call('HINCRBY', KEYS[1], 'life', 1)
return 'OK'",
    )
});
