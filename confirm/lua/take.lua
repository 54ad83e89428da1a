-- Gives an operation that is due and that nobody works on to a new holder. One
-- at rest is due only because its card may not show that yet (save.lua): it
-- stays as it is, and is due again should the one who draws it die (drawn.lua).
-- KEYS operation, lock, due   ARGV id, holder, lease (ms), goes on: a parked
--      one that is due goes on by itself ('1'), or is only to be drawn
-- Returns {record, state, version, card}, or false: not due, not free, gone.
local op = redis.call('HMGET', KEYS[1], 'record', 'state', 'version', 'card', 'lease', 'holder')
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if op[6] == ARGV[2] and op[6] ~= '' then return {op[1], op[2], op[3], op[4] or ''} end
local due = redis.call('ZSCORE', KEYS[3], ARGV[1])
if not due or tonumber(due) > now then return false end
if not op[1] then
  redis.call('ZREM', KEYS[3], ARGV[1])
  return false
end
if tonumber(op[5] or '0') > now then return false end
if op[2] ~= 'running' and not (op[2] == 'parked' and ARGV[4] == '1') then
  redis.call('ZADD', KEYS[3], now + ARGV[3], ARGV[1])
  return {op[1], op[2], op[3], op[4] or ''}
end
local holding = redis.call('GET', KEYS[2])
if holding and holding ~= ARGV[1] then
  redis.call('ZADD', KEYS[3], now + 2000, ARGV[1])
  return false
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3] + 600000)
redis.call('HSET', KEYS[1], 'state', 'running', 'holder', ARGV[2], 'lease', now + ARGV[3])
redis.call('ZADD', KEYS[3], now + ARGV[3], ARGV[1])
return {op[1], 'running', op[3], op[4] or ''}
