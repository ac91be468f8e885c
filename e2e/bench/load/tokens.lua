-- SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
-- SPDX-License-Identifier: Apache-2.0

-- One wrk thread presents grants at a token endpoint: the codes of the plan's file, each once, until there is none
-- left, or its refresh tokens, and then the refresh tokens that those were answered with.
--
-- Refresh tokens wait in a queue: an answer puts its token at the end, a request takes the first one. So no token is
-- ever presented twice, and of one sign-in there is never more than one request under way. Every answer of every run is
-- looked at: an access token must be in it, and a refresh token that no other answer had.
--
-- The endpoint counts requests per client address. Requests name addresses in turn in X-Forwarded-For, as those of many
-- people come through a trusted proxy: enough of them that the default limits never act. If they did, the 429 would
-- count as a wrong answer.

local ffi = require("ffi")
ffi.cdef("int getpid(void); int kill(int process, int signal);")
dofile(string.match(debug.getinfo(1, "S").source, "^@(.*/)") .. "result.lua")

local INTERRUPT = 2
local plan
local queue, first, last = {}, 1, 0
local seen = {}
local turn, asked_before, ended = 0, false, false

checked, wrong, example, destination, kept, tokens, access = 0, 0, "", "", "", {}, ""

function init(arguments)
    plan = dofile(arguments[1])
    destination, kept = plan.destination, plan.kept
    for line in io.lines(plan.grants) do
        last = last + 1
        queue[last] = line
    end
end

local function form(grant)
    turn = turn % plan.addresses + 1
    local body = plan.before .. grant .. plan.after
    return string.format("%sX-Forwarded-For: 10.200.%d.%d\r\nContent-Length: %d\r\n\r\n%s",
        plan.head, math.floor(turn / 250), turn % 250 + 1, #body, body)
end

-- Ends the run before its time, as Ctrl-C would: wrk then reports what was until now.
local function finish()
    if not ended then
        ended = true
        ffi.C.kill(ffi.C.getpid(), INTERRUPT)
        wrk.thread:stop()
    end
    return plan.filler
end

function request()
    if not asked_before then
        -- wrk asks once before it begins, to see what requests look like, and sends nothing.
        asked_before = true
        return plan.filler
    end
    if first > last then
        return finish()
    end
    local grant = queue[first]
    queue[first] = nil
    first = first + 1
    return form(grant)
end

local function reject(reason, status, body)
    wrong = wrong + 1
    if example == "" then
        example = reason .. ": HTTP " .. status .. " " .. string.sub(body or "", 1, 600)
    end
end

function response(status, _, body)
    checked = checked + 1
    if status ~= 200 then
        return reject("not 200", status, body)
    end
    access = string.match(body, '"access_token"%s*:%s*"([%w_-]+%.[%w_-]+%.[%w_-]+)"')
    local token = string.match(body, '"refresh_token"%s*:%s*"([^"]+)"')
    if not access or not token then
        return reject("without both tokens", status, body)
    end
    if seen[token] then
        return reject("a refresh token that another answer had", status, "")
    end
    seen[token] = true
    if plan.chains then
        last = last + 1
        queue[last] = token
    else
        tokens[#tokens + 1] = token
    end
end

function done(summary, latency)
    local thread = write_result(summary, latency)
    local file = assert(io.open(thread:get("kept"), "w"))
    file:write(thread:get("access") or "", "\n", table.concat(thread:get("tokens"), "\n"), "\n")
    file:close()
end
