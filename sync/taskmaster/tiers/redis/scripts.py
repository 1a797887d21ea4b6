"""What a Redis server does in one step, in its own language. Text only.

Below the prefix `space:` there are

    memory:<id>     hash: s stamp of all that is held, v version, e when it expires, h everything but the value as JSON,
                    d the value, t what it is found by, u how often it was used, w when last
    keys:<context>  sorted set: the context's keys, forgotten ones aside
    new:<context>   the same by when they were written
    use:<context>   the same by when they were used
    term:<token>    sorted set: the keys that a token finds, by when they were written; a token belongs to one context
    contexts        sorted set: contexts that have keys
    due             sorted set of ids: what sweeping looks at, by when
    over            set: contexts that may hold more than they may

An id is `<bytes of the context>:<context>:<key>`, tokens are eight bytes, times microseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha1

NAMES = """
local space = ARGV[1]
local function id_of(context, key) return #context .. ':' .. context .. ':' .. key end
local function memory_of(context, key) return space .. 'memory:' .. id_of(context, key) end
local function each_term(tokens, visit)
  for at = 1, #tokens, 8 do visit(space .. 'term:' .. string.sub(tokens, at, at + 7)) end
end
local function unlist(context, key)
  for _, list in ipairs({'keys:', 'new:', 'use:'}) do redis.call('ZREM', space .. list .. context, key) end
  if redis.call('EXISTS', space .. 'keys:' .. context) == 0 then
    redis.call('ZREM', space .. 'contexts', context)
    redis.call('SREM', space .. 'over', context)
  end
end
"""
"""What every script begins with."""

_SWAP = """
local limit, width, stale = tonumber(ARGV[2]), 13, {}
for at = 3, #ARGV, width do
  local memory = memory_of(ARGV[at], ARGV[at + 1])
  if (redis.call('HGET', memory, 's') or '') ~= ARGV[at + 2] then
    stale[#stale + 1] = {ARGV[at], ARGV[at + 1], redis.call('HMGET', memory, 's', 'h', 'd', 't', 'u', 'w')}
  end
end
if #stale > 0 then return stale end

local function list(name, key, score, ttl, how)
  local left = redis.call('PTTL', name)
  redis.call('ZADD', name, how or 'CH', score, key)
  if ttl == 0 then
    if left >= 0 then redis.call('PERSIST', name) end
  elseif left == -2 or (left >= 0 and left < ttl) then
    redis.call('PEXPIRE', name, ttl + tonumber(GRACE_MS))
  end
end

for at = 3, #ARGV, width do
  local context, key, _, stamp, version, head, data, tokens, updated, expires, due, ttl, listed =
    unpack(ARGV, at, at + width - 1)
  local memory, old, ttl = memory_of(context, key), nil, tonumber(ttl)
  old = redis.call('HGET', memory, 't') or ''
  redis.call('HSET', memory, 's', stamp, 'v', version, 'e', expires, 'h', head, 'd', data, 't', tokens)
  if ttl > 0 then redis.call('PEXPIRE', memory, ttl) else redis.call('PERSIST', memory) end
  local kept = {}
  each_term(tokens, function(term) kept[term] = true; list(term, key, updated, ttl) end)
  each_term(old, function(term) if not kept[term] then redis.call('ZREM', term, key) end end)
  if listed == '1' then
    list(space .. 'keys:' .. context, key, 0, ttl)
    list(space .. 'new:' .. context, key, updated, ttl)
    list(space .. 'use:' .. context, key, updated, ttl, 'GT')
    redis.call('ZADD', space .. 'contexts', 0, context)
    if redis.call('ZCARD', space .. 'keys:' .. context) > limit then redis.call('SADD', space .. 'over', context) end
  else
    unlist(context, key)
  end
  if due == '' then
    redis.call('ZREM', space .. 'due', id_of(context, key))
  else
    redis.call('ZADD', space .. 'due', due, id_of(context, key))
  end
end
return {}
"""

_REMOVE = """
local by, removed = ARGV[2], {}
for at = 3, #ARGV, 4 do
  local context, key, expected, tokens = unpack(ARGV, at, at + 3)
  local memory = memory_of(context, key)
  local is_same = (redis.call('HGET', memory, by) or '') == expected
  removed[#removed + 1] = is_same and 1 or 0
  if is_same then
    each_term((redis.call('HGET', memory, 't') or '') .. tokens, function(term) redis.call('ZREM', term, key) end)
    redis.call('DEL', memory)
    redis.call('ZREM', space .. 'due', id_of(context, key))
    unlist(context, key)
  end
end
return removed
"""

_TOUCH = """
for at = 2, #ARGV, 4 do
  local context, key, used, times = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local memory = memory_of(context, key)
  if redis.call('EXISTS', memory) == 1 then
    redis.call('HINCRBY', memory, 'u', times)
    local last = redis.call('HGET', memory, 'w')
    if not last or tonumber(last) < tonumber(used) then redis.call('HSET', memory, 'w', used) end
    redis.call('ZADD', space .. 'use:' .. context, 'XX', 'GT', used, key)
  end
end
return 0
"""

GRACE_MS = 3_600_000
"""So much longer than it must, a server keeps what has expired: its clock is not the caller's."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script, and the name that a server knows it by once it was loaded: the SHA-1 of its text, hexadecimal."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", sha1(self.text.encode(), usedforsecurity=False).hexdigest())


SWAP = Script(NAMES + _SWAP.replace("tonumber(GRACE_MS)", str(GRACE_MS)))
"""Space, limit, then for each memory: context, key, expected stamp (empty: none), stamp, version, head, value, tokens,
when written, when it expires, when due (both may be empty), milliseconds to live (0: for ever), 1 if it is listed.
All are written and nothing is returned, or nothing is written and those whose stamps differ are returned."""
REMOVE = Script(NAMES + _REMOVE)
"""Space, a field (`v` or `s`), then context, key, what the field must hold (empty: no such memory), tokens that may
find it beside its own: 1 or 0 each."""
TOUCH = Script(NAMES + _TOUCH)
"""Space, then context, key, when last and how often."""
