-- Gives an operation to one click, with what the click decided: the one winner
-- of all clicks, replicas and repeats. From here on the record no longer
-- expires, unless the click ended it.
-- KEYS operation, lock, due, mine, audit
-- ARGV id, owner, from (state), holder, lease (ms), card, version, record,
--      to (state: running, or stopped), keep (ms, of what is stopped), line...
-- Returns {how, record, state, version, card}; how is
--   ok     it is yours, also when it already was (a repeated script)
--   gone   there is no such operation
--   owner  it is another person's
--   state  it is not what the click was decided on
--   busy   another operation is at work on the ticket
local op = redis.call('HMGET', KEYS[1], 'record', 'owner', 'state', 'version', 'saved', 'card')
if not op[1] then return {'gone'} end
local function answer(how) return {how, op[1], op[3], op[4], op[6] or ''} end
if op[2] ~= ARGV[2] then return answer('owner') end
local mark = ARGV[4] .. ':claim'
if op[5] == mark then return answer('ok') end
-- A later click of the author knows a fresher way to redraw the card.
if ARGV[6] ~= '' then
  redis.call('HSET', KEYS[1], 'card', ARGV[6])
  op[6] = ARGV[6]
end
if op[3] ~= ARGV[3] or op[4] ~= ARGV[7] then return answer('state') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local holding = redis.call('GET', KEYS[2])
if ARGV[9] == 'running' and holding and holding ~= ARGV[1] then return answer('busy') end
-- What the record cannot take does not happen.
for i = 11, #ARGV do redis.call('XADD', KEYS[#KEYS], '*', 'line', ARGV[i]) end
if ARGV[9] == 'running' then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[5] + 600000)
  redis.call('HSET', KEYS[1], 'holder', ARGV[4], 'lease', now + ARGV[5])
  redis.call('PERSIST', KEYS[1])
  redis.call('ZADD', KEYS[3], now + ARGV[5], ARGV[1])
  -- What was confirmed sorts behind what was only asked, and is never swept
  -- out with that (propose.lua).
  redis.call('ZADD', KEYS[4], 1e14 + now, ARGV[1])
else
  redis.call('HSET', KEYS[1], 'holder', '', 'lease', 0)
  redis.call('PEXPIRE', KEYS[1], ARGV[10])
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
  if holding == ARGV[1] then redis.call('DEL', KEYS[2]) end
end
op[1], op[3], op[4] = ARGV[8], ARGV[9], tostring(ARGV[7] + 1)
redis.call('HSET', KEYS[1], 'record', op[1], 'state', op[3], 'version', op[4], 'saved', mark)
return answer('ok')
