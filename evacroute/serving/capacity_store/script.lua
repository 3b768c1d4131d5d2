-- The whole of a capacity store on Redis: one call is one request, and nothing comes between.
-- The rules are those of ledger.py. All keys of an event have one hash tag, so a cluster keeps them
-- on one node, and they end at one and the same instant, so none outlives the others.
--
-- KEYS: places, held, due, gone, beats, notice, made
--   places  hash: version, ends; by shelter c: capacity, s: step-free capacity, t: taken,
--           u: step-free taken, a: arrived
--   held    hash: token -> "size step_free until shelter", until 0 for who has arrived
--   due     sorted set: token by until [ms]
--   gone    sorted set: cancelled token by end of its tombstone [ms]
--   beats   sorted set: replica by until [ms]
--   notice  hash: v version, b bytes
--   made    hash: token -> "at other by", of who holds: which replica answered last, when, and when
--           any other did [ms]; not in held, which replicas of an older version read and write too.
--           What those answer leaves no trace here
-- ARGV: command, most to release in a call, tombstone [ms], retention [ms], then the command's own

local PLACES, HELD, DUE, GONE, BEATS, NOTICE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local MADE = KEYS[7]
local COMMAND, MOST = ARGV[1], tonumber(ARGV[2])
local TOMBSTONE, RETENTION = tonumber(ARGV[3]), tonumber(ARGV[4])
local FIRST = 5
local call = redis.call

local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function whole(number)
  return string.format('%.0f', number)
end

-- Counts of shelters as they are in the course of this call.
local rooms = {}

local function room(id)
  local known = rooms[id]
  if known == nil then
    local row = call('HMGET', PLACES, 'c:' .. id, 's:' .. id, 't:' .. id, 'u:' .. id)
    known = row[1] and {
      capacity = tonumber(row[1]), free = tonumber(row[2]),
      taken = tonumber(row[3] or 0), free_taken = tonumber(row[4] or 0),
    }
    rooms[id] = known
  end
  return known
end

local function count(hold, sign)
  local persons = sign * hold.size
  local known = room(hold.id)
  call('HINCRBY', PLACES, 't:' .. hold.id, persons)
  known.taken = known.taken + persons
  if hold.free then
    call('HINCRBY', PLACES, 'u:' .. hold.id, persons)
    known.free_taken = known.free_taken + persons
  end
  if hold.till == 0 then call('HINCRBY', PLACES, 'a:' .. hold.id, persons) end
end

local function read(token)
  local text = call('HGET', HELD, token)
  if not text then return nil end
  local size, free, till, id = string.match(text, '^(%d+) (%d) (%d+) (.+)$')
  return {size = tonumber(size), free = free == '1', till = tonumber(till), id = id}
end

local function write(token, hold)
  local free = hold.free and ' 1 ' or ' 0 '
  call('HSET', HELD, token, whole(hold.size) .. free .. whole(hold.till) .. ' ' .. hold.id)
  if hold.till == 0 then
    call('ZREM', DUE, token)
  else
    call('ZADD', DUE, whole(hold.till), token)
  end
end

-- Traces stay texts: numbers are made only of what is compared.
local function trace_of(token)
  return string.match(call('HGET', MADE, token) or '0 0 ', '^(%d+) (%d+) (.*)$')
end

-- The trace with an answer more, which may be older than the last.
local function with(at, other, by, new_by, new_at)
  local is_newer = new_at >= tonumber(at)
  if new_by ~= '' and new_by == by then
    return (is_newer and whole(new_at) or at) .. ' ' .. other .. ' ' .. by
  end
  if is_newer then return whole(new_at) .. ' ' .. at .. ' ' .. new_by end
  return at .. ' ' .. whole(math.max(tonumber(other), new_at)) .. ' ' .. by
end

local function drop(token, hold)
  call('HDEL', HELD, token)
  call('HDEL', MADE, token)
  call('ZREM', DUE, token)
  count(hold, -1)
end

local function release_due()
  local due = call('ZRANGEBYSCORE', DUE, '-inf', whole(now), 'LIMIT', 0, MOST)
  for _, token in ipairs(due) do drop(token, read(token)) end
  local ended = call('ZRANGEBYSCORE', GONE, '-inf', whole(now), 'LIMIT', 0, MOST)
  for _, token in ipairs(ended) do call('ZREM', GONE, token) end
  return #due == MOST
end

local function current(token)
  local own = read(token)
  if own and own.till > 0 and own.till <= now then
    drop(token, own)
    return nil
  end
  return own
end

-- {word, shelter, size, step_free, ms left or -1 for arrived}; the shelter is '' for none.
local function told(word, hold)
  if not hold then return {word, '', 0, 0, 0} end
  local left = hold.till == 0 and -1 or hold.till - now
  return {word, hold.id, hold.size, hold.free and 1 or 0, left}
end

local function prolong(token, own, till)
  if own.till > 0 and (till == 0 or till > own.till) then
    own.till = till
    write(token, own)
    if till == 0 then call('HINCRBY', PLACES, 'a:' .. own.id, own.size) end
  end
  return told('held', own)
end

-- With `promised` [ms] a promise is written in. From `given_up` [ms] on nobody waits for the answer.
local function reserve(token, size, free, hold_ms, by, promised, given_up, from, to)
  if given_up and now >= given_up then return told('late') end
  local grave = call('ZSCORE', GONE, token)
  if grave and tonumber(grave) > now then return told('cancelled') end
  local own = current(token)
  local till = now + hold_ms
  local made
  local is_wanted = false
  if own then
    if own.till == 0 then return told('held', own) end
    local at, other, last_by = trace_of(token)
    made = with(at, other, last_by, by, promised or now)
    for i = from, to do
      if ARGV[i] == own.id then is_wanted = true end
    end
    if is_wanted and own.size == size and own.free == free then
      call('HSET', MADE, token, made)
      return prolong(token, own, till)
    end
    if promised then
      local others = (by ~= '' and by == last_by) and other or at
      if tonumber(others) > promised then return told('answered', own) end
      -- As old as the promise: one that was made later may be written in after it.
      made = whole(promised) .. ' ' .. others .. ' ' .. by
    end
  end
  local is_known = false
  for i = from, to do
    local id = ARGV[i]
    local known = room(id)
    if known then
      is_known = true
      local taken, free_taken = known.taken, known.free_taken
      if own and own.id == id then
        taken = taken - own.size
        if own.free then free_taken = free_taken - own.size end
      end
      if taken + size <= known.capacity and (not free or free_taken + size <= known.free) then
        if own then drop(token, own) end
        local new = {size = size, free = free, till = till, id = id}
        write(token, new)
        call('HSET', MADE, token, made or whole(promised or now) .. ' 0 ' .. by)
        count(new, 1)
        return told('new', new)
      end
    end
  end
  -- The party hears that it still has this one.
  if own and is_wanted and not promised then call('HSET', MADE, token, made) end
  return told(is_known and 'full' or 'undeclared', own)
end

-- Each write moves the end of the event on, by the hour at most.
local function use()
  local ends = tonumber(call('HGET', PLACES, 'ends') or 0)
  local is_moved = ends < now + RETENTION - RETENTION / 48
  if is_moved then
    ends = now + RETENTION
    call('HSET', PLACES, 'ends', whole(ends))
  end
  for _, key in ipairs(KEYS) do
    if is_moved or call('PTTL', key) == -1 then call('PEXPIREAT', key, whole(ends)) end
  end
end

local commands = {}

-- version in 20 digits, then shelter, capacity, step_free for each
function commands.declare()
  if (call('HGET', PLACES, 'version') or '') >= ARGV[FIRST] then return 0 end
  for _, field in ipairs(call('HKEYS', PLACES)) do
    local kind = string.sub(field, 1, 2)
    if kind == 'c:' or kind == 's:' then call('HSET', PLACES, field, 0) end
  end
  call('HSET', PLACES, 'version', ARGV[FIRST])
  for i = FIRST + 1, #ARGV, 3 do
    call('HSET', PLACES, 'c:' .. ARGV[i], ARGV[i + 1], 's:' .. ARGV[i], ARGV[i + 2])
  end
  return 1
end

-- for each wish: token, size, step_free, hold_ms, replica or '', when promised [ms] or '',
-- when given up [ms] or '', number of candidates, candidates
function commands.reserve()
  release_due()
  local answers, i = {}, FIRST
  while i <= #ARGV do
    local last = i + 7 + tonumber(ARGV[i + 7])
    answers[#answers + 1] = reserve(
      ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2] == '1', tonumber(ARGV[i + 3]),
      ARGV[i + 4], tonumber(ARGV[i + 5]), tonumber(ARGV[i + 6]), i + 8, last)
    i = last + 1
  end
  return answers
end

-- token, hold_ms or 0 for arrived
function commands.prolong()
  release_due()
  local own = current(ARGV[FIRST])
  if not own then return told('none') end
  local hold_ms = tonumber(ARGV[FIRST + 1])
  return prolong(ARGV[FIRST], own, hold_ms == 0 and 0 or now + hold_ms)
end

-- token
function commands.cancel()
  release_due()
  local own = current(ARGV[FIRST])
  if own then drop(ARGV[FIRST], own) end
  call('ZADD', GONE, whole(now + TOMBSTONE), ARGV[FIRST])
  return own and 1 or 0
end

function commands.look()
  local is_more = release_due()
  return {is_more and 1 or 0, call('HGETALL', PLACES)}
end

-- replica, alive_ms; tells the time [ms] besides
function commands.beat()
  call('ZREMRANGEBYSCORE', BEATS, '-inf', whole(now))
  call('ZADD', BEATS, whole(now + tonumber(ARGV[FIRST + 1])), ARGV[FIRST])
  return {call('ZCARD', BEATS), now}
end

-- bytes, the version expected or ''
function commands.publish()
  local version = call('HGET', NOTICE, 'v') or '0'
  if ARGV[FIRST + 1] ~= '' and ARGV[FIRST + 1] ~= version then return {0, tonumber(version)} end
  call('HSET', NOTICE, 'b', ARGV[FIRST])
  return {1, call('HINCRBY', NOTICE, 'v', 1)}
end

-- the version that the caller has
function commands.notice()
  local version = call('HGET', NOTICE, 'v') or ARGV[FIRST]
  if version == ARGV[FIRST] then return {} end
  return {tonumber(version), call('HGET', NOTICE, 'b')}
end

-- A server that evicts may drop one key and keep another; then nothing here can be trusted.
local is_broken = call('EXISTS', HELD) < call('EXISTS', DUE)
if call('EXISTS', PLACES) == 0 and call('EXISTS', HELD, GONE) > 0 then is_broken = true end
if is_broken then
  return redis.error_reply('EVICTED a part of the event is gone: maxmemory-policy must be noeviction')
end
local answer = commands[COMMAND]()
if COMMAND ~= 'notice' and call('EXISTS', PLACES, BEATS, NOTICE, GONE) > 0 then use() end
return answer
