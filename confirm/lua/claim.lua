-- Gives an operation to one click: the one winner of all clicks, replicas and
-- repeats. From here on the record no longer expires.
-- KEYS operation, lock, due   ARGV id, owner, from (state), holder, lease (ms), card
-- Returns {how, record, state, version, card}; how is
--   ok     it is yours, also when it already was (a repeated script)
--   gone   there is no such operation
--   owner  it is another person's
--   state  it is not in the state you claim it from
--   busy   another operation is at work on the ticket
local op = redis.call('HMGET', KEYS[1], 'record', 'owner', 'state', 'version', 'holder', 'card')
if not op[1] then return {'gone'} end
local function answer(how) return {how, op[1], op[3], op[4], op[6] or ''} end
if op[2] ~= ARGV[2] then return answer('owner') end
if op[3] == 'running' and op[5] == ARGV[4] then return answer('ok') end
-- A later click of the author knows a fresher way to redraw the card.
if ARGV[6] ~= '' then
  redis.call('HSET', KEYS[1], 'card', ARGV[6])
  op[6] = ARGV[6]
end
if op[3] ~= ARGV[3] then return answer('state') end
local holding = redis.call('GET', KEYS[2])
if holding and holding ~= ARGV[1] then return answer('busy') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[5] + 600000)
redis.call('HSET', KEYS[1], 'state', 'running', 'holder', ARGV[4], 'lease', now + ARGV[5])
redis.call('PERSIST', KEYS[1])
redis.call('ZADD', KEYS[3], now + ARGV[5], ARGV[1])
op[3] = 'running'
return answer('ok')
