-- May one more request leave for Syncro now?
--
-- KEYS  1 log: a sorted set of the requests of the last window, by time
--       2 tat: the time at which the bucket of the GCRA is full again
--       3 gate: the time until which everybody pauses after a 429
-- ARGV  1 how many requests the caller's class may find in the window
--       2 the window, in microseconds
--       3 the time one request takes at the steady rate, in microseconds
--       4 the burst, in requests
--       5 the request's id: a script sent twice by the Redis client counts once
-- All times are in microseconds.
-- Returns 0 when the request is counted and may leave, else the milliseconds
-- after which to ask again.

local limit, window, interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local id = ARGV[5]

-- Redis' own clock, so that the replicas' clocks do not matter.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

-- %.0f: Lua prints large numbers with 14 digits, and these have 16.
local function int(n) return string.format('%.0f', n) end

if redis.call('ZSCORE', KEYS[1], id) then return 0 end

local wait = tonumber(redis.call('GET', KEYS[3]) or '0') - now

-- What lies in the future was written before the clock was set back.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', int(now - window))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. int(now), '+inf')
local used = redis.call('ZCARD', KEYS[1])
if used >= limit then
  local last = redis.call('ZRANGE', KEYS[1], used - limit, used - limit, 'WITHSCORES')
  wait = math.max(wait, tonumber(last[2]) + window - now)
end

local tat = tonumber(redis.call('GET', KEYS[2]) or '0')
tat = math.min(math.max(tat, now), now + burst * interval)
wait = math.max(wait, tat + interval - burst * interval - now)

if wait > 0 then return math.ceil(wait / 1000) end

redis.call('ZADD', KEYS[1], int(now), id)
redis.call('PEXPIRE', KEYS[1], int(math.ceil(window / 1000)))
redis.call('SET', KEYS[2], int(tat + interval), 'PX', int(math.ceil(burst * interval / 1000)))
return 0
