#!lua
-- In front of the scripts that write maps: KEYS[FIRST] and so on are the hash and the sorted set of each map.
local FIRST = 4

-- The key that holds something else than we keep there, if there is one; KEYS[2] is the set of maps.
local function foreign()
  local function is(key, wanted)
    local found = redis.call('TYPE', key).ok
    return found == 'none' or found == wanted
  end
  if not is(KEYS[2], 'set') then return KEYS[2] end
  for k = FIRST, #KEYS, 2 do
    if not is(KEYS[k], 'hash') then return KEYS[k] end
    if not is(KEYS[k + 1], 'zset') then return KEYS[k + 1] end
  end
end

-- The command that the user may not run any more, if there is one: rights may change after the claim, and a script that is
-- refused in its middle leaves half of what it writes.
local function forbidden()
  local values, order = KEYS[FIRST] or KEYS[1], KEYS[FIRST + 1] or KEYS[1]
  for _, command in ipairs({
    {'HSET', values, 'f', 'v'}, {'HDEL', values, 'f'}, {'ZADD', order, '0', 'm'}, {'ZREM', order, 'm'},
    {'SADD', KEYS[2], 'm'}, {'SREM', KEYS[2], 'm'}, {'HINCRBY', KEYS[1], 'f', '1'}, {'UNLINK', KEYS[3]},
  }) do
    if not redis.acl_check_cmd(unpack(command)) then return string.lower(command[1]) end
  end
end

-- Why nothing can be written now; `names` is where in ARGV the names of the maps begin.
local function unwritable(names)
  local key = foreign()
  if key then return redis.error_reply('FOREIGN ' .. key) end
  local command = forbidden()
  if command then return redis.error_reply('NOPERM the user may not run ' .. command .. ' any more') end
  -- What is not in the set was lost with it, or belongs to a task whose record is lost.
  for k = FIRST, #KEYS, 2 do
    local name = ARGV[names + (k - FIRST) / 2]
    if redis.call('SISMEMBER', KEYS[2], name) == 0 and redis.call('TYPE', KEYS[k]).ok ~= 'none' then
      return redis.error_reply('INCOMPLETE a map is there that is not known')
    end
  end
end

-- Adds a map to the set, or removes it. The record counts them, so that neither can be lost without the other's notice.
local function list(command, name, change)
  if redis.call(command, KEYS[2], name) > 0 then redis.call('HINCRBY', KEYS[1], 'maps', change) end
end

-- Applies a chunk, a list of {map, {key, value, ...}, {deleted key, ...}, dropped}; maps count from 0. `unpack` takes
-- fewer than 8000 values.
local function apply(chunk, names)
  for _, change in ipairs(chunk) do
    local at = FIRST + 2 * change[1]
    local values, order, name = KEYS[at], KEYS[at + 1], ARGV[names + change[1]]
    if change[4] then
      redis.call('UNLINK', values, order)
      list('SREM', name, -1)
    end
    local puts, deletes = change[2], change[3]
    if #puts > 0 then list('SADD', name, 1) end
    for from = 1, #puts, 4000 do
      local to = math.min(from + 3999, #puts)
      -- A hash and its order have the same keys: where none is new, the order stays.
      if redis.call('HSET', values, unpack(puts, from, to)) > 0 then
        local members = {}
        for p = from, to, 2 do
          members[#members + 1] = '0'
          members[#members + 1] = puts[p]
        end
        redis.call('ZADD', order, unpack(members))
      end
    end
    for from = 1, #deletes, 4000 do
      local to = math.min(from + 3999, #deletes)
      if redis.call('HDEL', values, unpack(deletes, from, to)) > 0 then
        redis.call('ZREM', order, unpack(deletes, from, to))
      end
    end
  end
end

-- What is wrong with a commit of ARGV: fence, sequence before, sequence. 'DUP' for one that is decided.
local function refused(record)
  if not record[1] then return redis.error_reply('SEQGAP the record of the task is gone') end
  if record[1] ~= ARGV[1] then return redis.error_reply('FENCED a later owner has claimed the task') end
  if record[2] == ARGV[3] then
    -- A write, so that who waits for replicas or the disk after it waits for the commit.
    redis.call('HSET', KEYS[1], 'sequence', ARGV[3])
    return 'DUP'
  end
  if (record[2] or '0') ~= ARGV[2] then
    return redis.error_reply('SEQGAP the task is at commit ' .. tostring(record[2]))
  end
  if record[3] then return redis.error_reply('UNAPPLIED the commit before') end
end
