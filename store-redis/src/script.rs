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
for k = 3, #KEYS, 2 do
  local h = redis.call('TYPE', KEYS[k]).ok
  local z = redis.call('TYPE', KEYS[k + 1]).ok
  if (h ~= 'none' and h ~= 'hash') or (z ~= 'none' and z ~= 'zset') then
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

/// One page: `KEYS` hash and sorted set of a map; `ARGV` the two ends in the order of the scan, `REV` or nothing, entries
/// and bytes at the most. Gives keys and values in turn, then `1` where there is more, else `0`.
///
/// One script, so that a page is of one commit.
pub(crate) static PAGE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"#!lua flags=no-writes
local entries, most = tonumber(ARGV[4]), tonumber(ARGV[5])
local range = {'ZRANGE', KEYS[2], ARGV[1], ARGV[2], 'BYLEX'}
if ARGV[3] == 'REV' then range[#range + 1] = 'REV' end
for _, word in ipairs({'LIMIT', '0', tostring(entries + 1)}) do range[#range + 1] = word end
local keys = redis.call(unpack(range))
local page, bytes = {}, 0
for n, key in ipairs(keys) do
  if n > entries or (n > 1 and bytes >= most) then
    page[#page + 1] = '1'
    return page
  end
  local value = redis.call('HGET', KEYS[1], key)
  if not value then return redis.error_reply('TORN the order of a map names a key without a value') end
  bytes = bytes + #key + #value
  page[#page + 1] = key
  page[#page + 1] = value
end
page[#page + 1] = '0'
return page",
    )
});

/// Destroys: `KEYS` task record, set of maps, then hash and sorted set of each map; `ARGV` the fence there must be and a
/// new owner. Keeps the epoch.
///
/// Answers `AGAIN` where the fence is another or a map was added since they were read, so that a request that arrives
/// late removes nothing of a later owner's.
pub(crate) static DESTROY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"#!lua
local fence = redis.call('HGET', KEYS[1], 'fence')
if fence ~= ARGV[1] or redis.call('SCARD', KEYS[2]) * 2 ~= #KEYS - 2 then return 'AGAIN' end
local epoch = string.format('%020d', tonumber(string.sub(fence, 1, 20)) + 1)
for k = 2, #KEYS do redis.call('UNLINK', KEYS[k]) end
redis.call('HDEL', KEYS[1], 'sequence', 'checkpoint')
redis.call('HSET', KEYS[1], 'fence', epoch .. ':' .. ARGV[2])
return 'OK'",
    )
});
