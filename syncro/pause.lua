-- Everybody pauses: Syncro said 429.
--
-- KEYS  as in limit.lua: log, tat, pause, budget
-- ARGV  1 how long, in microseconds; a longer pause stays as it is
--       2 the limit: requests in a window
--       3 the window, in microseconds
-- All times are in microseconds.

local pause, limit, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local function int(n) return string.format('%.0f', n) end

local gate = redis.call('HMGET', KEYS[3], 'till', 'probe')
local till = tonumber(gate[1] or '0')

-- We kept the limit, so others at this address use it too, or it is less than
-- we think: a tenth less from now on. Requests that were under way together
-- and were all refused count once.
if till <= now or gate[2] ~= '1' then
  local before = redis.call('HMGET', KEYS[4], 'left', 'at')
  local left = limit
  if before[1] then left = math.min(limit, before[1] + math.floor(math.max(now - before[2], 0) / 60000000)) end
  left = math.max(math.floor(left * 9 / 10), math.ceil(limit / 4))
  redis.call('HSET', KEYS[4], 'left', left, 'at', int(now))
  redis.call('PEXPIRE', KEYS[4], int((limit - left) * 60000 + 1))
end

-- Kept for a window longer than it holds: by then Syncro has forgotten what it
-- refused, and nothing need be tried.
till = math.max(till, now + pause)
redis.call('HSET', KEYS[3], 'till', int(till), 'probe', 1)
redis.call('PEXPIRE', KEYS[3], int(math.ceil((till - now + window) / 1000)))
return 1
