-- Everybody pauses: Syncro said 429.
--
-- KEYS  1 gate: the time until which everybody pauses, in microseconds
-- ARGV  1 how long, in microseconds; a longer pause stays as it is

local time = redis.call('TIME')
local till = tonumber(time[1]) * 1000000 + tonumber(time[2]) + tonumber(ARGV[1])
if till > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], string.format('%.0f', till), 'PX', string.format('%.0f', math.ceil(ARGV[1] / 1000)))
end
return 1
