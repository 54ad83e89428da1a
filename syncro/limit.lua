-- May one more request leave for Syncro now?
--
-- KEYS  1 log: a sorted set of the requests of the last window, by time
--       2 tat: the time at which the bucket of the GCRA is full again
--       3 pause: a hash of the time until which everybody pauses after a 429
--         (till), and whether the next request is the one that tries (probe)
--       4 budget: a hash of what a 429 left of the limit (left), and when (at)
-- ARGV  1 the limit: requests in a window
--       2 how much of it, and of the burst, the caller's class may use, in
--         percent: the rest is left to the more urgent
--       3 the window, in microseconds
--       4 the burst, in requests
--       5 how long the request that tries goes alone, in microseconds
--       6 the request's id: a script sent twice by the Redis client counts once
-- All times are in microseconds.
-- Returns {wait, used, budget}: 0 when the request is counted and may leave,
-- else the milliseconds after which to ask again; how many requests were in
-- the window, and how many may be.

local limit, share, window, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local alone, id = tonumber(ARGV[5]), ARGV[6]

-- Redis' own clock, so that the replicas' clocks do not matter.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

-- %.0f: Lua prints large numbers with 14 digits, and these have 16.
local function int(n) return string.format('%.0f', n) end
local function ms(n) return int(math.ceil(n / 1000)) end

-- What a 429 took away comes back by one a minute.
local budget = redis.call('HMGET', KEYS[4], 'left', 'at')
if budget[1] then limit = math.min(limit, budget[1] + math.floor(math.max(now - budget[2], 0) / 60000000)) end
local function part(n) return math.max(math.floor(n * share / 100), 1) end
local most = part(limit)

-- The steady rate is that of the window: a faster one would run into the end
-- of the window and wait there, again and again.
local interval = math.ceil(window / limit)

-- What lies in the future was written before the clock was set back.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', int(now - window))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. int(now), '+inf')
local used = redis.call('ZCARD', KEYS[1])

if redis.call('ZSCORE', KEYS[1], id) then return {0, used, limit} end

local gate = redis.call('HMGET', KEYS[3], 'till', 'probe')
local wait = tonumber(gate[1] or '0') - now

-- opens is when the window has room for one more than n before.
local function opens(n)
  local last = redis.call('ZRANGE', KEYS[1], used - n, used - n, 'WITHSCORES')
  return tonumber(last[2]) + window
end
if used >= most then wait = math.max(wait, opens(most) - now) end
if used >= limit then
  -- The window is full. Waiting for it earns no burst, or there would be one
  -- at the end of each window, and servers that take a window's requests as
  -- evenly spread would count too many.
  local at = opens(limit)
  redis.call('SET', KEYS[2], int(at + (burst - 1) * interval), 'PX', ms(at - now + burst * interval))
end

local tat = tonumber(redis.call('GET', KEYS[2]) or '0')
tat = math.min(math.max(tat, now), now + burst * interval)
wait = math.max(wait, tat + interval - part(burst) * interval - now)

if wait > 0 then return {tonumber(ms(wait)), used, limit} end

redis.call('ZADD', KEYS[1], int(now), id)
redis.call('PEXPIRE', KEYS[1], ms(window))
tat = tat + interval
if gate[2] == '1' then
  -- This one tries whether Syncro answers again, alone. After it there is one
  -- token, so that what has piled up does not rush out.
  redis.call('HSET', KEYS[3], 'till', int(now + alone), 'probe', 0)
  tat = now + alone + (burst - 1) * interval
end
redis.call('SET', KEYS[2], int(tat), 'PX', ms(tat - now))
return {0, used + 1, limit}
