-- Notes what a place is owed about a ticket: each event once, whoever finds it
-- and however often, and how the ticket stands now.
-- KEYS ticket in the place, due   ARGV ticket, now (ms), kept (ms), facts, when (ms), {event, what}...
-- Returns how many events are new to the place.
local known = redis.call('EXISTS', KEYS[1])
local new = 0
for i = 6, #ARGV, 2 do new = new + redis.call('HSETNX', KEYS[1], 'event:' .. ARGV[i], ARGV[i + 1]) end
if new == 0 and (known == 0 or redis.call('HGET', KEYS[1], 'facts') == ARGV[4]) then return 0 end
local card = redis.call('HGET', KEYS[1], 'card')
if not card or card == 'dropped' then
  redis.call('HSET', KEYS[1], 'card', 'owed', 'since', ARGV[2])
  redis.call('HDEL', KEYS[1], 'closed')
end
-- There may be a card or none, so what is new comes in a line of its own.
if card == 'lost' and new > 0 then redis.call('HSET', KEYS[1], 'card', 'doubt') end
redis.call('HSET', KEYS[1], 'facts', ARGV[4])
redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], 'LT', ARGV[5], ARGV[1])
return new
